"""Losses of differential equations, which are added to the losses of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from skmtl.networks import Batch, equation_losses_of
from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._processes import Processes
from skmtl.training._steps import Step, StepLosses

_UNIT_LOSS = 0.5
"""Loss of an equation with residuals of one unit, which equals that of a label one unit off."""
_JUDGED_ROWS = 1024


class EquationStep:
    """Adds the gradients of equations to those of another step.

    The losses of equations are computed without dropout, whose noise would bias their
    coefficients. They are computed in float32 and without compiled code, because they need second
    derivatives.

    Parameters
    ----------
    step : Step
        The step for the labels.
    network : nn.Module
        A network with the method `equation_losses`.
    processes : Processes
    """

    def __init__(self, step: Step, network: nn.Module, processes: Processes) -> None:
        self._step = step
        self._network = network
        self._processes = processes

    def backward(self, samples: Samples) -> StepLosses:
        losses = self._step.backward(samples)
        part = self._processes.part(samples)
        scale = len(part) * self._processes.count / len(samples)
        equation_losses = equation_losses_of(self._network)
        assert equation_losses is not None
        with _without_dropout(self._network):
            equations = equation_losses(part.inputs)
        equations = {name: loss * scale for name, loss in equations.items()}
        with_auxiliary(losses.by_target.new_zeros(()), equations).backward()
        return StepLosses(losses.by_target, detached(losses.auxiliary, equations))

    def after_step(self, samples: Samples) -> None:
        self._step.after_step(samples)

    def after_epoch(self) -> None:
        self._step.after_epoch()


def equation_rows(network: nn.Module, training: TrainingRows) -> Batch | None:
    """Return rows to evaluate the equations of a network on; None if it has no equations.

    These are training rows. Residuals have no labels that could be memorised, and rows without
    labels, where equations matter most, are never held out.
    """
    if equation_losses_of(network) is None:
        return None
    rows = training.in_memory().inputs
    n_rows = min(len(rows), _JUDGED_ROWS)
    some = torch.linspace(0, len(rows) - 1, n_rows).round().long().unique()
    return rows.take(some.to(rows.device)).to(training.device)


def relative_equation_loss(network: nn.Module, rows: Batch | None) -> float:
    """Return the sum of the losses of equations on the rows, in units of `_UNIT_LOSS`."""
    equation_losses = equation_losses_of(network)
    if equation_losses is None or rows is None:
        return 0.0
    return sum(float(loss.detach()) for loss in equation_losses(rows).values()) / _UNIT_LOSS


@contextmanager
def _without_dropout(network: nn.Module) -> Iterator[None]:
    network.eval()
    try:
        yield
    finally:
        network.train()
