"""hazardous: SurvivalBoost, which learns the incidences of all causes together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hazardous import SurvivalBoost

from benchmarks._survival._peer import Incidences, Labels


class SurvivalBoostPeer:
    """SurvivalBoost, which supports missing values."""

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.model = SurvivalBoost(show_progressbar=False, random_state=0)
        self.model.fit(X, pd.DataFrame(y))

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        curves = self.model.predict_cumulative_incidence(X, times)
        return {k: curves[:, k] for k in range(1, curves.shape[1])}

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        """Return the mean incidence over the model's own times."""
        curves = self.model.predict_cumulative_incidence(X)
        return {k: curves[:, k].mean(axis=1) for k in range(1, curves.shape[1])}
