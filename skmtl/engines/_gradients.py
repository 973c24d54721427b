"""Detect kinds whose loss cannot be minimised with its gradient."""

from __future__ import annotations

from skmtl.tasks import TaskSet


def check_exact_gradients(tasks: TaskSet, learner: str) -> None:
    """Raise a ValueError for a kind whose gradient treats part of the loss as constant.

    Parameters
    ----------
    tasks : TaskSet
    learner : str
        Name of the learner, which needs gradients that match the losses.
    """
    for name, head in tasks.by_name.items():
        if not head.has_exact_gradient:
            raise ValueError(
                f"Task {name!r} is {head!r}, which treats the probabilities of earlier steps as "
                f"constant weights. {learner} cannot minimise such a loss: set "
                "selection='observed' or 'entire_space', or use MultiTab or RMTGB."
            )
