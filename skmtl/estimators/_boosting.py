"""Estimators whose engine is boosting: fit, score, explain."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from lightgbm.basic import LightGBMError
from sklearn.callback import CallbackSupportMixin, with_callbacks

from skmtl.boosting import (
    BoostedPool,
    Features,
    FittedSequence,
    Options,
    Pool,
    Switch,
    TargetPool,
    binned,
    fit_pool,
    long_pools,
    wide_pools,
)
from skmtl.estimators._boosting_inside import BoostingInside
from skmtl.estimators._common import (
    NO_LABEL_COUNTS,
    Table,
    check_two_rows,
    joined_tables,
    naming_eval_set,
    own_random_state,
)
from skmtl.estimators._reader import TableReader
from skmtl.estimators._split import weights_by_task
from skmtl.estimators._stored import StoredSource, opened, stacked, stored_matrix
from skmtl.tables import Chunk, TreeEncoder, as_frame, task_position
from skmtl.tasks import Labels


@dataclass(frozen=True)
class Rows:
    """All rows of a fit as the engine reads them, those of an eval_set last."""

    matrix: np.ndarray
    group: np.ndarray | None
    labels: Labels
    weight: np.ndarray


class BoostingEstimator(CallbackSupportMixin, BoostingInside):
    """Fit and raw scores around `skmtl.boosting`."""

    lightgbm_params: Any

    @abstractmethod
    def _options(self, pool: Pool, n_rows: int, *, validated: bool, seed: int) -> Options:
        """The engine's settings for a pool of a table of so many rows."""

    @abstractmethod
    def _sequences(self, pool: Pool, *, validated: bool) -> tuple[tuple[str, ...], ...]:
        """The sequences of blocks to choose from."""

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Any:
        """Fit all tasks.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            DataFrame (pandas, polars or another that narwhals reads) with numbers, booleans,
            categories and text; or an array. Missing values are allowed, infinity is not. It is
            not changed. A path to Parquet files, a pyarrow dataset, `skmtl.tables.ParquetTable`
            or `skmtl.tables.ArrayTable` is read in chunks: of its features there is no more in
            memory than LightGBM's bins, of a byte each.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_targets)
            One column per target; NaN, None or NA where a label is missing. For Parquet files
            the name of the column with the labels, or a list of names.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, in every task. For Parquet files the name of a column.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Rows that decide when to stop and which blocks to take, instead of parts of X that
            are held out in turn. One bag is fitted then, on all of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data that cannot be learnt from; the message names the column or the task.
        FloatingPointError
            When a loss becomes NaN or infinite; the message names the task and the round.
        """
        self._check_parameters()
        random_state = own_random_state(self.random_state)
        with opened(X, y, sample_weight, self.task, random_state) as (known, source):
            table = self._read_table(*known, reset=True)
            self._learn_tables(known, table)
            if source is None:
                matrix = self._reader.encoder.transform(table.features)
            else:
                table, matrix = self._read_all(source)
                self._fit_tasks(table, None, 0)  # by all labels, now that they are known
            rows, splits = self._rows_and_splits(table, matrix, eval_set, random_state)
            self._boost(rows, splits, random_state, X, y)
        return self

    def _learn_tables(self, known: Chunk, table: Table) -> None:
        """Learn columns, categories, task ids and labels."""
        check_two_rows(table)
        self._reader = TableReader(self.task, TreeEncoder())
        self._reader.fit_ids(table.ids)
        self._remember_task_column(known.X, table)
        self._reader.fit_features(table.features)
        # One set of units for all ids: what sets these apart is the boosting's to learn.
        self._fit_tasks(table, None, 0)
        self._refuse_coupled_rows()
        self._task_weights()
        self._remember_y(known.y)

    def _boost(
        self,
        rows: Rows,
        splits: list[tuple[np.ndarray, np.ndarray]],
        random_state: np.random.RandomState,
        X: Any,
        y: Any,
    ) -> None:
        """Fit all pools, telling callbacks of it."""
        pools = self._pools(rows)
        seed = random_state.randint(2**31 - 1)
        most = sum(len(self._sequences(each.pool, validated=True)) for each in pools)
        context = self._init_callback_context(max_subtasks=len(splits) * most)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        reports = _Reports(self, context, X, y)
        with self._naming_lightgbm_params():
            self._boosted = self._fit_pools(pools, rows, splits, seed, reports)
        context.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=dict)

    @contextmanager
    def _naming_lightgbm_params(self) -> Iterator[None]:
        """Say what LightGBM most likely complains about."""
        try:
            yield
        except LightGBMError as error:
            raise ValueError(
                f"LightGBM refuses the parameters, lightgbm_params={self.lightgbm_params!r} among "
                f"them: {error}"
            ) from error

    def _refuse_coupled_rows(self) -> None:
        for name, head in zip(self.task_set_.names, self.task_set_.heads, strict=True):
            if head.learns_from_scores:
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, whose loss compares rows with each "
                    f"other, which {type(self).__name__} cannot boost. Use kind 'survival', or "
                    "MultiTab."
                )

    def _remember_task_column(self, X: Any, table: Table) -> None:
        if self.task is not None and table.ids is not None:
            self._task_label = table.ids.name
            self._task_position = task_position(as_frame(X), self.task)

    def _rows_and_splits(
        self,
        table: Table,
        matrix: np.ndarray,
        eval_set: Any,
        random_state: np.random.RandomState,
    ) -> tuple[Rows, list[tuple[np.ndarray, np.ndarray]]]:
        """All rows, and positions of the learnt and the held-out ones for each bag."""
        rows, n_rows = self._rows(table, matrix), len(table.Y)
        if eval_set is not None:
            with naming_eval_set():
                rows = joined_rows(rows, self._eval_rows(eval_set))
            return rows, [(np.arange(n_rows), np.arange(n_rows, len(rows.matrix)))]
        splits = self._splits(table, None, self._n_bags(n_rows), random_state)
        # Where nothing is held out, bags would all be the same.
        return rows, [split for split in splits if len(split[1])] or splits[:1]

    def _read_all(self, source: StoredSource) -> tuple[Table, np.ndarray]:
        """Labels, ids and weights in memory, the encoded features on disk."""
        tables: list[Table] = []

        def matrices() -> Iterator[np.ndarray]:
            for chunk in source.rows.chunks():
                table = self._read_table(*chunk, reset=False)
                tables.append(replace(table, features=table.features.head(0)))
                yield self._reader.encoder.transform(table.features)

        matrix = stored_matrix(source.folder, matrices())
        return joined_tables(tables), matrix

    def _rows(self, table: Table, matrix: np.ndarray) -> Rows:
        labels = self.task_set_.encode(table.Y)
        # Of mean 1, for the engine takes weights as numbers of rows.
        task_weight = self._task_weights()
        task_weight = task_weight / task_weight[task_weight > 0].mean()
        weight = weights_by_task(labels.mask, table.sample_weight) * task_weight
        return Rows(matrix, self._reader.group(table.ids), labels, weight)

    def _eval_rows(self, eval_set: Any) -> Rows:
        table = self._read_eval_table(eval_set)
        rows = self._rows(table, self._reader.encoder.transform(table.features))
        if rows.group is not None and (rows.group < 0).any():
            strange = table.ids.iloc[int(np.argmin(rows.group))]  # type: ignore[union-attr]
            raise ValueError(
                f"its task column {self.task!r} holds {strange!r}, which X does not. Leave these "
                "rows out: nothing is learnt for that task."
            )
        if not (rows.weight > 0).any():
            raise ValueError(NO_LABEL_COUNTS)
        return rows

    def _pools(self, rows: Rows) -> list[TargetPool]:
        if rows.group is None:
            return wide_pools(self.task_set_, rows.labels, rows.weight)
        return long_pools(
            self.task_set_, rows.labels, rows.weight, rows.group, self._reader.task_ids
        )

    def _fit_pools(
        self,
        pools: list[TargetPool],
        rows: Rows,
        splits: list[tuple[np.ndarray, np.ndarray]],
        seed: int,
        reports: _Reports,
    ) -> list[tuple[tuple[int, ...], BoostedPool]]:
        encoder, matrix = self._reader.encoder, rows.matrix
        features: Features | None = None
        boosted, switch = [], Switch()
        for each in pools:
            pool = each.pool
            weights = [
                (on_entries(pool, learnt, len(matrix)), on_entries(pool, held_out, len(matrix)))
                for learnt, held_out in splits
            ]
            validated = any(held_out.any() for _, held_out in weights)
            options = self._options(pool, len(matrix), validated=validated, seed=seed)
            sequences = self._sequences(pool, validated=validated)
            if features is None:
                features = Features(
                    matrix,
                    np.array(encoder.numeric_positions_, dtype=np.intp),
                    np.array(encoder.categorical_positions_, dtype=np.intp),
                    binned(matrix, encoder.categorical_positions_, options.parameters["shared"]),
                )
            fitted = fit_pool(pool, features, weights, sequences, options, reports, switch)
            boosted.append((each.targets, fitted))
        return boosted

    @abstractmethod
    def _n_bags(self, n_rows: int) -> int:
        """Number of bags."""

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_boosted")


class _Reports:
    """Tells scikit-learn's callbacks of every fitted bag of every sequence."""

    def __init__(self, estimator: Any, context: Any, X: Any, y: Any) -> None:
        self._estimator = estimator
        self._context = context
        self._data = {"X": X, "y": y}
        self._number = 0
        self._least = np.inf
        self._stopped = False

    def __call__(self, names: tuple[str, ...], bag: int, fitted: FittedSequence) -> bool:
        improved = bool(fitted.loss < self._least)
        self._least = min(self._least, fitted.loss)
        self._estimator.last_epoch_ = {
            "bag": bag,
            "epoch": self._number,
            "blocks": names,
            "loss": float(fitted.history["loss"].iloc[-1]),
            "validation_loss": None if np.isnan(fitted.loss) else fitted.loss,
            "objective": fitted.loss,
            "improved": improved,
        }
        self._number += 1
        epoch = self._context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)
        self._stopped |= epoch.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=dict
        )
        return self._stopped


def joined_rows(first: Rows, second: Rows) -> Rows:
    """Rows one below the other."""
    return Rows(
        stacked(first.matrix, second.matrix),
        None if first.group is None else np.concatenate([first.group, second.group]),
        Labels(
            np.concatenate([first.labels.target, second.labels.target]),
            np.concatenate([first.labels.mask, second.labels.mask]),
        ),
        np.concatenate([first.weight, second.weight]),
    )


def on_entries(pool: Pool, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Weights of the entries in some of the rows, 0 elsewhere."""
    chosen = np.zeros(n_rows, dtype=bool)
    chosen[rows] = True
    return pool.weight * pool.of_rows(chosen)
