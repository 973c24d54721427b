"""The configuration of ``skmtl fit``: a TOML file that is checked before any work starts."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

from skmtl._paths import AnyPath, any_path
from skmtl._stores import StorePath
from skmtl._suggestions import did_you_mean
from skmtl.cli._errors import UsageError
from skmtl.cli._tables import files_of, is_parquet
from skmtl.csv_files import CsvFormat

_ESTIMATORS_WITHIN = ("CalibratedTasks", "GroupedTasks", "TunedThresholds")
"""Estimators that wrap other estimators; a configuration cannot describe them."""
_TOP = ("estimator", "output", "report", "data", "csv", "parameters", "tasks", "events",
        "forecast")  # fmt: skip
_DATA = ("train", "eval", "test", "targets", "features", "drop", "weight", "stream")
_CSV = ("delimiter", "encoding", "decimal", "missing")
_EVENT = ("event", "time", "entry")
_CALLED = {
    "task": "the column of X that names the tasks of long data is 'task_column'. Kinds of targets "
    "are in the table [tasks]."
}
"""Explanations for keys of [parameters] that could mean several things."""


@dataclass(frozen=True)
class Config:
    """What to fit, on which data, and where to write it.

    Attributes
    ----------
    model : estimator
        An unfitted estimator with valid parameters.
    time : str or None
        The column with the times, if the model is a forecaster.
    zone : str or None
        The time zone of times that are text.
    output : Path or StorePath
    report : Path, StorePath or None
    train, eval, test : list of Path or StorePath
        Files or folders. `eval` and `test` may be empty.
    labels : str or list of str
        Columns that `fit` gets as y. A single name makes y one-dimensional.
    features : list of str or None
        None means all columns that are not labels or weights and are not dropped.
    drop : list of str
    weight : str or None
    stream : bool
        Whether the training rows stay on disk.
    csv : CsvFormat
        How CSV files are written.
    """

    model: Any
    time: str | None
    zone: str | None
    output: AnyPath
    report: AnyPath | None
    train: list[AnyPath]
    eval: list[AnyPath]
    test: list[AnyPath]
    labels: str | list[str]
    features: list[str] | None
    drop: list[str]
    weight: str | None
    stream: bool
    csv: CsvFormat

    @property
    def answers(self) -> list[str]:
        """Columns that are not features because they hold labels, times or weights."""
        labels = [self.labels] if isinstance(self.labels, str) else self.labels
        return labels if self.weight is None else [*labels, self.weight]

    @property
    def no_features(self) -> list[str]:
        """Columns that the configuration names as something other than a feature."""
        return [*self.answers, *self.drop]


def read_config(path: str) -> Config:
    """Read and check a configuration; paths in it are relative to the file.

    Raises
    ------
    UsageError
        For an unknown key, a wrong value or a missing file; the message names it.
    """
    try:
        with open(path, "rb") as stream:
            entries = tomllib.load(stream)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    folder = Path(path).resolve().parent
    _check_keys(entries, _TOP, "The configuration")
    data = _table(entries, "data")
    _check_keys(data, _DATA, "[data]")
    kinds = _kinds(_table(entries, "tasks"))
    events = _events(_table(entries, "events"))
    forecast = _table(entries, "forecast")
    model = _model(entries, {} if forecast else kinds, events)
    if forecast:
        model = _forecaster(model, forecast, kinds, events, data)
    config = Config(
        model=model,
        time=model.time if forecast else None,
        zone=forecast.get("zone"),
        output=_place(folder, entries, "output"),
        report=_place(folder, entries, "report") if "report" in entries else None,
        train=_files(folder, data, "train"),
        eval=_files(folder, data, "eval") if "eval" in data else [],
        test=_files(folder, data, "test") if "test" in data else [],
        labels=_labels(data, kinds, events),
        features=_names(data, "features") if "features" in data else None,
        drop=_names(data, "drop") if "drop" in data else [],
        weight=_text(data, "weight", "[data]") if "weight" in data else None,
        stream=_boolean(data, "stream"),
        csv=_csv_format(_table(entries, "csv")),
    )
    _check_data(config)
    return config


def _check_data(config: Config) -> None:
    """Check columns and files as far as possible without reading a table."""
    conflicting = [name for name in config.features or [] if name in config.no_features]
    if conflicting:
        raise UsageError(
            f"{conflicting[0]!r} is among the features, but also a label, a weight or dropped."
        )
    if config.stream and (len(config.train) > 1 or not is_parquet(config.train[0])):
        raise UsageError("stream = true takes one Parquet file, or one folder of them.")


def _check_keys(entries: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    for key in entries:
        if key not in allowed:
            raise UsageError(
                f"{where} has the unknown key {key!r}.{did_you_mean(key, allowed)} It may have: "
                f"{', '.join(allowed)}."
            )


def _table(entries: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = entries.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{key!r} must be a table, [{key}], got {value!r}.")
    return value


def _text(entries: Mapping[str, Any], key: str, where: str) -> str:
    if key not in entries:
        raise UsageError(f"{where} has no {key!r}.")
    if not isinstance(entries[key], str) or not entries[key]:
        raise UsageError(f"{key!r} must be text, got {entries[key]!r}.")
    return entries[key]


def _boolean(entries: Mapping[str, Any], key: str) -> bool:
    value = entries.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"{key!r} must be true or false, got {value!r}.")
    return value


def _names(entries: Mapping[str, Any], key: str, what: str = "columns") -> list[str]:
    names = entries[key]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{key!r} must be a list of {what}, got {names!r}.")
    twice = [name for name in names if names.count(name) > 1]
    if twice or not names:
        raise UsageError(f"{key!r} must name {what}, each once, got {names!r}.")
    return names


def _model(
    entries: Mapping[str, Any], kinds: Mapping[str, Any], events: Mapping[str, tuple[str, ...]]
) -> Any:
    name = _text(entries, "estimator", "The configuration")
    cls = _estimators().get(name)
    if cls is None:
        why = " It wraps another estimator: fit it in Python." * (name in _ESTIMATORS_WITHIN)
        raise UsageError(
            f"estimator={name!r} cannot be fitted by this command."
            f"{why or did_you_mean(name, _estimators())} Choose from {', '.join(_estimators())}."
        )
    parameters = dict(_table(entries, "parameters"))
    tables = {"tasks": kinds, "events": events}
    _check_parameter_names(parameters, inspect.signature(cls).parameters, tables)
    for key, table in tables.items():
        if table and key not in inspect.signature(cls).parameters:
            raise UsageError(f"{name} does not accept [{key}].")
        if table:
            parameters[key] = table
    model = cls(**parameters)
    try:
        model.check_parameters()
    except (ValueError, TypeError) as error:
        raise UsageError(str(error)) from error
    return model


def _forecaster(
    model: Any,
    forecast: Mapping[str, Any],
    kinds: Mapping[str, Any],
    events: Mapping[str, Any],
    data: Mapping[str, Any],
) -> Any:
    from skmtl.cli._forecast import forecaster_of

    if events:
        raise UsageError(
            "[forecast] does not accept [events]: a time to an event has no next value."
        )
    for key in ("eval", "stream"):
        if data.get(key):
            raise UsageError(f"[data] has {key!r}, which [forecast] does not take.")
    return forecaster_of(model, forecast, kinds)


def _check_parameter_names(
    parameters: Mapping[str, Any], taken: Iterable[str], tables: Iterable[str]
) -> None:
    for key in parameters:
        if key in tables:
            raise UsageError(f"{key!r} is not a key of [parameters]: it is a separate table.")
        if key in _CALLED:
            raise UsageError(f"[parameters] has the unknown key {key!r}: {_CALLED[key]}")
    _check_keys(parameters, [name for name in taken if name not in tables], "[parameters]")


def _estimators() -> dict[str, type]:
    import skmtl

    public = {name: getattr(skmtl, name) for name in skmtl.__all__}
    return {
        name: estimator
        for name, estimator in public.items()
        if hasattr(estimator, "fit") and name not in _ESTIMATORS_WITHIN
    }


def _csv_format(csv: Mapping[str, Any]) -> CsvFormat:
    _check_keys(csv, _CSV, "[csv]")
    try:
        return CsvFormat(**csv)
    except (ValueError, TypeError) as error:
        raise UsageError(f"[csv]: {error}") from error


def _kinds(tasks: Mapping[str, Any]) -> dict[str, Any]:
    """Return kinds of targets from their names or from tables with settings."""
    from skmtl.tasks import KINDS

    kinds = {}
    for name, chosen in tasks.items():
        settings = {"kind": chosen} if isinstance(chosen, str) else chosen
        if not isinstance(settings, dict) or not isinstance(settings.get("kind"), str):
            raise UsageError(
                f"The task {name!r} must be a word such as \"count\" or a table with its 'kind' "
                f"and settings, got {chosen!r}."
            )
        word = settings["kind"]
        if word not in KINDS:
            raise UsageError(
                f"The task {name!r} has the unknown kind {word!r}.{did_you_mean(word, KINDS)} "
                f"Choose from {', '.join(KINDS)}."
            )
        allowed = ["kind", *inspect.signature(KINDS[word]).parameters]
        _check_keys(settings, allowed, f"The task {name!r} of kind {word!r}")
        try:
            kinds[name] = KINDS[word](**{k: v for k, v in settings.items() if k != "kind"})
        except (ValueError, TypeError) as error:
            raise UsageError(f"The task {name!r}: {error}") from error
    return kinds


def _events(events: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each event, as the survival estimators expect them."""
    columns_of = {}
    for name, columns in events.items():
        if not isinstance(columns, dict):
            raise UsageError(
                f'The event {name!r} must be a table, such as {{event = "died", time = '
                f'"days"}}, got {columns!r}.'
            )
        where = f"The event {name!r}"
        _check_keys(columns, _EVENT, where)
        needed = [_text(columns, key, where) for key in ("event", "time")]
        entry = [_text(columns, "entry", where)] if "entry" in columns else []
        columns_of[name] = (*needed, *entry)
    return columns_of


def _labels(
    data: Mapping[str, Any], kinds: Mapping[str, Any], events: Mapping[str, tuple[str, ...]]
) -> str | list[str]:
    """Return the columns of y: targets, and the columns that events and kinds need."""
    single = isinstance(data.get("targets"), str)
    targets: list[str] = []
    if "targets" in data:
        targets = [data["targets"]] if single else _names(data, "targets")
    read = [column for columns in events.values() for column in columns]
    read += [column for name, kind in kinds.items() for column in kind.label_columns(name)]
    for name, kind in kinds.items():
        if name not in [*targets, *read] and not kind.label_columns(name):
            raise UsageError(
                f"[tasks] has {name!r}, which is not a target.{did_you_mean(name, targets)}"
            )
    labels = list(dict.fromkeys([*targets, *read]))
    if not labels:
        raise UsageError("[data] has no 'targets': name the columns to predict.")
    return labels[0] if single and not read else labels


def _files(folder: Path, data: Mapping[str, Any], key: str) -> list[AnyPath]:
    """Expand paths and patterns to files; the files of a pattern are sorted."""
    if key not in data:
        raise UsageError(f"[data] has no {key!r}: name the files to read.")
    patterns = [data[key]] if isinstance(data[key], str) else _names(data, key, "files")
    paths: list[AnyPath] = []
    for pattern in patterns:
        path = _path(folder, pattern, key)
        if path.exists():
            paths.append(path)
            continue
        if isinstance(path, StorePath):
            matches: list[AnyPath] = list(path.matches())
        else:
            found = sorted(glob(pattern, root_dir=folder, recursive=True))
            matches = [folder / match for match in found]
        if not matches:
            raise UsageError(f"{key} = {pattern!r}: there is no such file in {folder}.")
        paths += matches
    return [file for path in _once(paths) for file in files_of(path)]


def _once(paths: Iterable[AnyPath]) -> list[AnyPath]:
    """Drop repeated files, and files of folders that are listed as well."""
    by_resolved: dict[AnyPath, AnyPath] = {}
    for path in paths:
        by_resolved.setdefault(path.resolve(), path)
    return [
        path
        for resolved, path in by_resolved.items()
        if not any(parent in by_resolved for parent in resolved.parents)
    ]


def _place(folder: Path, entries: Mapping[str, Any], key: str) -> AnyPath:
    """Return the path of an output file."""
    path = _path(folder, _text(entries, key, "The configuration"), key)
    if not isinstance(path, StorePath) and not path.parent.is_dir():
        raise UsageError(f"{key}: there is no folder {path.parent}.")
    return path


def _path(folder: Path, text: str, key: str) -> AnyPath:
    """Return a path in the folder of the configuration, or in a store."""
    try:
        path = any_path(text, key)
        return path if isinstance(path, StorePath) else folder / path
    except ValueError as error:
        raise UsageError(str(error)) from error
