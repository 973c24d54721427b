"""What the models of several groups of tasks predict, put together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.metrics._inputs import read_predictions, read_probabilities
from skmtl.metrics._models import classes_of


def side_by_side(
    answers: Sequence[Any],
    groups: Sequence[Sequence[Hashable]],
    targets: Sequence[Hashable],
    single: bool,
) -> Any:
    """Wide data: the columns that each model predicts, in the order of the targets."""
    columns: dict[Hashable, pd.Series] = {}
    for group, answer in zip(groups, answers, strict=True):
        named = isinstance(answer, pd.DataFrame)
        columns |= read_predictions(answer, group, like=answer if named else None)
    ordered = [columns[name] for name in targets]
    if isinstance(answers[0], pd.DataFrame):
        return pd.concat(ordered, axis=1).set_axis(pd.Index(targets), axis=1)
    arrays = [column.to_numpy() for column in ordered]
    return arrays[0] if single else np.column_stack(arrays)


def in_place(parts: Sequence[tuple[np.ndarray, Any]]) -> Any:
    """Long data: the rows that each model predicts, back at their positions."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    answers = [answer for _, answer in parts]
    if isinstance(answers[0], pd.DataFrame):
        return pd.concat(answers).iloc[order]
    return np.concatenate(answers)[order]


def probabilities_of(
    model: Any, X: Any, targets: Sequence[Hashable], classes: Mapping[Hashable, np.ndarray]
) -> np.ndarray:
    """Long data: a model's probabilities, with columns for classes that only others know."""
    (name,) = targets
    own = read_probabilities(model.predict_proba(X), targets)[name]
    known = pd.Index(classes[name]).get_indexer(pd.Index(classes_of(model, targets)[name]))
    probabilities = np.zeros((len(own), len(classes[name])))
    probabilities[:, known] = own
    return probabilities
