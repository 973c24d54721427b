"""Build a forecaster from the table [forecast] of a configuration."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skmtl._suggestions import did_you_mean
from skmtl.cli._errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

_ELSEWHERE = ("estimator", "tasks")
"""Parameters of `Forecaster` that a configuration sets elsewhere."""
_ROLES = ("id", "time", "known", "past", "static")
_CALENDAR = ("parts", "holidays")


def forecaster_of(model: Any, table: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    """Wrap a model in a forecaster.

    Parameters
    ----------
    model : estimator
    table : mapping
        The table [forecast].
    kinds : mapping of target to Kind
        The kinds from [tasks].

    Raises
    ------
    UsageError
        For an unknown key or a wrong value.
    """
    from skmtl.timeseries import Forecaster

    taken = [name for name in inspect.signature(Forecaster).parameters if name not in _ELSEWHERE]
    allowed = [*taken, "zone"]
    for key in table:
        if key not in allowed:
            raise UsageError(
                f"[forecast] has the unknown key {key!r}.{did_you_mean(key, allowed)} It may "
                f"have: {', '.join(allowed)}."
            )
    if "time" not in table:
        raise UsageError("[forecast] has no 'time': name the column of the times.")
    _check_zone(table.get("zone"))
    settings = {key: value for key, value in table.items() if key != "zone"}
    try:
        if "calendar" in settings:
            settings["calendar"] = _calendar(settings["calendar"])
        if "derived" in settings:
            settings["derived"] = _derived(settings["derived"])
        forecaster = Forecaster(model, tasks=dict(kinds) or None, **settings)
        forecaster.check_parameters()
    except (ValueError, TypeError) as error:
        raise UsageError(f"[forecast]: {error}") from error
    return forecaster


def _check_zone(zone: Any) -> None:
    """Raise a UsageError for the name of an unknown time zone."""
    import pandas as pd

    try:
        pd.DatetimeIndex([], tz=zone)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"[forecast] has zone={zone!r}, which must be the name of a time zone, such as "
            f"'Europe/Berlin': {error}"
        ) from error


def columns_of(forecaster: Any) -> list[str]:
    """Return the columns of X that a forecaster reads."""
    from skmtl.panels import PanelColumns

    roles = (getattr(forecaster, role) for role in _ROLES)
    return [str(name) for name in PanelColumns.read(*roles).all_names]


def check_roles(forecaster: Any, features: Iterable[str]) -> None:
    """Raise a UsageError if columns of X have no role."""
    without = [name for name in features if name not in columns_of(forecaster)]
    if without:
        raise UsageError(
            f"The columns {without} have no role: name each in [forecast] as known (ahead), past "
            "(up to the origin), static or id, or in [data] as drop."
        )


def with_times(frame: pd.DataFrame, time: str, zone: str | None) -> pd.DataFrame:
    """Convert times that are text, from a CSV file, to timestamps.

    Parameters
    ----------
    frame : DataFrame
    time : str
    zone : str or None
        The time zone, for times with offsets from UTC, which change with the clocks.

    Raises
    ------
    UsageError
        If a time is not in ISO 8601 format, or offsets and zone do not suit each other.
    """
    import pandas as pd

    from skmtl.panels import read_times

    if not pd.api.types.is_string_dtype(frame[time].dtype):
        return frame
    try:
        return frame.assign(**{time: read_times(frame[time], zone)})
    except ValueError as error:
        raise UsageError(str(error)) from error


def check_reach(forecaster: Any, train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Raise a UsageError if rows to score lie beyond the horizon of the training rows."""
    from skmtl.panels import make_clock

    time = forecaster.time
    try:
        clock = make_clock(train[time], forecaster.freq)
        beyond = int(clock.count(test[time]).max() - clock.count(train[time]).max())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if beyond > forecaster.horizon:
        raise UsageError(
            f"The rows of 'test' reach {beyond} steps beyond those of 'train', and horizon is "
            f"{forecaster.horizon}. Shorten 'test', or raise the horizon."
        )


def _calendar(value: Any) -> Any:
    """Return a calendar from a list of parts, or from a table with parts and holidays."""
    from skmtl.timeseries import Calendar

    if isinstance(value, str):
        return value
    table: Any = {"parts": value} if isinstance(value, Sequence) else value
    if not isinstance(table, Mapping) or any(key not in _CALENDAR for key in table):
        raise ValueError(
            'calendar must be a list of parts, such as ["weekday", "month"], or a table with '
            f"'parts' and 'holidays', got {value!r}."
        )
    return Calendar(*table.get("parts", ()), holidays=table.get("holidays"))


def _derived(value: Any) -> dict[str, Any]:
    """Return derived targets from tables with their kind and settings."""
    from skmtl.tasks import Change, Exceeds, Hurdle, Occurs

    makers: dict[str, Any] = {
        "change": Change,
        "occurs": Occurs,
        "exceeds": Exceeds,
        "hurdle": Hurdle,
    }
    if not isinstance(value, Mapping):
        raise ValueError(f"derived must be a table, [forecast.derived], got {value!r}.")
    targets = {}
    for name, settings in value.items():
        kind = settings.get("kind") if isinstance(settings, Mapping) else None
        if kind not in makers:
            raise ValueError(
                f"The derived target {name!r} must be a table with its 'kind', one of "
                f"{', '.join(makers)}, and settings, such as "
                f'{{kind = "change", target = "sales"}}, got {settings!r}.'
            )
        try:
            targets[name] = makers[kind](**{k: v for k, v in settings.items() if k != "kind"})
        except TypeError as error:
            raise ValueError(f"The derived target {name!r}: {error}") from error
    return targets
