"""Where trees send missing values and unknown categories that they did not meet while they grew.

LightGBM reads NaN as the number 0 in a column that had none, or sends it to the left, and unknown
categories to the right. Here they go to the side with more rows, as in scikit-learn's
`HistGradientBoostingRegressor`
(https://scikit-learn.org/stable/modules/ensemble.html#missing-values-support).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

# Bits of LightGBM's decision_type, and its numbers for what counts as missing.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_NOTHING, _ZERO, _NAN = 0, 1, 2
# LightGBM takes numbers of at most this size for zero.
_ZERO_SIZE = 1e-35
_ROWS_AT_ONCE = 2**15
# Lines of a tree that are read.
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
    """What trees met in the rows that they grew on, by column of their matrix.

    Attributes
    ----------
    missing, zero : bool ndarray of shape (n_columns,)
        Whether a number was missing, or zero.
    codes : bool ndarray of shape (n_columns, 2)
        Whether the codes 0 and 1 occurred: in a column of categories, unknown and missing ones.
    """

    missing: np.ndarray
    zero: np.ndarray
    codes: np.ndarray

    @classmethod
    def of_rows(cls, matrix: np.ndarray, rows: np.ndarray) -> Gaps:
        """Those of some rows of a matrix, which may be a memory map."""
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
        """The same with columns behind, in which nothing is missing."""
        behind = np.zeros(n_columns, dtype=bool)
        return Gaps(
            np.append(self.missing, behind),
            np.append(self.zero, behind),
            np.concatenate([self.codes, np.zeros((n_columns, 2), dtype=bool)]),
        )


def with_gaps_routed(text: str, gaps: Gaps) -> str:
    """The text of a LightGBM model whose trees send what they did not meet to the heavier side.

    No row without such a cell takes another way.
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
    # The header has the size of each tree in bytes, and a tree is written in ASCII.
    sizes = [len("Tree=") + len(section) for section in body.split("Tree=")[1:]]
    head, _, header_end = text[:start].partition("\ntree_sizes=")
    rest = header_end.partition("\n")[2]
    return f"{head}\ntree_sizes={' '.join(map(str, sizes))}\n{rest}{body}{text[stop:]}"


class _TreeLines:
    """The lines of all trees, whose numbers under one name are read and written together."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._places: dict[str, list[int]] = {name: [] for name in _NAMES}
        starts = tuple(f"{name}=" for name in _NAMES)
        for place, line in enumerate(lines):
            if line.startswith(starts) and not line.endswith("="):  # a leaf alone has no splits
                self._places[line.partition("=")[0]].append(place)
        self._numbers: dict[str, list[list[int]]] = {}

    def read(self, name: str) -> np.ndarray:
        """The numbers under a name, tree after tree."""
        return np.array([n for of_tree in self._by_tree(name) for n in of_tree], dtype=np.int64)

    def lengths(self, name: str) -> np.ndarray:
        """How many numbers each line of a name has."""
        return np.array([len(of_tree) for of_tree in self._by_tree(name)], dtype=np.int64)

    def write(self, name: str, numbers: np.ndarray) -> None:
        """Replace the numbers under a name by as many others."""
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
    """Whether at least as many rows went left as right, for each split."""
    n_splits, n_leaves = trees.lengths("split_feature"), trees.lengths("leaf_count")
    first_split = np.repeat(np.cumsum(n_splits) - n_splits, n_splits)
    first_leaf = np.repeat((np.cumsum(n_leaves) - n_leaves)[n_leaves > 1], n_splits)
    in_splits, in_leaves = trees.read("internal_count"), trees.read("leaf_count")

    def n_rows(child: np.ndarray) -> np.ndarray:
        """A child below zero is the leaf ``~child``."""
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
    """The types of the splits, with a side for the missing numbers that they did not meet."""
    sort, missing, zero = decision >> _MISSING_SHIFT, gaps.missing[feature], gaps.zero[feature]
    is_met = ((sort == _NAN) & missing) | ((sort == _ZERO) & (missing | zero))
    sort = np.where(sort == _NOTHING, _NAN, sort)
    routed = (sort << _MISSING_SHIFT) + np.where(left_is_heavier, _DEFAULT_LEFT, 0)
    return np.where(is_met | (decision & _CATEGORICAL > 0), decision, routed)


def _sets(trees: _TreeLines, goes_left: np.ndarray, is_met: np.ndarray) -> np.ndarray:
    """The categories that go left, as bits of 32 each, with a side for the codes 0 and 1."""
    words = trees.read("cat_threshold")
    # The sets of a tree follow each other in the order of its splits.
    n_sets, n_words = trees.lengths("cat_boundaries") - 1, trees.lengths("cat_threshold")
    is_start = np.ones(int(n_sets.sum() + len(n_sets)), dtype=bool)
    is_start[np.cumsum(n_sets + 1) - 1] = False
    starts = trees.read("cat_boundaries")[is_start]
    first = starts + np.repeat(np.cumsum(n_words) - n_words, n_sets)
    for code in (0, 1):
        routed = words[first] & ~(1 << code) | goes_left << code
        words[first] = np.where(is_met[:, code], words[first], routed)
    return words
