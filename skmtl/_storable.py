"""The classes whose objects can be stored in a file."""

from __future__ import annotations

from importlib import import_module
from typing import TypeVar

Class = TypeVar("Class", bound=type)

STORABLE: dict[str, type] = {}
"""By the name under which a file has them. Loading builds no other class."""

REMEDIES: dict[type, str] = {}
"""By base class: what users can do so that their own class derived from it becomes storable."""


HOMES: dict[str, str] = {
    "CalibratedTasks": "skmtl.estimators.calibrated_tasks",
    "FacetedRasch": "skmtl.estimators.faceted_rasch",
    "Forecaster": "skmtl.timeseries._forecaster",
    "GroupedTasks": "skmtl.estimators.grouped",
    "MultiTab": "skmtl.estimators.multitab",
    "MultiTabClassifier": "skmtl.estimators.multitab",
    "MultiTabRegressor": "skmtl.estimators.multitab",
    "MultiTabSurvival": "skmtl.estimators.multitab_survival",
    "MultiTaskLinear": "skmtl.estimators.linear",
    "MultiTaskLinearClassifier": "skmtl.estimators.linear",
    "MultiTaskLinearRegressor": "skmtl.estimators.linear",
    "MultiTaskLinearSurvival": "skmtl.estimators.linear_survival",
    "RMTGB": "skmtl.estimators.rmtgb",
    "RMTGBClassifier": "skmtl.estimators.rmtgb",
    "RMTGBRegressor": "skmtl.estimators.rmtgb",
    "RMTGBSurvival": "skmtl.estimators.rmtgb_survival",
    "StackedTasks": "skmtl.estimators.stacked",
    "TunedThresholds": "skmtl.estimators.tuned_thresholds",
}
"""The modules of skmtl's own estimators, which are imported when a file names them."""


def stored_class(name: str) -> type | None:
    """The class with a name in a file; None if objects of it must not be created."""
    if name not in STORABLE and name in HOMES:
        import_module(HOMES[name])
    return STORABLE.get(name)


def storable(cls: Class) -> Class:
    """Decorate a class whose objects are part of a fitted model.

    The stored state is the same as for pickle: the result of `__getstate__` or the attributes, and
    the object is restored by `__setstate__` or by setting the attributes. If the attributes of a
    class change later, its `__setstate__` must accept the old ones.

    Examples
    --------
    >>> from skmtl._storable import storable
    >>> @storable
    ... class Units:
    ...     pass
    """
    registered = STORABLE.get(cls.__name__, cls)
    if not is_same_class(registered, cls):
        raise ValueError(
            f"{cls.__name__} is the name of two classes: {registered} and {cls}. Files refer to "
            "classes by their names: rename one."
        )
    STORABLE[cls.__name__] = cls
    return cls


def is_storable(cls: type) -> bool:
    """Whether files may contain objects of exactly this class."""
    return cls.__name__ in STORABLE and is_same_class(STORABLE[cls.__name__], cls)


def is_same_class(first: type, second: type) -> bool:
    """Whether two classes have the same name and module, as if a notebook cell ran twice."""
    return (first.__module__, first.__qualname__) == (second.__module__, second.__qualname__)


def remedy(cls: type) -> str | None:
    """Return the remedy for a class, from `REMEDIES`."""
    return next((REMEDIES[base] for base in cls.__mro__ if base in REMEDIES), None)
