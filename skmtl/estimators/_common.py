"""What every multi-task estimator does, whichever engine it runs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import MultiOutputMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skmtl.estimators._parameters import Check, check_parameters
from skmtl.estimators._reader import TableReader, split_features
from skmtl.estimators._saving import SavedEstimator
from skmtl.estimators._split import validation_splits
from skmtl.metrics import score_tasks
from skmtl.tables import as_frame, task_ids
from skmtl.tasks import (
    Kind,
    TaskSet,
    is_single,
    join_label_columns,
    label_frame,
    labels_of_tasks,
)

if TYPE_CHECKING:
    from skmtl.estimators._stored import StoredSource


@dataclass(frozen=True)
class Table:
    """A checked table to learn from: rows of zero weight are gone.

    Where `source` is given, these are a sample of the rows that lie there.
    """

    features: pd.DataFrame
    ids: pd.Series | None
    Y: pd.DataFrame
    sample_weight: np.ndarray | None
    source: StoredSource | None = None


def joined_tables(tables: Sequence[Table]) -> Table:
    """Tables one below the other."""

    def joined(name: str) -> Any:
        parts = [getattr(table, name) for table in tables]
        if parts[0] is None:
            return None
        return np.concatenate(parts) if name == "sample_weight" else pd.concat(parts)

    return Table(**{name: joined(name) for name in ("features", "ids", "Y", "sample_weight")})


@contextmanager
def naming_eval_set() -> Iterator[None]:
    """Say in an error that it is about the validation rows that the user gives."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"eval_set cannot be used: {error}") from error


NO_LABEL_COUNTS = (
    "it has no label that counts: every value of its y is missing, or of a task whose "
    "task_weight is 0."
)


def check_two_rows(table: Table) -> None:
    """Raise where there is nothing to tell rows apart by."""
    if len(table.Y) < 2:
        raise ValueError(
            f"n_samples={len(table.Y)}: at least two rows of positive weight are needed."
        )


class MultiTaskEstimator(MultiOutputMixin, SavedEstimator):
    """Reading X and Y, and scoring.

    Subclasses provide the parameters `tasks` and `task`, `_infer_kind` and `_raw_scores`.
    """

    tasks: Any
    task: Hashable | None
    task_set_: TaskSet
    early_stopping: bool
    validation_fraction: float
    _reader: TableReader
    _parameter_checks: ClassVar[dict[str, Check]]
    _infer_kind: Callable[[pd.Series], Kind]
    _min_rows: ClassVar[int] = 1
    """Fewest rows to predict."""
    _classes_only: bool | None = None
    """Whether all targets have classes (True) or none (False); None for any mixture."""

    @abstractmethod
    def _raw_scores(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Raw scores (n_samples, n_scores), and the rows' groups where data are long."""

    @abstractmethod
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Any: ...

    @abstractmethod
    def predict(self, X: Any) -> Any: ...

    def _read_table(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Table:
        """Check X, y and the weights together; `reset` learns the names, else they must agree."""
        Y = self._read_labels(y, reset=reset)
        if not reset:
            self.task_set_.check_names(list(Y.columns))
        features, ids = split_features(self._read_frame(X, reset=reset), self.task)
        check_consistent_length(features, Y)
        if sample_weight is None:
            return Table(features, ids, Y, None)
        weight = _check_sample_weight(sample_weight, features, ensure_non_negative=True)
        used = np.flatnonzero(weight > 0)
        ids = None if ids is None else ids.iloc[used]
        return Table(features.iloc[used], ids, Y.iloc[used], weight[used])

    def _read_eval_table(self, eval_set: Any) -> Table:
        """Check the validation rows that the user gives."""
        parts = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
        if not isinstance(parts, tuple) or len(parts) not in (2, 3):
            raise ValueError(
                "eval_set must be a tuple (X, y) or (X, y, sample_weight), got "
                f"a {type(eval_set).__name__}{_length(eval_set)}."
            )
        X, y, sample_weight = (*parts, None)[:3]
        return self._read_table(X, y, sample_weight, reset=False)

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_checks)

    def _splits(
        self, table: Table, eval_set: Any, n_models: int, random_state: np.random.RandomState
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Training and validation rows of each of the models that are averaged."""
        if not self.early_stopping or eval_set is not None:
            return [(np.arange(len(table.Y)), np.arange(0))] * n_models
        # A row without any label that counts says nothing about when to stop.
        counts = table.Y.loc[:, self._task_weights() > 0].notna().any(axis=1).to_numpy()
        return validation_splits(
            table.Y,
            self.task_set_,
            self._reader.group(table.ids),
            counts,
            self.validation_fraction,
            n_models,
            random_state,
        )

    def _read_labels(self, y: Any, *, reset: bool = False) -> pd.DataFrame:
        """Labels with one column per task; with `reset` the tasks are what y holds."""
        if reset:
            return label_frame(join_label_columns(y, self.tasks))
        heads = dict(zip(self.task_set_.names, self.task_set_.heads, strict=True))
        return labels_of_tasks(join_label_columns(y, heads), self.task_set_.names)

    def _read_frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """X as a frame; its columns are remembered, or compared with those of `fit`."""
        frame = as_frame(X, min_rows=1 if reset else self._min_rows)
        if reset or not self._knows_columns(frame):
            validate_data(self, X, skip_check_array=True, reset=reset)
        return frame

    def _knows_columns(self, frame: pd.DataFrame) -> bool:
        """Whether these are the names that `fit` saw: quicker than scikit-learn's comparison."""
        names = getattr(self, "feature_names_in_", None)
        return names is not None and frame.columns.tolist() == names.tolist()

    def _fit_tasks(self, table: Table, group: np.ndarray | None, n_groups: int) -> None:
        self.task_set_ = TaskSet.fit(
            table.Y,
            infer=self._infer_kind,
            tasks=self.tasks,
            weight=table.sample_weight,
            group=group,
            n_groups=n_groups,
        )
        for name, head in zip(self.task_set_.names, self.task_set_.heads, strict=True):
            if self._classes_only not in (None, head.is_classification):
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, but {type(self).__name__} predicts "
                    f"{'classes' if self._classes_only else 'numbers'} only. Use the estimator "
                    "for mixed kinds."
                )

    def _task_weights(self) -> np.ndarray:
        """`task_weight` as an array in the tasks' order."""
        return resolve_task_weight(self.task_weight, self.task_set_.names)

    @property
    def task_names_(self) -> list[Hashable]:
        """Names of the targets, in the order of y's columns."""
        check_is_fitted(self)
        return list(self.task_set_.names)

    @property
    def task_kinds_(self) -> dict[Hashable, str]:
        """Kind of each target."""
        check_is_fitted(self)
        return self.task_set_.kinds

    def score_tasks(self, X: Any, y: Any, sample_weight: Any = None) -> pd.Series:
        """Score of each task on the rows where its label is known.

        R2 for numbers, accuracy for classes, concordance for times to events. For long data the
        tasks are the ids in the task column, or pairs (id, target) where y has several columns.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : labels of shape (n_samples,) or (n_samples, n_tasks)
            Missing labels are left out.
        sample_weight : array of shape (n_samples,), optional

        Returns
        -------
        Series
            Higher is better; NaN for a task without any label in y, and for R2 with one label.
        """
        Y, prediction = self._labels_and_prediction(X, y)
        if self.task is None:
            return self._score_columns(Y, prediction, sample_weight)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, Y)
        parts = {}
        codes, labels = pd.factorize(task_ids(X, self.task), sort=True)
        for code, label in enumerate(labels):
            rows = np.flatnonzero(codes == code)
            own = None if weight is None else weight[rows]
            parts[label] = self._score_columns(Y.iloc[rows], prediction.iloc[rows], own)
        table = pd.concat(parts)
        return table.droplevel(-1) if prediction.shape[1] == 1 else table

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over the targets of R2 (numbers), accuracy (classes) or concordance (survival).

        Missing labels are left out.

        For long data, all rows of a target are scored together, whichever task they belong to:
        within an id of few rows, R2 is chance, and of one row it is not defined.
        ``score_tasks(X, y).mean()`` is the mean over the ids.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : labels of shape (n_samples,) or (n_samples, n_tasks)
        sample_weight : array of shape (n_samples,), optional

        Returns
        -------
        float
        """
        return float(self._score_columns(*self._labels_and_prediction(X, y), sample_weight).mean())

    def _labels_and_prediction(self, X: Any, y: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        prediction = self._prediction_frame(X)
        Y = self._scored_labels(y)
        check_consistent_length(prediction, Y)
        return Y, prediction

    def _score_columns(
        self, Y: pd.DataFrame, prediction: pd.DataFrame, sample_weight: Any
    ) -> pd.Series:
        kinds = self._scored_kinds(Y)
        return score_tasks(Y, prediction, kinds=kinds, sample_weight=sample_weight)

    def _scored_labels(self, y: Any) -> pd.DataFrame:
        """Labels with one column for each of the predictions."""
        Y = self._read_labels(y)
        for name, head in zip(self.task_set_.names, self.task_set_.heads, strict=True):
            if name in Y.columns:
                head.check_scored(Y[name])
        return Y

    def _scored_kinds(self, Y: pd.DataFrame) -> dict[Hashable, str]:
        """Kinds of the columns of `_scored_labels`."""
        return {name: self.task_set_.kinds[name] for name in Y.columns}

    def _prediction_frame(self, X: Any) -> pd.DataFrame:
        """Predictions as a frame with the targets' names and the index of X."""
        return self._frame(*self._raw_scores(X), X)

    @abstractmethod
    def _output(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> Any:
        """What `predict` gives for these raw scores of X."""

    def _frame(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> pd.DataFrame:
        columns = self.task_set_.predict(scores, group=group)
        index = X.index if isinstance(X, pd.DataFrame) else None
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        names = self.task_set_.names
        frame.columns = _index_of(tuple(names), tuple(map(type, names)))
        return frame

    def _remember_y(self, y: Any) -> None:
        self._single = is_single(y)

    def _schema(self) -> dict[str, Any]:
        encoder, tasks = self._reader.encoder, self.task_set_
        features = [
            {"name": name, "kind": "categorical" if name in encoder.categories_ else "numeric"}
            for name in encoder.columns_
        ]
        targets = [
            {"name": name, "kind": head.name, "classes": _classes(head)}
            for name, head in zip(tasks.names, tasks.heads, strict=True)
        ]
        return {"features": features, "task_column": self.task, "tasks": targets}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags


@lru_cache(maxsize=64)
def _index_of(names: tuple[Hashable, ...], types: tuple[type, ...]) -> pd.Index:
    """The names as an index, which takes as long to make as a row to encode.

    The types tell 1, 1.0 and True apart.
    """
    return pd.Index(list(names))


def _length(of: Any) -> str:
    return f" of length {len(of)}" if isinstance(of, Sized) else ""


def _classes(head: Kind) -> list | None:
    return head.classes_.tolist() if head.is_classification else None


def resolve_task_weight(task_weight: Any, names: list[Hashable]) -> np.ndarray:
    """Weights in the tasks' order from None, a mapping (1 where absent) or a sequence."""
    if task_weight is None:
        return np.ones(len(names))
    if isinstance(task_weight, Mapping | pd.Series):
        task_weight = dict(task_weight)
        unknown = [name for name in task_weight if name not in names]
        if unknown:
            raise ValueError(f"task_weight names {unknown}, but the tasks are {names}.")
        task_weight = [task_weight.get(name, 1.0) for name in names]
    try:
        values = np.asarray(task_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"task_weight must hold numbers, got {task_weight!r}.") from None
    if values.shape != (len(names),):
        raise ValueError(
            f"task_weight has shape {values.shape}, but there are {len(names)} tasks: {names}."
        )
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise ValueError(
            f"task_weight must be finite, not negative and positive for some task, got "
            f"{dict(zip(names, values.tolist(), strict=True))}."
        )
    return values


def own_random_state(random_state: Any) -> np.random.RandomState:
    """None draws fresh entropy rather than numbers from numpy's global state."""
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return check_random_state(random_state)
