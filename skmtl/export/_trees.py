"""Write trees of LightGBM as the TreeEnsemble operator of ai.onnx.ml 5.

The operator adds up the leaves that a row falls into. Thresholds, leaves and rows are float64, as
in LightGBM, so that every row takes the same path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import lightgbm as lgb
import numpy as np

from skmtl.export._graph import Value

# Node modes of the operator.
_AT_MOST, _MEMBER = 0, 6
# Bits of LightGBM's decision_type, and its codes for what counts as missing.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_NOTHING, _ZERO = 0, 1
# LightGBM treats numbers up to this size as zero.
_ZERO_SIZE = 1e-35


class Child(NamedTuple):
    """A leaf, or a node that splits."""

    position: int
    is_leaf: bool


class Tree(NamedTuple):
    """A tree in LightGBM's arrays, one entry per split.

    Attributes
    ----------
    feature, threshold, decision, left, right : ndarray of shape (n_splits,)
        A child below zero is the leaf ``~child``.
    value : ndarray of shape (n_leaves,)
    category_ends, category_words : ndarray of int
        Sets of categories as words of 32 bits; the threshold of a categorical split is the index
        of its set.
    """

    feature: np.ndarray
    threshold: np.ndarray
    decision: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    category_ends: np.ndarray
    category_words: np.ndarray

    def members(self, split: int) -> np.ndarray:
        """Return the codes that go left at a categorical split."""
        index = int(self.threshold[split])
        words = self.category_words[self.category_ends[index] : self.category_ends[index + 1]]
        bits = (words[:, None] >> np.arange(32)) & 1
        return np.flatnonzero(bits.ravel())


def read_trees(booster: lgb.Booster) -> list[Tree]:
    """Parse the trees of a booster from its text, which represents all numbers exactly."""
    text = booster.model_to_string()
    body = text[text.index("\nTree=") : text.index("\nend of trees")]
    return [_tree(section) for section in body.split("\nTree=")[1:]]


def _tree(section: str) -> Tree:
    fields = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)

    def numbers(name: str, dtype: type) -> np.ndarray:
        return np.array(fields.get(name, "").split(), dtype=dtype)

    return Tree(
        numbers("split_feature", np.int64),
        numbers("threshold", np.float64),
        numbers("decision_type", np.int64),
        numbers("left_child", np.int64),
        numbers("right_child", np.int64),
        numbers("leaf_value", np.float64),
        numbers("cat_boundaries", np.int64),
        numbers("cat_threshold", np.int64),
    )


class Forest:
    """The trees of one TreeEnsemble."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, float, int, Child, Child, bool]] = []
        self._members: list[np.ndarray] = []
        self._leaves: list[tuple[int, float]] = []
        self._roots: list[int] = []
        self._zero_is_missing: set[int] = set()

    def __len__(self) -> int:
        return len(self._roots)

    def leaf(self, target: int, value: float) -> Child:
        """Add a leaf with a value for the output `target`."""
        self._leaves.append((target, value))
        return Child(len(self._leaves) - 1, True)

    def split(self, feature: int, threshold: float, low: Child, high: Child) -> Child:
        """Add a split into values up to the threshold, and values above it or missing."""
        return self._node(feature, threshold, _AT_MOST, low, high, False)

    def grow(self, tree: Tree, target: int) -> Child:
        """Add a tree of LightGBM, without making it a root."""
        first, leaf = len(self._nodes), len(self._leaves)
        self._leaves += [(target, value) for value in tree.value.tolist()]

        def child(number: int) -> Child:
            return Child(leaf + ~number, True) if number < 0 else Child(first + number, False)

        for i, (feature, threshold, decision) in enumerate(
            zip(
                tree.feature.tolist(), tree.threshold.tolist(), tree.decision.tolist(), strict=True
            )
        ):
            left, right = child(tree.left[i]), child(tree.right[i])
            if decision & _CATEGORICAL:
                self._members.append(tree.members(i))
                self._node(feature, 0.0, _MEMBER, left, right, False)
            else:
                missing_left = self._missing_goes_left(feature, threshold, decision)
                self._node(feature, threshold, _AT_MOST, left, right, missing_left)
        return Child(first, False) if len(tree.feature) else Child(leaf, True)

    def plant(self, root: Child) -> None:
        """Make a node the root of a tree."""
        if root.is_leaf:  # the operator needs a split at the root
            root = self._node(0, 0.0, _AT_MOST, root, root, False)
        feature, threshold, mode, yes, no, missing = self._nodes[root.position]
        # onnxruntime before 1.24 takes a root for a single leaf if its two children have the same
        # number, even if one is a leaf and the other a node.
        while yes.position == no.position:
            yes, no = (self._twin(yes), no) if yes.is_leaf else (yes, self._twin(no))
        self._nodes[root.position] = (feature, threshold, mode, yes, no, missing)
        self._roots.append(root.position)

    def _twin(self, leaf: Child) -> Child:
        return self.leaf(*self._leaves[leaf.position])

    def _node(
        self, feature: int, threshold: float, mode: int, yes: Child, no: Child, missing: bool
    ) -> Child:
        self._nodes.append((feature, threshold, mode, yes, no, missing))
        return Child(len(self._nodes) - 1, False)

    def _missing_goes_left(self, feature: int, threshold: float, decision: int) -> bool:
        kind = decision >> _MISSING_SHIFT
        if kind == _NOTHING:  # nothing was missing in training: LightGBM treats NaN as zero
            return threshold >= 0
        if kind == _ZERO:
            self._zero_is_missing.add(feature)
        return bool(decision & _DEFAULT_LEFT)

    def scores(self, matrix: Value, n_columns: int, n_targets: int) -> Value:
        """Return the sums of the leaves (batch, n_targets) for a matrix (batch, n_columns)."""
        if self._zero_is_missing:
            absent = np.isin(np.arange(n_columns), list(self._zero_is_missing))
            zero = matrix.op("Abs").op("LessOrEqual", np.array(_ZERO_SIZE)).op("And", absent)
            matrix = zero.op("Where", np.array(np.nan), matrix)
        features, thresholds, modes, yes, no, missing = zip(*self._nodes, strict=True)
        targets, values = zip(*self._leaves, strict=True)
        # Sets are in the order of their nodes, each terminated by a NaN.
        sets = [np.append(members, np.nan) for members in self._members]
        return matrix.op(
            "TreeEnsemble",
            n_targets=n_targets,
            tree_roots=self._roots,
            nodes_featureids=list(features),
            nodes_splits=np.array(thresholds),
            nodes_modes=np.array(modes, dtype=np.uint8),
            nodes_missing_value_tracks_true=[int(tracks) for tracks in missing],
            **_children("true", yes),
            **_children("false", no),
            leaf_targetids=list(targets),
            leaf_weights=np.array(values),
            **({"membership_values": np.concatenate(sets)} if sets else {}),
        )


def _children(branch: str, children: Sequence[Child]) -> dict[str, list[int]]:
    return {
        f"nodes_{branch}nodeids": [child.position for child in children],
        f"nodes_{branch}leafs": [int(child.is_leaf) for child in children],
    }
