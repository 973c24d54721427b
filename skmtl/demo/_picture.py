"""The comparison as a plot. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skmtl.demo._few_labels import N_LABELS, N_TRAINING, TOGETHER, FewLabels
from skmtl.demo._trial import Trial

OURS, LIGHT, THEIRS, TRUTH = "#0b6e8f", "#8cc4d6", "#d1742e", "#333333"


def save_picture(path: Path, trials: Sequence[Trial], few_labels: FewLabels) -> None:
    """Plot the target with few labels, and the gains on the flights."""
    # Avoid pyplot, which opens windows and keeps global state.
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_few_labels(left, few_labels.scores)
    _draw_gains(right, trials)
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
    axes.set_xlabel("gain over LightGBM, % (95 % intervals over days)")
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
