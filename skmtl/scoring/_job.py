"""The output folder of a job, and its finished parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skmtl import __version__
from skmtl._paths import AnyPath, in_arrow, relative_path
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._file_state import place_of
from skmtl.scoring._inputs import InputFile, stem
from skmtl.scoring._matching import KeysOf, Matching, ScoredFile, scored_files
from skmtl.scoring._source import Finished
from skmtl.scoring._storage import Manifest, locked, remove_leftovers, write_json

_JOB, _LOCK, _ERRORS = "_scoring.json", "_scoring.lock", "_errors"


class Folder:
    """The folder with the parts of a job.

    Parameters
    ----------
    path : Path or StorePath
    model : str
        Checksum of the model.
    options : dict
        Everything else that the scores depend on, in a form that JSON can represent.
    """

    def __init__(self, path: AnyPath, model: str, options: dict[str, Any]) -> None:
        self.path = path
        self._job = {"model": model, **options}
        self.job = hashlib.sha256(json.dumps(self._job, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def opened(self, *, overwrite: bool) -> Iterator[None]:
        """Lock the folder for this job.

        Raises
        ------
        ScoringError
            If another process is scoring into it, if it belongs to another job and `overwrite` is
            False, or if it has other files.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ScoringError(f"{str(self.path)!r} is a file. Pass a folder to score into.")
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path / _LOCK) as free:
            if not free:
                raise ScoringError(
                    f"Another process is currently scoring into {str(self.path)!r}."
                )
            self._claim(overwrite)
            remove_leftovers(self.path)
            self._remove_orphans()
            yield

    def _claim(self, overwrite: bool) -> None:
        record = self.path / _JOB
        if not record.exists():
            strange = [p.name for p in self.path.iterdir() if not p.name.startswith((".", _LOCK))]
            if strange:
                raise ScoringError(
                    f"{str(self.path)!r} has {sorted(strange)[0]!r}, which score_files did not "
                    "write. Score into an empty folder."
                )
        else:
            recorded = _read(record)
            changed = [k for k, v in self._job.items() if recorded.get(k) != v]
            if not changed:
                return
            if not overwrite:
                raise ScoringError(
                    f"{str(self.path)!r} holds the scores of another job, which differs in "
                    f"{', '.join(changed)}. Score into another folder, or pass overwrite=True to "
                    "replace them."
                )
            for name in list(self._manifests()):
                self._remove(name)
        write_json(record, {"skmtl": __version__, **self._job})

    def part_path(self, name: str, number: int) -> AnyPath:
        """Return the path of a part of a file with this name."""
        return self.path / f"{stem(name)}-{number:05d}.parquet"

    def errors_path(self, part: AnyPath) -> AnyPath:
        """Return the path of the refused rows of a part."""
        return self.path / _ERRORS / relative_path(part, self.path)

    @property
    def errors(self) -> AnyPath:
        return self.path / _ERRORS

    def matched(self, files: Sequence[InputFile], keys_of: KeysOf, *, verify: bool) -> Matching:
        """Match files with their scores in the folder, and remove outdated scores.

        Raises
        ------
        ScoringError
            If a part is a copy, if a file consists of scores of these files, or if it is ambiguous
            which files have been scored.
        """
        self._check_inputs(files)
        scored = scored_files(self._parts(files))
        matching = Matching(files, scored, keys_of, verify=verify)
        for scores in matching.stale:
            for path in scores.parts:
                self._remove(path)
        return matching

    def finished(
        self, scores: ScoredFile, *, with_refused: bool, verify: bool
    ) -> dict[int, Manifest]:
        """Return the finished parts of a file by number.

        Without `with_refused`, parts with refused rows do not count as finished; with `verify`,
        nor do parts in which a byte has changed.
        """
        return {
            part.part: part
            for path, part in scores.parts.items()
            if (with_refused or not part.n_refused) and (not verify or self._is_whole(path, part))
        }

    def _visible(self) -> list[AnyPath]:
        """Return the Parquet files that are visible to readers of the folder."""
        paths = sorted(path for path in self.path.rglob("*.parquet") if path.is_file())
        return [
            p for p in paths if not any(x[0] in "._" for x in relative_path(p, self.path).parts)
        ]

    def _manifests(self) -> dict[AnyPath, Manifest]:
        manifests = {path: Manifest.read(path) for path in self._visible()}
        return {path: part for path, part in manifests.items() if part is not None}

    def _parts(self, files: Sequence[InputFile]) -> dict[AnyPath, Manifest]:
        """Return the parts of this job; raise a ScoringError for copied or renamed parts."""
        identities = {file.place for file in files}
        parts = {}
        for path, part in self._manifests().items():
            if path != self.part_path(part.input, part.part):
                raise ScoringError(
                    f"{str(path)!r} is a copy of a part, or was renamed: its rows would be "
                    f"scored twice. It belongs at {str(self.part_path(part.input, part.part))!r}."
                )
            if part.job == self.job:
                parts[path] = part
            elif place_of(part.path) in identities:  # the file is scored again
                self._remove(path)
            else:
                raise ScoringError(
                    f"{str(path)!r} holds scores of another model or other options, and has been "
                    "copied here. Remove it."
                )
        return parts

    def _check_inputs(self, files: Sequence[InputFile]) -> None:
        """Refuse input files that are scores of other inputs, or of this job."""
        by_identity = {file.place: file for file in files}
        for file in files:
            part = Manifest.read(file.path) if file.format == "parquet" else None
            if part is None:
                continue
            origin = by_identity.get(place_of(part.path) or "")
            if part.job == self.job or origin is not None:
                raise ScoringError(
                    f"{str(file.path)!r} has scores of {part.path!r}, written by score_files. "
                    "Remove it from the files to score."
                )

    def check_readable(self) -> None:
        """Raise a ScoringError for a part that is still damaged and cannot be read."""
        for path in self._visible():
            source, store = in_arrow(path)
            try:
                pq.read_metadata(source, filesystem=store)
            except (OSError, pa.ArrowException) as error:
                raise ScoringError(
                    f"{str(path)!r} is damaged, and the file that it was written from is not "
                    f"among the inputs, or was renamed: {error}. All others are scored. Remove "
                    "it; if no other part has its rows, score that file again."
                ) from error

    def _is_whole(self, part: AnyPath, manifest: Manifest) -> bool:
        return manifest.written.stands_in(part) and manifest.written_errors.stands_in(
            self.errors_path(part)
        )

    def _remove(self, part: AnyPath) -> None:
        self.errors_path(part).unlink(missing_ok=True)
        part.unlink()

    def _remove_orphans(self) -> None:
        """Remove refused rows of unfinished parts."""
        for errors in self.errors.rglob("*.parquet"):
            if Manifest.read(self.path / relative_path(errors, self.errors)) is None:
                errors.unlink()


def ends_of(manifests: dict[int, Manifest]) -> dict[int, Finished]:
    return {number: Finished(each.stop, each.last) for number, each in manifests.items()}


def _read(record: AnyPath) -> dict[str, Any]:
    try:
        job = json.loads(record.read_text())
    except (ValueError, RecursionError) as error:
        raise _damaged(record, str(error)) from error
    if not isinstance(job, dict):
        raise _damaged(record, f"it holds {type(job).__name__} instead of the options")
    return job


def _damaged(record: AnyPath, why: str) -> ScoringError:
    return ScoringError(
        f"{str(record)!r} is damaged: {why}. It says of which model and options the scores are: "
        "score into another folder, or remove this one."
    )
