"""The step that a balancer asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import torch

from skmtl.balancing import Equal, GradientBalancer, LossBalancer, SaliencyPenalty, SharpnessAware
from skmtl.networks import MultiTabNet
from skmtl.training._balanced_steps import (
    LossStep,
    PenaltyStep,
    RepresentationStep,
    SharpRepresentationStep,
    SharpTrunkStep,
    TrunkStep,
)
from skmtl.training._balanced_tasks import balanced_tasks
from skmtl.training._combination import ByCallable, ByProducts, Combination
from skmtl.training._data import TrainingRows
from skmtl.training._objective import Objective
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Processes
from skmtl.training._steps import PartStep, PlainStep, Step
from skmtl.training._transfer import RecordingStep


def choose_step(
    options: TrainingOptions,
    objective: Objective,
    training: TrainingRows,
    generator: torch.Generator,
    processes: Processes,
) -> Step:
    """The step of ``options.balance``, with a state for this training, recorded if so wished."""
    step = _balanced_step(options, objective, training, generator, processes)
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
    # From the generator's seed and not from its stream: the order of rows is then the same
    # whatever the balancer, and comparisons are fair.
    rng = np.random.default_rng(generator.initial_seed())
    device = objective.share.device
    if isinstance(balance, LossBalancer):
        weights = balance.start(tasks.n_tasks, rng, device)
        return LossStep(objective, tasks, weights, generator)
    # Compiled code is written for one way back; in what follows there are several.
    objective = replace(objective, call=objective.network)
    at_representation = options.balance_at == "representation"
    if isinstance(balance, SaliencyPenalty):
        _check_targets(objective, balance)
        return PenaltyStep(objective, balance)
    if isinstance(balance, SharpnessAware):
        sharp = SharpRepresentationStep if at_representation else SharpTrunkStep
        return sharp(objective, tasks, balance.radius)
    combination: Combination
    if isinstance(balance, GradientBalancer):
        combination = ByProducts(balance, tasks.n_tasks, rng)
    else:
        combination = ByCallable(balance, rng, device)
    at = RepresentationStep if at_representation else TrunkStep
    return at(objective, tasks, combination)


def _check_targets(objective: Objective, balance: SaliencyPenalty) -> None:
    """Raise where no row can have two tasks to compare, in long data of a single target."""
    if cast(MultiTabNet, objective.network).config.n_groups and len(objective.share) == 1:
        raise ValueError(
            f"balance={balance!r} compares the tasks of each row, but in long data with one "
            "target a row has a single task. Choose another balance, such as 'pcgrad'."
        )
