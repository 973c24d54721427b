"""From residuals among `tasks` to the equations of a network."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import cast

import numpy as np

from skmtl._suggestions import did_you_mean
from skmtl.engines import Problem
from skmtl.networks import FURTHEST_TIME, Coefficient, Equation, LinearOutput, clipped_number
from skmtl.tables import EncodedTable, HistoryTableEncoder, TableEncoder
from skmtl.tasks import Residual, TaskSet

NO_BEND = np.array([-3.0, 3.0], dtype=np.float32)
"""Edges of the one bin that a time has: all that there are are clipped to less."""


def check_residuals(residuals: Mapping[Hashable, Residual], tasks: TaskSet) -> None:
    """Raise ValueError where there is nothing that residuals could be of, or a name is taken."""
    for name in residuals:
        if name in tasks.names:
            raise ValueError(
                f"tasks[{name!r}] is a Residual, which has no labels, but y has the column "
                f"{name!r}. Give the Residual another name."
            )
        if not linear_outputs(tasks):
            raise ValueError(
                f"The Residual {name!r} needs a regression target without `transform`; the "
                f"targets are {tasks.kinds}."
            )


def linear_outputs(tasks: TaskSet) -> dict[Hashable, LinearOutput]:
    """The targets whose predictions are linear in a raw score."""
    outputs = {}
    for name, head, scores in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True):
        if head.linear_link is not None:
            outputs[name] = LinearOutput(scores.start, *head.linear_link)
    return outputs


def equations_of(residuals: Mapping[Hashable, Residual], problem: Problem) -> tuple[Equation, ...]:
    """The equations of a network that learns the problem.

    Raises
    ------
    ValueError
        If data are long, labels are weighted one by one, or a time is not a numeric feature that
        varies, or is too far from the others.
    """
    if residuals and problem.task_ids:
        raise ValueError(
            f"The Residual {next(iter(residuals))!r} needs wide data, in which a target has one "
            "unit. Leave out task_column, and let the id be a feature."
        )
    weight = problem.rows.sample_weight
    if residuals and weight is not None and weight.ndim == 2:
        raise ValueError(
            f"The Residual {next(iter(residuals))!r} learns from rows without labels, which "
            "sample_weight with a weight for each label leaves out. Pass weights of rows."
        )
    outputs = linear_outputs(problem.tasks)
    return tuple(
        _equation(name, residual, outputs, problem) for name, residual in residuals.items()
    )


def _equation(
    name: Hashable,
    residual: Residual,
    outputs: Mapping[Hashable, LinearOutput],
    problem: Problem,
) -> Equation:
    encoder = cast(TableEncoder | HistoryTableEncoder, problem.encoder)
    if residual.time not in encoder.numeric_:
        raise ValueError(
            f"The Residual {name!r} has time={residual.time!r}, which is not a numeric feature: "
            f"these are {encoder.numeric_[:20]}.{did_you_mean(residual.time, encoder.numeric_)} "
            "Pass times as numbers, in a column that is not the time_column or another role."
        )
    position = encoder.numeric_.index(residual.time)
    times = cast(EncodedTable, problem.rows.features).numeric[:, position]
    scale = 2 * encoder.scaler_.half_scale_[position]
    if not np.isfinite(scale):
        raise ValueError(
            f"The Residual {name!r} has time={residual.time!r}, which is the same in all rows."
        )
    if (np.abs(times) > clipped_number(FURTHEST_TIME)).any():
        raise ValueError(
            f"The Residual {name!r} has time={residual.time!r}, in which some values are more "
            f"than {FURTHEST_TIME:g} interquartile ranges from the median. Leave these rows out, "
            "or count time on another scale, such as its logarithm, and change the equation."
        )
    return Equation(
        name=str(name),
        function=residual.function,
        time=position,
        time_centre=float(2 * encoder.scaler_.half_center_[position]),
        time_scale=float(scale),
        outputs=outputs,
        coefficients={
            coefficient: Coefficient(float(start), residual.is_positive(coefficient))
            for coefficient, start in residual.coefficients.items()
        },
        weight=float(residual.weight),
    )
