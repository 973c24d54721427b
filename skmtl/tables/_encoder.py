"""The base class of encoders: kinds of columns, categories and numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._categories import (
    FIRST_KNOWN,
    MISSING,
    UNKNOWN,
    LeastRows,
    are_kept,
    encode_categories,
    index_of,
    learn_categories,
)
from skmtl.tables._cells import read_cells
from skmtl.tables._counts import CellCounts
from skmtl.tables._frame_encoder import HistoryReader
from skmtl.tables._numeric import column_blocks
from skmtl.tables._numeric_text import warn_of_numbers
from skmtl.tables._schema import check_same_columns, column_kind, sorts_of


class ColumnEncoder(ABC):
    """Base class of encoders that learns columns, their kinds and their categories.

    Numbers and booleans are numeric; text and categories are categorical.  Missing values are
    allowed everywhere, infinities nowhere.

    Attributes
    ----------
    columns_ : list
        The labels of all columns, in order.
    numeric_, categorical_ : list
        The labels of the numeric and of the categorical columns, in order.
    cardinalities_ : list of int
        Number of codes of each categorical column, the codes 0 (unknown) and 1 (missing)
        included.
    categories_ : dict of label to pandas.Index
        The known categories of each categorical column; the category at position k has
        code k + 2.
    counts_ : CellCounts or None
        In the rows that were learnt from: missing cells, and cells whose category is unknown or
        occurs in a single row. None in models of version 0.1.0.
    """

    counts_: CellCounts | None = None
    histories: ClassVar[Mapping[Hashable, HistoryReader]] = MappingProxyType({})
    """Readers of history columns; empty here, see `HistoryTableEncoder`."""
    _least_rows: LeastRows = 1

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn the columns.

        Parameters
        ----------
        frame : DataFrame of shape (n_samples, n_features)
            All rows are checked.
        rows : ndarray of int of shape (n_rows,), default=None
            Positions of the training rows, from which scaling and categories are learnt; all rows
            by default.
        sample_weight : ndarray of shape (n_samples,), default=None
            Non-negative weights of the rows of `frame`. A row of weight 0 is ignored, one of
            weight 2 counts twice.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a column can be read neither as numbers nor as categories, or has infinities.

        Warns
        -----
        UserWarning
            For text columns that are nearly all numbers, most of which are rare.
        """
        kinds = [column_kind(frame.iloc[:, i]) for i in range(frame.shape[1])]
        self.take_columns(frame.columns.tolist(), [kind == "numeric" for kind in kinds])
        rows, weights = learning_rows(len(frame), rows, sample_weight)
        counts = self._no_counts(len(frame) if rows is None else len(rows))
        numeric = self._learning_blocks(frame, rows, counts.missing)
        self._fit_numeric(frame.dtypes.iloc[self._numeric_positions].tolist(), numeric, weights)
        self.categories_ = {}
        for i in self._categorical_positions:
            known, n_rows = learn_categories(frame.iloc[:, i], rows)
            if not self._is_named_as_ids(self.columns_[i]):
                warn_of_numbers(frame.iloc[:, i], known, n_rows)
            kept, remembered = self._learn_known(self.columns_[i], known, n_rows)
            self.categories_[self.columns_[i]] = remembered
            counts.missing[i] = counts.n_rows - n_rows.sum()
            counts.unknown[i] = n_rows[~kept | (n_rows == 1)].sum()
        self.cardinalities_ = [len(known) + FIRST_KNOWN for known in self.categories_.values()]
        self.counts_ = counts
        return self

    def take_columns(self, labels: list, is_numeric: list[bool]) -> None:
        """Set the columns, and which of them are numeric."""
        columns = list(enumerate(is_numeric))
        self._numeric_positions = [i for i, numeric in columns if numeric]
        self._categorical_positions = [i for i, numeric in columns if not numeric]
        self.columns_ = labels
        self.numeric_ = [labels[i] for i in self._numeric_positions]
        self.categorical_ = [labels[i] for i in self._categorical_positions]

    def _is_named_as_ids(self, label: Hashable) -> bool:
        """Whether the settings of the encoder say that a column of text has ids."""
        return False

    def kept_categories(self, known: pd.Index, n_rows: NDArray[np.int64]) -> pd.Index:
        """Return the categories with enough rows to be learnt."""
        return known[are_kept(n_rows, self._least_rows)]

    def _learn_known(
        self, label: Hashable, known: pd.Index, n_rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], pd.Index]:
        """Return a mask of the categories that are known, and the categories to store."""
        kept = are_kept(n_rows, self._least_rows)
        return kept, known[kept]

    def _learning_blocks(
        self, frame: pd.DataFrame, rows: NDArray[np.int64] | None, missing: NDArray[np.int64]
    ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Iterate over blocks of numeric columns of training rows, and count missing values.

        All rows are read, to find infinities.
        """
        for part, block in column_blocks(frame, self._numeric_positions):
            block = block if rows is None else block[:, rows]
            missing[self._numeric_positions[part]] = np.isnan(block).sum(axis=1)
            yield part, block

    @abstractmethod
    def _fit_numeric(
        self,
        dtypes: list[Any],
        blocks: Iterable[tuple[slice, NDArray[np.float64]]],
        weights: NDArray[np.float64] | None,
    ) -> None:
        """Learn the numeric columns. Implementations must consume all blocks.

        Parameters
        ----------
        dtypes : list of dtype
            The dtypes of the numeric columns.
        blocks : iterable of (slice, ndarray of shape (n_block, n_rows))
            Blocks of `column_blocks`, with the rows to learn from.
        weights : ndarray of shape (n_rows,), or None
            Weights of these rows.
        """

    def read(
        self, frame: pd.DataFrame
    ) -> tuple[Iterable[tuple[slice, NDArray[np.float64]]], NDArray[np.int64]]:
        """Return numeric columns as `column_blocks` does, and codes of categorical columns.

        Raises a ValueError if the columns differ from those of `fit` in name, order or kind.
        """
        check_same_columns(self.columns_, frame.columns.tolist())
        if len(frame) == 1 and self._looks_cells_up:
            categories = zip(self._categorical_positions, self.categories_.values(), strict=True)
            row = read_cells(frame, self._numeric_positions, list(categories))
            if row is not None:
                numbers, codes = row
                return [(slice(None), numbers[:, None])], codes[None]
        self._check_kinds(frame)
        return column_blocks(frame, self._numeric_positions), self._codes(frame)

    @property
    def _looks_cells_up(self) -> bool:
        """Whether `categories_` determines the code of every category."""
        return True

    @abstractmethod
    def transform(self, frame: pd.DataFrame) -> Any:
        """Encode a frame with the learnt columns, in the form that an engine reads."""

    def count_cells(self, frame: pd.DataFrame) -> CellCounts:
        """Count the missing cells and the unknown categories of each column.

        Parameters
        ----------
        frame : DataFrame of shape (n_samples, n_features)
            The columns seen at fit, in that order.

        Returns
        -------
        CellCounts

        Raises
        ------
        ValueError
            As `transform`.
        """
        blocks, codes = self.read(frame)
        counts = self._no_counts(len(frame))
        positions = np.array(self._numeric_positions, dtype=np.intp)
        for part, block in blocks:
            counts.missing[positions[part]] = np.isnan(block).sum(axis=1)
        counts.missing[self._categorical_positions] = (codes == MISSING).sum(axis=0)
        counts.unknown[self._categorical_positions] = (codes == UNKNOWN).sum(axis=0)
        return counts

    def _no_counts(self, n_rows: int) -> CellCounts:
        zeros = np.zeros((2, len(self.columns_)), dtype=np.int64)
        return CellCounts(self.columns_, n_rows, *zeros)

    def _codes(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the codes of categorical columns, (n_samples, n_categorical)."""
        codes = np.empty((len(frame), len(self.categorical_)), dtype=np.int64)
        for i, position in enumerate(self._categorical_positions):
            codes[:, i] = self._codes_of(self.columns_[position], frame.iloc[:, position])
        return codes

    def _codes_of(self, label: Hashable, column: pd.Series) -> NDArray[np.int64]:
        """Return the codes of a categorical column."""
        return encode_categories(column, self.categories_[label])

    def __getstate__(self) -> dict[str, Any]:
        """Store categories as arrays, so that the state does not depend on the pandas version."""
        state = dict(vars(self))
        if "categories_" in state:
            indices = state["categories_"]
            state["categories_"] = {label: index.to_numpy() for label, index in indices.items()}
        if (counts := state.pop("counts_", None)) is not None:
            state["counts"] = (counts.n_rows, counts.missing, counts.unknown)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        counts = state.pop("counts", None)
        vars(self).update(state)
        if counts is not None:
            self.counts_ = CellCounts(self.columns_, *counts)
        if "categories_" in state:
            indices = state["categories_"]
            self.categories_ = {label: index_of(values) for label, values in indices.items()}

    def _check_kinds(self, frame: pd.DataFrame) -> None:
        labels = self.columns_
        now_text = [
            labels[i] for i in self._numeric_positions if not _holds_numbers(frame.iloc[:, i])
        ]
        now_numbers = [
            labels[i]
            for i in self._categorical_positions
            if not _holds_categories(frame.iloc[:, i], self.categories_[labels[i]])
        ]
        if now_text:
            raise ValueError(
                f"The columns {now_text} of X held numbers at fit and now hold text or "
                "categories: convert them with pd.to_numeric."
            )
        if now_numbers:
            raise ValueError(
                f"The columns {now_numbers} of X held text or categories at fit and now hold "
                "numbers: convert them with .astype('str'), written as they were at fit."
            )


def _holds_numbers(column: pd.Series) -> bool:
    return column_kind(column) == "numeric" or bool(column.isna().all())


def _holds_categories(column: pd.Series, categories: pd.Index) -> bool:
    if column_kind(column) == "categorical" or len(categories) == 0:
        return True
    # Categories can be numbers: 1, 2, 3 of dtype category in fit, and of dtype int now.
    return "numbers" in sorts_of(categories) or bool(column.isna().all())


def learning_rows(
    n_samples: int,
    rows: NDArray[np.int64] | None,
    sample_weight: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """Return rows of positive weight and their weights; None for all rows, or equal weights."""
    if sample_weight is None:
        return rows, None
    rows = np.arange(n_samples) if rows is None else np.asarray(rows)
    weights = np.asarray(sample_weight, dtype=np.float64)[rows]
    rows, weights = rows[weights > 0], weights[weights > 0]
    return rows, None if np.all(weights == weights[:1]) else weights
