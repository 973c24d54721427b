"""Scoring files of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from skmtl._extras import needed
from skmtl._paths import local_path
from skmtl.csv_files import CsvFormat
from skmtl.scoring._model import PathLike
from skmtl.scoring._outputs import Horizons
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
    horizons: Horizons | None = None,
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
) -> ScoringReport:
    """Score Parquet or CSV files of any size into a folder of Parquet files.

    A few rows are in memory at a time, however many there are. Of every input file the rows are
    written in parts, ``out/name-00000.parquet``, ``out/name-00001.parquet``, ..., in their order,
    with the kept columns and those that `score_frame` returns. Other programs read the folder as
    one table, for example ``pandas.read_parquet(out)``.

    A part appears under its name when it is complete and on the disk, not before. It holds, in
    its footer, by which model, with which options and from which rows of which file it was made.
    So a job that was cut off, even by a power failure, is begun again by the same call: it goes
    on after the last finished part, and no row is lost or doubled. In the same way files that
    have been added are scored, and files that have changed once more. Scores of files that are no
    longer given stay. A part that was deleted, cut short or damaged since is scored once more.

    A file is known by where it is, whatever path, pattern or link leads to it, and after it has
    been moved by its bytes and its time. What cannot be told is an error: the same bytes with
    another time in another place, whose first place is empty now; parts that were copied within
    `out` or into it; scores among the files to score. A file that changes while it is read is an
    error, too, and the part that was made of it is thrown away.

    Parameters
    ----------
    model : fitted estimator, or path
        An estimator of skmtl, alone or as the last step of a pipeline or a search; or a file
        that `skmtl.load` reads.
    inputs : path, or list of paths
        A file, a pattern such as ``"in/*.parquet"``, or a folder with all Parquet and CSV files
        below it, except those in ``out`` and those whose name, or whose subfolder's name, begins
        with a dot or an underscore; or several of these. A pattern may match folders. The parts
        keep the subfolders. Subfolders such as ``month=5`` are columns, too, also where one of
        them is given alone; kept, they are not written into the files but stay in the path.
        ``__HIVE_DEFAULT_PARTITION__`` is a missing value.
    out : path
        A folder that is empty, absent, or holds scores of the same model and options. Like the
        inputs, it is on this machine: addresses such as ``"s3://..."`` are refused.
    columns : sequence of str, default=None
        The columns that the model reads; None takes those that `fit` saw, or, for a model that
        was fitted on data without names, all that are not in `keep`. No other columns are read.
    keep : sequence of str, default=()
        Columns that stand before the outputs, such as ids.
    proba, quantiles : bool, default=True
        Whether probabilities and quantiles are wanted.
    horizons : sequence of float or mapping of event to one, default=None
        Times at which survival and incidences are wanted; None for none.
    on_error : {"raise", "quarantine"}, default="raise"
        What to do with rows that cannot be scored, for example because of an infinity, a word
        where a number should be, or a task that a model with ``unseen="error"`` does not know.
        "raise" stops at the first one, with its number. "quarantine" writes them into
        ``out/_errors``, to files of the same names, with the kept columns, `error_file`,
        `error_row` (from 0) and `error_reason`, and scores the others.
    batch_rows : int, default=None
        Rows that are scored at a time. None takes 131,072, and fewer of wide tables, so that the
        copies that scoring makes stay at about 64 MB each.
    part_rows : int, default=1048576
        Rows of a part: what is lost of the work when a job is cut off. Of Parquet a part has
        whole row groups, and so may have more.
    csv_types : mapping of column to type, default=None
        Types of columns of CSV files, as pyarrow names them: ``{"id": "int64"}``. Otherwise
        features are read as what the model was fitted on, and other columns stay text, exactly
        as it stands there. Behind a pipeline, which does not say what it was fitted on, the
        first rows decide.
    csv_delimiter : str, default=None
        What stands between the cells of a CSV file; None is a tab for ``.tsv``, else a comma.
        The first line is the header. CSV files are those whose names end in ``.csv`` or ``.tsv``,
        or so and in ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or ``.zip``.
    csv_encoding : str, default="utf-8"
        The encoding of CSV files, as Python names it. A byte order mark is skipped.
    csv_decimal : str, default="."
        The decimal point of numbers in CSV files.
    csv_missing : sequence of str, default=None
        Words that stand for missing values in CSV files, besides the empty cell. None takes those
        of ``pandas.read_csv`` (NA, null, None, nan, ...), but reads as text, in columns of text,
        what is quoted, and what the model knows as a category. Words that are named are missing
        where they are not quoted, whatever the model knows. Kept columns of text come out as
        they stand in the file, null where nothing stands.
    overwrite : bool, default=False
        Whether scores of another model or other options are replaced; otherwise they raise an
        error.
    verify : bool, default=True
        Whether the finished parts of the inputs are read, to compare their bytes with the
        checksum in the footer, and so are inputs of the same size and time that the system says
        have been touched. False believes footers, sizes and times, which is quicker where there
        are many parts from before.
    progress : bool or callable, default=False
        True shows a bar (extra ``progress``); a callable gets a `Progress` after every batch.

    Returns
    -------
    ScoringReport

    Raises
    ------
    ImportError
        Without pyarrow (extra ``parquet``).
    FileNotFoundError
        If there is no file to score.
    ScoringError
        For a row that cannot be scored, with ``on_error="raise"``; if `out` belongs to another
        job or another process; if a file cannot be read, or changes meanwhile; if rows would be
        scored twice.
    ValueError
        Before any work, if a file lacks a column that is needed, or has it with a type that the
        model cannot read; if a kept column has types, in several files, that no reader takes for
        one (an id that is a number here and text there); and for options that make no sense.

    Notes
    -----
    Rows with problems cost nothing as long as there are none: only where the model refuses a
    batch are its rows looked at. Infinities and task ids are found at once, rows that are refused
    for other reasons by halving the batch again and again; more than 1,000 of them in one batch
    are an error in any case.

    Every file is read once more for the checksum of its content, before its first part.

    Two processes cannot score into the same folder at a time. For more than one core, give the
    model its `n_jobs`.

    See Also
    --------
    score_frame : The same for a table in memory; tells the names of the columns.

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
        horizons=horizons,
        on_error=on_error,
        batch_rows=batch_rows,
        part_rows=part_rows,
        csv_types=csv_types or {},
        csv=CsvFormat(csv_delimiter, csv_encoding, csv_decimal, csv_missing),
    )
    return run(
        model,
        inputs,
        local_path(out, "out"),
        options,
        overwrite=overwrite,
        verify=verify,
        progress=progress,
    )
