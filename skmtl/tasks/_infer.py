"""The kind of a target that the user did not name, from its dtype."""

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
    """Binary or multiclass: in a classifier every target has classes."""
    observed = labels.dropna()
    return Binary() if len(observed) and _n_classes(observed) <= 2 else Multiclass()


def number_kind(labels: pd.Series) -> Kind:
    """Regression: in a regressor every target is a number."""
    return Regression()


def mixed_kind(labels: pd.Series) -> Kind:
    """By dtype: numbers are regression; bool, category and text have classes.

    Numbers that are nothing but 0 and 1 are binary, whatever their dtype: pandas turns whole
    numbers into floats where one is missing. So are zeros or ones alone, as of a
    rare label. An ordered categorical with more than two levels is ordinal. Event times are
    survival, with several causes competing risks.
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
    """One event or several causes: whichever kind suits the codes of the events."""
    return Survival() if labels.event.max(initial=0) < 2 else CompetingRisks()


def _n_classes(observed: pd.Series) -> int:
    return len(pd.unique(plain_values(observed)))
