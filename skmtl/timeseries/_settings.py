"""The parameters of a forecaster that define its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from skmtl.panels import CalendarFeatures

Steps = int | Sequence[int] | Literal["auto"] | None

_MOST_LAGS = 28


@dataclass(frozen=True)
class LagSettings:
    """Lags, windows and seasons of features, in steps.

    Attributes
    ----------
    seasons, lags, windows : tuple of int
    """

    seasons: tuple[int, ...]
    lags: tuple[int, ...]
    windows: tuple[int, ...]

    @classmethod
    def read(cls, season: Steps, lags: Steps, windows: Steps) -> LagSettings:
        """Create from the user's parameters.

        Raises
        ------
        ValueError
            If a value is not a whole number of at least 1.
        """
        seasons = tuple(steps for steps in _numbers("season", season) if steps > 1)
        longest = max(seasons, default=1)
        if _is_auto(lags):
            chosen = tuple(range(1, min(max(longest, 12), _MOST_LAGS) + 1))
        elif isinstance(lags, int | np.integer) and not isinstance(lags, bool) and lags >= 0:
            chosen = tuple(range(1, int(lags) + 1))
        else:
            chosen = _numbers("lags", lags)
        if _is_auto(windows):
            base = max(longest, 6)
            reach: tuple[int, ...] = (base // 3, base, 4 * base)
        else:
            reach = _numbers("windows", windows)
        return cls(seasons, chosen, tuple(sorted(set(reach))))

    @property
    def season(self) -> int:
        """The first season, or 1."""
        return self.seasons[0] if self.seasons else 1


def read_calendar(calendar: Any) -> CalendarFeatures | None:
    """Return the calendar for "auto", None or a `Calendar`."""
    if calendar is None or isinstance(calendar, CalendarFeatures):
        return calendar
    if _is_auto(calendar):
        return CalendarFeatures()
    raise ValueError(
        f"calendar={calendar!r} must be 'auto', None or a Calendar, such as "
        "Calendar('weekday', 'month')."
    )


def _numbers(name: str, value: Any) -> tuple[int, ...]:
    several = pd.api.types.is_list_like(value, allow_sets=False)
    values = () if value is None else value if several else (value,)
    for n in values:
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1:
            raise ValueError(f"{name}={value!r} must hold whole numbers of steps of at least 1.")
    return tuple(int(n) for n in values)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"
