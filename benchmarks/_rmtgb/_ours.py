"""The estimators of skmtl in the comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks._rmtgb._sets import TASK


def default(*, is_binary: bool, seed: int) -> Any:
    """`RMTGBRegressor()` or `RMTGBClassifier()` with defaults."""
    return _form(is_binary)(task_column=TASK, random_state=seed, n_jobs=1)


def fixed_rounds(blocks: Sequence[str], n_rounds: int, *, is_binary: bool, **settings: Any) -> Any:
    """A model with these blocks and a fixed number of rounds, without search or validation."""
    return _form(is_binary)(
        task_column=TASK,
        blocks=tuple(blocks),
        n_rounds=n_rounds,
        early_stopping=False,
        random_state=0,
        n_jobs=1,
        **settings,
    )


def _form(is_binary: bool) -> Any:
    from skmtl import RMTGBClassifier, RMTGBRegressor  # also imports torch: only where needed

    return RMTGBClassifier if is_binary else RMTGBRegressor
