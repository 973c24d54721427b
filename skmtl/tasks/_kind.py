"""The base class of all kinds of targets."""

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
    """A kind of target: the encoding of its labels, its loss and its link function.

    A kind created by the user is a specification and is never changed; :meth:`fit` returns a
    fitted copy, the task's *head*, which has the classes or the units of one task. Engines only
    use raw scores: a head maps raw scores and encoded targets to a loss in training, and raw
    scores to predictions in the user's units.

    Subclasses set `name` and `default_metric` and implement the abstract methods. `register_kind`
    makes the name available in `tasks`, and allows saving models with the kind.

    A kind declares what it can do besides `predict`: `is_classification` requires `classes_` and
    `predict_proba`, `quantile_levels` requires `predict_quantiles`, and `has_curves` requires
    `curves` and `n_causes`.

    Attributes
    ----------
    name : str
        The name used in ``tasks={"clicked": "binary"}``.
    default_metric : str or callable
        Metric of `score`: one of scikit-learn or `skmtl.metrics`, or a callable(y_true, y_pred).
    is_classification : bool
        Whether labels are classes.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of probabilities. Only for kinds with classes, after `fit`.
    is_ordered : bool
        Whether the classes have an order.
    has_numbers : bool
        Whether labels and predictions are numbers whose difference is an error.
    predicts_median : bool
        Whether predictions are medians rather than means, so that errors count by their size.
    quantile_levels : tuple of float
        Levels of the predicted quantiles, in increasing order; usually empty.
    funnel : FunnelLevels or None
        The steps of a funnel, whose classes state how far rows went; usually None.
    has_exact_gradient : bool
        Whether `gradient_hessian` is the derivative of `losses`, which gradient descent needs;
        False if a part of the loss is held fixed.
    has_curves : bool
        Whether labels are times to events, and raw scores survival curves.
    n_causes : int
        Number of competing causes, 1 for a single event; 0 without curves. Known after `fit`.
    cause_names : tuple of str
        Their names; empty if they only have numbers. Known after `fit`.
    learns_from_scores : bool
        Whether the engine has to call `finish`.
    n_scores : int
        Number of raw scores per row, known after `fit`.
    n_series : int
        Number of interleaved series of raw scores whose neighbours are similar and may be learnt
        together; 0 if the scores are separate. Known after `fit`.
    target_width : int
        Number of values that encode one label.
    score_sign : int
        1 if a higher first raw score means higher labels, and -1 if it means lower ones; 0 if the
        score does not shift labels in one direction, or not in the units of their link.
    """

    name: ClassVar[str]
    default_metric: ClassVar[str | Callable[..., float]]
    is_classification: ClassVar[bool] = False
    is_ordered: ClassVar[bool] = False
    has_numbers: ClassVar[bool] = True
    has_curves: ClassVar[bool] = False
    target_width: ClassVar[int] = 1
    score_sign: ClassVar[int] = 0
    learns_from_scores: ClassVar[bool] = False
    classes_: np.ndarray
    n_causes: int = 0
    cause_names: tuple[str, ...] = ()
    n_scores: int = 1
    n_series: int = 0
    funnel: FunnelLevels | None = None
    has_exact_gradient: bool = True

    @property
    def causes(self) -> tuple[Hashable, ...]:
        """Names of the causes, or their numbers from 1."""
        return self.cause_names or tuple(range(1, self.n_causes + 1))

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        metric = vars(cls).get("default_metric")
        if isinstance(metric, FunctionType):  # otherwise it would become a method
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
            Labels of the user, including missing ones.
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
            If there are no observed labels, or if they are not suitable for the kind.
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
        """Whether the observed labels have only one value to learn.

        False by default. If True, the kind is replaced by a `ConstantTarget`.
        """
        return False

    def constant(self, labels: pd.Series, task: Hashable) -> np.ndarray:
        """Return the prediction for one row if all observed labels are the same."""
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
        """Return labels as float64 of shape (n_samples, target_width), 0 if missing."""

    def label_weight(self, target: np.ndarray) -> np.ndarray | None:
        """Return weights of labels in addition to the weights of rows; None if all are 1.

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
        """Return the loss (...) from scores (..., n_scores) and target (..., target_width).

        Rows are the first axis, for kinds that compare rows with each other. If a label is
        missing, its scores and target are zeros: the loss may be infinite there, but its
        derivative by the scores must not be.
        """

    @abstractmethod
    def losses(self, scores: np.ndarray, target: Any) -> np.ndarray:
        """Return `loss` in numpy, (n_samples,), from scores (n_samples, n_scores) and target.

        Here and in the two methods below, `target` is (n_samples, target_width), or the result of
        `prepared`.
        """

    @abstractmethod
    def gradient_hessian(self, scores: np.ndarray, target: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and (positive) second derivatives of the loss by the raw scores.

        Both have the shape of `scores`, (n_samples, n_scores). The second one is the exact
        diagonal of the Hessian if that is positive for every score, and otherwise the positive
        curvature documented in the class, because boosting divides by it.
        """

    def losses_and_derivatives(
        self, scores: np.ndarray, target: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `losses` and `gradient_hessian` at the same scores.

        Kinds whose loss and derivatives share most of their computation may override this.
        """
        return self.losses(scores, target), *self.gradient_hessian(scores, target)

    def prepared(self, target: np.ndarray, dtype: type[np.floating]) -> Any:
        """Precompute encoded labels for the methods above, for scores of this dtype.

        Everything that does not depend on the scores is computed here, once for many rounds.
        """
        return target

    @abstractmethod
    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the raw scores (n_scores,) of the best constant prediction."""

    @abstractmethod
    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        """Return predictions of shape (n_samples,) in the user's units.

        The shape is (n_samples, n_predictions) if there are several `prediction_names`.
        """

    def prediction_names(self, task: Hashable) -> list[Hashable]:
        """Return the names of the predictions: the task's, unless it has several predictions."""
        return [task]

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        """Return probabilities (n_samples, n_classes), with columns as in `classes_`."""
        raise NotImplementedError(f"Kind {self.name!r} has no classes.")

    @property
    def predicts_median(self) -> bool:
        return False

    @property
    def score_levels(self) -> tuple[float, ...]:
        """The quantile level of each raw score, if the loss has no second derivative."""
        return ()

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        return ()

    def predict_quantiles(
        self, scores: np.ndarray, *, group: np.ndarray | None = None
    ) -> np.ndarray:
        """Return sorted quantiles of shape (n_samples, n_levels) in the user's units."""
        raise NotImplementedError(f"Kind {self.name!r} has no quantiles.")

    def curves(self, scores: np.ndarray) -> Curves:
        """Return the curves of each row, from raw scores of shape (n_samples, n_scores)."""
        raise NotImplementedError(f"Kind {self.name!r} has no curves.")

    def label_columns(self, task: Hashable) -> list[Hashable]:
        """Return the columns of Y that form one label; empty if a label is a single column."""
        return []

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        """Join the `label_columns`, some of which may be absent, into one column of labels."""
        return labels[task]

    def strata(self, labels: pd.Series) -> pd.Series:
        """Return values for stratified splits; by default the labels themselves."""
        return labels

    def settled(self, labels: pd.Series) -> pd.Series:
        """Return the labels, missing if they are only known in part; by default all labels."""
        return labels

    def values(self, labels: pd.Series) -> np.ndarray:
        """Return observed labels in the form in which metrics compare them with predictions."""
        return plain_values(labels)

    def scored_parts(self, labels: pd.Series, task: Hashable) -> list[ScoredPart]:
        """Return the parts that are scored separately; empty if the target has one score."""
        return []

    def check_scored(self, labels: pd.Series) -> None:
        """Raise an error for labels that cannot be used to score predictions of this fitted kind.

        By default all labels are accepted; metrics of classes check whether they are known.
        """
        return

    @property
    def learns_residuals(self) -> bool:
        """Whether `learn_residuals` should be called at the end of a fit."""
        return False

    def learn_residuals(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Learn the distribution of labels around the final raw scores. See `finish`."""
        raise NotImplementedError

    def finish(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Learn attributes that depend on the final raw scores of the training rows.

        Called if `learns_from_scores` is True, with the rows that have a label: scores (n_samples,
        n_scores), target (n_samples, target_width), weight (n_samples,).
        """
        raise NotImplementedError

    @property
    def linear_link(self) -> tuple[float, float] | None:
        """Centre and scale if predictions in the user's units are centre + scale * raw score.

        None if the link is not linear. Only for wide data; long data have units by group.
        """
        return None

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        """Key of the loss. Tasks with equal keys share one call of the loss."""
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
        """Return the arguments of the constructor by name."""
        return {}
