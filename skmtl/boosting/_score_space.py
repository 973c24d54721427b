"""The directions in which trees move the raw scores of a task."""

from __future__ import annotations

import numpy as np

from skmtl._storable import storable
from skmtl._waves import cosine_waves
from skmtl.tasks import Kind

# Number of waves of a series. Each costs a tree per round, and finer waves are mostly noise. On
# splits of the training rows of five tables, 3, 4 and 6 waves were equally good.
_N_WAVES = 4


@storable
class ScoreSpace:
    """Map from the outputs of a round's trees to the raw scores of a head.

    Raw scores that form series (`Kind.n_series`), such as the hazards of many time bins, are
    represented by a few waves (`skmtl._waves`), with a tree for each. The number of trees then
    does not depend on the number of bins, and a leaf learns a smooth hazard rather than one for
    each bin. All other raw scores are the outputs of the trees.

    Parameters
    ----------
    directions : ndarray of shape (n_trees, n_scores) or None
        Effect of each tree on the raw scores. With None, each tree has its own score.
    n_trees : int
        Number of trees per round.

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
        """Return the space of a fitted head."""
        if not head.n_series:
            return cls(None, head.n_scores)
        n_steps = head.n_scores // head.n_series
        waves = cosine_waves(n_steps, min(n_steps, _N_WAVES), head.n_series)
        return cls(waves, len(waves))

    def raw(self, coordinates: np.ndarray, axis: int = -1) -> np.ndarray:
        """Convert outputs of trees to raw scores; an axis of n_trees becomes one of n_scores."""
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
        r"""Convert derivatives by raw scores (n_rows, n_scores) to those by outputs of trees.

        The trees of a round step at the same time, and waves overlap. The curvature along one wave
        is :math:`\sum_b h_b d_{kb}^2`, but steps of that size together would be too long. The
        second derivative is therefore :math:`\sum_b h_b |d_{kb}| \sum_j |d_{jb}|`, a diagonal
        upper bound of the Hessian, with which the steps together never overshoot its parabola.
        Finer waves, which are smaller, take smaller steps.
        """
        if self.directions is None:
            return gradient, hessian
        directions = self.directions.astype(gradient.dtype, copy=False)
        size = np.abs(directions)
        by_tree = directions @ gradient.T, (size * size.sum(axis=0)) @ hessian.T
        return by_tree[0].T, by_tree[1].T
