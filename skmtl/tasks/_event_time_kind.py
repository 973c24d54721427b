"""The base class of kinds whose labels are times to events."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from itertools import pairwise
from numbers import Integral
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from skmtl.tasks._cause_names import numbered_causes
from skmtl.tasks._curves import Curves, Interpolation
from skmtl.tasks._event_times import EventTimes, EventTimesDtype
from skmtl.tasks._kind import Kind
from skmtl.tasks._survival_labels import paired_columns
from skmtl.tasks._time_grid import TimeGrid

Column = Hashable | None
Cuts = int | Sequence[float] | Literal["auto"]


class EventTimeKind(Kind):
    """A kind with times to events: settings, label columns, checks of labels and the risk.

    All groups of long data have the same grid of time, because the unit of time is the same in
    all of them, unlike the units of a regression.

    Parameters
    ----------
    cuts : int, sequence of float or "auto"
        Number of time bins, or their ends.
    event, time, entry : label or None
        Columns of y.
    interpolation : {"hazard", "density"}
        What the clock counts within a bin.

    Attributes
    ----------
    grid_ : TimeGrid
    """

    default_metric: ClassVar[str] = "concordance"
    has_numbers: ClassVar[bool] = False
    has_curves: ClassVar[bool] = True
    has_causes: ClassVar[bool] = False
    """Whether events may be of several causes."""
    grid_: TimeGrid

    def __init__(
        self,
        cuts: Cuts,
        event: Column,
        time: Column,
        entry: Column,
        interpolation: Interpolation,
    ) -> None:
        self.cuts = _checked_cuts(cuts)
        if (event is None) != (time is None):
            raise ValueError(f"Set both event and time, got event={event!r} and time={time!r}.")
        if interpolation not in get_args(Interpolation):
            raise ValueError(
                f"interpolation must be one of {get_args(Interpolation)}, got {interpolation!r}."
            )
        self.event = event
        self.time = time
        self.entry = entry
        self.interpolation: Interpolation = interpolation

    def parameters(self) -> dict[str, object]:
        names = ("cuts", "event", "time", "entry", "interpolation")
        return {name: getattr(self, name) for name in names}

    def label_columns(self, task: Hashable) -> list[Hashable]:
        if self.event is None:
            columns: list[Hashable] = [f"{task}_event", f"{task}_time"]
        else:
            columns = [self.event, self.time]
        return columns if self.entry is None else [*columns, self.entry]

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        columns = self.label_columns(task)
        events = paired_columns(
            labels, task, *columns, causes=self.has_causes, known=self.cause_names
        )
        return pd.Series(events, index=labels.index)

    def strata(self, labels: pd.Series) -> pd.Series:
        events = pd.Series(self._event_times(labels).event, index=labels.index)
        return events.astype("Int64").mask(labels.isna())

    def _learn(
        self,
        labels: pd.Series,
        *,
        weight: np.ndarray,
        group: np.ndarray | None,
        n_groups: int,
    ) -> None:
        observed = self._event_times(labels)
        if not (observed.event > 0).any():
            raise ValueError(
                f"Task {self.task!r} has no event: all {len(observed)} rows are censored, so "
                "there is nothing to learn. Drop the task."
            )
        self.n_causes = self._count_causes(observed)
        self.cause_names = observed.dtype.causes
        cuts = self._auto_cuts(observed) if self.cuts == "auto" else self.cuts
        self.grid_ = TimeGrid(observed, weight, cuts, self.task)
        self._warn_of_lost_curves()
        self._learn_times(observed, weight)

    def _warn_of_lost_curves(self) -> None:
        """Warn if the Kaplan-Meier estimate is 0 before later events of rows that enter late."""
        grid = self.grid_
        lost = grid.table.time[:-1][grid.ends[:-1]]
        lost = lost[lost < grid.edges[-1]]
        if len(lost):
            warnings.warn(
                f"Task {self.task!r} has a time, {lost[0]:g}, at which all rows under observation "
                "had the event, before others entered. Like the Kaplan-Meier estimate, survival "
                "is 0 from then on. If this is early, leave out the rows with times up to "
                f"{lost[-1]:g}; if it is late, end the curves before it with `cuts`.",
                stacklevel=2,
            )

    def _count_causes(self, labels: EventTimes) -> int:
        names = labels.dtype.causes
        if len(names) > 1:
            raise ValueError(
                f"Task {self.task!r} has the events {list(names)}, but kind {self.name!r} is for "
                "a single one. Use kind 'competing_risks' for competing causes."
            )
        if labels.event.max() > 1:
            raise ValueError(
                f"Task {self.task!r} has the event {labels.event.max()}, but a single event is "
                "coded 0 and 1. For a status as in R, 1 for censored and 2 for the event, pass "
                "status == 2. Use kind 'competing_risks' for competing causes."
            )
        return 1

    @abstractmethod
    def _auto_cuts(self, labels: EventTimes) -> int:
        """Return the number of bins for ``cuts="auto"``."""

    @abstractmethod
    def _learn_times(self, labels: EventTimes, weight: np.ndarray) -> None:
        """Learn attributes other than the grid from observed labels."""

    @abstractmethod
    def _encode_observed(self, labels: EventTimes) -> np.ndarray:
        """Return observed labels as float64 of shape (n_samples, target_width)."""

    @abstractmethod
    def curves(self, scores: np.ndarray) -> Curves: ...

    def _event_times(self, labels: pd.Series) -> EventTimes:
        if not isinstance(labels.dtype, EventTimesDtype):
            raise ValueError(
                f"Task {self.task!r} has kind {self.name!r}, whose labels are pairs of an event "
                f"and a time, but its column has dtype {labels.dtype}. Name the two columns of y: "
                f"tasks={{'death': {type(self).__name__}(event='died', time='days')}}. Columns "
                "'death_event' and 'death_time' do not have to be named."
            )
        return labels.array

    def check_scored(self, labels: pd.Series) -> None:
        numbered_causes(self._event_times(labels), self.causes, self.task)

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        values = numbered_causes(self._event_times(labels), self.causes, self.task)
        seen = ~values.isna()
        target = np.zeros((len(values), self.target_width))
        target[seen] = self._encode_observed(values[seen])
        return target

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        """Return the risk: the mean over the cuts of the probability of an event by then."""
        return self.curves(scores).risk().sum(axis=1)


def _checked_cuts(cuts: object) -> int | tuple[float, ...] | Literal["auto"]:
    if isinstance(cuts, str) and cuts == "auto":
        return "auto"
    if isinstance(cuts, Integral) and not isinstance(cuts, bool):
        if cuts < 1:
            raise ValueError(f"cuts must be a number of bins from 1, or their ends, got {cuts!r}.")
        return int(cuts)
    try:
        ends = tuple(float(cut) for cut in cuts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError(
            f"cuts must be 'auto', a number of bins from 1, or their ends, got {cuts!r}."
        ) from None
    if not ends or not np.isfinite(ends).all() or ends[0] < 0 or ends[-1] == 0:
        raise ValueError(f"cuts must be finite positive times, got {cuts!r}.")
    if any(low >= high for low, high in pairwise(ends)):
        raise ValueError(f"cuts must be strictly increasing, got {cuts!r}.")
    return ends
