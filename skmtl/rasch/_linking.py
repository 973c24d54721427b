"""Sets of raters that can be compared with each other."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def linked_sets(
    rater: np.ndarray, item: np.ndarray, n_raters: int, n_items: int
) -> list[np.ndarray]:
    """Return sets of raters that are linked by items they have both judged, even indirectly.

    Parameters
    ----------
    rater, item : int ndarray of shape (n_rows,)
    n_raters, n_items : int

    Returns
    -------
    list of int ndarray
        The raters of each set, the largest first.
    """
    size = n_raters + n_items
    edges = coo_array((np.ones(len(rater)), (rater, n_raters + item)), shape=(size, size))
    _, labels = connected_components(edges, directed=False)
    sets = [np.flatnonzero(labels[:n_raters] == label) for label in np.unique(labels[:n_raters])]
    return sorted(sets, key=len, reverse=True)
