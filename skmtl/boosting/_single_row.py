"""Scores of one row at a time, through the function that LightGBM has for it.

`Booster.predict` reads its parameters with every call, which for a row takes longer than
all the trees. LightGBM's C interface can do that once, but its Python package does not offer it:
https://lightgbm.readthedocs.io/en/stable/C-API.html, ``PredictForMatSingleRowFast``.
"""

from __future__ import annotations

import ctypes
import weakref

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB, _safe_call

_RAW_SCORE, _FLOAT64 = 1, 1  # C_API_PREDICT_RAW_SCORE, C_API_DTYPE_FLOAT64
_FIRST, _ALL = 0, -1
_score_row = _LIB.LGBM_BoosterPredictForMatSingleRowFast


class SingleRowScorer:
    """Raw scores by all trees of a booster, for one row; the same bits as `Booster.predict`.

    LightGBM keeps the range of rounds in the booster: nobody else may ask the same booster for
    some of its rounds.

    Parameters
    ----------
    booster : lightgbm.Booster
    n_scores : int
        Trees per round.
    """

    def __init__(self, booster: lgb.Booster, n_scores: int) -> None:
        self._booster = booster  # which has the trees, and must live as long
        self.n_features = booster.num_feature()
        self._outcome = ctypes.c_double * n_scores
        self._handle = ctypes.c_void_p()
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(_FIRST),
                ctypes.c_int(_ALL),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(self.n_features),
                b"num_threads=1",
                ctypes.byref(self._handle),
            )
        )
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, self._handle)

    def __call__(self, row: np.ndarray) -> np.ndarray:
        """Raw scores (1, n_scores) of a row (1, n_features)."""
        if row.shape != (1, self.n_features):
            raise ValueError(f"A row of shape {row.shape}, but the trees read {self.n_features}.")
        data = np.asarray(row, dtype=np.float64).tobytes()  # quicker than asking for a pointer
        outcome, length = self._outcome(), ctypes.c_int64()
        _safe_call(_score_row(self._handle, data, ctypes.byref(length), outcome))
        return np.frombuffer(memoryview(outcome))[None]
