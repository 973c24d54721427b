"""Scoring files of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from skmtl._extras import needed
from skmtl._paths import any_path
from skmtl.csv_files import CsvFormat
from skmtl.scoring._model import PathLike
from skmtl.scoring._outputs import Times, renamed
from skmtl.scoring._progress import Watcher
from skmtl.scoring._report import ScoringReport


def score_files(
    model: Any | PathLike,
    inputs: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    columns: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    proba: bool = True,
    quantiles: bool = True,
    times: Times | None = None,
    on_error: Literal["raise", "quarantine"] = "raise",
    batch_rows: int | None = None,
    part_rows: int = 2**20,
    csv_types: Mapping[str, Any] | None = None,
    csv_delimiter: str | None = None,
    csv_encoding: str = "utf-8",
    csv_decimal: str = ".",
    csv_missing: Sequence[str] | None = None,
    overwrite: bool = False,
    verify: bool = True,
    progress: bool | Watcher = False,
    horizons: Times | None = None,
) -> ScoringReport:
    """Score Parquet or CSV files of any size into a folder of Parquet files.

    Only a few rows are in memory at a time. The rows of every input file are written in order into
    parts, ``out/name-00000.parquet``, ``out/name-00001.parquet``, ..., with the kept columns and
    those that `score_frame` returns. Other programs can read the folder as one table, for example
    ``pandas.read_parquet(out)``.

    A part only gets its name once it is complete and on the disk. Its footer states the model, the
    options, and the rows and file from which it was made. So a job that was interrupted, even by a
    power failure, is resumed by the same call: it continues after the last finished part, and rows
    are neither lost nor duplicated. In the same way, new files are scored, and changed files are
    scored again. Scores of files that are no longer among the inputs are kept. A part that was
    deleted, truncated or damaged is scored again.

    A file is recognised by its location, whatever path, pattern or link leads to it, and after it
    was moved by its content and its time. Ambiguous cases raise an error: the same content with a
    different time in another location, if the original location is empty; parts that were copied
    within `out` or into it; scores among the input files. A file that changes while it is being
    read also raises an error, and the part written from it is discarded.

    Parameters
    ----------
    model : fitted estimator, or path
        An estimator of skmtl, alone or as the last step of a pipeline or a search; or a file
        that `skmtl.load` reads.
    inputs : path, or list of paths
        A file, a pattern such as ``"in/*.parquet"``, or a folder with all Parquet and CSV files
        below it, except those in ``out`` and those whose name, or whose subfolder's name, starts
        with a dot or an underscore; or a list of these. A pattern may match folders. The parts
        keep the subfolders. Subfolders such as ``month=5`` are also columns, even if only one of
        them is passed; if kept, they are not written into the files but stay in the path.
        ``__HIVE_DEFAULT_PARTITION__`` is a missing value.
    out : path
        A folder that is empty, does not exist, or contains scores of the same model and options.
        Like `inputs` and `model`, it may be an address such as ``"s3://bucket/scores"``, which
        fsspec opens; the package for the store must be installed.
    columns : sequence of str, default=None
        The columns that the model reads; None means those of `fit`, or, for a model that was
        fitted on data without names, all columns that are not in `keep`. Other columns are not
        read.
    keep : sequence of str, default=()
        Columns to copy in front of the outputs, such as ids.
    proba, quantiles : bool, default=True
        Whether to include probabilities and quantiles.
    times : sequence of float or mapping of event to one, default=None
        Times of the survival and incidence columns, for all events or by event; None for no such
        columns.
    on_error : {"raise", "quarantine"}, default="raise"
        What to do with rows that cannot be scored, for example because of an infinity, a word in a
        numeric column, or an unseen task if the model has ``unseen="error"``. "raise" stops at the
        first one with an error that names its number. "quarantine" writes them into
        ``out/_errors``, to files with the same names, with the kept columns, `error_file`,
        `error_row` (from 0) and `error_reason`, and scores the other rows.
    batch_rows : int, default=None
        Number of rows scored at a time. None means 131,072, or fewer for wide tables, so that the
        copies made while scoring have about 64 MB each.
    part_rows : int, default=1048576
        Number of rows of a part, which is the work lost when a job is interrupted. For Parquet
        files a part has complete row groups, so it may have more rows.
    csv_types : mapping of column to type, default=None
        Types of columns of CSV files, as named by pyarrow: ``{"id": "int64"}``. By default
        features are read with the types that the model was fitted on, and other columns stay text,
        exactly as in the file. For a pipeline, which does not store the types that it was fitted
        on, they are inferred from the first rows.
    csv_delimiter : str, default=None
        The delimiter of CSV files; None means a tab for ``.tsv`` and a comma otherwise. The first
        line is the header. CSV files have names ending in ``.csv`` or ``.tsv``, optionally
        followed by ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or ``.zip``.
    csv_encoding : str, default="utf-8"
        The encoding of CSV files, as named by Python. A byte order mark is skipped.
    csv_decimal : str, default="."
        The decimal point of numbers in CSV files.
    csv_missing : sequence of str, default=None
        Words that mean missing values in CSV files, in addition to empty cells. None means those
        of ``pandas.read_csv`` (NA, null, None, nan, ...), except that, in text columns, quoted
        words and known categories of the model are read as text. If words are passed, they are
        missing unless they are quoted, even if they are known categories. Kept text columns are
        copied as they are in the file, with null for empty cells.
    overwrite : bool, default=False
        Whether to replace scores of another model or other options; by default they raise an
        error.
    verify : bool, default=True
        Whether to read the finished parts and compare their content with the checksum in the
        footer, and to read inputs with the same size and time that were touched according to the
        system. False trusts footers, sizes and times, which is faster if there are many finished
        parts.
    progress : bool or callable, default=False
        True shows a progress bar (extra ``progress``); a callable receives a `Progress` after
        every batch.
    horizons : sequence of float or mapping of event to one, default=None
        The old name of `times`.

    Returns
    -------
    ScoringReport

    Raises
    ------
    ImportError
        If pyarrow (extra ``parquet``) is not installed.
    FileNotFoundError
        If there is no file to score.
    ScoringError
        If a row cannot be scored and ``on_error="raise"``; if `out` belongs to another job or
        another process; if a file cannot be read or changes while it is read; if rows would be
        scored twice.
    ValueError
        Before any work, if a required column of a file is missing or has a type that the model
        cannot read; if the types of a kept column in several files are incompatible (an id that is
        a number in one file and text in another); and for invalid options.

    Notes
    -----
    The check for problematic rows costs nothing if there are none: rows are only examined if the
    model raises an error for a batch. Infinities and task ids are found directly, other
    problematic rows by repeatedly halving the batch; more than 1,000 of them in one batch always
    raise an error.

    Every file is read an additional time for the checksum of its content, before its first part.

    Two processes cannot score into the same folder at the same time. Stores have no locks, so
    that you have to see to it yourself there. To use more than one core, set `n_jobs` of the
    model.

    See Also
    --------
    score_frame : The same for a table in memory; lists the names of the columns.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import skmtl
    >>> X = pd.DataFrame({"id": range(60), "size": [1.0, 2.0, float("inf")] * 20})
    >>> learnt = X[:2][["size"]].loc[[0, 1] * 20]
    >>> model = skmtl.RMTGBRegressor(n_rounds=3, n_bags=1, random_state=0)
    >>> model = model.fit(learnt, pd.DataFrame({"price": 10 * learnt["size"]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     X.to_parquet(f"{folder}/houses.parquet")
    ...     out = f"{folder}/scores"
    ...     report = skmtl.score_files(
    ...         model, f"{folder}/*.parquet", out, keep=["id"], on_error="quarantine"
    ...     )
    ...     scores, errors = pd.read_parquet(out), pd.read_parquet(report.errors)
    >>> report.n_rows, report.n_refused, scores.columns.tolist()
    (60, 20, ['id', 'price_prediction'])
    >>> errors["error_reason"].unique().tolist()
    ["Column 'size' holds infinity."]
    """
    with needed("pyarrow", "parquet", "score_files"):
        import pyarrow  # noqa: F401
    from skmtl.scoring._run import ScoringOptions, run

    options = ScoringOptions(
        columns=columns,
        keep=keep,
        proba=proba,
        quantiles=quantiles,
        times=renamed(times, horizons),
        on_error=on_error,
        batch_rows=batch_rows,
        part_rows=part_rows,
        csv_types=csv_types or {},
        csv=CsvFormat(csv_delimiter, csv_encoding, csv_decimal, csv_missing),
    )
    return run(
        model,
        inputs,
        any_path(out, "out"),
        options,
        overwrite=overwrite,
        verify=verify,
        progress=progress,
    )
