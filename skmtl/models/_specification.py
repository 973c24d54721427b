"""The targets of an estimator before `fit`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from skmtl.engines import Engine
from skmtl.reading import EventTargets, Targets


@dataclass(frozen=True)
class Specification:
    """An unfitted estimator, as used by comparisons of tasks; see `skmtl.answers`."""

    task_column: Hashable | None
    targets: Targets
    engine: Engine

    @property
    def all_events(self) -> bool:
        """Whether all of y is times to events."""
        return isinstance(self.targets, EventTargets)

    @property
    def records_transfer(self) -> bool:
        """Whether `fit` can record how a step for one task changes the losses of the others."""
        return self.engine.records_transfer

    def read_events(self, y: Any) -> pd.DataFrame:
        """Return the times to events in y, if all of y is events."""
        return cast(EventTargets, self.targets).read_events(y)

    def read_labels(self, y: Any) -> pd.DataFrame:
        """Return labels with one column for each target, as `fit` would read them."""
        self.targets.check_comparable(y)
        _, labels = self.targets.read_first(y)
        return labels
