"""Plots as SVG elements of a page, without a display or network access."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from skmtl._extras import needed
from skmtl.inspection import TaskImportanceDisplay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = "#808080"  # readable on white and on black
_LINE = "#2f86c4"
_MOST_TASKS, _MOST_LETTERS = 50, 24


def new_figure(width: float, height: float) -> Figure:
    """Create a figure without pyplot, which would keep a reference to it.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    with needed("matplotlib", "plot", "html_report"):
        from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout="constrained")


def importance_svg(importances: pd.DataFrame) -> str:
    """Plot the most important features by task."""
    shown = importances.head(_MOST_TASKS).rename(index=_short, columns=_short)
    figure = new_figure(7.0, 2.6 + 0.25 * len(shown))
    TaskImportanceDisplay(shown).plot(ax=figure.subplots())
    return _svg(figure)


def calibration_svg(table: pd.DataFrame) -> str:
    """Plot observed shares of a task against its probabilities."""
    figure = new_figure(3.4, 3.0)
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=_INK, linestyle=":")
    ax.plot(table["predicted"], table["observed"], color=_LINE, marker="o")
    ax.set(xlabel="predicted probability", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))
    return _svg(figure)


def scores_svg(scores: pd.DataFrame) -> str:
    """Plot the score of each task with its interval."""
    shown = scores.head(_MOST_TASKS)[::-1]
    figure = new_figure(7.0, 1.0 + 0.3 * len(shown))
    ax = figure.subplots()
    places = range(len(shown))
    ax.hlines(places, shown["low"], shown["high"], color=_LINE, linewidth=3, alpha=0.5)
    ax.plot(shown["score"], places, "o", color=_LINE)
    ax.set_yticks(places, [_short(name) for name in shown.index])
    ax.set(xlabel="score", ylim=(-0.7, len(shown) - 0.3))
    return _svg(figure)


def _short(name: object) -> str:
    """Shorten a name for a plot; the tables have the full name."""
    text = str(name)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 3]}..."


def _svg(figure: Figure) -> str:
    """Convert the figure to an element of a page, with a transparent background."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # column names are not formulas
        text.set_color(_INK)
    for ax in figure.axes:
        ax.tick_params(color=_INK)
        ax.patch.set_alpha(0.0)
        for spine in ax.spines.values():
            spine.set_color(_INK)
    page: Any = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(page, format="svg", transparent=True, metadata=nothing)
    text = page.getvalue()
    text = text[text.index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
