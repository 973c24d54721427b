"""A whole run of `score_files`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skmtl._paths import AnyPath
from skmtl.answers import fitted_model
from skmtl.scoring._drift import column_report, lost_columns
from skmtl.scoring._inputs import InputFile, check_unchanged, find_inputs
from skmtl.scoring._job import Folder, ends_of
from skmtl.scoring._matching import Matching
from skmtl.scoring._model import PathLike, checksum, open_model
from skmtl.scoring._plan import Plan, ScoringOptions
from skmtl.scoring._progress import Progress, Watcher, watched
from skmtl.scoring._report import ScoringReport
from skmtl.scoring._rows import MOST_HALVINGS, RowScorer
from skmtl.scoring._source import FileBatch, Part, Source
from skmtl.scoring._storage import Manifest
from skmtl.scoring._tally import Tally
from skmtl.scoring._writing import PartWriter, first_refusal


def run(
    model: Any | PathLike,
    inputs: PathLike | Sequence[PathLike],
    out: AnyPath,
    options: ScoringOptions,
    *,
    overwrite: bool,
    verify: bool,
    progress: bool | Watcher,
) -> ScoringReport:
    """Score files; see `score_files`."""
    started = time.monotonic()
    fitted = open_model(model)
    if fitted_model(fitted).reads_rows_together:
        raise ValueError(
            "This model uses the known covariates of all steps of a series together, but "
            "files are scored a few rows at a time: use predict or score_frame with all rows of a "
            "series, or fit with steps='feature'."
        )
    files = find_inputs(inputs, out)
    plan = Plan(fitted, files, options)
    folder = Folder(out, checksum(fitted), plan.identity())
    quarantine = options.on_error == "quarantine"
    with folder.opened(overwrite=overwrite), watched(progress) as watcher:
        matching = folder.matched(files, plan.keys_of, verify=verify)
        finished = {
            name: folder.finished(scores, with_refused=quarantine, verify=verify)
            for name, scores in matching.scores.items()
        }
        work = _Run(plan, folder, matching, Tally(finished), quarantine, watcher)
        for position, file in enumerate(matching.files):
            work.score(position, file)
        folder.check_readable()
        return work.report(time.monotonic() - started)


class _Run:
    """Scores the unfinished parts of all files."""

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        matching: Matching,
        tally: Tally,
        quarantine: bool,
        watcher: Watcher,
    ) -> None:
        self._plan, self._folder, self._matching = plan, folder, matching
        self._tally, self._quarantine, self._watcher = tally, quarantine, watcher
        at_most = MOST_HALVINGS if quarantine else 1
        self._scorer = RowScorer(plan.outputs, plan.features, at_most)
        self._all_bytes = max(sum(file.size for file in matching.files), 1)
        self._bytes_done = 0

    def score(self, position: int, file: InputFile) -> None:
        """Score the unfinished parts of a file."""
        source = self._plan.sources[position]
        for part in source.parts(ends_of(self._tally.before(file.name))):
            self._tally.begin(file.name, part.number)
            self._score_part(position, file, source, part)
        self._bytes_done += file.size
        self._tell(position + 1, file, 0.0)

    def _score_part(self, position: int, file: InputFile, source: Source, part: Part) -> None:
        path = self._folder.part_path(file.name, part.number)
        writer = PartWriter(
            path,
            self._folder.errors_path(path),
            source.schema,
            self._plan.kept(file),
            self._plan.outputs.columns,
            file.name,
        )
        with writer:
            try:
                for batch in part.batches():
                    self._score_batch(file, batch, writer)
                    self._tell(position, file, source.share())
            finally:  # a changed file can also be the cause of an error
                check_unchanged(file)
            writer.publish(self._manifest(file, part, writer))

    def _score_batch(self, file: InputFile, batch: FileBatch, writer: PartWriter) -> None:
        rows = self._scorer.score(batch.read, batch.unreadable)
        n_refused = len(rows.refused) + len(batch.lost)
        if n_refused and not self._quarantine:
            raise first_refusal(batch, rows.refused, str(file.path))
        writer.write(batch, rows.scored, rows.columns, rows.refused)
        self._tally.add(len(batch.rows) + len(batch.lost), n_refused, rows.counts)

    def _manifest(self, file: InputFile, part: Part, writer: PartWriter) -> Manifest:
        written, written_errors = writer.written
        # Use the file name of its other parts, even if it was moved since then.
        scores = self._matching.scores.get(file.name)
        return Manifest(
            job=self._folder.job,
            input=file.name,
            path=str(file.path.resolve()) if scores is None else scores.path,
            size=file.size,
            mtime_ns=file.state.mtime_ns,
            part=part.number,
            start=part.start,
            stop=part.stop,
            last=part.last,
            n_refused=writer.n_refused,
            written=written,
            written_errors=written_errors,
            ctime_ns=file.state.ctime_ns,
            sha256=file.sha256 if scores is None else scores.sha256,
            cells=self._tally.cells,
        )

    def _tell(self, n_done: int, file: InputFile, share: float) -> None:
        done = self._bytes_done + share * file.size
        self._watcher(
            Progress(
                file=str(file.path),
                n_files=len(self._matching.files),
                n_files_done=n_done,
                n_rows=self._tally.n_rows,
                n_refused=self._tally.n_refused,
                fraction=min(done / self._all_bytes, 1.0),
            )
        )

    def report(self, seconds: float) -> ScoringReport:
        counts, learnt = self._tally.counts, self._plan.outputs.learnt_counts
        return ScoringReport(
            out=_reported(self._folder.path),
            n_files=len(self._matching.files),
            n_parts=self._tally.n_parts,
            n_parts_before=self._tally.n_parts_before,
            n_rows=self._tally.n_rows,
            n_refused=self._tally.n_refused,
            errors=_reported(self._folder.errors) if self._tally.n_refused else None,
            columns=column_report(counts, learnt),
            lost=lost_columns(counts, learnt),
            seconds=seconds,
        )


def _reported(path: AnyPath) -> Path | str:
    """Return a path in the form that other libraries read."""
    return path if isinstance(path, Path) else str(path)
