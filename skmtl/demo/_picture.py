"""The comparison as a picture. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skmtl.demo._data import FlightRows
from skmtl.demo._trial import Trial

OURS, LIGHT, THEIRS, TRUTH = "#0b6e8f", "#8cc4d6", "#d1742e", "#333333"


def save_picture(path: Path, trials: Sequence[Trial], test: FlightRows) -> None:
    """Four panels: gains in all trials; training, attention and late flights in the first."""
    # Not through pyplot: no window, and no state that outlives the demo.
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(2, 2)
    first = trials[0]
    _draw_gains(axes[0, 0], trials)
    _draw_training(axes[0, 1], first.model.history_)
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
    axes.set_title("Right of zero: MultiTab is better")
    axes.legend()


def _draw_training(axes: Axes, history: pd.DataFrame) -> None:
    for bag in history["bag"].unique():
        epochs = history[history["bag"] == bag]
        kept = int(epochs["objective"].to_numpy().argmin())
        for column, colour in (("loss", THEIRS), ("validation_loss", OURS)):
            label = f"{column.replace('_', ' ')}, network {bag}"
            style = ["o-", "o--"][bag % 2]
            axes.plot(
                epochs.index, epochs[column], style, color=colour, label=label, markevery=[kept]
            )
    axes.set_xlabel("epoch (dot: kept)")
    axes.set_ylabel("loss, mean over the targets")
    axes.legend()
    axes.set_title("Training for all five targets")


def _draw_attention(axes: Axes, attention: pd.DataFrame) -> None:
    image = axes.imshow(attention, cmap="Blues", aspect="auto", vmin=0)
    axes.set_xticks(range(attention.shape[1]), list(attention.columns), rotation=60, ha="right")
    axes.set_yticks(range(len(attention)), list(attention.index))
    axes.figure.colorbar(image, ax=axes, label="share of attention")
    axes.set_title("What each target's token reads")


def _draw_late(axes: Axes, test: FlightRows, ours: np.ndarray, theirs: np.ndarray) -> None:
    has_label = test.Y["late"].notna().to_numpy()
    hour = (test.X["sched_dep"] // 60)[has_label]
    table = pd.DataFrame(
        {
            "observed": test.Y["late"][has_label].astype(float),
            "MultiTab": ours[has_label],
            "LightGBM": theirs[has_label],
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
