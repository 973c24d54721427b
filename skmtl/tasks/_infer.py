"""Inferring the kind of a target from its dtype."""

from __future__ import annotations

import pandas as pd

from skmtl.tasks._binary import Binary
from skmtl.tasks._competing_risks import CompetingRisks
from skmtl.tasks._event_times import EventTimes, EventTimesDtype
from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import are_number_objects, plain_values
from skmtl.tasks._multiclass import Multiclass
from skmtl.tasks._ordinal import Ordinal
from skmtl.tasks._regression import Regression
from skmtl.tasks._survival import Survival


def class_kind(labels: pd.Series) -> Kind:
    """Return binary or multiclass: all targets of a classifier have classes."""
    observed = labels.dropna()
    return Binary() if len(observed) and _n_classes(observed) <= 2 else Multiclass()


def number_kind(labels: pd.Series) -> Kind:
    """Return regression: all targets of a regressor are numbers."""
    return Regression()


def mixed_kind(labels: pd.Series) -> Kind:
    """Return the kind by dtype: numbers are regression; bool, category and text have classes.

    Numbers that are all 0 or 1 are binary whatever their dtype, because pandas converts integers
    with missing values to floats. So are columns with only zeros or only ones, which are typical
    of rare labels. An ordered categorical with more than two levels is ordinal. Event times are
    survival, or competing risks if there are several causes.
    """
    if isinstance(labels.dtype, EventTimesDtype):
        return time_kind(labels.array)
    observed = labels.dropna()
    if isinstance(labels.dtype, pd.CategoricalDtype):
        several = len(observed) > 0 and _n_classes(observed) > 2
        return Ordinal() if labels.cat.ordered and several else class_kind(labels)
    values = plain_values(observed)
    if values.dtype.kind not in "iuf" and not (len(values) and are_number_objects(values)):
        return class_kind(labels)
    return Binary() if len(values) and set(pd.unique(values)) <= {0, 1} else Regression()


def time_kind(labels: EventTimes) -> Kind:
    """Return survival for one event, or competing risks for several causes."""
    return Survival() if labels.n_causes < 2 else CompetingRisks()


def _n_classes(observed: pd.Series) -> int:
    return len(pd.unique(plain_values(observed)))
