"""The comparison as a plot. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skmtl.demo._data import FlightRows
from skmtl.demo._few_labels import N_LABELS, N_TRAINING, TOGETHER, FewLabels
from skmtl.demo._trial import Trial

OURS, LIGHT, THEIRS, TRUTH = "#0b6e8f", "#8cc4d6", "#d1742e", "#333333"


def save_picture(
    path: Path, trials: Sequence[Trial], few_labels: FewLabels, test: FlightRows
) -> None:
    """Plot four panels: gains, the target with few labels, attention and late flights."""
    # Avoid pyplot, which opens windows and keeps global state.
    figure = Figure(figsize=(12, 8), layout="constrained")
    axes = figure.subplots(2, 2)
    first = trials[0]
    _draw_gains(axes[0, 0], trials)
    _draw_few_labels(axes[0, 1], few_labels.scores)
    _draw_attention(axes[1, 0], first.model.attention(test.X))
    _draw_late(axes[1, 1], test, first.multitab["late"][:, 1], first.lightgbm["late"][:, 1])
    figure.savefig(path, dpi=120)


def _draw_gains(axes: Axes, trials: Sequence[Trial]) -> None:
    width = 0.8 / len(trials)
    for number, trial in enumerate(trials):
        gains = trial.comparison.gains
        places = np.arange(len(gains))[::-1] + 0.4 - width * (number + 0.5)
        ends = gains[["low", "high"]].sub(gains["gain"], axis=0).abs().to_numpy().T
        colour = (OURS, LIGHT)[number % 2]
        axes.barh(places, gains["gain"], height=width, color=colour, label=trial.name)
        axes.errorbar(gains["gain"], places, xerr=ends, fmt="none", ecolor=TRUTH, capsize=3)
        axes.set_yticks(np.arange(len(gains))[::-1], [str(name) for name in gains.index])
    axes.axvline(0, color=TRUTH, linewidth=0.8)
    axes.set_xlabel("gain of MultiTab over LightGBM, % (lines: 95 % interval over days)")
    axes.set_title("Flights: right of zero, MultiTab is better")
    axes.legend()


def _draw_few_labels(axes: Axes, scores: pd.Series) -> None:
    places = np.arange(len(scores))[::-1]
    colours = [OURS if name == TOGETHER else THEIRS for name in scores.index]
    bars = axes.barh(places, scores, color=colours, height=0.6)
    axes.bar_label(bars, fmt="%.2f", padding=4)
    axes.set_yticks(places, list(scores.index))
    axes.axvline(0, color=TRUTH, linewidth=0.8)
    axes.margins(x=0.15)
    axes.set_xlabel("R2 on test rows (0: a constant)")
    axes.set_title(f"{N_LABELS} labels of one target, {N_TRAINING:,} of four others")


def _draw_attention(axes: Axes, attention: pd.DataFrame) -> None:
    image = axes.imshow(attention, cmap="Blues", aspect="auto", vmin=0)
    axes.set_xticks(range(attention.shape[1]), list(attention.columns), rotation=60, ha="right")
    axes.set_yticks(range(len(attention)), list(attention.index))
    axes.figure.colorbar(image, ax=axes, label="share of attention")
    axes.set_title("What each target's token reads")


def _draw_late(axes: Axes, test: FlightRows, ours: np.ndarray, theirs: np.ndarray) -> None:
    labelled = test.Y["late"].notna().to_numpy()
    hour = (test.X["sched_dep"] // 60)[labelled]
    table = pd.DataFrame(
        {
            "observed": test.Y["late"][labelled].astype(float),
            "MultiTab": ours[labelled],
            "LightGBM": theirs[labelled],
        }
    )
    by_hour = 100 * table.groupby(hour).mean()[table.groupby(hour).size() >= 30]
    styles = {"observed": (TRUTH, "o"), "MultiTab": (OURS, "-"), "LightGBM": (THEIRS, "--")}
    for name, (colour, style) in styles.items():
        axes.plot(by_hour.index, by_hour[name], style, color=colour, label=name)
    axes.set_xlabel("hour of the scheduled departure")
    axes.set_ylabel("late by more than 15 minutes, %")
    axes.legend()
    axes.set_title("Late flights on the test days")
