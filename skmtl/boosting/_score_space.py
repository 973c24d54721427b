"""The directions in which trees move the raw scores of a task."""

from __future__ import annotations

import numpy as np

from skmtl._storable import storable
from skmtl._waves import cosine_waves
from skmtl.tasks import Kind

# Waves of a series that trees learn: each costs a tree per round, and the finer ones hold little
# but noise. Within the training rows of five tables, 3, 4 and 6 waves were equally good.
_N_WAVES = 4


@storable
class ScoreSpace:
    """What the trees of a round add up to, for one head: its raw scores, or waves over them.

    Raw scores in series (`Kind.n_series`), such as the hazards of many bins of time, are moved
    along a few waves (`skmtl._waves`), a tree for each. A round costs as many trees whatever the
    number of bins, and a leaf learns a hazard over time and not one for each bin. All other raw
    scores are the outputs of the trees.

    Parameters
    ----------
    directions : ndarray of shape (n_trees, n_scores) or None
        What a step of each tree adds to the raw scores. None adds it to the tree's own score.
    n_trees : int
        Trees per round.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.boosting._score_space import ScoreSpace
    >>> level_and_trend = ScoreSpace(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0]]), 2)
    >>> level_and_trend.raw(np.array([[2.0, 0.5]])).tolist()
    [[2.5, 2.0, 1.5]]
    """

    def __init__(self, directions: np.ndarray | None, n_trees: int) -> None:
        self.directions = directions
        self.n_trees = n_trees

    @classmethod
    def from_head(cls, head: Kind) -> ScoreSpace:
        """The space of a fitted head."""
        if not head.n_series:
            return cls(None, head.n_scores)
        n_steps = head.n_scores // head.n_series
        waves = cosine_waves(n_steps, min(n_steps, _N_WAVES), head.n_series)
        return cls(waves, len(waves))

    def raw(self, coordinates: np.ndarray, axis: int = -1) -> np.ndarray:
        """Raw scores from the outputs of the trees; an axis of n_trees becomes one of n_scores."""
        if self.directions is None:
            return coordinates
        directions = self.directions.astype(coordinates.dtype, copy=False)
        if axis in (-1, coordinates.ndim - 1):
            return coordinates @ directions
        moved = directions.T @ coordinates.swapaxes(axis, -2)
        return moved.swapaxes(axis, -2)

    def derivatives(
        self, gradient: np.ndarray, hessian: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""Derivatives by the outputs of the trees, from those by raw scores (n_rows, n_scores).

        The trees of a round step at once, and waves overlap: along each the loss is curved by
        :math:`\sum_b h_b d_{kb}^2` alone, but steps of that size add up to too much. The second
        derivative is :math:`\sum_b h_b |d_{kb}| \sum_j |d_{jb}|`, a diagonal that lies above the
        whole Hessian, so that the steps together never overshoot its parabola. By it, a finer and
        so smaller wave takes smaller steps.
        """
        if self.directions is None:
            return gradient, hessian
        directions = self.directions.astype(gradient.dtype, copy=False)
        size = np.abs(directions)
        by_tree = directions @ gradient.T, (size * size.sum(axis=0)) @ hessian.T
        return by_tree[0].T, by_tree[1].T
