"""Funnels: steps that follow each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from skmtl._storable import storable
from skmtl.tasks._binary import Binary
from skmtl.tasks._classification import ClassificationKind
from skmtl.tasks._funnel_labels import join_steps
from skmtl.tasks._funnel_levels import FunnelLevels
from skmtl.tasks._funnel_risks import RISKS, WEIGHTED, Risk
from skmtl.tasks._funnel_shares import shares_by_step
from skmtl.tasks._scored_part import ScoredPart

if TYPE_CHECKING:
    from torch import Tensor

Selection = Literal[
    "observed", "entire_space", "inverse_propensity", "doubly_robust", "counterfactual"
]


@storable
class Funnel(ClassificationKind):
    r"""Steps that rows take one after the other, such as a click, a cart and a purchase.

    A label consists of several columns of y, one for each step, with values 0 or 1. There is one
    raw score per step: the log-odds :math:`s_j` that a row takes this step if it has taken all
    previous ones. So P(step | previous step) is :math:`\sigma(s_j)`, and P(step) is the product of
    these up to the step: a later step is never more probable than an earlier one.

    The classes state where rows ended, such as "no click", "click without cart", "cart without
    buy", "buy", and `predict_proba` returns their probabilities, which sum to one. `predict_steps`
    returns P(step) and P(step | previous step); `score_tasks` scores P(step) for each step.

    Parameters
    ----------
    steps : sequence of hashable, default=()
        Columns of y, from the first step to the last; at least two.
    selection : str, default="observed"
        What is minimised: "observed", "entire_space", "inverse_propensity", "doubly_robust" or
        "counterfactual".
        "observed" is the likelihood: each step is learnt from the rows that reached it. It is
        unbiased if rows do not reach a step at random given the features; docs/funnels.md has
        measurements. "entire_space" is the log loss of P(step) over all rows for every step, which
        hardly constrains P(step | previous step). "inverse_propensity" weights rows at a step by 1
        / P(previous step). "doubly_robust" also has a model of the loss, which it corrects in the
        same way. "counterfactual" is "inverse_propensity" plus a model of the rows that did not
        reach a step, which assumes that they would not have taken it. In the last three, weights
        do not have gradients; linear models and stacks do not support them.
    least_propensity : float, default=0.05
        Lower limit of the probabilities in the weights of the last three selections: with the
        default the weight of a row is at most 20.

    Notes
    -----
    A missing label is unknown, unless it follows from the others: steps before a step that was
    taken were taken, and steps after a step that was not taken were not taken. If the click of a
    row is known and its purchase is not, only the click is learnt. A row without a purchase, whose
    click is unknown, ended somewhere before: its loss is that of P(purchase). The last three
    selections weight by whether a row reached a step, and refuse such rows.

    References
    ----------
    X. Ma et al., "Entire Space Multi-Task Model: An Effective Approach for Estimating Post-Click
    Conversion Rate", SIGIR 2018.

    H. Wang et al., "ESCM2: Entire Space Counterfactual Multi-Task Model for Post-Click Conversion
    Rate Estimation", SIGIR 2022.

    F. Zhu et al., "DCMT: A Direct Entire-Space Causal Multi-Task Framework for Post-Click
    Conversion Estimation", ICDE 2023.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import Funnel
    >>> y = pd.DataFrame({"click": [0, 1, 1, 0], "buy": [0, 1, 0, None]})
    >>> kind = Funnel(steps=("click", "buy"))
    >>> labels = kind.join_columns(y, "purchase")
    >>> labels.tolist()
    ['no click', 'buy', 'click without buy', 'no click']
    >>> head = kind.fit(labels, task="purchase")
    >>> head.predict_proba(np.zeros((1, 2))).tolist()
    [[0.5, 0.25, 0.25]]
    """

    name: ClassVar[str] = "funnel"
    default_metric: ClassVar[str] = "accuracy"
    target_width: ClassVar[int] = 2

    def __init__(
        self,
        steps: Sequence[Hashable] = (),
        selection: Selection = "observed",
        least_propensity: float = 0.05,
    ) -> None:
        if isinstance(steps, str) or not isinstance(steps, Iterable):
            raise ValueError(f"steps must be a list of columns of y, got {steps!r}.")
        steps = tuple(steps)
        if len(steps) < 2:
            raise ValueError(
                "steps must name at least two columns, from the first step to the last, as in "
                f"Funnel(steps=('click', 'buy')), got {steps!r}. Use kind 'binary' for a single "
                "step."
            )
        if len({str(step) for step in steps}) < len(steps):
            raise ValueError(f"steps must name each column once, got {steps!r}.")
        FunnelLevels(steps)  # refuses names that cannot be told apart
        if selection not in RISKS:
            raise ValueError(f"selection must be one of {list(RISKS)}, got {selection!r}.")
        if not 0 < least_propensity <= 1:
            raise ValueError(
                f"least_propensity must be above 0 and at most 1, got {least_propensity!r}."
            )
        self.steps = steps
        self.selection = selection
        self.least_propensity = least_propensity

    def parameters(self) -> dict[str, object]:
        names = ("steps", "selection", "least_propensity")
        return {name: getattr(self, name) for name in names}

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (*super().stack_key, self.selection, self.least_propensity)

    @property
    def has_exact_gradient(self) -> bool:  # type: ignore[override]
        """Whether `gradient_hessian` is the derivative of `losses`: not with fixed weights."""
        return self.selection in ("observed", "entire_space")

    @property
    def funnel(self) -> FunnelLevels:  # type: ignore[override]
        """The steps, whose classes state how far rows went."""
        return FunnelLevels(self.steps)

    @property
    def _risk(self) -> Risk:
        return RISKS[self.selection](len(self.steps), self.least_propensity)

    def label_columns(self, task: Hashable) -> list[Hashable]:
        return list(self.steps)

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        return join_steps(labels, task, self.steps)

    def settled(self, labels: pd.Series) -> pd.Series:
        return self.funnel.classes_alone(labels)

    def scored_parts(self, labels: pd.Series, task: Hashable) -> list[ScoredPart]:
        """Return P(step) of each step, for all rows for which it is known whether they took it."""
        taken = self.funnel.step_labels(labels, task)
        return [
            ScoredPart(step, Binary(), taken[step], partial(self._reached, step=j))
            for j, step in enumerate(self.steps)
        ]

    def _reached(self, probabilities: np.ndarray, *, step: int) -> np.ndarray:
        return self.funnel.probabilities(probabilities)[:, step]

    def is_constant(self, labels: pd.Series) -> bool:
        return False

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        taken, limit = self.funnel.read(labels, self.task)
        for j, step in enumerate(self.steps):
            before = f"the {(taken >= j).sum()} rows that took {self.steps[j - 1]!r}" if j else ""
            rows = before or f"the {len(labels)} rows"
            if not (taken > j).any():
                raise ValueError(
                    f"Task {self.task!r} has no row to learn step {step!r} from: it was taken in "
                    f"none of {rows}. End the funnel before it, or add rows in which it was taken."
                )
            if not ((taken == j) & (limit == j + 1)).any():
                raise ValueError(
                    f"Task {self.task!r} has nothing to learn at step {step!r}: it was taken in "
                    f"all of {rows} for which this is known. Leave the step out."
                )
        self.classes_ = self.funnel.classes
        self.n_scores = self._risk.n_scores

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        """Return `taken` and `limit` of `FunnelLevels`; both are 0 if the label is missing."""
        observed = labels.notna().to_numpy()
        taken, limit = self.funnel.read(labels[observed], self.task)
        if self.selection in WEIGHTED and (limit > taken + 1).any():
            raise ValueError(
                f"Task {self.task!r} has {(limit > taken + 1).sum()} rows of which it is unknown "
                "which step they missed first, such as a row without a purchase whose click is "
                f"missing. selection={self.selection!r} weights rows by the steps that they "
                "reached: take 'observed', or, in all rows, set the steps after a missing one to "
                "missing."
            )
        target = np.zeros((len(labels), 2))
        target[observed] = np.column_stack([taken, limit])
        return target

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        return self._risk.loss(scores, target)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        return self._risk.evaluate(scores, target)[0]

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        _, gradient, hessian = self._risk.evaluate(scores, target)
        return gradient, hessian

    def losses_and_derivatives(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._risk.evaluate(scores, target)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.clip(shares_by_step(target, weight, len(self.steps)), 1e-6, 1 - 1e-6)
        log_loss = -(share * np.log(share) + (1 - share) * np.log1p(-share))
        return self._risk.initial_scores(logit(share), log_loss)

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        steps = np.asarray(scores, dtype=np.float64)[:, : len(self.steps)]
        reached = np.cumprod(np.hstack([np.ones((len(steps), 1)), expit(steps)]), axis=1)
        return np.hstack([reached[:, :-1] * expit(-steps), reached[:, -1:]])
