"""How the steps ahead are represented for the model inside a forecaster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from skmtl.answers import Answers
from skmtl.panels import History, Moments
from skmtl.tasks import Kind
from skmtl.timeseries._examples import Examples, ExampleSettings
from skmtl.timeseries._known_ahead import KnownAhead

if TYPE_CHECKING:
    from skmtl.timeseries._preparation import Prepared
    from skmtl.timeseries._recipe import Recipe


@dataclass(frozen=True)
class Question:
    """The inputs of the inner model for some moments.

    Attributes
    ----------
    features : DataFrame of shape (n_asked, n_features)
    moments : Moments of shape (n_asked,)
        Moments of the rows of `features`.
    places : ndarray of int64, shape (n,)
        The row of `features` for each moment.
    levels, scales : ndarray of float64, shape (n, n_columns)
        Units of the lagged columns at each moment.
    """

    features: pd.DataFrame
    moments: Moments
    places: np.ndarray
    levels: np.ndarray
    scales: np.ndarray


class StepLayout(ABC):
    """The form of training examples and of inputs for prediction.

    Attributes
    ----------
    reads_known_ahead : bool
        Whether a forecast also uses the known covariates of other steps.
    """

    reads_known_ahead: ClassVar[bool] = False

    @abstractmethod
    def tasks_of(self, name: Hashable, horizon: int) -> list[Hashable]:
        """Return the tasks of the inner model that forecast a target."""

    @abstractmethod
    def examples(
        self,
        prepared: Prepared,
        sample_weight: np.ndarray | None,
        settings: ExampleSettings,
        rng: np.random.Generator,
        end: int | None,
    ) -> Examples:
        """Return the training examples of a panel.

        Parameters
        ----------
        prepared : Prepared
        sample_weight : ndarray of float64, shape (n_rows,), or None
            A row of weight 0 is not an example.
        settings : ExampleSettings
        rng : Generator
        end : int or None
            The last time to learn from, by the clock.

        Raises
        ------
        ValueError
            If no series has two rows within the horizon.
        """

    @abstractmethod
    def question(
        self,
        recipe: Recipe,
        history: History,
        moments: Moments,
        rows: pd.DataFrame,
        known: KnownAhead,
    ) -> Question:
        """Return the inputs of the inner model for moments and their rows of X."""

    @abstractmethod
    def answers(
        self,
        within: Answers,
        classes: Mapping[Hashable, np.ndarray],
        places: np.ndarray,
        steps: np.ndarray,
        recipe: Recipe,
    ) -> Answers:
        """Return the answers for each moment, in standardised units.

        Parameters
        ----------
        within : Answers
            Answers of the inner model for the features of a `Question`.
        classes : mapping of task to ndarray
            Classes in the order of the probabilities of the inner model.
        places, steps : ndarray of int64, shape (n,)
        recipe : Recipe
        """

    def kinds(self, kinds: Mapping[Hashable, Kind], horizon: int) -> dict[Hashable, Kind]:
        """Return the tasks of the inner model, given the kinds of the targets.

        Raises
        ------
        ValueError
            If two tasks would have the same name.
        """
        tasks: dict[Hashable, Kind] = {}
        for name, kind in kinds.items():
            for task in self.tasks_of(name, horizon):
                if task in tasks:
                    raise ValueError(f"Rename the target {name!r}: two tasks are called {task!r}.")
                tasks[task] = kind
        return tasks

    def classes(
        self, within: Mapping[Hashable, np.ndarray], name: Hashable, horizon: int
    ) -> np.ndarray:
        """Return the classes of a target, given those of the tasks of the inner model.

        A task may lack rare classes.
        """
        of_tasks = [within[task] for task in self.tasks_of(name, horizon)]
        most = max(of_tasks, key=len)
        others = np.setdiff1d(np.concatenate(of_tasks), most)
        return most if not len(others) else np.sort(np.concatenate([most, others]))
