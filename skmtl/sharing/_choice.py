"""Choose groups of tasks on held-out rows, with one model per group."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl.sharing._groups import affinity_of_errors, clusters
from skmtl.sharing._held_out import Group, HeldOut

# A task is removed from the joint model if its separate error is smaller by this share.
_HURT = 0.05


@dataclass(frozen=True)
class Choice:
    """The groups to fit, and the comparison if they were chosen.

    Attributes
    ----------
    groups : list of list of task
    selection : DataFrame by candidate
        ``error``, the mean over the tasks of the error relative to that of a constant;
        ``standard_error`` of its difference from the better of "joint" and "alone", 0 for that
        one; ``n_models``; ``groups``; ``chosen``. Sorted by error.
    errors : DataFrame of shape (n_tasks, n_candidates)
        Errors by task.
    affinity : DataFrame of shape (n_tasks, n_tasks)
    """

    groups: list[list[Hashable]]
    selection: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    affinity: pd.DataFrame | None = None


def choose_groups(held_out: HeldOut, names: Sequence[Hashable]) -> Choice:
    """Choose among one model, one per task, suggested groups, and leaving out hurt tasks.

    Each candidate is evaluated on the same held-out rows. Other groups are only chosen if they are
    better than both joint and alone by more than the standard error of the difference: the folds
    have fewer labels than the final fit, which favours sharing, and one of several candidates may
    be ahead by chance.
    """
    joint: list[Group] = [tuple(names)]
    alone: list[Group] = [(name,) for name in names]
    held_out.fit([*joint, *alone])
    affinity = affinity_of_errors(held_out.cross_errors())
    together, apart = held_out.errors(joint), held_out.errors(alone)
    is_hurt = apart < (1 - _HURT) * together
    hurt = apart.index[is_hurt].tolist()
    unhurt = tuple(name for name in names if name not in hurt)
    candidates: dict[str, list[Group]] = {
        "joint": joint,
        "alone": alone,
        "suggested": [tuple(group) for group in clusters(affinity, None)],
        "without the hurt": [group for group in (unhurt, *((name,) for name in hurt)) if group],
    }
    candidates = _unlike(candidates)
    held_out.fit([group for groups in candidates.values() for group in groups])
    errors = pd.DataFrame({word: held_out.errors(groups) for word, groups in candidates.items()})
    by_row = {word: held_out.errors_by_row(groups) for word, groups in candidates.items()}
    error = errors.mean()
    plain = "joint" if error["joint"] <= error["alone"] else "alone"
    selection = pd.DataFrame(
        {
            "error": error,
            "standard_error": {
                word: _standard_error_of_sum(own - by_row[plain]) for word, own in by_row.items()
            },
            "n_models": {word: len(groups) for word, groups in candidates.items()},
            "groups": {word: [list(g) for g in groups] for word, groups in candidates.items()},
        }
    ).sort_values(["error", "n_models"], kind="stable")
    ahead = selection["error"] + selection["standard_error"] < error[plain]
    chosen = str(selection.index[ahead][0]) if ahead.any() else plain
    selection["chosen"] = selection.index == chosen
    return Choice([list(group) for group in candidates[chosen]], selection, errors, affinity)


def _standard_error_of_sum(values: np.ndarray) -> float:
    return float(np.sqrt(len(values)) * values.std(ddof=1)) if len(values) > 1 else np.inf


def checked_groups(groups: Any, names: list[Hashable]) -> list[list[Hashable]]:
    """Check the groups of the user; every task must be in exactly one of them."""
    if not _is_list(groups) or not all(map(_is_list, groups)):
        raise ValueError(f"groups must be a list of lists of tasks, got {groups!r}.")
    as_lists = [list(group) for group in groups]
    flat = [name for group in as_lists for name in group]
    absent = [name for name in names if name not in flat]
    unknown = [name for name in flat if name not in names]
    twice = [name for name in names if flat.count(name) > 1]
    if absent or unknown or twice or not all(as_lists):
        raise ValueError(
            f"groups must contain every task once, and no empty group: missing {absent}, unknown "
            f"{unknown}, more than once {twice}. The tasks are {names}."
        )
    return as_lists


def _is_list(value: Any) -> bool:
    """Whether a value is a list of items; a name is a single item although it can be iterated."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def _unlike(candidates: dict[str, list[Group]]) -> dict[str, list[Group]]:
    """Remove candidates with the same groups as an earlier one."""
    seen = {
        frozenset(map(frozenset, groups)): word for word, groups in [*candidates.items()][::-1]
    }
    return {word: candidates[word] for word in candidates if word in seen.values()}
