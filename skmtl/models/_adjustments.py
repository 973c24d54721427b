"""Adjustments of the predicted probabilities of one task."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from skmtl._storable import storable
from skmtl.engines import weights_in_rows
from skmtl.tasks import FunnelLevels

# Probabilities beyond these limits are clipped before the logit.
_SMALLEST = 1e-12


class Adjustment:
    """Map the predicted probabilities of one task to adjusted probabilities and classes."""

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        """Return adjusted probabilities of shape (n_samples, n_classes)."""
        return probabilities

    def predict(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return classes of shape (n_samples,) from the model's probabilities."""
        return classes[self.probabilities(probabilities).argmax(axis=1)]


@storable
@dataclass(frozen=True)
class Threshold(Adjustment):
    """Predict the second of two classes if its probability is at least `least`.

    Attributes
    ----------
    least : float
    score : float
        The score on the held-out rows that were used to choose the threshold.
    """

    least: float
    score: float = float("nan")

    def predict(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return classes[(probabilities[:, 1] >= self.least).astype(int)]


@storable
@dataclass(frozen=True)
class SigmoidCalibration(Adjustment):
    """A linear function of the log-odds of each class, normalised to sum to one.

    With two classes there is a single function, for the second class.

    Attributes
    ----------
    slope, intercept : ndarray of shape (n_lines,)

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: np.ndarray
    intercept: np.ndarray

    method: ClassVar[str] = "sigmoid"

    @classmethod
    def fit(cls, probabilities: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> Self:
        """Fit to held-out probabilities (n, n_classes), positions of the classes, and weights."""
        lines = [
            _platt(probabilities[:, column], codes == column, weight)
            for column in _lines(probabilities)
        ]
        return cls(np.array([slope for slope, _ in lines]), np.array([b for _, b in lines]))

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        of_lines = _log_odds(probabilities[:, _lines(probabilities)])
        return _joined(expit(of_lines * self.slope + self.intercept))


@storable
@dataclass(frozen=True)
class IsotonicCalibration(Adjustment):
    """An increasing function of the probability of each class, normalised to sum to one.

    Attributes
    ----------
    asked, taken : tuple of ndarray
        Predicted and calibrated probabilities at the knots of each function.
    """

    asked: tuple[np.ndarray, ...]
    taken: tuple[np.ndarray, ...]

    method: ClassVar[str] = "isotonic"

    @classmethod
    def fit(cls, probabilities: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> Self:
        """Fit in the same way as `SigmoidCalibration.fit`."""
        fits = [
            IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
                probabilities[:, column], codes == column, weight
            )
            for column in _lines(probabilities)
        ]
        return cls(
            tuple(fit.X_thresholds_ for fit in fits), tuple(fit.y_thresholds_ for fit in fits)
        )

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        columns = [
            np.interp(probabilities[:, column], asked, taken)
            for column, asked, taken in zip(
                _lines(probabilities), self.asked, self.taken, strict=True
            )
        ]
        return _joined(np.column_stack(columns))


Calibration = SigmoidCalibration | IsotonicCalibration


@storable
@dataclass(frozen=True)
class StepCalibration(Adjustment):
    """Each step of a funnel calibrated among the rows that reached it.

    P(step) is the product of calibrated conditional probabilities, so steps stay nested.

    Attributes
    ----------
    funnel_steps : tuple of hashable
    by_step : tuple of SigmoidCalibration or of IsotonicCalibration
        Of P(step | previous step).
    """

    funnel_steps: tuple[Hashable, ...]
    by_step: tuple[Calibration, ...]

    @property
    def method(self) -> str:
        return self.by_step[0].method

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        funnel = FunnelLevels(self.funnel_steps)
        conditional = funnel.conditional(probabilities)
        calibrated = [
            calibration.probabilities(np.column_stack([1 - chance, chance]))[:, 1]
            for calibration, chance in zip(self.by_step, conditional.T, strict=True)
        ]
        return funnel.class_probabilities(np.column_stack(calibrated))


def _lines(probabilities: np.ndarray) -> list[int]:
    """Return the columns to calibrate: with two classes only the second."""
    n_classes = probabilities.shape[1]
    return [1] if n_classes == 2 else list(range(n_classes))


def _joined(columns: np.ndarray) -> np.ndarray:
    """Return probabilities of all classes, given calibrated ones (n_samples, n_lines)."""
    if columns.shape[1] == 1:
        return np.hstack([1 - columns, columns])
    total = columns.sum(axis=1, keepdims=True)
    equal = np.full_like(columns, 1 / columns.shape[1])
    return np.divide(columns, total, out=equal, where=total > 0)


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, _SMALLEST, 1 - _SMALLEST))


def _platt(
    probability: np.ndarray, is_class: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    """Fit slope and intercept of the log-odds, with Platt's targets slightly inside 0 and 1."""
    weight = weights_in_rows(weight)
    n_in, n_out = float(weight[is_class].sum()), float(weight[~is_class].sum())
    target = np.where(is_class, (n_in + 1) / (n_in + 2), 1 / (n_out + 2))
    fit = LogisticRegression(C=np.inf, max_iter=1000).fit(
        np.tile(_log_odds(probability), 2)[:, None],
        np.repeat([1, 0], len(target)),
        np.concatenate([weight * target, weight * (1 - target)]),
    )
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])
