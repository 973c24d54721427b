"""The classes of a funnel, and the labels and probabilities of its steps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from skmtl.tasks._class_positions import class_positions
from skmtl.tasks._label_values import plain_values


class FunnelLevels:
    """The labels of a funnel, which state how far rows went.

    A row has taken the first ``taken`` steps. Either it is known to have ended there, which is a
    class, or it is unknown whether it took the next step.

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
    """

    def __init__(self, steps: Sequence[Hashable]) -> None:
        later = list(pairwise(steps))
        self.steps = tuple(steps)
        self.names = (*map(str, steps), *(f"{step}_given_{before}" for before, step in later))
        ended = [f"{step} without {following}" for step, following in later]
        self.classes = np.array([f"no {steps[0]}", *ended, f"{steps[-1]}"], dtype=object)
        self._open = [f"{step}, {following} unknown" for step, following in later]
        self._words = np.array([*self.classes, *self._open], dtype=object)

    def label(self, taken: np.ndarray, ended: np.ndarray) -> pd.Categorical:
        """Return the labels of rows; missing if the first step is unknown.

        Parameters
        ----------
        taken : int ndarray of shape (n_samples,)
            Number of steps taken.
        ended : bool ndarray of shape (n_samples,)
            Whether the row is known to have ended there.
        """
        unknown = np.where(taken > 0, len(self.classes) + taken - 1, -1)
        words = pd.Index(self._words)
        return pd.Categorical.from_codes(np.where(ended, taken, unknown).tolist(), words)

    def read(self, labels: pd.Series, task: Hashable) -> tuple[np.ndarray, np.ndarray]:
        """Return `taken` and `ended` of observed labels.

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
        ended = codes < len(self.classes)
        return np.where(ended, codes, codes - len(self.classes) + 1), ended

    def classes_alone(self, labels: pd.Series) -> pd.Series:
        """Return the labels that are classes; missing if the next step is unknown."""
        return labels.where(~labels.isin(self._open))

    def step_labels(self, labels: pd.Series, task: Hashable) -> pd.DataFrame:
        """Return whether each step was taken, one column per step: 0, 1, or NaN if unknown."""
        observed = labels.notna().to_numpy()
        taken, ended = self.read(labels[observed], task)
        took = np.arange(len(self.steps)) < taken[:, None]
        values = np.full((len(labels), len(self.steps)), np.nan)
        values[observed] = np.where(took | ended[:, None], took, np.nan)
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
