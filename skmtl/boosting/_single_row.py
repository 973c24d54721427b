"""Fast scoring of single rows with LightGBM's C interface.

`Booster.predict` parses its parameters in every call, which takes longer for one row than all the
trees. LightGBM's C interface can parse them once, but its Python package does not expose this:
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
    """Raw scores of one row by all trees of a booster, identical to `Booster.predict`.

    LightGBM stores the range of rounds in the booster, so the same booster must not be used to
    predict with a part of its rounds.

    Parameters
    ----------
    booster : lightgbm.Booster
    n_scores : int
        Trees per round.
    """

    def __init__(self, booster: lgb.Booster, n_scores: int) -> None:
        self._booster = booster  # keeps the trees alive
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
        """Return raw scores (1, n_scores) of a row (1, n_features)."""
        if row.shape != (1, self.n_features):
            raise ValueError(
                f"The row has the shape {row.shape}, but the trees have {self.n_features} "
                "features."
            )
        data = np.asarray(row, dtype=np.float64).tobytes()  # faster than computing a pointer
        outcome, length = self._outcome(), ctypes.c_int64()
        _safe_call(_score_row(self._handle, data, ctypes.byref(length), outcome))
        return np.frombuffer(memoryview(outcome))[None]
