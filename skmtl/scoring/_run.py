"""A whole run of scoring, from the files to the files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skmtl.scoring._inputs import InputFile, find_inputs
from skmtl.scoring._job import Folder, ends_of
from skmtl.scoring._model import PathLike, checksum, open_model
from skmtl.scoring._plan import Plan, ScoringOptions
from skmtl.scoring._progress import Progress, Watcher, watched
from skmtl.scoring._report import ScoringReport
from skmtl.scoring._rows import MOST_HALVINGS, RowScorer
from skmtl.scoring._source import Part, Source
from skmtl.scoring._storage import Manifest
from skmtl.scoring._writing import PartWriter, first_refusal


def run(
    model: Any | PathLike,
    inputs: PathLike | Sequence[PathLike],
    out: Path,
    options: ScoringOptions,
    *,
    overwrite: bool,
    verify: bool,
    progress: bool | Watcher,
) -> ScoringReport:
    """Score files as `score_files` says."""
    started = time.monotonic()
    fitted = open_model(model)
    files = find_inputs(inputs, out)
    plan = Plan(fitted, files, options)
    folder = Folder(out, checksum(fitted), plan.identity())
    quarantine = options.on_error == "quarantine"
    with folder.opened(overwrite=overwrite), watched(progress) as watcher:
        finished = folder.finished(files, with_refused=quarantine, verify=verify)
        work = _Run(plan, folder, files, finished, quarantine, watcher)
        for position, file in enumerate(files):
            work.score(position, file)
        return work.report(time.monotonic() - started)


class _Run:
    """Scores what is not finished, and counts."""

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        files: list[InputFile],
        finished: dict[str, dict[int, Manifest]],
        quarantine: bool,
        watcher: Watcher,
    ) -> None:
        self._plan, self._folder, self._files = plan, folder, files
        self._finished, self._quarantine, self._watcher = finished, quarantine, watcher
        at_most = MOST_HALVINGS if quarantine else 1
        self._scorer = RowScorer(plan.outputs, plan.features, at_most)
        before = [each for parts in finished.values() for each in parts.values()]
        self._n_before = self._n_parts = len(before)
        self._n_rows = sum(each.stop - each.start for each in before)
        self._n_refused = sum(each.n_refused for each in before)
        self._all_bytes = max(sum(file.size for file in files), 1)
        self._bytes_done = 0

    def score(self, position: int, file: InputFile) -> None:
        """Score the parts of a file that are not finished."""
        source = self._plan.sources[position]
        for part in source.parts(ends_of(self._finished[file.name])):
            self._score_part(position, file, source, part)
            self._n_parts += 1
        self._bytes_done += file.size
        self._tell(position + 1, file, 0.0)

    def _score_part(self, position: int, file: InputFile, source: Source, part: Part) -> None:
        path = self._folder.part_path(file, part.number)
        writer = PartWriter(
            path,
            self._folder.errors_path(path),
            source.schema,
            self._plan.kept(file),
            self._plan.outputs.columns,
            file.name,
        )
        with writer:
            for batch in part.batches():
                scored, columns, refused = self._scorer.score(batch.table, batch.unreadable)
                if not self._quarantine and (refused or batch.lost):
                    raise first_refusal(batch, refused, str(file.path))
                writer.write(batch, scored, columns, refused)
                self._n_rows += len(batch.rows) + len(batch.lost)
                self._n_refused += len(refused) + len(batch.lost)
                self._tell(position, file, source.share())
            written, written_errors = writer.written
            writer.publish(
                Manifest(
                    job=self._folder.job,
                    input=file.name,
                    path=str(file.path.absolute()),
                    size=file.size,
                    mtime_ns=file.mtime_ns,
                    part=part.number,
                    start=part.start,
                    stop=part.stop,
                    last=part.last,
                    n_refused=writer.n_refused,
                    written=written,
                    written_errors=written_errors,
                )
            )

    def _tell(self, n_done: int, file: InputFile, share: float) -> None:
        done = self._bytes_done + share * file.size
        self._watcher(
            Progress(
                file=str(file.path),
                n_files=len(self._files),
                n_files_done=n_done,
                n_rows=self._n_rows,
                n_refused=self._n_refused,
                fraction=min(done / self._all_bytes, 1.0),
            )
        )

    def report(self, seconds: float) -> ScoringReport:
        return ScoringReport(
            out=self._folder.path,
            n_files=len(self._files),
            n_parts=self._n_parts,
            n_parts_before=self._n_before,
            n_rows=self._n_rows,
            n_refused=self._n_refused,
            errors=self._folder.errors if self._n_refused else None,
            seconds=seconds,
        )
