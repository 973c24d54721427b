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
    :math:`a_b = -\log(1 - h_b)` and the share :math:`e_b` of each bin that the row was watched,
    the loss is :math:`\sum_b e_b a_b`, less :math:`\log((1 - e^{-a_b w}) / w)` if the event
    happened in a step that takes the share w of its bin. Where every event time has a bin, w is
    1 and this is the likelihood of the discrete-time logistic hazard model; where steps are
    small, it is that of a piecewise constant hazard.

    Parameters
    ----------
    cuts : int, sequence of float or "auto", default="auto"
        Number of bins, between quantiles of the event times so that each holds as many events;
        or the ends of the bins. What happens after the last one is cut off. "auto" is the root of
        the number of events, between 5 and 20 bins: more overfit where events are few. A time
        that holds more events than a bin should ends a bin of its own, and the other events are
        parted among the other bins; there are no more bins than distinct times of events.
    event, time : label, default=None
        Columns of y: False or 0 where the row was censored, and the time up to which it was
        followed. By default ``<task>_event`` and ``<task>_time``.
    entry : label, default=None
        Column of y with the time since when the row was watched (left truncation). By default
        all rows were watched from time 0.
    interpolation : {"hazard", "density"}, default="hazard"
        How a row's curve is drawn between the cuts, where it falls at the times at which the
        Kaplan-Meier estimate of all rows does: there, within a bin, the row's cumulative hazard
        is in proportion to that of the estimate ("hazard"), or its fall is ("density"). For rows
        that are all alike both are the estimate itself. It has no part in the loss, whose clock
        is that of "hazard".
    censoring_weights : bool, default=False
        Weigh each bin by the inverse probability that a row is still uncensored then, so that
        the loss counts the bins as if nobody had been censored.
    smooth : bool, default=True
        Networks learn first by how much a row's hazards are higher or lower as a whole, then
        their trend over the bins, then what is finer; boosting learns the four coarsest of these
        waves only. With False each bin is learnt by itself, which overfits small tables and takes
        boosting a tree per bin and round. Networks can have any hazards either way.

    Notes
    -----
    The share of a bin is counted by the clock of the Kaplan-Meier estimate of all rows, not by
    the calendar, in the loss as in the curves. So the best constant model is Kaplan and Meier's
    estimate at every time, however wide the bins, wherever rows are censored and however many
    events share a time. Raw scores are finite: where the estimate falls to 0, or not at all in a
    bin, the curve is a millionth off. To the loss, a time at which everybody at risk failed has
    the hazard of Nelson and Aalen; the curves make up for that.
    In long data, all tasks have the same cuts: time is one clock, in one unit, and what tells
    tasks apart are their hazards. Bring times of different units to one before. Where tasks run
    on scales of their own, such as days and years, most cuts lie where most events do.
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
