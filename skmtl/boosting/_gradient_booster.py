"""A LightGBM booster that grows from gradients, without the overhead of the Python package.

`Booster.update` copies the raw scores for an objective function, and only a metric function can
access them. Both together take longer than growing a small tree on 1,000 rows. This module
therefore calls the two underlying functions of the C interface:
https://lightgbm.readthedocs.io/en/stable/C-API.html, ``LGBM_BoosterUpdateOneIterCustom`` and
``LGBM_BoosterGetPredict``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB, _safe_call

_update = _LIB.LGBM_BoosterUpdateOneIterCustom
_get_scores = _LIB.LGBM_BoosterGetPredict


class GradientBooster:
    """Trees grown on the rows of one Dataset.

    Parameters
    ----------
    data : lightgbm.Dataset
        A dataset that has been constructed.
    parameters : mapping
        LightGBM's parameters without the objective.
    n_scores : int
        Trees per round.

    Attributes
    ----------
    booster : lightgbm.Booster
        The booster with all trees. Do not use its `update` and its evaluations: the rounds that
        are added here are unknown to them.
    """

    def __init__(self, data: lgb.Dataset, parameters: Mapping[str, Any], n_scores: int) -> None:
        by_gradients = {"objective": "none", "metric": "none", "num_class": n_scores}
        self.booster = lgb.Booster({**parameters, **by_gradients}, data)
        self._n_scores = n_scores
        self._n_rows = [data.num_data()]
        # Buffers for derivatives, whose addresses are stored, because computing them is slow.
        self._gradient, self._hessian = (
            np.empty((self._n_rows[0], n_scores), dtype=np.float32, order="F") for _ in range(2)
        )
        self._addresses = [
            ctypes.c_void_p(values.ctypes.data) for values in (self._gradient, self._hessian)
        ]

    def watch(self, data: lgb.Dataset, name: str) -> None:
        """Compute the raw scores of further rows as well."""
        self.booster.add_valid(data, name)
        self._n_rows.append(data.num_data())

    def update(self, gradient: np.ndarray, hessian: np.ndarray) -> bool:
        """Add a round from derivatives (n_rows, n_scores); return True if no tree has a split."""
        if not gradient.shape == hessian.shape == self._gradient.shape:
            raise ValueError(
                f"The derivatives have the shapes {gradient.shape} and {hessian.shape} instead of "
                f"{self._gradient.shape}."
            )
        self._gradient[:], self._hessian[:] = gradient, hessian
        finished = ctypes.c_int()
        _safe_call(_update(self.booster._handle, *self._addresses, ctypes.byref(finished)))
        return finished.value == 1

    def scores(self, watched: int = 0) -> np.ndarray:
        """Return raw scores (n_rows, n_scores) of the rows, or of `watched`-th further rows."""
        n_rows = self._n_rows[watched]
        scores = np.empty((n_rows, self._n_scores), order="F")
        length = ctypes.c_int64()
        pointer = ctypes.c_void_p(scores.ctypes.data)
        number = ctypes.c_int(watched)
        _safe_call(_get_scores(self.booster._handle, number, ctypes.byref(length), pointer))
        return scores
