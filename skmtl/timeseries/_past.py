"""Covariates that are only known once their time has come."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class PastColumns:
    """The past covariates as numbers and codes.

    Attributes
    ----------
    names : tuple of hashable
        Columns of numbers.
    categories : dict of hashable to list
        Categories of all other columns.
    """

    names: tuple[Hashable, ...]
    categories: dict[Hashable, list[Any]]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> PastColumns:
        """Learn the columns from the past covariates of `fit`.

        Raises
        ------
        ValueError
            If a column holds dates or times.
        """
        for name in frame:
            if frame[name].dtype.kind in "mM" or isinstance(frame[name].dtype, pd.PeriodDtype):
                raise ValueError(
                    f"The column {name!r} of X holds dates or times ({frame[name].dtype}), which "
                    "could be used in many ways. Replace it by numbers, such as the days to it."
                )
        is_number = {name: pd.api.types.is_numeric_dtype(frame[name].dtype) for name in frame}
        categories = {
            name: sorted(frame[name].dropna().unique().tolist(), key=str)
            for name in frame
            if not is_number[name]
        }
        return cls(tuple(name for name in frame if is_number[name]), categories)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the features of the numbers."""
        return tuple(f"past {name}" for name in self.names)

    @property
    def known(self) -> dict[str, list[Any]]:
        """The categories by the names of their features."""
        return {f"past {name}": values for name, values in self.categories.items()}

    def values(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return numbers, followed by codes, as float64; unseen categories are missing."""
        columns = {}
        for name, label in zip(self.names, self.labels, strict=True):
            try:
                numbers = pd.to_numeric(frame[name])
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"The column {name!r} of X must hold numbers as in fit: {error}."
                ) from error
            values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
            if np.isinf(values).any():
                raise ValueError(f"The column {name!r} of X has infinite values.")
            columns[label] = values
        for name, known in self.categories.items():
            codes = pd.Index(known).get_indexer(pd.Index(frame[name].astype(object)))
            columns[f"past {name}"] = np.where(codes < 0, np.nan, codes)
        return pd.DataFrame(columns, index=frame.index)
