"""The progress of scoring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from skmtl._extras import needed


@dataclass(frozen=True)
class Progress:
    """The progress of `score_files`, passed to its `progress` after every batch.

    Attributes
    ----------
    file : str
        The file that is being read.
    n_files, n_files_done : int
    n_rows, n_refused : int
        Rows that have been read so far, and those of them that could not be scored, with those
        of an earlier run that was cut off.
    fraction : float
        The share of the bytes of all files that has been read, from 0 to 1.
    """

    file: str
    n_files: int
    n_files_done: int
    n_rows: int
    n_refused: int
    fraction: float


Watcher = Callable[[Progress], None]


@contextmanager
def watched(progress: bool | Watcher) -> Iterator[Watcher]:
    """The function to call; True means a progress bar.

    Raises
    ------
    ImportError
        Without rich, for a bar.
    """
    if callable(progress):
        yield progress
    elif progress:
        with _bar() as update:
            yield update
    else:
        yield lambda _: None


@contextmanager
def _bar() -> Iterator[Watcher]:
    with needed("rich", "progress", "progress=True"):
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[rows]}", markup=False),
    )
    with Bars(*columns) as bars:
        task = bars.add_task("Scoring", total=1.0, rows="")

        def update(now: Progress) -> None:
            refused = f", {now.n_refused:,} refused" if now.n_refused else ""
            bars.update(
                task,
                completed=now.fraction,
                description=f"{now.n_files_done}/{now.n_files} files",
                rows=f"{now.n_rows:,} rows{refused}",
            )

        yield update
