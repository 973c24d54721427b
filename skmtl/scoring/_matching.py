"""Match the scores in a folder with the input files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skmtl._paths import AnyPath, any_path
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._file_state import FileState, place_of
from skmtl.scoring._inputs import InputFile, stem
from skmtl.scoring._storage import Manifest

KeysOf = Callable[[str], Mapping[str, str | None]]


@dataclass
class ScoredFile:
    """The scores of a file as it was at one time.

    Attributes
    ----------
    name, path, size, mtime_ns, sha256
        Properties of the file, as in `Manifest`.
    parts : dict of path to Manifest
    """

    name: str
    path: str
    size: int
    mtime_ns: int
    sha256: str
    parts: dict[AnyPath, Manifest] = field(default_factory=dict)

    def is_of(self, file: InputFile, *, verify: bool) -> bool:
        """Whether the file at the location of the scored file has not changed.

        If `verify` is set and only the time has changed, the content decides.
        """
        state = file.state
        if (state.size, state.mtime_ns) != (self.size, self.mtime_ns):
            return False
        touched = state.ctime_ns not in {part.ctime_ns for part in self.parts.values()}
        return not (touched and verify and self.sha256) or self.sha256 == file.sha256

    def has_rows_of(self, file: InputFile) -> bool:
        """Whether the file at another location has the same bytes and at least one row."""
        if self.size != file.size or not self.has_rows:
            return False
        if not self.sha256:  # written by an earlier version
            return self.mtime_ns == file.state.mtime_ns
        return self.sha256 == file.sha256

    @property
    def has_rows(self) -> bool:
        return any(part.n_rows for part in self.parts.values())

    def is_gone(self) -> bool:
        """Whether the file that was scored is no longer at its location."""
        try:
            state = FileState.of(any_path(self.path, "The file"))
        except OSError:
            return True
        return (state.size, state.mtime_ns) != (self.size, self.mtime_ns)


def scored_files(manifests: Mapping[AnyPath, Manifest]) -> list[ScoredFile]:
    """Collect the files that were scored from the manifests of all parts."""
    files: dict[tuple, ScoredFile] = {}
    for path, part in manifests.items():
        origin = (part.input, part.path, part.size, part.mtime_ns, part.sha256)
        files.setdefault(origin, ScoredFile(*origin)).parts[path] = part
    return list(files.values())


class Matching:
    """Files and their scores.

    A file is recognised by its location, under any name, and at another location by its content.

    Parameters
    ----------
    files : sequence of InputFile
    scored : sequence of ScoredFile
    keys_of : callable
        Returns the columns in a file's path that are read, given its name.
    verify : bool
        Whether to read files that may have changed.

    Attributes
    ----------
    files : list of InputFile
        The files in their order, with the names of their existing scores, if any.
    scores : dict of str to ScoredFile
        Existing scores by these names.
    stale : list of ScoredFile
        Scores of earlier versions of these files.

    Raises
    ------
    ScoringError
        If it is ambiguous whether rows have been scored, or if rows would be scored twice.
    """

    def __init__(
        self,
        files: Sequence[InputFile],
        scored: Sequence[ScoredFile],
        keys_of: KeysOf,
        *,
        verify: bool,
    ) -> None:
        self._keys_of = keys_of
        self.scores: dict[str, ScoredFile] = {}
        self.stale: list[ScoredFile] = []
        by_place: dict[object, list[ScoredFile]] = {}
        for scores in scored:
            by_place.setdefault(place_of(scores.path), []).append(scores)
        matches: dict[InputFile, ScoredFile] = {}
        for file in files:
            match = self._in_place(file, by_place.pop(file.place, []), verify=verify)
            if match is not None:
                matches[file] = match
        # There is no input at the location of these.
        elsewhere = [scores for group in by_place.values() for scores in group]
        self._match_moved([file for file in files if file not in matches], elsewhere, matches)
        self.files = [self._named(file, matches.get(file)) for file in files]
        self._check_names(files, [*matches.values(), *elsewhere])

    def _in_place(
        self, file: InputFile, scored: Sequence[ScoredFile], *, verify: bool
    ) -> ScoredFile | None:
        valid = [scores for scores in scored if scores.is_of(file, verify=verify)]
        self.stale += [scores for scores in scored if scores not in valid]
        if len(valid) > 1:
            parts = [str(next(iter(scores.parts))) for scores in valid]
            raise ScoringError(
                f"There are two copies of the scores of {str(file.path)!r}, {parts[0]!r} and "
                f"{parts[1]!r}. Remove those of one name."
            )
        return valid[0] if valid else None

    def _match_moved(
        self,
        files: Sequence[InputFile],
        elsewhere: list[ScoredFile],
        matches: dict[InputFile, ScoredFile],
    ) -> None:
        """Match moved files, which have the content and time of scored files that are gone."""
        doubtful: dict[InputFile, ScoredFile] = {}
        for file in files:
            same = [scores for scores in elsewhere if scores.has_rows_of(file)]
            moved = [scores for scores in same if scores.is_gone()]
            timed = [scores for scores in moved if scores.mtime_ns == file.state.mtime_ns]
            if timed:
                matches[file] = timed[0]
                elsewhere.remove(timed[0])
            elif moved:
                doubtful[file] = moved[0]
        for file, scores in doubtful.items():
            if scores in elsewhere:
                raise ScoringError(
                    f"{str(file.path)!r} has the bytes of {scores.path!r}, which is scored "
                    "already and no longer there, but not its time. If it is the same file on a "
                    f"disk, set its time back; otherwise remove the scores, {_some(scores)}, to "
                    "have it scored again, or pass another folder."
                )

    def _named(self, file: InputFile, scores: ScoredFile | None) -> InputFile:
        if scores is None:
            return file
        if self._keys_of(scores.name) != self._keys_of(file.name):
            raise ScoringError(
                f"{str(file.path)!r} is scored already, in the partition {scores.name!r}, and is "
                f"now in {file.name!r}. Remove its scores, {_some(scores)}, to have it scored "
                "there."
            )
        self.scores[scores.name] = scores
        return replace(file, name=scores.name)

    def _check_names(self, files: Sequence[InputFile], valid: Sequence[ScoredFile]) -> None:
        taken = {stem(scores.name): scores for scores in valid}
        for before, file in zip(files, self.files, strict=True):
            scores = taken.get(stem(file.name))
            if file is not before or scores is None:
                continue
            if scores.has_rows:
                raise ScoringError(
                    f"The folder holds the scores of {scores.path!r}, whose name "
                    f"{str(file.path)!r} has too. Score them into different folders."
                )
            self.stale.append(scores)


def _some(scores: ScoredFile) -> str:
    return repr(str(next(iter(scores.parts))))
