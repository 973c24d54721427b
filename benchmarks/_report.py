"""Report results: tables of measurements, ranks, and targets reached or missed."""

from __future__ import annotations

import pandas as pd

from benchmarks._targets import targets


def table_report(results: pd.DataFrame, table: str) -> str:
    """Measurements and scores of all models on one table."""
    rows = results[results["table"] == table]
    shape = rows.dropna(subset="n_train")
    head = table
    if len(shape):
        first = shape.iloc[0]
        head += (
            f": {first.n_train:.0f} training and {first.n_test:.0f} test rows, "
            f"{first.n_features:.0f} features, {first.n_tasks:.0f} tasks"
        )
    measured = pd.DataFrame(
        {
            "fit s": rows["fit_seconds"].map("{:.1f}".format),
            "fit CPU s": rows["fit_cpu_seconds"].map("{:.1f}".format),
            "train rows/s": rows["train_rows_per_s"].map("{:,.0f}".format),
            "rows/s per epoch": rows["epoch_rows_per_s"].map("{:,.0f}".format),
            "score rows/s": rows["score_rows_per_s"].map("{:,.0f}".format),
            "peak MB": rows["peak_mb"].map("{:.0f}".format),
            "GPU MB": rows["gpu_peak_mb"].map("{:.0f}".format),
            "mean score": rows["mean_score"].map("{:.4f}".format),
            "status": rows["status"],
        }
    ).set_axis(_labels(rows))
    scores = pd.DataFrame(dict(zip(_labels(rows), rows["task_scores"], strict=True)))
    parts = [head, measured.replace("nan", "-").to_string()]
    if len(scores):
        parts.append(scores.to_string(float_format="{:.4f}".format, na_rep="-"))
    return "\n\n".join(parts)


def summary(results: pd.DataFrame) -> str:
    """Return ranks over all tables, and whether targets were reached, missed or not measured."""
    done = results[results["status"] == "ok"].assign(label=_labels(results))
    scores = done.pivot_table(index="table", columns="label", values="mean_score")
    scores.columns = scores.columns.astype(str)
    parts = ["Mean score (R2 or AUC over tasks)", scores.to_string(float_format="{:.4f}".format)]
    complete = scores.dropna()
    ranks = complete.rank(axis=1, ascending=False).mean().sort_values()
    parts.append(
        f"Mean rank over the {len(complete)} of {len(scores)} tables that every model finished"
    )
    parts.append(ranks.to_string(float_format="{:.2f}".format))
    failed = results[results["status"] != "ok"]
    if len(failed):
        listed = failed["table"] + " x " + _labels(failed) + ": " + failed["status"]
        parts.append("Not finished\n" + listed.to_string(index=False))
    parts.append("Targets\n" + "\n".join(targets(done, scores)))
    return "\n\n".join(parts)


def _labels(rows: pd.DataFrame) -> pd.Series:
    """Return model names, with the device if it is not the CPU."""
    return rows["model"].where(rows["device"] == "cpu", rows["model"] + "@" + rows["device"])
