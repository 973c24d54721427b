"""The base class of kinds whose labels are real numbers in their own units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import has_one_value, number_values, observed_numbers
from skmtl.tasks._robust_units import robust_units
from skmtl.tasks._transforms import Transform, TransformLike, as_transform, checked_forward
from skmtl.tasks._units import grouped_units, take_group


class StandardisedKind(Kind):
    """A kind that encodes labels as (y - centre) / scale, with a centre and scale per group.

    A `transform` is applied to y first.
    """

    centre_: np.ndarray
    scale_: np.ndarray
    # Defaults for old files.
    transform: TransformLike = None
    scale_of_labels_: Transform | None = None

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        values = number_values(labels, self.task, self.name)
        transform = as_transform(self.transform)
        self.scale_of_labels_ = None if transform is None else transform.fit(values)
        values = self._on_scale(values)
        units = robust_units if self.is_robust else grouped_units
        self.centre_, self.scale_ = units(values, weight, group, n_groups)

    def is_constant(self, labels: pd.Series) -> bool:
        return has_one_value(labels)

    def _on_scale(self, values: np.ndarray) -> np.ndarray:
        """Return observed labels on the scale on which they are learnt."""
        if self.scale_of_labels_ is None:
            return values
        return checked_forward(self.scale_of_labels_, values, self.task)

    @property
    def is_robust(self) -> bool:
        """Whether the loss is robust, so that the units have to be robust to outliers as well."""
        return False

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        values, observed = observed_numbers(labels, self.task, self.name)
        values[observed] = self._on_scale(values[observed])
        scaled = (values - take_group(self.centre_, group)) / take_group(self.scale_, group)
        return np.where(observed, scaled, 0.0)[:, None]
