"""Scores of the models on the test days, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.demo._data import FlightRows
from skmtl.demo._models import CLASSES, MINUTES, Answers
from skmtl.metrics import multitask_gain_tasks, score_tasks

METRICS = dict.fromkeys(MINUTES, "neg_mean_absolute_error") | dict.fromkeys(CLASSES, "roc_auc")
KINDS = dict.fromkeys(MINUTES, "regression") | dict.fromkeys(CLASSES, "binary")
WORDS = dict.fromkeys(MINUTES, "mean error, minutes") | dict.fromkeys(CLASSES, "ROC AUC")

N_RESAMPLES = 200


@dataclass(frozen=True)
class Comparison:
    """Scores of two models.

    Attributes
    ----------
    scores : DataFrame
        By target: the metric's name, and the values of both models and of a constant.
    gains : DataFrame
        By target, and for their mean: gain of the first model over the second in percent, positive
        if it is better, with limits of the 95 % interval.
    """

    scores: pd.DataFrame
    gains: pd.DataFrame

    def __str__(self) -> str:
        table = pd.DataFrame(
            {
                "metric": self.scores["metric"],
                "MultiTab": self.scores["MultiTab"].map("{:.3f}".format),
                "LightGBM": self.scores["LightGBM"].map("{:.3f}".format),
                "constant": self.scores["constant"].map("{:.3f}".format),
                "gain, %": self.gains["gain"].map("{:+.1f}".format),
                "95 % interval": [
                    f"{low:+.1f} to {high:+.1f}"
                    for low, high in self.gains[["low", "high"]].values
                ],
            },
            index=self.gains.index,
        )
        return table.fillna("").to_string()


def compare(
    test: FlightRows, multitab: Answers, lightgbm: Answers, constant: Answers, *, seed: int
) -> Comparison:
    """Score on the flights with observed labels; resample days for the intervals."""
    ours, theirs = _scores(test.Y, multitab), _scores(test.Y, lightgbm)
    scores = pd.DataFrame(
        {
            "metric": WORDS,
            "MultiTab": ours.abs(),
            "LightGBM": theirs.abs(),
            "constant": _scores(test.Y, constant).abs(),
        }
    )
    gains = _gains(ours, theirs)
    resampled = pd.DataFrame(
        [
            _gains(_scores(test.Y, multitab, weight), _scores(test.Y, lightgbm, weight))
            for weight in _day_weights(test, seed)
        ]
    )
    low, high = resampled.quantile(0.025), resampled.quantile(0.975)
    return Comparison(scores, pd.DataFrame({"gain": gains, "low": low, "high": high}))


def _scores(Y: pd.DataFrame, answers: Answers, weight: np.ndarray | None = None) -> pd.Series:
    classes = dict.fromkeys(CLASSES, np.array([False, True]))
    return score_tasks(
        Y, answers, metric=METRICS, kinds=KINDS, classes=classes, sample_weight=weight
    )


def _gains(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    gains = multitask_gain_tasks(ours, theirs)
    return pd.concat([gains, pd.Series({"mean": gains.mean()})])


def _day_weights(test: FlightRows, seed: int) -> np.ndarray:
    """Return how often each flight occurs in each bootstrap sample of the test days."""
    n_days = len(test.days)
    draws = np.random.default_rng(seed).multinomial(
        n_days, np.full(n_days, 1 / n_days), size=N_RESAMPLES
    )
    return draws[:, np.searchsorted(test.days, test.date.to_numpy())].astype(np.float64)
