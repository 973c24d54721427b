"""How rows of X become features, and how predictions become forecasts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length

from skmtl._storable import storable
from skmtl.panels import (
    FeaturePlan,
    FeatureTable,
    History,
    Moments,
    PanelClock,
    PanelColumns,
    large_table,
)
from skmtl.tasks import DerivedTarget, Hurdle, Kind
from skmtl.timeseries._derived import derived_labels
from skmtl.timeseries._known_ahead import KnownAhead
from skmtl.timeseries._layout import StepLayout
from skmtl.timeseries._past import PastColumns
from skmtl.timeseries._targets import ForecastTargets

_FEWEST_ROWS = 5
_LEAST_CHANCE = 1e-3


@storable
@dataclass(frozen=True)
class Recipe:
    """The fitted state besides the model.

    Attributes
    ----------
    columns : PanelColumns
    targets : ForecastTargets
    past : PastColumns
    plan : FeaturePlan
    derived : dict of name to DerivedTarget
    missing : dict of hashable to float
        Share of missing values in the rows of `fit`, for known and static columns.
    categories : dict of hashable to list
        The values of columns that are not numbers, known in advance, past or static.
    season : int
        The first season, in steps.
    horizon : int
    end : int
        The last time of `fit`, by the clock.
    layout : StepLayout
        How the steps are represented for the inner estimator.
    """

    columns: PanelColumns
    targets: ForecastTargets
    past: PastColumns
    plan: FeaturePlan
    derived: dict[Hashable, DerivedTarget]
    missing: dict[Hashable, float]
    categories: dict[Hashable, list[Any]]
    season: int
    horizon: int
    end: int
    layout: StepLayout

    def history(self, X: Any, y: Any, clock: PanelClock) -> tuple[History, np.ndarray]:
        """Return the history of some rows, and the row at each position of its panel."""
        frame = self.columns.frame(X)
        values = self.past_values(frame, y)
        return History.read(frame, values, self.columns.id, self.columns.time, clock)

    def past_values(self, frame: pd.DataFrame, y: Any) -> pd.DataFrame:
        """Return the values of rows and labels that are stored as the past of later rows."""
        return past_values(self.targets, self.past, frame, self.targets.labels(y))

    def moments(self, history: History, frame: pd.DataFrame) -> Moments:
        """Return series, times and origins of rows.

        A series is known up to its last row with a label. The origin of a time up to that row is
        one step earlier. The origin of a later time is that row, or the horizon before the time if
        the row is further away.

        Raises
        ------
        ValueError
            If a row is further than the horizon from the end of its series, of the history and of
            `fit`.
        """
        codes = history.ids.codes(frame)
        clock = history.clock.count(frame[history.time])
        if len(history.panel.codes) == 0:
            codes = np.full(len(codes), -1)
        of_series = self.label_ends(history)
        ends = np.where(codes >= 0, of_series[np.maximum(codes, 0)], clock - 1)
        # Series that have ended may be forecast together with those that continue.
        end = int(of_series.max(initial=self.end))
        too_far = np.flatnonzero((codes >= 0) & (clock > end + self.horizon))
        if len(too_far):
            last = history.clock.times(ends[too_far[:1]])[0]
            first = frame[history.time].iloc[too_far[0]]
            raise ValueError(
                f"{len(too_far)} rows are more than horizon={self.horizon} steps after the end of "
                f"their series: ids {history.ids.labels(codes[too_far])}, such as {first} after "
                f"{last}. Forecast earlier times, append the rows in between with update, or fit "
                "with a longer horizon."
            )
        steps = np.clip(clock - ends, 1, self.horizon)
        return Moments(codes, clock, clock - steps)

    def label_ends(self, history: History) -> np.ndarray:
        """Return the last time of each series with a label of any target, (n_series,)."""
        n_columns = sum(len(self.targets.past_names(name)) for name in self.targets.kinds)
        return history.panel.known_ends(range(n_columns))

    def lost_columns(self, frame: pd.DataFrame) -> list[Hashable]:
        """Return columns without values, if this is very unlikely for rows like those of `fit`."""
        return [
            name
            for name, share in self.missing.items()
            if len(frame) >= _FEWEST_ROWS
            and share ** len(frame) < _LEAST_CHANCE
            and frame[name].isna().all()
        ]

    def features(self, history: History, moments: Moments, frame: pd.DataFrame) -> FeatureTable:
        """Return the features of rows."""
        given = frame[[*self.columns.known, *self.columns.static]]
        return large_table(self.plan, history, moments, given)

    def known_ahead(self, frame: pd.DataFrame, history: History) -> KnownAhead:
        """Return the known covariates of rows by series and time."""
        columns = self.columns
        return KnownAhead(frame, columns.id, columns.time, columns.known, history.clock)

    def anchors(self, history: History, moments: Moments, levels: np.ndarray) -> np.ndarray:
        """Return the anchors to add to the forecasts of each number, (n, n_numbers)."""
        return self.plan.anchors(history, moments, levels)[:, self.places]

    @property
    def places(self) -> list[int]:
        """Positions of the targets that are numbers among the columns of the history."""
        names = [column.name for column in self.plan.columns]
        return [names.index(self.targets.past_name(name)) for name in self.targets.numbers]

    @property
    def kinds(self) -> dict[Hashable, Kind]:
        """The learnt tasks: the targets, and the tasks of derived targets."""
        kinds = dict(self.targets.kinds)
        for name, target in self.derived.items():
            kinds |= target.kinds(name, self.targets.kinds[target.target])
        return kinds

    @property
    def hurdles(self) -> dict[Hashable, Hurdle]:
        """The derived targets whose forecast is a product."""
        return {
            name: target for name, target in self.derived.items() if isinstance(target, Hurdle)
        }

    @property
    def in_units(self) -> dict[Hashable, Hashable]:
        """The tasks learnt in standardised units, with the target whose units are used."""
        amounts = {target.amount(name): target.target for name, target in self.hurdles.items()}
        return {name: name for name in self.targets.numbers} | amounts

    def has_units(self, tasks: Iterable[Hashable]) -> np.ndarray:
        """Return whether the errors of some tasks are in the units of a number.

        Both parts of a hurdle count, because their product is a number.
        """
        occurrences = {hurdle.occurs(name) for name, hurdle in self.hurdles.items()}
        return np.array([task in self.in_units or task in occurrences for task in tasks])

    def derived_labels(
        self, history: History, moments: Moments, labels: pd.DataFrame
    ) -> pd.DataFrame:
        """Return the labels of the derived targets."""
        return derived_labels(self.derived, self.targets, history, moments, labels, self.season)

    def schema(
        self, kinds: Mapping[Hashable, Kind], classes: Mapping[Hashable, np.ndarray]
    ) -> dict[str, Any]:
        """Return the inputs and outputs for inspection of the model file."""
        tasks = [
            {
                "name": name,
                "kind": kind.name,
                "classes": classes[name].tolist() if name in classes else None,
            }
            for name, kind in kinds.items()
        ]
        features = [
            {"name": name, "kind": self.columns.role(name)} for name in self.columns.all_names
        ]
        return {"features": features, "task_column": None, "tasks": tasks}


def past_values(
    targets: ForecastTargets, past: PastColumns, frame: pd.DataFrame, labels: pd.DataFrame
) -> pd.DataFrame:
    """Return the columns of a history: of the targets, then of the past covariates."""
    check_consistent_length(frame, labels)
    of_targets = targets.past_values(labels)
    of_past = past.values(frame[[*past.names, *past.categories]])
    twice = [name for name in of_past.columns if name in of_targets.columns]
    if twice:
        raise ValueError(f"Rename the targets {twice}: past covariates have these names here.")
    return pd.concat([of_targets.reset_index(drop=True), of_past.reset_index(drop=True)], axis=1)
