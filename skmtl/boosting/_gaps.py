"""Routing of missing values and unknown categories that did not occur in training.

In a column without missing values in training, LightGBM treats NaN as 0 or sends it to the left.
It sends unknown categories to the right. Here both go to the side with more rows, as in
scikit-learn's `HistGradientBoostingRegressor`
(https://scikit-learn.org/stable/modules/ensemble.html#missing-values-support).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

# Bits of LightGBM's decision_type, and its codes for the values that count as missing.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_NOTHING, _ZERO, _NAN = 0, 1, 2
# LightGBM treats numbers up to this absolute value as zero.
_ZERO_SIZE = 1e-35
_ROWS_AT_ONCE = 2**15
# Lines of a tree to parse.
_NAMES = (
    "split_feature",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_count",
    "internal_count",
    "cat_boundaries",
    "cat_threshold",
)


@dataclass(frozen=True)
class Gaps:
    """Whether missing values occurred in the training rows of trees, by column of their matrix.

    Attributes
    ----------
    missing, zero : bool ndarray of shape (n_columns,)
        Whether a number was missing, or zero.
    codes : bool ndarray of shape (n_columns, 2)
        Whether the codes 0 and 1 occurred, which are unknown and missing categories.
    """

    missing: np.ndarray
    zero: np.ndarray
    codes: np.ndarray

    @classmethod
    def of_rows(cls, matrix: np.ndarray, rows: np.ndarray) -> Gaps:
        """Search some rows of a matrix, which may be a memory map."""
        n_columns = matrix.shape[1]
        met = np.zeros((4, n_columns), dtype=bool)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = matrix[rows[start : start + _ROWS_AT_ONCE]]
            met[0] |= np.isnan(part).any(axis=0)
            met[1] |= (np.abs(part) <= _ZERO_SIZE).any(axis=0)
            met[2] |= (part == 0).any(axis=0)
            met[3] |= (part == 1).any(axis=0)
        return cls(met[0], met[1], met[2:].T)

    def with_columns(self, n_columns: int) -> Gaps:
        """Append columns without missing values."""
        behind = np.zeros(n_columns, dtype=bool)
        return Gaps(
            np.append(self.missing, behind),
            np.append(self.zero, behind),
            np.concatenate([self.codes, np.zeros((n_columns, 2), dtype=bool)]),
        )


def with_gaps_routed(text: str, gaps: Gaps) -> str:
    """Return a LightGBM model as text, with values that did not occur routed to the larger side.

    The paths of all other rows do not change.
    """
    start, stop = text.index("\nTree=") + 1, text.index("end of trees")
    trees = _TreeLines(text[start:stop].split("\n"))
    feature, decision = trees.read("split_feature"), trees.read("decision_type")
    left_is_heavier = _left_is_heavier(trees)
    trees.write("decision_type", _decisions(feature, decision, left_is_heavier, gaps))
    by_category = decision & _CATEGORICAL > 0
    if by_category.any():
        goes_left, is_met = left_is_heavier[by_category], gaps.codes[feature[by_category]]
        trees.write("cat_threshold", _sets(trees, goes_left, is_met))
    body = "\n".join(trees.lines)
    # The header holds the size of each tree in bytes; trees are in ASCII.
    sizes = [len("Tree=") + len(section) for section in body.split("Tree=")[1:]]
    head, _, header_end = text[:start].partition("\ntree_sizes=")
    rest = header_end.partition("\n")[2]
    return f"{head}\ntree_sizes={' '.join(map(str, sizes))}\n{rest}{body}{text[stop:]}"


class _TreeLines:
    """The lines of all trees; the numbers under a name are read and written for all at once."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._places: dict[str, list[int]] = {name: [] for name in _NAMES}
        starts = tuple(f"{name}=" for name in _NAMES)
        for place, line in enumerate(lines):
            if line.startswith(starts) and not line.endswith("="):  # a single leaf has no splits
                self._places[line.partition("=")[0]].append(place)
        self._numbers: dict[str, list[list[int]]] = {}

    def read(self, name: str) -> np.ndarray:
        """Return the numbers under a name, concatenated over trees."""
        return np.array([n for of_tree in self._by_tree(name) for n in of_tree], dtype=np.int64)

    def lengths(self, name: str) -> np.ndarray:
        """Return the number of entries in each line of a name."""
        return np.array([len(of_tree) for of_tree in self._by_tree(name)], dtype=np.int64)

    def write(self, name: str, numbers: np.ndarray) -> None:
        """Replace the numbers under a name by the same number of others."""
        texts = iter(map(str, numbers.tolist()))
        for place, length in zip(self._places[name], self.lengths(name), strict=True):
            self.lines[place] = f"{name}={' '.join(islice(texts, int(length)))}"
        del self._numbers[name]

    def _by_tree(self, name: str) -> list[list[int]]:
        if name not in self._numbers:
            texts = (self.lines[place].partition("=")[2] for place in self._places[name])
            self._numbers[name] = [list(map(int, text.split())) for text in texts]
        return self._numbers[name]


def _left_is_heavier(trees: _TreeLines) -> np.ndarray:
    """Return whether at least as many rows went left as right, for each split."""
    n_splits, n_leaves = trees.lengths("split_feature"), trees.lengths("leaf_count")
    first_split = np.repeat(np.cumsum(n_splits) - n_splits, n_splits)
    first_leaf = np.repeat((np.cumsum(n_leaves) - n_leaves)[n_leaves > 1], n_splits)
    in_splits, in_leaves = trees.read("internal_count"), trees.read("leaf_count")

    def n_rows(child: np.ndarray) -> np.ndarray:
        """Return the number of rows of a child, which is the leaf ``~child`` if negative."""
        is_leaf = child < 0
        return np.where(
            is_leaf,
            in_leaves[np.where(is_leaf, first_leaf + ~child, 0)],
            in_splits[np.where(is_leaf, 0, first_split + child)],
        )

    return n_rows(trees.read("left_child")) >= n_rows(trees.read("right_child"))


def _decisions(
    feature: np.ndarray, decision: np.ndarray, left_is_heavier: np.ndarray, gaps: Gaps
) -> np.ndarray:
    """Return decision types, with the larger side as default for numbers not seen missing."""
    sort, missing, zero = decision >> _MISSING_SHIFT, gaps.missing[feature], gaps.zero[feature]
    is_met = ((sort == _NAN) & missing) | ((sort == _ZERO) & (missing | zero))
    sort = np.where(sort == _NOTHING, _NAN, sort)
    routed = (sort << _MISSING_SHIFT) + np.where(left_is_heavier, _DEFAULT_LEFT, 0)
    return np.where(is_met | (decision & _CATEGORICAL > 0), decision, routed)


def _sets(trees: _TreeLines, goes_left: np.ndarray, is_met: np.ndarray) -> np.ndarray:
    """Return the sets of categories that go left, with codes 0 and 1 routed.

    Sets are bit masks in words of 32 bits.
    """
    words = trees.read("cat_threshold")
    # The sets of a tree are in the order of its splits.
    n_sets, n_words = trees.lengths("cat_boundaries") - 1, trees.lengths("cat_threshold")
    is_start = np.ones(int(n_sets.sum() + len(n_sets)), dtype=bool)
    is_start[np.cumsum(n_sets + 1) - 1] = False
    starts = trees.read("cat_boundaries")[is_start]
    first = starts + np.repeat(np.cumsum(n_words) - n_words, n_sets)
    for code in (0, 1):
        routed = words[first] & ~(1 << code) | goes_left << code
        words[first] = np.where(is_met[:, code], words[first], routed)
    return words
