"""What is made of the probabilities of one task after a model has given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from skmtl._storable import storable

# Logits of probabilities beyond are as those at the ends.
_SMALLEST = 1e-12


class Adjustment:
    """From the probabilities that a model gives of one task to those, and the classes, to use."""

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities (n_samples, n_classes) of probabilities of that shape."""
        return probabilities

    def predict(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Classes (n_samples,), by probabilities as the model gives them."""
        return classes[self.probabilities(probabilities).argmax(axis=1)]


@storable
@dataclass(frozen=True)
class Threshold(Adjustment):
    """The second of two classes where its probability is at least `least`.

    Attributes
    ----------
    least : float
    score : float
        That of the held-out rows by which it was chosen.
    """

    least: float
    score: float = float("nan")

    def predict(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return classes[(probabilities[:, 1] >= self.least).astype(int)]


@storable
@dataclass(frozen=True)
class SigmoidCalibration(Adjustment):
    """A line in the log-odds of each class against the others, scaled to the sum of one.

    Of two classes there is one line, for the second.

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
    def fit(cls, probabilities: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> Adjustment:
        """Learn from held-out probabilities (n, n_classes), positions of the classes, weights."""
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
    """A rising function of the probability of each class, scaled to the sum of one.

    Attributes
    ----------
    asked, taken : tuple of ndarray
        Probabilities of the model, and what they are taken for, for each function.
    """

    asked: tuple[np.ndarray, ...]
    taken: tuple[np.ndarray, ...]

    method: ClassVar[str] = "isotonic"

    @classmethod
    def fit(cls, probabilities: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> Adjustment:
        """As `SigmoidCalibration.fit`."""
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


def _lines(probabilities: np.ndarray) -> list[int]:
    """The columns that are calibrated: of two classes the second."""
    n_classes = probabilities.shape[1]
    return [1] if n_classes == 2 else list(range(n_classes))


def _joined(columns: np.ndarray) -> np.ndarray:
    """Probabilities of all classes from calibrated ones, (n_samples, n_lines)."""
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
    """Slope and intercept of the log-odds, with Platt's targets a little inside of 0 and 1."""
    n_in, n_out = float(weight[is_class].sum()), float(weight[~is_class].sum())
    target = np.where(is_class, (n_in + 1) / (n_in + 2), 1 / (n_out + 2))
    fit = LogisticRegression(C=np.inf, max_iter=1000).fit(
        np.tile(_log_odds(probability), 2)[:, None],
        np.repeat([1, 0], len(target)),
        np.concatenate([weight * target, weight * (1 - target)]),
    )
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])
