"""Encode a data frame as the two arrays that networks read."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tables._categories import MISSING, UNKNOWN, LeastRows, are_kept, encode_values
from skmtl.tables._encoder import ColumnEncoder
from skmtl.tables._hashing import CategoryHashing, HashedCategories
from skmtl.tables._numeric import RobustScaler

# Share of unseen ids that may be taken for known ones without a warning.
_MOST_MISTAKEN = 0.1


@dataclass(frozen=True)
class EncodedTable:
    """A table, encoded as numbers.

    Attributes
    ----------
    numeric : ndarray of shape (n_samples, n_numeric), float32, C-contiguous
        The scaled numeric columns, NaN where a value is missing.
    codes : ndarray of shape (n_samples, n_categorical), int64, C-contiguous
        The categories: 0 unknown at fit, 1 missing, 2 and up the known ones.
    histories : mapping of column to rows
        Columns of histories, as encoded by their `HistoryReader`.
    present : ndarray of shape (n_samples, n_sources), bool, or None
        Which sources the rows have; None if the columns have no sources.
    """

    numeric: NDArray[np.float32]
    codes: NDArray[np.int64]
    histories: Mapping[Hashable, Any] = field(default_factory=dict, repr=False)
    present: NDArray[np.bool_] | None = field(default=None, repr=False)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> EncodedTable:
        """Select rows."""
        histories = {name: column[rows] for name, column in self.histories.items()}
        present = None if self.present is None else self.present[rows]
        return EncodedTable(self.numeric[rows], self.codes[rows], histories, present)


@storable
class TableEncoder(ColumnEncoder):
    """Encode the columns of a data frame as scaled floats and category codes.

    The numeric scaling is robust to outliers (Holzmüller et al. 2024,
    https://arxiv.org/abs/2407.04491): quartiles, then a smooth clip to (-3, 3).

    If a column had no missing values in `fit`, nothing could be learnt about them: missing numbers
    are then imputed by the median, and missing categories count as unknown.

    Parameters
    ----------
    least_rows : int or "auto", default=1
        Minimum number of rows of a known category. Rarer categories count as unknown, so that the
        model learns how to predict unseen ones. "auto" is 20 in a column of more than 1,000
        categories, such as ids, unless that would leave none, and 1 in others.
    hashed : HashedCategories, default=None
        Columns whose categories are hashed instead of being listed.

    Attributes
    ----------
    columns_, numeric_, categorical_, cardinalities_, categories_
        See `ColumnEncoder`. For a hashed column, `categories_` has a single category, which
        distinguishes text from numbers; `hashing_` has its codes.
    hashing_ : CategoryHashing or None
        None without hashed columns.
    scaler_ : RobustScaler
        The scaler of the numeric columns.
    complete_ : bool ndarray of shape (n_columns,)
        Mask of the columns without missing values in the rows that were learnt from.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tables import TableEncoder
    >>> frame = pd.DataFrame({"size": [1, 2, 3, 9], "city": ["Rome", "Bern", None, "Bern"]})
    >>> encoder = TableEncoder().fit(frame)
    >>> encoder.categories_["city"].tolist(), encoder.cardinalities_
    (['Bern', 'Rome'], [4])
    >>> encoder.transform(frame).codes.ravel()
    array([3, 2, 1, 2])
    """

    hashing_: CategoryHashing | None = None
    _hashed: HashedCategories | None = None

    def __init__(self, least_rows: LeastRows = 1, hashed: HashedCategories | None = None) -> None:
        self._least_rows = least_rows
        if hashed is not None:  # files of other models do not have this attribute
            self._hashed = hashed

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        if self._hashed is not None:
            self.hashing_ = CategoryHashing.empty(self._hashed)
        super().fit(frame, rows, sample_weight)
        if self._hashed is not None:
            self._check_hashed(self._hashed)
        return self

    def _check_hashed(self, settings: HashedCategories) -> None:
        strange = [label for label in settings.columns or () if label not in self.categories_]
        if strange:
            raise ValueError(
                f"HashedCategories: columns names {strange[:5]}, which are not columns of text or "
                f"categories of X; these are {self.categorical_[:20]}. Make ids that are numbers "
                "categories, by .astype('category')."
            )
        if self.hashing_ is not None and not self.hashing_.labels:
            self.hashing_ = None
        if self.hashing_ is not None and self.hashing_.mistaken_share > _MOST_MISTAKEN:
            warnings.warn(
                f"HashedCategories: n_rows={settings.n_rows} is small for the ids of "
                f"{self.hashing_.labels}: {self.hashing_.mistaken_share:.0%} of unseen ids are "
                "taken for known ones, and read what was learnt from others. Raise n_rows or "
                "min_count.",
                UserWarning,
                stacklevel=2,
            )

    def _is_named_as_ids(self, label: Hashable) -> bool:
        return self._hashed is not None and label in (self._hashed.columns or ())

    def _learn_known(
        self, label: Hashable, known: pd.Index, n_rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], pd.Index]:
        if self._hashed is None or not self._hashed.apply_to(label, len(known)):
            return super()._learn_known(label, known, n_rows)
        least = self._hashed.min_count
        kept = are_kept(n_rows, self._least_rows if least is None else least)
        assert self.hashing_ is not None
        self.hashing_.learn(label, known[kept])
        return kept, known[kept][:1]

    def _codes_of(self, label: Hashable, column: pd.Series) -> NDArray[np.int64]:
        hashing = self.hashing_
        if hashing is None or label not in hashing.labels:
            return super()._codes_of(label, column)
        return encode_values(
            column,
            self.categories_[label],
            lambda values: hashing.codes(label, values),
        )

    @property
    def _looks_cells_up(self) -> bool:
        return self.hashing_ is None

    @property
    def scaler_(self) -> RobustScaler:
        return self._scaler

    @property
    def complete_(self) -> NDArray[np.bool_]:
        if self.counts_ is None:  # models of version 0.1.0 do not know which columns were complete
            return np.zeros(len(self.columns_), dtype=bool)
        return self.counts_.missing == 0

    def _fit_numeric(
        self,
        dtypes: list[Any],
        blocks: Iterable[tuple[slice, NDArray[np.float64]]],
        weights: NDArray[np.float64] | None,
    ) -> None:
        self._scaler = RobustScaler(len(self.numeric_))
        for part, block in blocks:
            self._scaler.learn(part, block, weights)

    def transform(self, frame: pd.DataFrame) -> EncodedTable:
        """Encode a frame with the learnt columns.

        Parameters
        ----------
        frame : DataFrame of shape (n_samples, n_features)
            The columns seen at fit, in that order.

        Returns
        -------
        EncodedTable

        Raises
        ------
        ValueError
            If the columns differ from those seen at fit, in name, order or kind.
        """
        blocks, codes = self.read(frame)
        numeric = np.empty((len(frame), len(self.numeric_)), dtype=np.float32)
        for part, block in blocks:
            numeric[:, part] = self._scaler.apply(part, block).T
        complete = self.complete_
        numeric[np.isnan(numeric) & complete[self._numeric_positions]] = 0.0
        codes[(codes == MISSING) & complete[self._categorical_positions]] = UNKNOWN
        return EncodedTable(numeric, codes)
