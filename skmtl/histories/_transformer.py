"""Base class of all transformers of histories."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl.histories._array import Histories
from skmtl.histories._columns import as_histories, as_learnt, holds_histories
from skmtl.tables import as_frame

# Number of events to process at a time, each of which takes about a hundred bytes.
_EVENTS = 2**19


class LearntFeatures(Protocol):
    """The fitted state of a transformer for one column of histories.

    Attributes
    ----------
    names : list of str
        Names of the features.
    """

    @property
    def names(self) -> list[str]: ...

    def table(self, histories: Histories) -> NDArray[np.floating]:
        """Compute the features of some histories, (n, n_features)."""
        ...


class HistoryTransformer(TransformerMixin, BaseEstimator):
    """Base class of transformers that turn columns of histories into numbers.

    Other columns are not changed. A subclass has the parameters `columns` and `n_jobs`, and
    implements `_learn`, which fits one column.
    """

    columns: Sequence[Hashable] | None
    n_jobs: int | None

    @abstractmethod
    def _learn(self, histories: Histories, y: Any) -> LearntFeatures:
        """Fit the histories of one column."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the variables of the histories and the parameters of the features.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            With one or more columns of `Histories`.
        y : table of shape (n_samples, n_tasks), default=None
            Labels, for transformers that use them.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X has no histories, or if a column in `columns` does not hold histories.
        """
        frame = as_frame(X)
        validate_data(self, X, skip_check_array=True)
        self.n_features_in_ = frame.shape[1]
        names = self._history_columns(frame)
        self.others_ = [name for name in frame.columns if name not in names]
        self.learnt_: dict[Hashable, LearntFeatures] = {}
        self.clocks_: dict[Hashable, str] = {}
        self.variables_: dict[Hashable, list[str]] = {}
        for name in names:
            histories = as_histories(frame[name])
            self.clocks_[name] = histories.dtype.clock
            self.variables_[name] = histories.variables
            self.learnt_[name] = self._learn(histories, y)
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Return the other columns and the features of the histories.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)

        Returns
        -------
        DataFrame of shape (n_samples, n_features_out)
            With the index of X: first the other columns, then the features. All names are text.

        Warns
        -----
        UserWarning
            About variables that were not seen in `fit`, which are ignored.

        Raises
        ------
        ValueError
            If the columns are not those of `fit`, or their times are of another clock.
        """
        check_is_fitted(self)
        frame = as_frame(X, min_rows=0)
        validate_data(self, X, reset=False, skip_check_array=True)
        tables = [frame[self.others_].set_axis([str(name) for name in self.others_], axis=1)]
        for name, learnt in self.learnt_.items():
            histories = self._histories(frame, name)
            values = self._table(histories, learnt)
            labels = [f"{name} {feature}" for feature in learnt.names]
            tables.append(pd.DataFrame(values, index=frame.index, columns=labels, copy=False))
        return pd.concat(tables, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
            The name of a feature consists of column, variable and statistic: "vitals HR mean".
        """
        check_is_fitted(self)
        features = [
            f"{name} {feature}"
            for name, learnt in self.learnt_.items()
            for feature in learnt.names
        ]
        return np.array([*map(str, self.others_), *features], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # a table with a column of histories is required
        tags.input_tags.string = tags.input_tags.allow_nan = True
        return tags

    def _history_columns(self, frame: pd.DataFrame) -> list[Hashable]:
        there: list[Hashable] = [name for name in frame.columns if holds_histories(frame[name])]
        if self.columns is None:
            if not there:
                raise ValueError(
                    f"X has no column of histories, which {type(self).__name__} requires; its "
                    f"columns are {frame.columns.tolist()[:20]}. Create one with "
                    "skmtl.histories.Histories."
                )
            return there
        names = list(self.columns)
        strange = [name for name in names if name not in there]
        if strange:
            raise ValueError(
                f"columns contains {strange[0]!r}, which is not a column of histories; those of X "
                f"are {there}."
            )
        return names

    def _histories(self, frame: pd.DataFrame, name: Hashable) -> Histories:
        """Return a column of histories with the clock and the variables of `fit`."""
        histories = as_histories(frame[name])
        return as_learnt(name, histories, self.clocks_[name], self.variables_[name])

    def _table(self, histories: Histories, learnt: LearntFeatures) -> NDArray[np.floating]:
        parts = list(portions(histories))
        tables = Parallel(n_jobs=self.n_jobs)(delayed(learnt.table)(part) for part in parts)
        return np.concatenate([np.empty((0, len(learnt.names)), np.float32), *tables])


def portions(histories: Histories, n_events: int = _EVENTS) -> Iterator[Histories]:
    """Yield the histories in portions of about `n_events` events."""
    before = np.cumsum(histories.n_events) - histories.n_events
    cuts = np.flatnonzero(np.diff(before // n_events)) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(histories)], strict=True):
        yield histories[start:stop]
