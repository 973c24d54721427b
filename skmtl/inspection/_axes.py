"""Common parts of the displays: axes, and rows of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl._extras import import_pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOOSTING = "RMTGBRegressor, RMTGBClassifier or RMTGB"
ORDINARY, OUTLIER, NEUTRAL = "#0b6e8f", "#d1742e", "#666666"
MAX_LABELS = 50  # more names of tasks would not be readable
MAX_COLUMNS = 30  # the same, of columns
# Inches of a row, of a row if there are many, of a figure, and of a small label.
_ROW_HEIGHT, _LOW_ROW_HEIGHT, _HEIGHTS, _LABEL_HEIGHT = 0.22, 0.16, (2.0, 60.0), 0.11


def axes_for(display: object, ax: Axes | None, n_rows: int) -> Axes:
    """Return the axes, or those of a new figure that is high enough for the rows.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    height = 1.0 + _ROW_HEIGHT * min(n_rows, MAX_LABELS)
    height += _LOW_ROW_HEIGHT * max(n_rows - MAX_LABELS, 0)
    return axes_of_size(display, ax, 6.4, float(np.clip(height, *_HEIGHTS)))


def axes_of_size(display: object, ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes, or those of a new figure of this size in inches.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    pyplot = import_pyplot(display)
    if ax is not None:
        return ax
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def label_rows(ax: Axes, names: pd.Index, labelled: Sequence[int]) -> None:
    """Arrange rows from top to bottom, with names at some positions.

    If names would overlap, only the first one is shown.
    """
    height = ax.get_window_extent().height / ax.figure.dpi
    apart = _LABEL_HEIGHT * len(names) / height
    shown: list[int] = []
    for place in labelled:
        if not shown or place - shown[-1] >= apart:
            shown.append(place)
    shown = shown[:MAX_LABELS]
    size = "small" if len(names) > MAX_LABELS or apart > 0.5 else "medium"
    ax.set_yticks(shown, [str(names[place]) for place in shown], fontsize=size)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_ylabel("task")


def heat_map(ax: Axes, table: pd.DataFrame, columns: str, values: str, **kwargs: Any) -> Any:
    """Plot a cell for each row and column of a table, and a bar with the meaning of the colours.

    Parameters
    ----------
    ax : matplotlib Axes
    table : DataFrame of shape (n_tasks, n_columns)
        If there are more than 50 rows, only the first are named.
    columns, values : str
        What the columns and the cells are.
    **kwargs
        Given to ``Axes.imshow``.

    Returns
    -------
    matplotlib AxesImage
    """
    image = ax.imshow(table.to_numpy(), **{"aspect": "auto"} | kwargs)
    label_rows(ax, table.index, range(min(len(table), MAX_LABELS)))
    names = [str(name) for name in table.columns][:MAX_COLUMNS]
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_xlabel(columns)
    ax.figure.colorbar(image, ax=ax, label=values)
    return image


def stacked_bars(
    ax: Axes, shares: pd.DataFrame, colours: Mapping[str, str], **kwargs: Any
) -> dict[str, Any]:
    """Plot a stacked bar from 0 to 1 for each row; returns the bars by column.

    If there are more than 50 rows, only the first are named.
    """
    n_rows = len(shares)
    places, left = np.arange(n_rows), np.zeros(n_rows)
    bars: dict[str, Any] = {}
    for name, width in zip(map(str, shares.columns), shares.to_numpy().T, strict=True):
        style: dict[str, Any] = {"color": colours.get(name), "label": name} | kwargs
        bars[name] = ax.barh(places, width, left=left, **style)
        left = left + width
    label_rows(ax, shares.index, range(min(n_rows, MAX_LABELS)))
    ax.set_xlim(0, 1)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(bars))
    return bars


def read_fitted(
    estimator: Any,
    attribute: str,
    display: Callable[..., Any],
    source: str,
    suits: Callable[[Any], bool] = lambda value: True,
) -> Any:
    """Return the attribute of a fitted estimator that a display shows.

    Parameters
    ----------
    estimator : fitted estimator
    attribute : str
        Name of the attribute or method.
    display : type or function
        The display, for the message.
    source : str
        The estimators that have the attribute, for the message.
    suits : callable, optional
        Whether the display can show a value: other estimators have attributes of the same name.

    Raises
    ------
    sklearn.exceptions.NotFittedError
    TypeError
        If the estimator has no such attribute.
    AttributeError
        Raised by a property without a value, with the reason.
    """
    check_is_fitted(estimator)
    # The message of a property that raises an error is more specific.
    if hasattr(type(estimator), attribute) or hasattr(estimator, attribute):
        value = getattr(estimator, attribute)
        if suits(value):
            return value
    raise TypeError(
        f"{display.__name__} reads {attribute!r} of a fitted {source}, which "
        f"{type(estimator).__name__} lacks; of a pipeline or a search, pass the fitted estimator "
        "inside."
    )


def is_table(value: Any) -> bool:
    """Whether a value is a table by task; in other libraries it is an array."""
    return isinstance(value, pd.DataFrame)
