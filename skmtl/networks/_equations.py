"""Differential equations for the outputs of a network."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._batch import Batch
from skmtl.networks._clipping import clipped, unclipped
from skmtl.networks._layers import parameter

FURTHEST_TIME = 100.0
"""Largest scaled time that is recovered from its clipped value to 4 digits."""


@storable
@dataclass(frozen=True)
class LinearOutput:
    """Conversion of a raw score to the user's units: centre + scale * score.

    Attributes
    ----------
    score : int
        Position among the raw scores of all tasks.
    centre, scale : float
    """

    score: int
    centre: float
    scale: float


@storable
@dataclass(frozen=True)
class Coefficient:
    """A coefficient of an equation, learnt together with the network.

    Attributes
    ----------
    start : float
        Initial value, not 0 if `positive`.
    positive : bool
        If True, the coefficient is ``start * exp(learnt)``. Otherwise it is
        ``start + abs(start) * learnt``, or ``learnt`` if `start` is 0.
    """

    start: float
    positive: bool

    def value(self, learnt: Tensor) -> Tensor:
        """Return the coefficient, given a parameter that is initialised with zero."""
        if self.positive:
            return self.start * learnt.exp()
        return self.start + (abs(self.start) or 1.0) * learnt


@storable
@dataclass(frozen=True)
class Equation:
    r"""Differential equations of some outputs that share coefficients.

    The loss is :math:`\frac{w}{2} \operatorname{mean} (r s_t / s_y)^2` over rows and equations,
    where r is the residual of the equation of an output with scale :math:`s_y`, and :math:`s_t`
    is the scale of time. A residual of one scale of y per scale of time therefore counts as much
    as a prediction that is one standard deviation away from its label.

    Attributes
    ----------
    name : str
    function : callable
        Returns residuals from time, outputs, their time derivatives and coefficients.
    time : int
        Position of time among the numeric features.
    time_centre, time_scale : float
        Centre and scale of time before it was clipped smoothly to (-3, 3).
    outputs : mapping of hashable to LinearOutput
    coefficients : mapping of str to Coefficient
    weight : float
    """

    name: str
    function: Callable[..., Any]
    time: int
    time_centre: float
    time_scale: float
    outputs: Mapping[Hashable, LinearOutput]
    coefficients: Mapping[str, Coefficient]
    weight: float

    def residuals(
        self, predict: Callable[[Batch], Tensor], batch: Batch, values: Mapping[str, Tensor]
    ) -> Tensor:
        """Return scaled residuals of the rows that have a time, (n_equations, n_rows).

        Parameters
        ----------
        predict : callable
            Returns raw scores (batch, members, n_scores) of rows.
        batch : Batch
        values : mapping of str to tensor of shape ()
            Values of the coefficients.
        """
        batch = batch.take(torch.nonzero(~batch.numeric[:, self.time].isnan())[:, 0])
        with torch.enable_grad():
            scaled = unclipped(batch.numeric[:, self.time], FURTHEST_TIME).requires_grad_()
            numeric = batch.numeric.clone()
            numeric[:, self.time] = clipped(scaled)
            # Predictions are means over members, so the mean has to solve the equations.
            scores = predict(replace(batch, numeric=numeric)).mean(dim=1)
            outputs, slopes = {}, {}
            for name, output in self.outputs.items():
                outputs[name] = output.centre + output.scale * scores[:, output.score]
                (slope,) = torch.autograd.grad(outputs[name].sum(), scaled, create_graph=True)
                slopes[name] = slope / self.time_scale
            time = self.time_centre + self.time_scale * scaled.detach()
            returned = self.function(time, outputs, slopes, values)
            return torch.stack(
                [
                    residual * (self.time_scale / self.outputs[name].scale)
                    for name, residual in self._by_output(returned, len(time)).items()
                ]
            )

    def check(self, batch: Batch, n_scores: int) -> None:
        """Call the function once, to find mistakes in it before training.

        Raises
        ------
        ValueError
            If the function looks up an output or a coefficient that does not exist, or does not
            return a residual for each row.
        """
        values = {name: c.value(torch.zeros(())) for name, c in self.coefficients.items()}

        def predict(rows: Batch) -> Tensor:
            return rows.numeric[:, self.time, None, None].expand(-1, 1, n_scores)

        try:
            self.residuals(predict, batch, values)
        except KeyError as error:
            raise ValueError(
                f"The function of {self.name!r} looks for {error}; `values`, `slopes` and the "
                f"residuals are those of {list(self.outputs)}, and the coefficients are "
                f"{list(self.coefficients)}."
            ) from error

    def _by_output(self, residuals: Any, n_rows: int) -> Mapping[Hashable, Tensor]:
        """Return the residuals as a mapping of outputs to tensors, after checking them."""
        if not isinstance(residuals, Mapping):
            if len(self.outputs) > 1:
                raise ValueError(
                    f"The function of {self.name!r} must return a mapping of targets to the "
                    f"residuals of their equations, because there are {list(self.outputs)}; got "
                    f"{type(residuals).__name__}."
                )
            residuals = dict.fromkeys(self.outputs, residuals)
        for name, residual in residuals.items():
            shape = tuple(getattr(residual, "shape", ()))
            if not (
                isinstance(residual, Tensor) and shape == (n_rows,) and residual.requires_grad
            ):
                raise ValueError(
                    f"The function of {self.name!r} must return the residuals of {name!r} as a "
                    f"tensor of shape (n_rows,), computed from `values` or `slopes` with torch "
                    f"operations; got {type(residual).__name__} of shape {shape} for "
                    f"{n_rows} rows."
                )
        return residuals


class Equations(nn.Module):
    """Equations and their learnt coefficients.

    Parameters
    ----------
    equations : sequence of Equation
    """

    def __init__(self, equations: tuple[Equation, ...]) -> None:
        super().__init__()
        self.equations = equations
        self.learnt = nn.ParameterList(parameter(len(e.coefficients)) for e in equations)

    def coefficients(self) -> dict[str, dict[str, Tensor]]:
        """Return the coefficients of each equation by name."""
        pairs = zip(self.equations, self.learnt, strict=True)
        return {
            equation.name: {
                name: coefficient.value(number)
                for (name, coefficient), number in zip(
                    equation.coefficients.items(), learnt, strict=True
                )
            }
            for equation, learnt in pairs
        }

    def losses(self, predict: Callable[[Batch], Tensor], batch: Batch) -> dict[str, Tensor]:
        """Return the loss of each equation over the rows, 0 if no row has a time."""
        values = self.coefficients()
        losses = {}
        for equation in self.equations:
            residuals = equation.residuals(predict, batch, values[equation.name])
            total = residuals.square().sum() / max(residuals.numel(), 1)
            losses[equation.name] = 0.5 * equation.weight * total
        return losses
