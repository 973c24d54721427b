"""A folder of scores: which job it belongs to, and which of its parts are finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skmtl import __version__
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._inputs import InputFile
from skmtl.scoring._source import Finished
from skmtl.scoring._storage import Manifest, locked, remove_leftovers, write_json

_JOB, _LOCK, _ERRORS = "_scoring.json", "_scoring.lock", "_errors"


class Folder:
    """Where the parts of a job lie.

    Parameters
    ----------
    path : Path
    model : str
        Checksum of the model.
    options : dict
        Everything else that the scores depend on, as JSON can hold it.
    """

    def __init__(self, path: Path, model: str, options: dict[str, Any]) -> None:
        self.path = path
        self._job = {"model": model, **options}
        self.job = hashlib.sha256(json.dumps(self._job, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def opened(self, *, overwrite: bool) -> Iterator[None]:
        """Have the folder for this job alone.

        Raises
        ------
        ScoringError
            If another process is scoring into it, if it belongs to another job and may not be
            overwritten, or if it holds something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ScoringError(f"{str(self.path)!r} is a file. Give a folder to score into.")
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path / _LOCK) as free:
            if not free:
                raise ScoringError(f"Another process is scoring into {str(self.path)!r} just now.")
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
                    f"{str(self.path)!r} holds {sorted(strange)[0]!r}, which score_files has not "
                    "written. Score into an empty folder."
                )
        else:
            before = _read(record)
            changed = [k for k, v in self._job.items() if before.get(k) != v]
            if not changed:
                return
            if not overwrite:
                raise ScoringError(
                    f"{str(self.path)!r} holds the scores of another job, which differs in "
                    f"{', '.join(changed)}. Score into another folder, or give overwrite=True to "
                    "replace them."
                )
            for name in list(self._manifests()):
                self._remove(name)
        write_json(record, {"skmtl": __version__, **self._job})

    def part_path(self, file: InputFile, number: int) -> Path:
        return self.path / f"{file.stem}-{number:05d}.parquet"

    def errors_path(self, part: Path) -> Path:
        """Where the rows of a part are that could not be scored."""
        return self.path / _ERRORS / part.relative_to(self.path)

    @property
    def errors(self) -> Path:
        return self.path / _ERRORS

    def finished(
        self, files: list[InputFile], *, with_refused: bool, verify: bool
    ) -> dict[str, dict[int, Manifest]]:
        """The finished parts of each file by number; those of a file that has changed are removed.

        Without `with_refused`, parts with rows that were refused are not finished; with `verify`,
        neither are parts in which a byte has changed.

        Raises
        ------
        ScoringError
            If there are scores of another file of the same name.
        """
        by_name = {file.name: file for file in files}
        found: dict[str, dict[int, Manifest]] = {file.name: {} for file in files}
        stale = []
        for path, manifest in self._manifests().items():
            file = by_name.get(manifest.input)
            if file is None:
                continue
            if (manifest.size, manifest.mtime_ns) != (file.size, file.mtime_ns):
                if manifest.path != str(file.path.absolute()):
                    raise ScoringError(
                        f"{str(self.path)!r} holds the scores of {manifest.path!r}, whose name "
                        f"{str(file.path)!r} has too. Score them into different folders."
                    )
                stale.append(path)
            elif (
                manifest.job == self.job
                and (with_refused or not manifest.n_refused)
                and (not verify or self._is_whole(path, manifest))
            ):
                found[file.name][manifest.part] = manifest
        for path in stale:
            self._remove(path)
        return found

    def _manifests(self) -> dict[Path, Manifest]:
        found = {}
        for path in sorted(self.path.rglob("*.parquet")):
            first = path.relative_to(self.path).parts[0]
            manifest = None if first == _ERRORS else Manifest.read(path)
            if manifest is not None:
                found[path] = manifest
        return found

    def _is_whole(self, part: Path, manifest: Manifest) -> bool:
        return manifest.written.stands_in(part) and manifest.written_errors.stands_in(
            self.errors_path(part)
        )

    def _remove(self, part: Path) -> None:
        self.errors_path(part).unlink(missing_ok=True)
        part.unlink()

    def _remove_orphans(self) -> None:
        """Remove refused rows of parts that were not finished."""
        for errors in self.errors.rglob("*.parquet"):
            if Manifest.read(self.path / errors.relative_to(self.errors)) is None:
                errors.unlink()


def ends_of(manifests: dict[int, Manifest]) -> dict[int, Finished]:
    return {number: Finished(each.stop, each.last) for number, each in manifests.items()}


def _read(record: Path) -> dict[str, Any]:
    try:
        return json.loads(record.read_text())
    except ValueError as error:
        raise ScoringError(f"{str(record)!r} is damaged: {error}") from error
