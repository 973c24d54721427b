"""The protocols of fitted models and their answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from warnings import warn

import numpy as np
import pandas as pd

from skmtl.answers._forms import Form, as_named_frame
from skmtl.answers._record import FitRecord
from skmtl.reading import ScoredLabels
from skmtl.tables import CellCounts, TaskIds, describe_empty_columns
from skmtl.tasks import Curves, FunnelLevels, Kind

CellType = Literal["number", "text", "histories", "any", "unused"]
"""Types of cells in a column: "any" is numbers or text, "unused" can be anything."""


class CountedRows(Protocol):
    """Rows of a table with counts of missing and unknown cells."""

    def cell_counts(self) -> CellCounts | None:
        """Count missing cells and unknown categories by column; None if unknown."""
        ...

    def may_lack_columns(self) -> bool:
        """Whether a column may be without any value; quicker than counting."""
        ...


def warn_of_empty_columns(rows: CountedRows, learnt: CellCounts | None) -> None:
    """Warn about columns that have lost all their values since fit.

    The warning points to the caller of the caller of the function that calls this one.
    """
    if learnt is None or not rows.may_lack_columns():
        return
    counts = rows.cell_counts()
    text = None if counts is None else describe_empty_columns(counts, learnt)
    if text is not None:
        warn(text, stacklevel=4)


class Answers(ABC):
    """All predictions of a model for the rows of one table, from one pass."""

    @property
    @abstractmethod
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        """All predictions (n_samples,) by name, in the user's units.

        There is one for each target; for an event with competing causes, one for each cause.
        """

    @abstractmethod
    def probabilities(self, name: Hashable) -> np.ndarray:
        """Return class probabilities of a target, (n_samples, n_classes)."""

    @abstractmethod
    def quantiles(self, name: Hashable) -> np.ndarray:
        """Return the predicted quantiles of a target, (n_samples, n_levels)."""

    @abstractmethod
    def curves(self) -> Mapping[Hashable, Curves]:
        """Return the survival curves of all events."""

    @abstractmethod
    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        """Apply functions to the curves of events, which are computed a few rows at a time."""

    def cell_counts(self) -> CellCounts | None:
        """See `CountedRows`."""
        return None

    def may_lack_columns(self) -> bool:
        """See `CountedRows`."""
        return True


@dataclass(frozen=True)
class InputColumns:
    """The columns of X, and how a model interprets each of them.

    Attributes
    ----------
    cell_types : list of CellType
        By position.
    task : int or None
        Position of the column with the task ids of long data.
    known_ids : TaskIds or None
        The ids, where the model refuses others.
    texts : list of set of str
        By position, the known texts, as categories or as task ids.
    hidden : frozenset of int
        Positions of the columns that the model does not read, and X may lack.
    """

    cell_types: list[CellType]
    task: int | None
    known_ids: TaskIds | None
    texts: list[set[str]]
    hidden: frozenset[int] = frozenset()


class FittedModel(ABC):
    """A fitted model, as metrics, scoring, sharing, survival and export see it.

    Attributes
    ----------
    names : list of hashable
        The targets.
    kinds : dict of target to Kind
        Fitted.
    event_names : list of hashable
        The times to events among the targets. An event may be several tasks of the engine.
    task_column : hashable or None
        The column of X that names the task of a row in long data.
    reads_rows_together : bool
        Whether the predictions for a row depend on other rows of the table.
    reads_history : bool
        Whether they depend on the past of series, which is not in the table.
    """

    names: list[Hashable]
    kinds: dict[Hashable, Kind]
    event_names: list[Hashable]
    task_column: Hashable | None
    reads_rows_together: bool = False
    reads_history: bool = False

    @property
    @abstractmethod
    def classes(self) -> dict[Hashable, np.ndarray]:
        """Classes of the targets that have any, in the order of the probabilities."""

    @property
    def levels(self) -> dict[Hashable, tuple[float, ...]]:
        """Levels of the targets that have quantiles."""
        levels = {name: tuple(kind.quantile_levels) for name, kind in self.kinds.items()}
        return {name: values for name, values in levels.items() if values}

    @property
    def funnels(self) -> dict[Hashable, FunnelLevels]:
        """The steps of the targets that are funnels."""
        funnels = {name: kind.funnel for name, kind in self.kinds.items()}
        return {name: funnel for name, funnel in funnels.items() if funnel is not None}

    @property
    def outputs(self) -> list[Hashable]:
        """Targets and events, by the kind of their answers."""
        return self.names

    @property
    def form(self) -> Form:
        """Convert predictions to the result of `predict`."""
        return as_named_frame

    @property
    def record(self) -> FitRecord | None:
        """Facts about the fit of the model, if it has them."""
        return None

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of parameters, trees and other parts of the model."""
        return {}

    def schema(self) -> dict[str, Any]:
        """The inputs and outputs of the model, as plain data, for people who inspect its file."""
        return {}

    @abstractmethod
    def read_labels(self, y: Any) -> pd.DataFrame:
        """Labels with one column for each target in y."""

    @abstractmethod
    def read_scored(self, y: Any) -> ScoredLabels:
        """Labels with one column for each prediction that can be compared with y."""

    @abstractmethod
    def read_events(self, y: Any) -> pd.DataFrame:
        """The times to events in y, one column of `EventTimes` per event."""

    @abstractmethod
    def curve_shapes(self) -> dict[Hashable, Curves]:
        """Curves of each event without rows, for their times and causes."""

    def converted(self, X: Any) -> Any:
        """Convert X so that several calls do not have to convert it again.

        Returns X itself if something inside the model may depend on the library of X.
        """
        return X

    def ask(self, X: Any) -> Answers:
        """Predict a table; warn about columns that have lost all their values since `fit`."""
        answers = self.ask_part(X)
        warn_of_empty_columns(answers, self.learnt_counts)
        return answers

    @abstractmethod
    def ask_part(self, X: Any) -> Answers:
        """Predict a part of a table, in which columns may be empty."""

    @property
    def learnt_counts(self) -> CellCounts | None:
        """`Answers.cell_counts` for the rows of `fit`; None if not known."""
        return None

    @abstractmethod
    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns | None:
        """How the columns with these labels are interpreted; None if the model does not know."""


class UnfittedModel(Protocol):
    """An estimator before `fit`, as comparisons of tasks see it.

    Attributes
    ----------
    task_column : hashable or None
    all_events : bool
        Whether all of y is times to events.
    records_transfer : bool
        Whether `fit` can record how a step for one task changes the losses of the others.
    """

    @property
    def task_column(self) -> Hashable | None: ...

    @property
    def all_events(self) -> bool: ...

    @property
    def records_transfer(self) -> bool: ...

    def read_events(self, y: Any) -> pd.DataFrame:
        """The times to events that y holds, where all of y is events."""
        ...

    def read_labels(self, y: Any) -> pd.DataFrame:
        """Labels with one column for each target, as `fit` would read them.

        Raises
        ------
        ValueError
            If a target is several predictions, which cannot be compared as one task.
        """
        ...
