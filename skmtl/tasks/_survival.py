"""The time to one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from skmtl._storable import storable
from skmtl.tasks._curves import Curves
from skmtl.tasks._hazard import HazardKind

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Survival(HazardKind):
    r"""The time to an event that some rows were not followed long enough to see.

    Time is cut into bins, and raw score :math:`s_b` is the logit of the hazard :math:`h_b`, the
    probability that the event happens in bin b if it has not before. With the cumulative hazard
    :math:`a_b = -\log(1 - h_b)` and the share :math:`e_b` of each bin during which the row was
    observed, the loss is :math:`\sum_b e_b a_b`, minus :math:`\log((1 - e^{-a_b w}) / w)` if the
    event happened in a step that takes the share w of its bin. If every event time has its own
    bin, w is 1 and this is the likelihood of the discrete-time logistic hazard model; if steps are
    small, it is that of a piecewise constant hazard.

    Parameters
    ----------
    cuts : int, sequence of float or "auto", default="auto"
        Number of bins, with edges at quantiles of the event times so that each has the same number
        of events; or the right edges of the bins. Rows are censored at the last edge. "auto" is
        the square root of the number of events, between 5 and 20 bins: more bins overfit if there
        are few events. A time with more events than the average bin ends its own bin, and the
        other events are divided among the other bins; there are at most as many bins as distinct
        event times.
    event, time : label, default=None
        Columns of y: the event (False or 0 if the row was censored), and the time up to which the
        row was followed. By default ``<task>_event`` and ``<task>_time``.
    entry : label, default=None
        Column of y with the time from which the row was observed (left truncation). By default all
        rows were observed from time 0.
    interpolation : {"hazard", "density"}, default="hazard"
        How curves are interpolated between the cuts, where they fall at the same times as the
        Kaplan-Meier estimate of all rows: within a bin, either the cumulative hazard of a row
        ("hazard") or the decrease of its survival ("density") is proportional to that of the
        estimate. For identical rows both are the estimate itself. This does not affect the loss,
        whose clock is that of "hazard".
    censoring_weights : bool, default=False
        Whether to weight each bin by the inverse probability that a row is still uncensored, as if
        there were no censoring.
    smooth : bool, default=True
        Networks first learn the level of a row's hazards, then their trend over the bins, then
        finer details; boosting only learns the four coarsest of these waves. With False each bin
        is learnt separately, which overfits small tables and takes a tree per bin and round in
        boosting. Networks can represent any hazards in both cases.

    Notes
    -----
    The share of a bin is measured by the clock of the Kaplan-Meier estimate of all rows, not by
    calendar time, in the loss and in the curves. So the best constant model is the Kaplan-Meier
    estimate at every time, for any bins, any censoring and any number of ties. Raw scores are
    finite: if the estimate falls to 0, or not at all in a bin, the curve has an error of a
    millionth. In the loss, a time at which all rows at risk failed has the Nelson-Aalen hazard;
    the curves correct for that. In long data, all tasks have the same cuts: time has the same unit
    in all tasks, and tasks differ in their hazards. Convert times with different units first. If
    tasks have different time scales, such as days and years, most cuts are where most events are.
    `gradient_hessian` returns the exact diagonal, and 1e-7 in bins in which a row was not at risk.

    References
    ----------
    M. F. Gensheimer, B. Narasimhan, "A Scalable Discrete-Time Survival Model for Neural
    Networks", PeerJ 7 (2019), e6257.

    H. Kvamme, Ø. Borgan, "Continuous and Discrete-Time Survival Prediction with Neural
    Networks", Lifetime Data Analysis 27 (2021), 710-736.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import EventTimes, Survival
    >>> labels = pd.Series(EventTimes([1, 1, 0, 1], [1.0, 2.0, 3.0, 4.0]))
    >>> head = Survival(cuts=[1, 2, 4]).fit(labels, task="death")
    >>> constant = head.initial_scores(head.encode(labels), np.ones(4))
    >>> head.curves(constant[None]).survival([0, 1, 2]).round(6).tolist()
    [[1.0, 0.75, 0.5]]
    """

    name: ClassVar[str] = "survival"

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        return self._neg_log_likelihood(torch.nn.functional.softplus(scores), target)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.log(np.expm1(self._constant_hazard(target, weight)))

    def curves(self, scores: np.ndarray) -> Curves:
        hazard = np.logaddexp(0, np.asarray(scores, dtype=np.float64)) * self.stretch_
        return Curves(
            self.grid_.edges,
            hazard,
            np.ones((*hazard.shape, 1)),
            self.grid_.horizon,
            self.interpolation,
            self.clock_,
        )
