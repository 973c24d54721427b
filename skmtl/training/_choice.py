"""The choice of the step for a balancer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from skmtl.balancing import Equal, LossBalancer, SaliencyPenalty, SharpnessAware
from skmtl.networks import equation_losses_of, n_groups_of, split_network
from skmtl.training._balanced_steps import (
    LossStep,
    PenaltyStep,
    RepresentationStep,
    SharpRepresentationStep,
)
from skmtl.training._balanced_tasks import balanced_tasks
from skmtl.training._combination import combination_of
from skmtl.training._data import TrainingRows
from skmtl.training._equations import EquationStep
from skmtl.training._objective import Objective
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Processes
from skmtl.training._steps import PartStep, PlainStep, Step
from skmtl.training._transfer import RecordingStep
from skmtl.training._trunk_steps import SharpTrunkStep, TrunkStep


def choose_step(
    options: TrainingOptions,
    objective: Objective,
    training: TrainingRows,
    generator: torch.Generator,
    processes: Processes,
) -> Step:
    """Return a new step for ``options.balance``, with recording if ``options.record`` is set.

    Raises
    ------
    TypeError
        If the network lacks methods that the balancer needs.
    ValueError
        If the balancer has nothing to compare in these rows.
    """
    step = _balanced_step(options, objective, training, generator, processes)
    if equation_losses_of(objective.network) is not None:
        step = EquationStep(step, objective.network, processes)
    if options.record is None:
        return step
    tasks = balanced_tasks(objective, training)
    return RecordingStep(step, objective, tasks, options.record, options.learning_rate)


def _balanced_step(
    options: TrainingOptions,
    objective: Objective,
    training: TrainingRows,
    generator: torch.Generator,
    processes: Processes,
) -> Step:
    balance = options.balance
    if isinstance(balance, Equal):
        return PlainStep(objective) if processes.count == 1 else PartStep(objective, processes)
    tasks = balanced_tasks(objective, training)
    # Seeded without drawing from the generator, so that the order of rows is the same for all
    # balancers and comparisons are fair.
    rng = np.random.default_rng(generator.initial_seed())
    if isinstance(balance, LossBalancer):
        weights = balance.start(tasks.n_tasks, rng, objective.share.device)
        return LossStep(objective, tasks, weights, generator)
    # Compiled code supports a single backward pass; the following steps need several.
    objective = replace(objective, call=objective.network)
    if isinstance(balance, SaliencyPenalty):
        _check_targets(objective, balance)
        split_network(objective.network, f"balance={balance!r}")
        return PenaltyStep(objective, balance)
    at_representation = options.balance_at == "representation"
    if at_representation:
        split_network(objective.network, f"balance={balance!r} at the representation")
    if isinstance(balance, SharpnessAware):
        sharp = SharpRepresentationStep if at_representation else SharpTrunkStep
        return sharp(objective, tasks, balance.radius)
    combination = combination_of(balance, tasks.n_tasks, rng, objective.share.device)
    at = RepresentationStep if at_representation else TrunkStep
    return at(objective, tasks, combination)


def _check_targets(objective: Objective, balance: SaliencyPenalty) -> None:
    """Raise for long data with one target, where no row has two tasks to compare."""
    if n_groups_of(objective.network) and objective.n_targets == 1:
        raise ValueError(
            f"balance={balance!r} compares the tasks of each row, but in long data with one "
            "target a row has a single task. Choose another balance, such as 'pcgrad'."
        )
