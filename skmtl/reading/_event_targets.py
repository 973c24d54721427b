"""Targets that are all times to events."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, Literal

import numpy as np
import pandas as pd

from skmtl.reading._targets import ScoredLabels, Targets, answers_in_blocks, task_curves
from skmtl.reading._terms import (
    check_events,
    check_followed,
    check_horizons,
    read_events,
    terms_of,
)
from skmtl.tasks import (
    CompetingRisks,
    Curves,
    Cuts,
    EventTimeKind,
    Interpolation,
    Kind,
    ProportionalHazards,
    Survival,
    TaskSet,
    numbered_causes,
)


@dataclass(frozen=True)
class EventTargets(Targets):
    """Each event is a task, or several tasks if `horizons` split time into terms.

    Attributes
    ----------
    columns : mapping of event to columns of y, or None
    cuts, interpolation, censoring_weights
        Settings of the kinds; see `skmtl.tasks.Survival`.
    head : {"hazard", "proportional_hazards"}
    horizons : sequence of float, or None
    names : list of hashable, or None
        Names of the events; None before `fit`.
    """

    columns: Mapping[Hashable, Sequence[Hashable]] | None
    cuts: Cuts
    interpolation: Interpolation
    censoring_weights: bool
    head: Literal["hazard", "proportional_hazards"] = "hazard"
    horizons: Sequence[float] | None = None
    names: Sequence[Hashable] | None = None

    def check(self) -> None:
        """Raise a ValueError for settings that contradict each other."""
        check_events(self.columns)
        if self.censoring_weights and self.head != "hazard":
            raise ValueError(
                f"censoring_weights needs the bins of hazards, which head={self.head!r} does not "
                "have. Use head='hazard'."
            )
        check_horizons(self.horizons, self._single_kind(self.cuts).cuts)

    @property
    def output_names(self) -> list[Hashable] | None:
        return None if self.names is None else list(self.names)

    def check_comparable(self, y: Any) -> None:
        if self.horizons is not None:
            raise ValueError(
                "Events with horizons are several tasks each: compare them with horizons=None."
            )
        for name, labels in self.read_events(y).items():
            if labels.array.n_causes > 1:
                raise ValueError(
                    f"Event {name!r} has several causes, whose risks are several predictions. "
                    "Compare the causes as events of their own, each censored by the others; or "
                    "make the event one task of RMTGB or MultiTab, with tasks="
                    f"{{{name!r}: CompetingRisks(...)}}."
                )

    def read_events(self, y: Any) -> pd.DataFrame:
        """Return labels with one column of event times per event."""
        return read_events(y, self.columns)

    def read_first(self, y: Any) -> tuple[EventTargets, pd.DataFrame]:
        events = self.read_events(y)
        for name in events.columns:
            check_followed(events[name].array, self.horizons, name)
        return replace(self, names=list(events.columns)), self._in_terms(events)

    def fit(
        self, Y: pd.DataFrame, weight: np.ndarray | None, group: np.ndarray | None, n_groups: int
    ) -> TaskSet:
        return TaskSet.fit(Y, infer=self._infer, weight=weight, group=group, n_groups=n_groups)

    def read(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        return self._in_terms(self.events(y, tasks))

    def scored(self, y: Any, tasks: TaskSet) -> ScoredLabels:
        """Return the times to each event, or to each competing cause, censored by the others."""
        columns: dict[Hashable, pd.Series] = {}
        events = self.events(y, tasks)
        for name in events.columns:
            labels, risks = events[name].array, self._risk_names(name, tasks)
            if len(risks) > 1:
                for cause, risk in zip(self._causes(name, tasks), risks, strict=True):
                    columns[risk] = pd.Series(labels.only(cause), index=events.index)
            else:
                columns[name] = events[name]
        frame = pd.DataFrame(dict(enumerate(columns.values())), index=events.index)
        frame = frame.set_axis(pd.Index(list(columns), tupleize_cols=False), axis=1)
        return ScoredLabels(frame, dict.fromkeys(columns, Survival()))

    def event_names(self, tasks: TaskSet) -> list[Hashable]:
        return list(tasks.names if self.names is None else self.names)

    def events(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        causes = any(kind.n_causes > 1 for kind in tasks.by_name.values())
        named = self.event_names(tasks)
        known = {name: tasks.by_name[self._heads(name)[0]].cause_names for name in named}
        events = read_events(y, self.columns, causes=causes, known=known)
        numbered = {
            name: numbered_causes(events[name].array, self._causes(name, tasks), name)
            for name in events.columns
            if name in named
        }
        return events.assign(**numbered)

    def curves(self, scores: np.ndarray, tasks: TaskSet) -> dict[Hashable, Curves]:
        """Return the curves of each event; consecutive terms are joined."""
        by_task = task_curves(scores, tasks)
        if self.horizons is None:
            return by_task
        return {
            name: reduce(Curves.then, (by_task[t.name] for t in terms_of(name, self.horizons)))
            for name in self.event_names(tasks)
        }

    def predictions(
        self, scores: np.ndarray, group: np.ndarray | None, tasks: TaskSet
    ) -> dict[Hashable, np.ndarray]:
        """Return the risks of all events and causes."""
        questions = dict.fromkeys(self.event_names(tasks), Curves.risk)
        answers = answers_in_blocks(scores, partial(self.curves, tasks=tasks), questions)
        return {
            risk_name: risks[:, cause]
            for event, risks in answers.items()
            for cause, risk_name in enumerate(self._risk_names(event, tasks))
        }

    def _risk_names(self, event: Hashable, tasks: TaskSet) -> list[Hashable]:
        """Return the names of an event's risks: the event, or its causes."""
        causes = self._causes(event, tasks)
        if len(causes) == 1:
            return [event]
        several = len(self.event_names(tasks)) > 1
        return [(event, cause) if several else cause for cause in causes]

    def _causes(self, event: Hashable, tasks: TaskSet) -> tuple[Hashable, ...]:
        return tasks.by_name[self._heads(event)[0]].causes

    def _heads(self, event: Hashable) -> list[Hashable]:
        """Return the names of an event's tasks."""
        return [term.name for term in terms_of(event, self.horizons)] or [event]

    def _in_terms(self, events: pd.DataFrame) -> pd.DataFrame:
        """Return labels with a column for each term of each event."""
        if self.horizons is None:
            return events
        columns = {
            term.name: pd.Series(term.labels(events[name].array), index=events.index)
            for name in events.columns
            for term in terms_of(name, self.horizons)
        }
        return pd.DataFrame(columns, index=events.index)

    def _infer(self, labels: pd.Series) -> Kind:
        cuts = self._cuts_of(labels.name)
        if labels.array.n_causes < 2:
            return self._single_kind(cuts)
        if self.head != "hazard":
            raise ValueError(
                f"y has several competing causes, which head={self.head!r} does not support. "
                "Use head='hazard'."
            )
        return CompetingRisks(
            cuts, interpolation=self.interpolation, censoring_weights=self.censoring_weights
        )

    def _single_kind(self, cuts: Cuts) -> EventTimeKind:
        if self.head == "proportional_hazards":
            return ProportionalHazards(cuts, interpolation=self.interpolation)
        return Survival(
            cuts, interpolation=self.interpolation, censoring_weights=self.censoring_weights
        )

    def _cuts_of(self, task: Hashable) -> Cuts:
        """Return the cuts; of given ends of bins, those in the task's term."""
        cuts = self._single_kind(self.cuts).cuts
        if self.horizons is None or not isinstance(cuts, tuple):
            return cuts
        terms = (term for name in self.names or () for term in terms_of(name, self.horizons))
        return next(term.cuts(cuts) for term in terms if term.name == task)
