"""From what users write in `tasks` to kinds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from skmtl.tasks._binary import Binary
from skmtl.tasks._competing_risks import CompetingRisks
from skmtl.tasks._count import Count
from skmtl.tasks._kind import Kind
from skmtl.tasks._multiclass import Multiclass
from skmtl.tasks._ordinal import Ordinal
from skmtl.tasks._proportional_hazards import ProportionalHazards
from skmtl.tasks._quantile import Quantile
from skmtl.tasks._regression import Regression
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
        Survival,
        CompetingRisks,
        ProportionalHazards,
    )
}

KindLike = str | Kind
TasksLike = KindLike | Mapping[Any, KindLike] | None


def as_kind(value: object, task: Hashable) -> Kind:
    """The kind that a word or an instance stands for."""
    if isinstance(value, Kind):
        return value
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]()
    if isinstance(value, type) and issubclass(value, Kind):
        return value()
    raise ValueError(
        f"Unknown kind {value!r} for task {task!r}; choose from {sorted(KINDS)} or give an "
        "instance from skmtl.tasks, such as Quantile(quantiles=(0.1, 0.9))."
    )


def chosen_kinds(tasks: TasksLike, names: Sequence[Hashable]) -> dict[Hashable, Kind]:
    """The kinds that the user fixed, by task name."""
    if tasks is None:
        return {}
    if not isinstance(tasks, Mapping):
        return {name: as_kind(tasks, name) for name in names}
    unknown = [name for name in tasks if name not in names]
    if unknown:
        raise ValueError(
            f"`tasks` names {unknown}, but the targets are {list(names)}. Use the column names "
            "of y (0, 1, ... for an array)."
        )
    return {name: as_kind(value, name) for name, value in tasks.items()}
