"""A test prediction of a loaded model, before `load` returns it.

The classes, categories, ids, units and weights in a file must be consistent. This is tested by
predicting rows with all known categories and ids.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import FittedModel
from skmtl.reading import TableReader
from skmtl.tables import FrameEncoder
from skmtl.tasks import Curves

_FEWEST_ROWS, _MOST_ROWS = 3, 4_096


def rehearsal_rows(reader: TableReader, names: Sequence[Any] | None) -> pd.DataFrame:
    """Return rows with all known categories and task ids, and with missing cells.

    Parameters
    ----------
    reader : TableReader
    names : sequence of str or None
        Names of the columns of X, if all of them are strings.

    Returns
    -------
    DataFrame
        At most 4,096 rows; if there are more categories, the first ones.
    """
    encoder, ids = reader.encoder, reader.task_ids
    if reader.n_groups > 0 and "task" not in reader.role_positions.values():
        raise ValueError("there are ids of tasks, but no column for them")
    lengths = [_FEWEST_ROWS, len(ids), *(len(known) + 1 for known in encoder.categories_.values())]
    positions = np.arange(min(max(lengths), _MOST_ROWS))
    columns: dict[Any, Any] = {}
    features = iter(encoder.columns_)
    for position in range(len(encoder.columns_) + len(reader.role_positions)):
        role = reader.role_positions.get(position)
        if role == "task":
            columns[reader.task_label] = pd.Series(
                [ids[position_ % len(ids)] for position_ in positions]
            )
        elif role is not None:
            role_column = getattr(reader.roles, role)
            columns[role_column if names is None else names[position]] = np.zeros(len(positions))
        else:
            label = next(features)
            columns[label] = _cells(encoder, label, positions)
    return pd.DataFrame(columns)


def _cells(encoder: FrameEncoder, label: Hashable, positions: np.ndarray) -> Any:
    if label in encoder.histories:
        return encoder.histories[label].example(len(positions))
    categories = encoder.categories_.get(label)
    if categories is None:
        return np.where(positions == positions[-1], np.nan, positions - 1.0)
    codes = np.where(positions < len(categories), positions, -1)
    return pd.Categorical.from_codes(codes, categories=categories)


def ask_everything(model: FittedModel, X: Any) -> dict[Any, np.ndarray]:
    """Call all prediction methods of a model; return its predictions."""
    events = list(model.event_names)
    if events != list(model.curve_shapes()):
        raise ValueError(f"there are no curves of the events {events}")
    model.ask(X[:1])  # a single row takes a different path
    answers = model.ask(X)
    for name, classes in model.classes.items():
        _check_width(answers.probabilities(name), len(classes), name)
    for name, levels in model.levels.items():
        _check_width(answers.quantiles(name), len(levels), name)
    if events:
        answers.about_curves(dict.fromkeys(events, partial(Curves.quantile, level=0.5)))
        answers.about_curves(dict.fromkeys(events, _at_the_cuts))
    predictions = dict(answers.predictions)
    for name, values in predictions.items():
        if len(values) != len(X) or pd.isna(values).any():
            raise ValueError(f"the predictions of {name!r} are missing")
    return predictions


def _check_width(values: np.ndarray, width: int, name: Any) -> None:
    if values.shape[1:] != (width,):
        raise ValueError(
            f"the answers of {name!r} have the shape {values.shape}, not {width} columns"
        )


def _at_the_cuts(curves: Curves) -> np.ndarray:
    return curves.incidence(curves.edges)
