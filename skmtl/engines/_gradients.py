"""Kinds whose loss cannot be minimised along its gradient."""

from __future__ import annotations

from skmtl.tasks import TaskSet


def check_exact_gradients(tasks: TaskSet, learner: str) -> None:
    """Raise ValueError for a kind that holds a part of its loss fixed (`has_exact_gradient`).

    Parameters
    ----------
    tasks : TaskSet
    learner : str
        What minimises losses by values and gradients that belong together.
    """
    for name, head in tasks.by_name.items():
        if not head.has_exact_gradient:
            raise ValueError(
                f"Task {name!r} is {head!r}, which holds the probabilities of earlier steps fixed "
                f"where they weigh. {learner} cannot minimise such a loss: set "
                "selection='observed' or 'entire_space', or use MultiTab or RMTGB."
            )
