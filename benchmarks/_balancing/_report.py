"""Report the results of `benchmarks.balancing`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from benchmarks._balancing._structures import STRUCTURES


def report(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """Return scores by table, differences to equal weights, mean ranks and step times as text."""
    parts = []
    done = runs[runs["status"] == "ok"]
    for network, own in done.groupby("network", sort=False):
        # Seeds that not all balancers have finished would compare unlike things.
        counts = own.groupby(["table", "max_rows", "seed"])["balance"].transform("nunique")
        own = own[counts == own["balance"].nunique()]
        planted = own["table"].isin(STRUCTURES)
        for title, part in (("real tables", own[~planted]), ("planted", own[planted])):
            if len(part):
                parts += [f"Network {network}, {title}: mean score (seeds)", _scores(part)]
                parts += [f"Network {network}, {title}: gain", _against_equal(part)]
        if planted.any():
            parts += [f"Network {network}, planted: score by task", _by_task(own[planted])]
    if len(steps):
        wide = steps.pivot_table(
            index="balance", columns=["at", "rows"], values="ratio", sort=False
        )
        parts += ["CPU time of a step over that of equal weights", wide.round(2).to_string()]
    return "\n\n".join(parts)


def _scores(runs: pd.DataFrame) -> str:
    wide = runs.pivot_table(index="balance", columns="table", values="mean_score", sort=False)
    seeds = runs.groupby("table", sort=False)["seed"].nunique()
    wide.columns = [f"{table} ({seeds[table]})" for table in wide.columns]
    return wide.round(3).to_string()


def _against_equal(runs: pd.DataFrame) -> str:
    """Differences over tables and seeds, and mean ranks."""
    wide = runs.pivot_table(index=["table", "seed"], columns="balance", values="mean_score")
    gains = wide.sub(wide["equal"], axis=0)
    by_table = gains.groupby("table").mean()
    table = pd.DataFrame(
        {
            "mean rank": wide.rank(axis=1, ascending=False).mean(),
            "mean gain": gains.mean(),
            "standard error": gains.std() / np.sqrt(len(gains)),
            "tables better": (by_table > 0).sum().astype(str) + f" of {len(by_table)}",
        }
    )
    return table.sort_values("mean rank").round(4).to_string()


def _by_task(runs: pd.DataFrame) -> str:
    scores = pd.DataFrame([json.loads(text) for text in runs["task_scores"]], index=runs.index)
    keys = [runs["table"], runs["balance"]]
    return scores.groupby(keys, sort=False).mean().round(3).to_string()
