"""What has been scored: the parts that there are, and their rows."""

from __future__ import annotations

from collections.abc import Mapping

from skmtl.scoring._storage import Manifest


class Tally:
    """Counts every part once, however often it has been scored.

    Parameters
    ----------
    finished : mapping of str to mapping of int to Manifest
        The parts of each file that an earlier run has finished.

    Attributes
    ----------
    n_parts, n_parts_before : int
        All parts, and those of an earlier run.
    n_rows, n_refused : int
        Rows that have been read, and those of them that could not be scored.
    """

    def __init__(self, finished: Mapping[str, Mapping[int, Manifest]]) -> None:
        self._before = {name: dict(parts) for name, parts in finished.items()}
        parts = [part for by_number in self._before.values() for part in by_number.values()]
        self.n_parts = self.n_parts_before = len(parts)
        self.n_rows = sum(part.n_rows for part in parts)
        self.n_refused = sum(part.n_refused for part in parts)

    def before(self, name: str) -> dict[int, Manifest]:
        """The parts of a file from before that still count."""
        return dict(self._before.get(name, {}))

    def begin(self, name: str, number: int) -> None:
        """Count a part from now on as scored in this run."""
        before = self._before.get(name, {}).pop(number, None)
        if before is None:
            self.n_parts += 1
        else:
            self.n_parts_before -= 1
            self.n_rows -= before.n_rows
            self.n_refused -= before.n_refused

    def add(self, n_rows: int, n_refused: int) -> None:
        """Count rows of the part that is being scored."""
        self.n_rows += n_rows
        self.n_refused += n_refused
