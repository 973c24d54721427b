"""Report results: scores, ranks, and targets reached or missed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from benchmarks._survival import names
from benchmarks._survival._measure import SCORES, is_competing
from benchmarks._verdict import line

# The engines' own targets: boosting ranks first in integrated Brier score over the tables of one
# event, and is within this of the best concordance on each; the network beats these models on
# every table in both; of competing risks either engine is to reach these Brier scores.
BOOSTING, NETWORK = "rmtgb", "multitab"
NEAR_BEST = 0.003
NETWORK_PEERS = ["deepsurv", "coxtime", "logistic_hazard", "deephit", "torchsurv_cox"]
COMPETING_BRIER = {"pbc": 0.0755, "framingham_cr": 0.0722}


def report(results: pd.DataFrame) -> str:
    """Every table of the comparison, as text."""
    done = results[results["status"] == "ok"]
    if done.empty:
        return "No model has finished a table yet."
    parts = [f"{score}\n{_wide(done, score).to_string(**_FORM)}" for score in SCORES]
    single = done[~done["table"].map(is_competing)]
    if len(single):
        ranks = _ranks(single)
        parts.append("Mean rank over the tables of one event, of models that finished all\n"
                     + ranks.to_string(float_format="{:.2f}".format))  # fmt: skip
    parts.append("Targets\n" + "\n".join(_targets(done, single)))
    failed = results[results["status"] != "ok"]
    if len(failed):
        parts.append("Failed\n" + failed[["table", "model", "note"]].to_string(index=False))
    return "\n\n".join(parts)


_FORM = {"float_format": "{:.4f}".format, "na_rep": "-"}


def _wide(done: pd.DataFrame, score: str) -> pd.DataFrame:
    """A score by model and table, in the order of the models."""
    wide = done.pivot(index="model", columns="table", values=score)
    return wide.reindex([name for name in names() if name in wide.index])[done["table"].unique()]


def _ranks(single: pd.DataFrame) -> pd.DataFrame:
    brier = _wide(single, "brier").dropna()
    concordance = _wide(single, "harrell").dropna()
    return pd.DataFrame(
        {
            "brier": brier.rank().mean(axis=1),
            "harrell": concordance.rank(ascending=False).mean(axis=1),
        }
    ).sort_values("brier")


def _targets(done: pd.DataFrame, single: pd.DataFrame) -> Iterator[str]:
    if BOOSTING in set(single["model"]):
        yield from _boosting_targets(single)
    if NETWORK in set(single["model"]):
        yield from _network_targets(single)
    for table, target in COMPETING_BRIER.items():
        rows = done[(done["table"] == table) & done["model"].isin([BOOSTING, NETWORK])]
        for row in rows.itertuples():
            yield line(
                row.brier <= target,
                f"{row.model} has a Brier score of at most {target} on {table}: {row.brier:.4f}",
            )


def _boosting_targets(single: pd.DataFrame) -> Iterator[str]:
    ranks = _ranks(single)["brier"]
    first = BOOSTING in ranks and ranks[BOOSTING] == ranks.min()
    yield line(first, f"{BOOSTING} ranks first in Brier score: {ranks.get(BOOSTING):.2f}")
    concordance = _wide(single, "harrell")
    gap = concordance.max() - concordance.loc[BOOSTING]
    for table in gap.index:
        yield line(
            gap[table] <= NEAR_BEST,
            f"{BOOSTING} is within {NEAR_BEST} of the best concordance on {table}: "
            f"{gap[table]:.4f}",
        )


def _network_targets(single: pd.DataFrame) -> Iterator[str]:
    for score, sign in (("harrell", 1), ("brier", -1)):
        wide = sign * _wide(single, score)
        peers = wide.reindex(NETWORK_PEERS).dropna(how="all")
        for table in wide.columns[wide.loc[NETWORK].notna()]:
            rival = peers[table].dropna()
            if rival.empty:
                continue
            yield line(
                wide.loc[NETWORK, table] > rival.max(),
                f"{NETWORK} beats all networks of others on {table} in {score}: "
                f"{abs(wide.loc[NETWORK, table]):.4f}, {rival.idxmax()} {abs(rival.max()):.4f}",
            )
