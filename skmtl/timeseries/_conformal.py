"""Conformal intervals, from the errors of earlier forecasts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd

from skmtl._storable import storable

_FEW_ERRORS = 200
"""If a step has fewer errors, those of the neighbouring steps are added."""
_DEFAULT = 0.8


@storable
@dataclass(frozen=True)
class ConformalQuantiles:
    """Quantiles of the errors of each target and step, in units of the scale.

    Attributes
    ----------
    levels : tuple of float
        Ascending.
    errors : dict of target to ndarray of shape (horizon, n_levels)
        Errors in units of the scale, to be added to the forecast.
    corrections : dict of target to ndarray of shape (horizon, n_quantiles), or None
        Errors of the quantiles of targets that are learnt as quantiles, to be added to them; zero
        for those that are not in `levels`. Old files have none.
    """

    levels: tuple[float, ...]
    errors: dict[Hashable, np.ndarray]
    corrections: dict[Hashable, np.ndarray] | None = None

    def at(self, steps: np.ndarray) -> dict[Hashable, np.ndarray]:
        """Return the quantiles of the errors of each target at some steps, (n, n_levels)."""
        return {name: by_step[steps - 1] for name, by_step in self.errors.items()}

    def corrections_at(self, steps: np.ndarray) -> dict[Hashable, np.ndarray]:
        """Return the corrections of learnt quantiles at some steps, (n, n_quantiles)."""
        return {name: by_step[steps - 1] for name, by_step in (self.corrections or {}).items()}


def read_coverages(conformal: Any) -> tuple[float, ...]:
    """Return the quantile levels of intervals with some coverages; empty for None and False.

    Raises
    ------
    ValueError
        If a coverage is not between 0 and 1.
    """
    if conformal is None or conformal is False:
        return ()
    asked: Any = (_DEFAULT,) if conformal is True else conformal
    coverages = asked if pd.api.types.is_list_like(asked) else (asked,)
    for share in coverages:
        is_number = isinstance(share, float | np.floating) and not isinstance(share, bool)
        if not is_number or not 0 < share < 1:
            raise ValueError(
                f"conformal={conformal!r} must be True or hold coverages between 0 and 1, such "
                "as 0.8."
            )
    ends = {round((1 - share) / 2, 10) for share in coverages}
    return tuple(sorted(ends | {round(1 - end, 10) for end in ends}))


def learn_quantiles(
    errors: Mapping[Hashable, np.ndarray],
    of_quantiles: Mapping[Hashable, Mapping[float, np.ndarray]],
    steps: np.ndarray,
    levels: tuple[float, ...],
    horizon: int,
) -> ConformalQuantiles:
    """Return quantiles of errors by step, slightly widened for small samples.

    A quantile that is learnt is corrected by the same quantile of its own errors (Romano,
    Patterson and Candès 2019, "Conformalized quantile regression").

    Parameters
    ----------
    errors : mapping of target to ndarray of shape (n,)
        Truth minus forecast, divided by the scale; NaN without a label.
    of_quantiles : mapping of target to mapping of level to ndarray of shape (n,)
        Truth minus learnt quantile, divided by the scale, for targets that are learnt as
        quantiles.
    steps : ndarray of int64, shape (n,)
    levels : tuple of float
    horizon : int

    Raises
    ------
    ValueError
        If a target has no errors.
    """
    learnt = {
        name: _by_step(name, values, steps, levels, horizon) for name, values in errors.items()
    }
    corrections = {
        name: np.column_stack(
            [
                _by_step(name, values, steps, (level,), horizon)
                if round(level, 10) in levels
                else np.zeros(horizon)
                for level, values in by_level.items()
            ]
        )
        for name, by_level in of_quantiles.items()
    }
    return ConformalQuantiles(levels, learnt, corrections)


def _by_step(
    name: Hashable,
    errors: np.ndarray,
    steps: np.ndarray,
    levels: tuple[float, ...],
    horizon: int,
) -> np.ndarray:
    """Return quantiles of the errors that are known, (horizon, n_levels)."""
    seen = np.flatnonzero(np.isfinite(errors))
    if not len(seen):
        raise ValueError(
            f"conformal intervals of {name!r} need labels among the last steps of the panel."
        )
    _warn_of_few_errors(name, len(seen), min(levels))
    order = seen[np.argsort(steps[seen], kind="stable")]
    errors, steps = errors[order], steps[order]
    rows = []
    for step in range(1, horizon + 1):
        reach, near = 0, errors[:0]
        while len(near) < min(_FEW_ERRORS, len(errors)):
            begin, end = np.searchsorted(steps, [step - reach, step + reach + 1])
            near, reach = errors[begin:end], reach + 1
        rows.append(_quantiles(np.sort(near), levels))
    return np.array(rows)


def _warn_of_few_errors(name: Hashable, n: int, lowest: float) -> None:
    """Warn if the quantile of a level would lie beyond the largest of so many errors."""
    least = int(np.ceil(round(1 / lowest, 6))) - 1
    if n < least:
        warn(
            f"The interval of {name!r} with a coverage of {1 - 2 * lowest:g} needs {least} "
            f"errors, but the last steps of the panel have {n}: it will cover less. Choose a "
            "smaller coverage in conformal, or fit more or longer series.",
            stacklevel=6,
        )


def _quantiles(errors: np.ndarray, levels: tuple[float, ...]) -> list[float]:
    """Return quantiles of sorted errors, so that new errors lie between them at nominal rates."""
    n = len(errors)
    ranks = [
        np.floor(level * (n + 1)) if level < 0.5 else np.ceil(level * (n + 1)) for level in levels
    ]
    return [float(errors[int(np.clip(rank, 1, n)) - 1]) for rank in ranks]
