"""The classes of a funnel, and the labels and probabilities of its steps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from skmtl.tasks._class_positions import class_positions
from skmtl.tasks._label_values import plain_values


class FunnelLevels:
    """The labels of a funnel, which state how far rows went.

    A row is known to have taken the first ``taken`` steps, and to have missed a step up to number
    ``limit``. The row ended after ``taken`` steps, which is a class, if ``limit`` is the next
    one. If it is a later one, the row ended before it, at an unknown step. If both numbers are
    equal, nothing is known about later steps; or all steps were taken.

    Parameters
    ----------
    steps : sequence of hashable
        The steps in their order.

    Attributes
    ----------
    steps : tuple of hashable
    classes : ndarray of shape (n_steps + 1,)
        Classes in the order of the number of steps taken.
    names : tuple of str
        The columns of `probabilities`: the steps, then all except the first given the previous
        one.

    Raises
    ------
    ValueError
        If two classes, or two columns of `probabilities`, have the same name.
    """

    def __init__(self, steps: Sequence[Hashable]) -> None:
        later = list(pairwise(steps))
        n_steps = len(steps)
        self.steps = tuple(steps)
        self.names = (*map(str, steps), *(f"{step}_given_{before}" for before, step in later))
        ended = [f"{step} without {following}" for step, following in later]
        self.classes = np.array([f"no {steps[0]}", *ended, f"{steps[-1]}"], dtype=object)
        ends = {(taken, min(taken + 1, n_steps)): word for taken, word in enumerate(self.classes)}
        partial = {(j + 1, j + 1): f"{a}, {b} unknown" for j, (a, b) in enumerate(later)}
        for taken, limit in combinations(range(n_steps + 1), 2):
            if limit > taken + 1:
                start = f"{steps[taken - 1]} without" if taken else "no"
                word = f"{start} {steps[limit - 1]}, {steps[taken]} unknown"
                partial[taken, limit] = word
        self._partial = list(partial.values())
        self._words = np.array([*self.classes, *self._partial], dtype=object)
        self._bounds = np.array([*ends, *partial])
        _refuse_repeated(self._words.tolist(), "labels")
        _refuse_repeated(self.names, "probabilities")

    def label(self, taken: np.ndarray, limit: np.ndarray) -> pd.Categorical:
        """Return the labels of rows; missing if nothing is known, so that both numbers are 0.

        Parameters
        ----------
        taken : int ndarray of shape (n_samples,)
            Number of first steps that were taken.
        limit : int ndarray of shape (n_samples,)
            Number of first steps of which at least one was not taken; `taken` if that is unknown.
        """
        n_steps = len(self.steps)
        codes = np.full((n_steps + 1, n_steps + 1), -1)
        codes[tuple(self._bounds.T)] = np.arange(len(self._bounds))
        return pd.Categorical.from_codes(codes[taken, limit].tolist(), pd.Index(self._words))

    def read(self, labels: pd.Series, task: Hashable) -> tuple[np.ndarray, np.ndarray]:
        """Return `taken` and `limit` of observed labels.

        Raises
        ------
        ValueError
            If a label does not belong to this funnel.
        """
        values = plain_values(labels)
        codes = class_positions(values, self._words)
        if (codes < 0).any():
            raise ValueError(
                f"Task {task!r} has the label {values[codes < 0].tolist()[0]!r}, but a funnel "
                f"reads its label from the columns {list(self.steps)} of y. Use another name for "
                f"the task: tasks={{'funnel': Funnel(steps={self.steps!r})}}."
            )
        taken, limit = self._bounds[codes].T
        return taken, limit

    def classes_alone(self, labels: pd.Series) -> pd.Series:
        """Return the labels that are classes; missing if a step is unknown."""
        return labels.where(~labels.isin(self._partial))

    def step_labels(self, labels: pd.Series, task: Hashable) -> pd.DataFrame:
        """Return whether each step was taken, one column per step: 0, 1, or NaN if unknown."""
        observed = labels.notna().to_numpy()
        taken, limit = self.read(labels[observed], task)
        step = np.arange(len(self.steps))
        took = step < taken[:, None]
        missed = (limit > taken)[:, None] & (step >= limit[:, None] - 1)
        values = np.full((len(labels), len(self.steps)), np.nan)
        values[observed] = np.where(took | missed, took, np.nan)
        columns = pd.Index(self.steps, tupleize_cols=False)
        return pd.DataFrame(values, index=labels.index, columns=columns)

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the columns of `names`, (n_samples, n_names), from probabilities of classes.

        A conditional probability is NaN if the previous step has probability 0.
        """
        reached = np.cumsum(probabilities[:, ::-1], axis=1)[:, ::-1]
        before, after = reached[:, 1:-1], reached[:, 2:]
        given = np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0)
        return np.hstack([reached[:, 1:], given])

    def conditional(self, probabilities: np.ndarray) -> np.ndarray:
        """P(step | previous step), (n_samples, n_steps), from the probabilities of the classes.

        0 for a step after one of probability 0.
        """
        given = self.probabilities(probabilities)
        later = given[:, len(self.steps) :]
        return np.hstack([given[:, :1], np.where(np.isnan(later), 0.0, later)])

    def class_probabilities(self, conditional: np.ndarray) -> np.ndarray:
        """The probabilities of the classes, (n_samples, n_steps + 1), from `conditional`."""
        reached = np.cumprod(np.hstack([np.ones((len(conditional), 1)), conditional]), axis=1)
        return np.hstack([reached[:, :-1] * (1 - conditional), reached[:, -1:]])


def _refuse_repeated(names: Sequence[str], what: str) -> None:
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise ValueError(
            f"steps: two {what} of this funnel would be called {repeated[0]!r}. Rename a column "
            "of y, so that no step is called like the absence of another, or like a step given "
            "another."
        )
