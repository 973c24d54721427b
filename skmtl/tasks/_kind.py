"""The protocol every kind of target follows."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from skmtl.tasks._curves import Curves
from skmtl.tasks._funnel_levels import FunnelLevels
from skmtl.tasks._label_values import number_values, plain_values

if TYPE_CHECKING:
    from torch import Tensor

    from skmtl.tasks._scored_part import ScoredPart


class Kind(ABC):
    """What a target is: how its labels become numbers, its loss and its link.

    A kind made by the user is a specification and is never changed; :meth:`fit` returns a fitted
    copy, the task's *head*, which knows the classes or the units of one task. Engines see raw
    scores only: a head turns raw scores and encoded targets into a loss while fitting, and raw
    scores into predictions in the user's own units afterwards.

    Subclasses set `name` and `default_metric` and implement the abstract methods. `register_kind`
    makes a word of the name, and lets model files hold such a kind.

    A kind says itself what it can do beyond `predict`: `is_classification` goes with `classes_`
    and `predict_proba`, `quantile_levels` with `predict_quantiles`, and `has_curves` with `curves`
    and `n_causes`.

    Attributes
    ----------
    name : str
        The word users write, as in ``tasks={"clicked": "binary"}``.
    default_metric : str or callable
        Of `score`: a metric of scikit-learn or `skmtl.metrics`, or a callable(y_true, y_pred).
    is_classification : bool
        Whether labels are classes.
    classes_ : ndarray of shape (n_classes,)
        These, in the order of probabilities. Of kinds with classes only, after `fit`.
    is_ordered : bool
        Whether the classes have an order.
    has_numbers : bool
        Whether labels and predictions are numbers whose difference is an error.
    predicts_median : bool
        Whether predictions are medians rather than means, so that errors count by their size.
    quantile_levels : tuple of float
        Levels of the quantiles that the kind predicts, in increasing order; mostly none.
    funnel : FunnelLevels or None
        Steps that follow each other, of which the classes are how far rows went; mostly None.
    has_exact_gradient : bool
        Whether `gradient_hessian` is the derivative of `losses`, which a descent needs: not where
        a part of the loss is held fixed.
    has_curves : bool
        Whether labels are times to events, and raw scores survival curves.
    n_causes : int
        Causes of an event that compete, 1 for one event; 0 without curves. Known after `fit`.
    learns_from_scores : bool
        Whether the engine has to call `finish`.
    n_scores : int
        Raw scores an engine has to deliver per row, known after `fit`.
    n_series : int
        Series that the raw scores are, interleaved, where neighbours in a series are alike and
        may be learnt together; 0 where each score is by itself. Known after `fit`.
    target_width : int
        Numbers that encode one label.
    """

    name: ClassVar[str]
    default_metric: ClassVar[str | Callable[..., float]]
    is_classification: ClassVar[bool] = False
    is_ordered: ClassVar[bool] = False
    has_numbers: ClassVar[bool] = True
    has_curves: ClassVar[bool] = False
    target_width: ClassVar[int] = 1
    learns_from_scores: ClassVar[bool] = False
    classes_: np.ndarray
    n_causes: int = 0
    n_scores: int = 1
    n_series: int = 0
    funnel: FunnelLevels | None = None
    has_exact_gradient: bool = True

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        metric = vars(cls).get("default_metric")
        if isinstance(metric, FunctionType):  # else it would become a method
            cls.default_metric = staticmethod(metric)

    def fit(
        self,
        labels: pd.Series,
        *,
        task: Hashable,
        weight: np.ndarray | None = None,
        group: np.ndarray | None = None,
        n_groups: int = 0,
    ) -> Self:
        """Return a copy that has learnt the labels of one task.

        Parameters
        ----------
        labels : Series of shape (n_samples,)
            Labels as the user gave them, missing ones included.
        task : hashable
            Name of the task, for error messages.
        weight : ndarray of shape (n_samples,), optional
            Row weights.
        group : int ndarray of shape (n_samples,), optional
            For long data, the row's task as an index below `n_groups`.
        n_groups : int, default=0
            Number of groups that `group` counts.

        Raises
        ------
        ValueError
            When no label is observed, or the labels do not suit the kind.
        """
        head = copy.copy(self)
        observed = labels.notna().to_numpy()
        if weight is not None:
            observed = observed & (weight > 0)
        if not observed.any():
            raise ValueError(
                f"Task {task!r} has no observed label: every value is missing (NaN) or has zero "
                "weight. Drop the task or supply labels for some rows."
            )
        head.task = task
        head._learn(
            labels[observed],
            weight=np.ones(observed.sum()) if weight is None else weight[observed],
            group=None if group is None else group[observed],
            n_groups=n_groups,
        )
        return head

    task: Hashable = None

    def is_constant(self, labels: pd.Series) -> bool:
        """Whether observed labels leave nothing to learn but one value.

        By default they never do. Where they do, a `ConstantTarget` takes the kind's place.
        """
        return False

    def constant(self, labels: pd.Series, task: Hashable) -> np.ndarray:
        """What `predict` returns of one row where all observed labels are the same."""
        return number_values(labels, task, self.name)[:1]

    @abstractmethod
    def _learn(
        self,
        labels: pd.Series,
        *,
        weight: np.ndarray,
        group: np.ndarray | None,
        n_groups: int,
    ) -> None:
        """Learn classes or units from the observed labels; sets fitted attributes."""

    @abstractmethod
    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        """Labels as float64 of shape (n_samples, target_width), 0 where missing."""

    def label_weight(self, target: np.ndarray) -> np.ndarray | None:
        """What labels weigh beside their rows' weights; None where all weigh 1.

        Parameters
        ----------
        target : ndarray of shape (n_samples, target_width)

        Returns
        -------
        ndarray of shape (n_samples,), or None
        """
        return None

    @abstractmethod
    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        """Loss per row: scores (..., n_scores) and target (..., target_width) to (...).

        Rows lie along the first axis, for kinds that compare rows with each other. Where a label
        is missing, scores and target are zeros: the loss may be infinite there, but its derivative
        by the scores must not be.
        """

    @abstractmethod
    def losses(self, scores: np.ndarray, target: Any) -> np.ndarray:
        """`loss` in numpy: scores (n_samples, n_scores) and target to (n_samples,).

        Here and in the two methods below, `target` is (n_samples, target_width), or what
        `prepared` has made of it.
        """

    @abstractmethod
    def gradient_hessian(self, scores: np.ndarray, target: Any) -> tuple[np.ndarray, np.ndarray]:
        """First and (positive) second derivatives of the loss by the raw scores.

        Both have the shape of `scores`, (n_samples, n_scores). The second one is the exact
        diagonal of the Hessian where that is positive for every score, and else the positive
        curvature that the class documents, because boosting divides by it.
        """

    def losses_and_derivatives(
        self, scores: np.ndarray, target: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`losses` and `gradient_hessian` at the same scores.

        For kinds to override whose loss and derivatives have much in common.
        """
        return self.losses(scores, target), *self.gradient_hessian(scores, target)

    def prepared(self, target: np.ndarray, dtype: type[np.floating]) -> Any:
        """Encoded labels as the methods above take them at no cost, for scores of this dtype.

        What does not depend on the scores is done here, once for many rounds.
        """
        return target

    @abstractmethod
    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Raw scores of shape (n_scores,) of the best constant prediction."""

    @abstractmethod
    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        """Predictions of shape (n_samples,) in the user's units.

        Of shape (n_samples, n_predictions) where `prediction_names` are several.
        """

    def prediction_names(self, task: Hashable) -> list[Hashable]:
        """Under which names `predict` answers: that of the task, unless it is several numbers."""
        return [task]

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of shape (n_samples, n_classes), columns as in `classes_`."""
        raise NotImplementedError(f"Kind {self.name!r} has no classes.")

    @property
    def predicts_median(self) -> bool:
        return False

    @property
    def score_levels(self) -> tuple[float, ...]:
        """The quantile that each raw score is, if the loss has no second derivative."""
        return ()

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        return ()

    def predict_quantiles(
        self, scores: np.ndarray, *, group: np.ndarray | None = None
    ) -> np.ndarray:
        """Sorted quantiles of shape (n_samples, n_levels) in the user's units."""
        raise NotImplementedError(f"Kind {self.name!r} has no quantiles.")

    def curves(self, scores: np.ndarray) -> Curves:
        """Curves of each row, from raw scores of shape (n_samples, n_scores)."""
        raise NotImplementedError(f"Kind {self.name!r} has no curves.")

    def label_columns(self, task: Hashable) -> list[Hashable]:
        """Columns of Y that make up one label of this task; none where it is one column."""
        return []

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        """One column of labels from the `label_columns`, some of which may be absent."""
        return labels[task]

    def strata(self, labels: pd.Series) -> pd.Series:
        """What to spread evenly where rows are split: by default the labels themselves."""
        return labels

    def settled(self, labels: pd.Series) -> pd.Series:
        """The labels, missing where they are known in part only; by default none are."""
        return labels

    def values(self, labels: pd.Series) -> np.ndarray:
        """Observed labels as metrics compare them with what `predict` returns."""
        return plain_values(labels)

    def scored_parts(self, labels: pd.Series, task: Hashable) -> list[ScoredPart]:
        """What is scored in place of the target; none where it is scored as a whole."""
        return []

    def check_scored(self, labels: pd.Series) -> None:
        """Refuse labels by which the predictions of this fitted kind cannot be scored.

        By default none: of classes it is the metric that tells whether it needs known ones.
        """
        return

    @property
    def learns_residuals(self) -> bool:
        """Whether `learn_residuals` is to be called at the end of a fit."""
        return False

    def learn_residuals(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Learn how labels lie about the final raw scores; parameters as those of `finish`."""
        raise NotImplementedError

    def finish(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Learn what depends on the raw scores of the training rows, once these are final.

        Called where `learns_from_scores`, with the rows that have a label: scores (n_samples,
        n_scores), target (n_samples, target_width), weight (n_samples,).
        """
        raise NotImplementedError

    @property
    def linear_link(self) -> tuple[float, float] | None:
        """Centre and scale if predictions in the user's units are centre + scale * raw score.

        None where the link is not linear. Of wide data; long data have units by group.
        """
        return None

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        """Heads with equal keys have the same loss, so that their tasks share one call."""
        return (type(self), self.n_scores)

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in self.parameters().items())
        return f"{type(self).__name__}({parameters})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.parameters() == other.parameters()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def parameters(self) -> dict[str, object]:
        """The constructor's arguments by name."""
        return {}
