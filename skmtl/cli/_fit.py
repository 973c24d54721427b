"""Fit a model from a configuration file, save it, and report its scores.

The configuration is a TOML file; paths in it are relative to its folder:

    estimator = "RMTGB"             # of skmtl, but none made of another one
    output = "flights.skmtl"        # the file of the fitted model
    report = "flights.json"         # optional: what --json prints

    [data]
    train = "2013-*.parquet"        # Parquet or CSV: a file, a folder, a pattern, or a list
    eval = "2014-01.parquet"        # optional: rows that decide when to stop training
    test = "2014-02.parquet"        # optional: rows to score
    targets = ["delay", "late"]     # columns to predict; text instead of a list for a 1-D y
    features = ["hour", "dest"]     # optional: by default all other columns
    drop = ["flight"]               # optional: columns to leave out
    weight = "weight"               # optional: a column with the weights of the rows
    stream = false                  # optional: true leaves the Parquet files of train on disk

    [csv]                           # optional: how the CSV files are written
    delimiter = ";"                 # by default a tab for .tsv, else a comma
    encoding = "cp1252"             # by default "utf-8"
    decimal = ","                   # by default "."
    missing = ["-", "NA"]           # words for missing values, where they are not quoted

    [parameters]                    # of the estimator
    n_bags = 1
    random_state = 0

    [tasks]                         # kinds of targets, where they should not be guessed
    late = "binary"
    delay = {kind = "quantile", quantiles = [0.1, 0.9]}

    [forecast]                      # of panels: the parameters of skmtl.timeseries.Forecaster
    id = ["shop"]                   # around the estimator; every column has a role, or is dropped
    time = "day"
    freq = "D"
    horizon = 14
    known = ["promotion"]
    derived.up = {kind = "change", target = "delay"}

    [events.death]                  # for survival estimators, instead of targets
    event = "died"
    time = "days"
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from skmtl._paths import size_of, written_whole
from skmtl.cli._errors import OK, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from skmtl.cli._config import Config
    from skmtl.cli._tables import TableHeader

_RIGHT = "{} is valid, as far as one can tell without reading rows."
# Parameters whose value is the name of a column of X.
_COLUMNS = ("task_column", "group_column", "time_column", "rater_column", "weight_column")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", metavar="CONFIG.toml")
    parser.add_argument(
        "--check",
        action="store_true",
        help="check the configuration and the columns of the tables, and stop",
    )


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    from skmtl.cli._config import read_config
    from skmtl.cli._tables import read_headers

    config = read_config(options.config)
    train = read_headers(config.train, config.csv)
    features = _checked_features(config, train)
    if options.check:
        return {"config": options.config, "valid": True}, _RIGHT.format(options.config), OK
    outcome = _fit(config, train, features)
    if config.report is not None:
        with written_whole(config.report) as stream:
            stream.write(json.dumps(outcome, indent=1).encode() + b"\n")
    return outcome, _text(outcome), OK


def _checked_features(config: Config, train: list[TableHeader]) -> list[str]:
    """Return the features, after checking the headers and footers of all tables."""
    from skmtl.cli._tables import check_columns, read_headers

    columns = train[0].columns
    named = [*config.no_features, *(config.features or [])]
    check_columns(columns, named, "The table of 'train'")
    features = config.features or [name for name in columns if name not in config.no_features]
    if not features:
        excluded = ", ".join(config.no_features)
        raise UsageError(f"The table of 'train' has no features, only {excluded}.")
    if config.time is not None:
        from skmtl.cli._forecast import check_roles, columns_of

        check_columns(features, columns_of(config.model), "X, in which [forecast] names columns,")
        check_roles(config.model, features)
    for key in _COLUMNS:
        name = getattr(config.model, key, None)
        if isinstance(name, str):
            check_columns(features, [name], f"X, in which {key}={name!r} is looked for,")
    used = [*features, *config.answers]
    for header in train:
        header.check_files(used)
    for part in ("eval", "test"):
        if paths := getattr(config, part):
            headers = read_headers(paths, config.csv)
            check_columns(headers[0].columns, used, f"The table of {part!r}")
            for header in headers:
                header.check_files(used)
    return features


def _fit(config: Config, train: list[TableHeader], features: list[str]) -> dict[str, Any]:
    from skmtl.cli._tables import read_tables

    read = _training_frame(config, train, features)
    frame = _with_times(config, read)
    X, y, *weight = (
        _stored_rows(config, train, features) if config.stream else _rows(config, frame, features)
    )
    fitting: dict[str, Any] = {"sample_weight": weight[0]} if weight else {}
    rows = {} if config.stream else {"train": len(frame)}
    if config.eval:
        held_out = read_tables(config.eval, frame.columns.tolist(), config.csv, frame)
        fitting["eval_set"] = _rows(config, held_out, features)
        rows["eval"] = len(held_out)
    # Read the test rows before the fit, which may take hours, so that errors in them come first.
    test = None
    if config.test:
        test_frame = read_tables(config.test, frame.columns.tolist(), config.csv, read)
        test_frame = _with_times(config, test_frame)
        if config.time is not None:
            from skmtl.cli._forecast import check_reach

            check_reach(config.model, frame, test_frame)
        test = _rows(config, test_frame, features)
    _say(f"fitting {type(config.model).__name__} ...")
    model = config.model.fit(X, y, **fitting)
    model.save(str(config.output))
    _say(f"saved {config.output}")
    scores = None
    if test is not None:
        rows["test"] = len(test[0])
        scores = {_key(task): _finite(score) for task, score in model.score_tasks(*test).items()}
    return {
        "estimator": type(model).__name__,
        "output": str(config.output),
        "bytes": size_of(config.output),
        "rows": rows,
        "tasks": {_key(task): kind for task, kind in model.task_kinds_.items()},
        "scores": scores,
        "fit_seconds": round(model.fit_time_, 3),
    }


def _training_frame(config: Config, train: list[TableHeader], features: list[str]) -> pd.DataFrame:
    """Return the columns of the training rows; an empty table if the rows stay on disk."""
    from skmtl.cli._tables import read_tables

    columns = list(dict.fromkeys([*features, *config.answers]))
    if not config.stream:
        return read_tables(config.train, columns, config.csv)
    stored = train[0].stored
    assert stored is not None  # a configuration with a CSV file has been refused
    return stored.dataset.schema.empty_table().to_pandas()[columns]


def _with_times(config: Config, frame: pd.DataFrame) -> pd.DataFrame:
    """Parse the times of a forecaster's table if they came as text from a CSV file."""
    if config.time is None:
        return frame
    from skmtl.cli._forecast import with_times

    return with_times(frame, config.time, config.zone)


def _stored_rows(config: Config, train: list[TableHeader], features: list[str]) -> tuple[Any, ...]:
    """Return X and the names of the columns of y and, if there are any, of weights."""
    from skmtl.tables import ParquetTable

    stored = train[0].stored
    assert stored is not None
    names = (config.labels,) if config.weight is None else (config.labels, config.weight)
    # Reuse the dataset that was checked: it has the footers of its files.
    return (ParquetTable(stored.dataset, columns=features), *names)


def _rows(config: Config, frame: pd.DataFrame, features: list[str]) -> tuple[Any, ...]:
    """Return X, y and, if there are any, weights."""
    X, y = frame[features], frame[config.labels]
    return (X, y) if config.weight is None else (X, y, frame[config.weight].to_numpy())


def _text(outcome: dict[str, Any]) -> str:
    scores = outcome["scores"] or {}
    names = list(scores) if scores else list(outcome["tasks"])
    width = max(map(len, names))
    lines = [f"{outcome['estimator']} in {outcome['output']}, {outcome['bytes']:,} bytes"]
    for name in names:
        kind = outcome["tasks"].get(name, "")
        score = "" if name not in scores else _score(scores[name])
        lines.append(f"  {name:{width}}  {kind:12}  {score}".rstrip())
    if scores:
        lines.append(
            f"scores of {outcome['rows']['test']:,} test rows: R2, accuracy or concordance"
        )
    return "\n".join(lines)


def _score(score: float | None) -> str:
    return "no label" if score is None else f"{score:.4f}"


def _key(task: Hashable) -> str:
    """Return a task as a JSON key; with several targets of long data, it is (id, target)."""
    return " ".join(map(str, task)) if isinstance(task, tuple) else str(task)


def _finite(score: float) -> float | None:
    return float(score) if math.isfinite(score) else None


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
