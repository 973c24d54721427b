"""XGBoost: Cox's partial likelihood, and accelerated failure times."""

from __future__ import annotations

import numpy as np
import xgboost as xgb
from scipy.stats import norm

from benchmarks._survival._breslow import Baseline
from benchmarks._survival._peer import CauseByCause

# As many trees, of the same size, as scikit-survival's boosting has by default.
_ROUNDS = 100
_PARAMETERS = {"learning_rate": 0.1, "max_depth": 3, "tree_method": "hist", "nthread": 1}
# XGBoost's own default; the model's curves have it as their spread.
_AFT_SCALE = 1.0


class XGBoostCox:
    """XGBoost's risks, with Breslow's baseline, which XGBoost does not have."""

    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        # A negative label is a censored time.
        data = xgb.DMatrix(features, np.where(event, time, -time))
        self.model = xgb.train(_PARAMETERS | {"objective": "survival:cox"}, data, _ROUNDS)
        self.baseline = Baseline(self.risk(features), event, time)

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        return self.baseline.survival(self.risk(features), times)

    def risk(self, features: np.ndarray) -> np.ndarray:
        return self.model.predict(xgb.DMatrix(features), output_margin=True)


class XGBoostAFT:
    """The logarithm of the time is normal around a score."""

    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        data = xgb.DMatrix(features)
        data.set_float_info("label_lower_bound", time)
        data.set_float_info("label_upper_bound", np.where(event, time, np.inf))
        aft = {
            "objective": "survival:aft",
            "aft_loss_distribution": "normal",
            "aft_loss_distribution_scale": _AFT_SCALE,
            # In the unit of the label, whatever it is: days or years.
            "base_score": float(np.median(time)),
        }
        self.model = xgb.train(_PARAMETERS | aft, data, _ROUNDS)

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        centre = -self.risk(features)
        log_times = np.log(np.maximum(times, 1e-9))
        return norm.sf((log_times - centre[:, None]) / _AFT_SCALE)

    def risk(self, features: np.ndarray) -> np.ndarray:
        return -self.model.predict(xgb.DMatrix(features), output_margin=True)


def cox() -> CauseByCause:
    return CauseByCause(XGBoostCox)


def aft() -> CauseByCause:
    return CauseByCause(XGBoostAFT)
