"""Differential equations as entries of `tasks`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class Residual:
    r"""Differential equations that regression targets obey in time, with learnt coefficients.

    This is a task of `MultiTab` and `MultiTabRegressor` without labels: an entry of `tasks` in
    addition to the targets, with its own name. A row is an entity at a time, and y has the labels
    that were measured at that time, if any. For targets :math:`y_j(t)` the network minimises

    .. math::

        \sum_j w_j \ell_j + \frac{w}{2 J n} \sum_{j=1}^{J} \sum_{i=1}^{n}
        \left( \frac{s_t}{s_j} r_j(t_i, y(t_i), y'(t_i); \theta) \right)^2

    over all rows, with and without labels. :math:`\ell_j` are the losses of the labels, and
    :math:`r_j` the residuals of the equations at the predictions in the user's units, whose
    derivatives by time are exact. The coefficients :math:`\theta` are learnt together with the
    network. :math:`s_j` is the standard deviation of the labels, and :math:`s_t` the interquartile
    range of the times. Rows without labels specify where the equations hold: to extrapolate, add
    the times to X, with missing labels.

    Parameters
    ----------
    function : callable
        Called as ``function(time, values, slopes, coefficients)``. `time` is a torch tensor of
        shape (n,), in the units of its column. `values` and `slopes` map the names of the
        regression targets to such tensors: predictions, and their derivatives by time.
        `coefficients` maps names to scalar tensors. Returns the residuals, which are zero where
        the equation holds, as a tensor of shape (n,); for several targets a mapping of targets
        to the residuals of their equations. It must use operations of torch.
    time : hashable
        The numeric column of X with the time. Rows where it is missing have no residuals.
    coefficients : mapping of str to float, optional
        Names of the coefficients and their start values, which should have the right order of
        magnitude. By default the equations have no unknown coefficients.
    positive : bool or collection of str, default=False
        Coefficients that are always positive: all, none, or those that are named. These are learnt
        on a logarithmic scale, the others in units of their start values.
    weight : float, default=1.0
        Weight w of the equations. With 1, a residual of :math:`s_j / s_t` counts as much as a
        label that is one standard deviation off. A larger weight trusts the equations more.

    Notes
    -----
    `values` has all regression targets without `transform`. The data must be wide.

    The network is built for its derivatives: `time` enters through a linear map, and all layers
    have the smooth activation SiLU instead of ReLU. The derivative of a ReLU network is a step
    function, and the residuals do not determine where the steps should be: for a decay with the
    rate 0.7, such a network learnt 0.39. Residuals are computed without dropout and in float32.

    Early stopping adds the mean squared residual at up to 1,024 training rows to the loss of
    held-out labels. `history_` has the loss as ``auxiliary[<name>]``, and `coefficients_` of the
    estimator has the coefficients. These are only as precise as the labels allow, and their spread
    over the networks is not a standard error.

    Only first derivatives are available: an equation of second order needs the first derivative as
    a target with labels. Row weights do not affect the residuals. Tables on disk are not
    supported.

    Files do not contain code. To save a model with `model.save`, make `function` an object of a
    class with the method ``__call__`` that is decorated with `skmtl.files.storable`.

    References
    ----------
    M. Raissi, P. Perdikaris, G. E. Karniadakis, "Physics-informed neural networks: A deep learning
    framework for solving forward and inverse problems involving nonlinear partial differential
    equations", Journal of Computational Physics 378 (2019), 686-707.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> from skmtl.tasks import Residual
    >>> def decay(time, values, slopes, coefficients):
    ...     return slopes["level"] + coefficients["rate"] * values["level"]
    >>> X = pd.DataFrame({"hours": np.linspace(0, 5, 40)})
    >>> Y = pd.DataFrame({"level": 2 * np.exp(-0.7 * X["hours"])})
    >>> Y[X["hours"] > 2] = np.nan  # not measured
    >>> law = Residual(decay, time="hours", coefficients={"rate": 1.0}, positive=True)
    >>> model = MultiTab(tasks={"law": law}, n_bags=1, max_epochs=2, early_stopping=False)
    >>> model.fit(X, Y).coefficients_.index.tolist()
    [('law', 'rate')]
    >>> model.predict(X).columns.tolist()
    ['level']
    """

    function: Callable[..., Any]
    time: Hashable = field(kw_only=True)
    coefficients: Mapping[str, float] = field(kw_only=True, default_factory=dict)
    positive: bool | Collection[str] = field(kw_only=True, default=False)
    weight: float = field(kw_only=True, default=1.0)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function must be callable, got {self.function!r}.")
        if not isinstance(self.coefficients, Mapping):
            raise TypeError(
                "coefficients must map names to their values at the start, got "
                f"{self.coefficients!r}."
            )
        if not (_is_finite(self.weight) and self.weight > 0):
            raise ValueError(f"weight must be a positive number, got {self.weight!r}.")
        unknown = set(self._positive_names) - set(self.coefficients)
        if unknown:
            raise ValueError(
                f"positive names {sorted(unknown)}, but the coefficients are "
                f"{list(self.coefficients)}."
            )
        for name, start in self.coefficients.items():
            if not _is_finite(start):
                raise ValueError(f"The coefficient {name!r} starts at {start!r}, not at a number.")
            if self.is_positive(name) and start <= 0:
                raise ValueError(f"The coefficient {name!r} is positive, but starts at {start}.")

    @property
    def _positive_names(self) -> Collection[str]:
        if isinstance(self.positive, bool):
            return tuple(self.coefficients) if self.positive else ()
        return (self.positive,) if isinstance(self.positive, str) else self.positive

    def is_positive(self, name: str) -> bool:
        """Whether a coefficient is always positive."""
        return name in self._positive_names


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def residuals_among(tasks: object) -> dict[Hashable, Residual]:
    """Return the residuals among `tasks`, by name."""
    if not isinstance(tasks, Mapping):
        return {}
    return {name: task for name, task in tasks.items() if isinstance(task, Residual)}


def without_residuals(tasks: Any) -> Any:
    """Return `tasks` without residuals; the same object if there are none."""
    residuals = residuals_among(tasks)
    if not residuals:
        return tasks
    return {name: kind for name, kind in tasks.items() if name not in residuals}


def refuse_residuals(tasks: object, reader: str) -> None:
    """Raise ValueError for residuals among `tasks` of an estimator within another.

    Parameters
    ----------
    tasks : object
        The parameter of the estimator.
    reader : str
        What passes rows and targets to the estimator, for the error message.
    """
    for name in residuals_among(tasks):
        raise ValueError(
            f"Task {name!r} is a Residual, but {reader} passes modified rows and targets to its "
            "estimators, for which the equation may not hold. Fit the estimator on its own."
        )
