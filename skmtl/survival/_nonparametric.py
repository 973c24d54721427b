"""Nonparametric estimators: Kaplan-Meier, Nelson-Aalen, Aalen-Johansen."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skmtl.survival._inputs import read_labels, read_weight
from skmtl.survival._steps import StepFunction
from skmtl.tasks import EventTimes, censoring_table, risk_table


def kaplan_meier(y: Any, sample_weight: ArrayLike | None = None) -> StepFunction:
    r"""Estimate the survival function: :math:`\prod_{t_j \le t} (1 - d_j / n_j)`.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. All causes count; rows that entered
        late are at risk from their entry on; missing labels are left out.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    StepFunction

    Examples
    --------
    >>> from skmtl.survival import kaplan_meier
    >>> y = {"event": [1, 0, 1, 1], "duration": [1, 2, 3, 4]}
    >>> kaplan_meier(y)([0, 1, 3.5]).tolist()
    [1.0, 0.75, 0.375]
    """
    return kaplan_meier_of(*_read(y, sample_weight))


def kaplan_meier_of(labels: EventTimes, weight: np.ndarray | None = None) -> StepFunction:
    """Estimate the survival function from checked labels."""
    table = risk_table(labels, weight)
    return StepFunction(table.time, np.cumprod(table.conditional_survival), 1.0)


def nelson_aalen(y: Any, sample_weight: ArrayLike | None = None) -> StepFunction:
    r"""Estimate the cumulative hazard: :math:`\sum_{t_j \le t} d_j / n_j`.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `kaplan_meier`.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    StepFunction

    Examples
    --------
    >>> from skmtl.survival import nelson_aalen
    >>> y = {"event": [1, 0, 1, 1], "duration": [1, 2, 3, 4]}
    >>> nelson_aalen(y)([0, 1, 3.5]).tolist()
    [0.0, 0.25, 0.75]
    """
    table = risk_table(*_read(y, sample_weight))
    return StepFunction(table.time, np.cumsum(table.failed / table.at_risk), 0.0)


def aalen_johansen(y: Any, sample_weight: ArrayLike | None = None) -> dict[Hashable, StepFunction]:
    r"""Estimate the cumulative incidence of each of several competing causes.

    :math:`F_k(t) = \sum_{t_j \le t} \hat S(t_j-) d_{kj} / n_j`, with the Kaplan-Meier estimate
    :math:`\hat S` for all causes, so that the incidences and survival sum to one.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `kaplan_meier`.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    dict of cause to StepFunction
        By name, or by number if the causes have no names.

    Examples
    --------
    >>> from skmtl.survival import aalen_johansen
    >>> y = {"event": [1, 2, 0, 1], "duration": [1, 2, 3, 4]}
    >>> {cause: curve([2, 4]).tolist() for cause, curve in aalen_johansen(y).items()}
    {1: [0.25, 0.75], 2: [0.25, 0.25]}
    >>> y["event"] = ["relapse", "death", "censored", "relapse"]
    >>> {cause: curve([2, 4]).tolist() for cause, curve in aalen_johansen(y).items()}
    {'death': [0.25, 0.25], 'relapse': [0.25, 0.75]}
    """
    # The caller states that the events are causes.
    labels, weight = _read(y, sample_weight, cause=1)
    table = risk_table(labels, weight)
    steps = table.alive_before[:, None] * table.events / table.at_risk[:, None]
    names = labels.dtype.causes or range(1, steps.shape[1] + 1)
    return {
        cause: StepFunction(table.time, np.cumsum(of_cause), 0.0)
        for cause, of_cause in zip(names, steps.T, strict=False)
    }


def censoring_distribution(y: Any, sample_weight: ArrayLike | None = None) -> StepFunction:
    """Estimate the probability that a row is still uncensored at a time.

    This is the Kaplan-Meier estimate with events and censoring exchanged. If rows fail and are
    censored at the same time, failures come first.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `kaplan_meier`.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    StepFunction

    Examples
    --------
    >>> from skmtl.survival import censoring_distribution
    >>> y = {"event": [1, 0, 1, 0], "duration": [1, 2, 2, 4]}
    >>> censoring_distribution(y)([1, 2, 3]).tolist()
    [1.0, 0.5, 0.5]
    """
    table = censoring_table(*_read(y, sample_weight))
    return StepFunction(table.time, np.cumprod(table.conditional_survival), 1.0)


def _read(
    y: Any, sample_weight: ArrayLike | None, cause: int | None = None
) -> tuple[EventTimes, np.ndarray]:
    labels, rows = read_labels(y, cause)
    return labels, read_weight(sample_weight, len(rows))[rows]
