"""Raw scores of a boosting model, in chunks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.utils.validation import check_is_fitted

from skmtl.boosting import BoostedPool
from skmtl.estimators._common import MultiTaskEstimator
from skmtl.estimators._reader import TableReader, split_features

# Rows that are encoded and scored at a time, so that scoring holds no copy of X.
_SCORING_ROWS = 2**17

Chunk = tuple[np.ndarray, np.ndarray, np.ndarray | None]


class BoostingScores(MultiTaskEstimator):
    """Raw scores in chunks of rows."""

    _min_rows: ClassVar[int] = 0
    _reader: TableReader
    _boosted: list[tuple[tuple[int, ...], BoostedPool]]
    n_jobs: int | None
    unseen: str

    def _chunks(self, X: Any) -> tuple[int, Iterator[Chunk]]:
        """Number of rows, and the rows in chunks: positions, matrix and task of each.

        Rows of long data come task by task, so that each task's trees are visited once.
        """
        check_is_fitted(self)
        features, ids = split_features(self._read_frame(X, reset=False), self.task)
        group = self._reader.group(ids)
        if group is not None and self.unseen == "error" and (group < 0).any():
            strange = ids.iloc[int(np.argmin(group))]  # type: ignore[union-attr]
            raise ValueError(
                f"Column {self.task!r} holds the task {strange!r}, which fit has not seen. Leave "
                "these rows out, or set unseen='shared' to predict them by what the tasks share."
            )
        n_rows = len(features)
        order = None if group is None else np.argsort(group, kind="stable")
        return n_rows, self._read_chunks(features, group, order)

    def _read_chunks(
        self, features: pd.DataFrame, group: np.ndarray | None, order: np.ndarray | None
    ) -> Iterator[Chunk]:
        # At least one chunk: a table without rows is checked as well.
        for start in range(0, max(len(features), 1), _SCORING_ROWS):
            part = slice(start, min(start + _SCORING_ROWS, len(features)))
            rows = np.arange(part.start, part.stop) if order is None else order[part]
            chosen = features
            if len(features) > 1:
                # A slice is no copy.
                chosen = features.iloc[part if order is None else rows]
            matrix = self._reader.encoder.transform(chosen)
            yield rows, matrix, None if group is None else group[rows]

    def _raw_scores(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        n_rows, chunks = self._chunks(X)
        scores = np.empty((n_rows, self.task_set_.n_scores))
        for rows, matrix, group in chunks:
            for targets, boosted in self._boosted:
                own = boosted.scores(matrix, group, self._n_threads())
                self._place(scores, rows, targets, own)
        return scores, None  # boosting has one set of units for all ids

    def _place(
        self, scores: np.ndarray, rows: np.ndarray, targets: tuple[int, ...], own: np.ndarray
    ) -> None:
        """Write what a pool gives (n_rows, n_own, ...) into all raw scores (n, n_scores, ...)."""
        for position, target in enumerate(targets):
            part = self.task_set_.score_slices[target]
            scores[rows, part] = own[:, position, : part.stop - part.start]

    def _n_threads(self) -> int:
        return effective_n_jobs(self.n_jobs)

    def staged_predict(self, X: Any) -> Iterator[Any]:
        """Predict from the intercepts alone, then after every round, block after block.

        A bag that has fewer rounds in a block than another one stands still until that one is
        through; so do targets that have nothing in common with the one whose trees are added.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Yields
        ------
        array or DataFrame
            As `predict` gives it; the last one equals it.
        """
        n_rows, chunks = self._chunks(X)
        scores = np.empty((n_rows, self.task_set_.n_scores))
        every = list(chunks)
        for targets, boosted in self._boosted:
            for rows, matrix, group in every:
                self._place(scores, rows, targets, boosted.intercepts(len(matrix), group))
        yield self._output(scores.copy(), None, X)
        for targets, boosted in self._boosted:
            stages = [boosted.staged(m, group, self._n_threads()) for _, m, group in every]
            for stage in zip(*stages, strict=True):
                for (rows, _, _), own in zip(every, stage, strict=True):
                    self._place(scores, rows, targets, own)
                yield self._output(scores.copy(), None, X)
