"""Kinds by name, and the parameter `tasks`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from skmtl._storable import REMEDIES, is_same_class, storable
from skmtl.tasks._binary import Binary
from skmtl.tasks._competing_risks import CompetingRisks
from skmtl.tasks._composition import Composition
from skmtl.tasks._count import Count
from skmtl.tasks._funnel import Funnel
from skmtl.tasks._kind import Kind
from skmtl.tasks._multiclass import Multiclass
from skmtl.tasks._ordinal import Ordinal
from skmtl.tasks._proportional_hazards import ProportionalHazards
from skmtl.tasks._quantile import Quantile
from skmtl.tasks._regression import Regression
from skmtl.tasks._residual import Residual
from skmtl.tasks._survival import Survival

KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        Regression,
        Quantile,
        Count,
        Binary,
        Multiclass,
        Ordinal,
        Funnel,
        Composition,
        Survival,
        CompetingRisks,
        ProportionalHazards,
    )
}
"""All kinds by name. `register_kind` adds to them."""

REMEDIES[Kind] = (
    "Decorate the class of a kind of your own with skmtl.tasks.register_kind, here and wherever "
    "the file is loaded."
)

KindLike = str | Kind
KindClass = TypeVar("KindClass", bound=type[Kind])
TasksLike = KindLike | Mapping[Any, KindLike | Residual] | None


def register_kind(cls: KindClass) -> KindClass:
    """Register a custom kind, so that `tasks` accepts its name and models can be saved.

    Without it, instances of the class work everywhere except in ``model.save``. To load a file,
    the class must be registered first.

    Parameters
    ----------
    cls : subclass of Kind
        A class with a unique `name` and class name. A class that was registered before from the
        same module is replaced, so that a notebook cell can be run again.

    Returns
    -------
    cls
        The class itself, so that this function can be used as a decorator.

    Raises
    ------
    TypeError
        If it is not a subclass of `Kind`, or if methods or attributes are missing.
    ValueError
        If another class has its `name` or its class name.

    Examples
    --------
    >>> from skmtl.tasks import KINDS, Count, register_kind
    >>> @register_kind
    ... class Visits(Count):
    ...     name = "visits"
    >>> KINDS["visits"]()
    Visits()
    """
    _check_complete(cls)
    taken = KINDS.get(cls.name, cls)
    if not is_same_class(taken, cls):
        raise ValueError(
            f"The kind {cls.name!r} is already {taken.__module__}.{taken.__qualname__}. Give "
            f"{cls.__qualname__} another `name`."
        )
    storable(cls)
    for name in [name for name, kind in KINDS.items() if is_same_class(kind, cls)]:
        del KINDS[name]  # the cell may have run with another `name`
    KINDS[cls.name] = cls
    return cls


def _check_complete(cls: object) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Kind)):
        raise TypeError(f"register_kind takes a subclass of skmtl.tasks.Kind, got {cls!r}.")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    missing += [name for name in ("name", "default_metric") if not hasattr(cls, name)]
    if missing:
        raise TypeError(f"The kind {cls.__qualname__} lacks {', '.join(missing)}.")
    if not (isinstance(cls.name, str) and cls.name):
        raise TypeError(f"The `name` of {cls.__qualname__} must be a word, got {cls.name!r}.")


def as_kind(value: object, task: Hashable) -> Kind:
    """Return the kind for a name, an instance or a class.

    Parameters
    ----------
    value : str, Kind or subclass of Kind
    task : hashable
        Name for error messages.

    Raises
    ------
    ValueError
        If it is none of these, or if there is no kind with this name.
    """
    if isinstance(value, Kind):
        return value
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]()
    if isinstance(value, type) and issubclass(value, Kind):
        return value()
    if isinstance(value, Residual):
        raise ValueError(
            f"Task {task!r} is a Residual, whose derivatives by time only MultiTab and "
            "MultiTabRegressor have. Add it to their `tasks`, a mapping, in addition to the "
            "targets."
        )
    raise ValueError(
        f"Unknown kind {value!r} for task {task!r}; choose from {sorted(KINDS)} or pass an "
        "instance from skmtl.tasks, such as Quantile(quantiles=(0.1, 0.9))."
    )


def chosen_kinds(tasks: TasksLike, names: Sequence[Hashable]) -> dict[Hashable, Kind]:
    """Return the kinds that the user specified, by task name."""
    if tasks is None:
        return {}
    if not isinstance(tasks, Mapping):
        return {name: as_kind(tasks, name) for name in names}
    unknown = [name for name in tasks if name not in names]
    if unknown:
        raise ValueError(
            f"`tasks` names {unknown}, but the targets are {list(names)}. Use the column names "
            "of y (0, 1, ... for an array). scikit-learn's cross_val_predict passes codes of the "
            "labels to `fit`; use skmtl.model_selection.cross_val_predict instead."
        )
    return {name: as_kind(value, name) for name, value in tasks.items()}
