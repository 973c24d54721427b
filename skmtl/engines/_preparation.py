"""Prepare the user's X and y as a problem for engines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from skmtl.engines._constant_targets import refuse_or_warn
from skmtl.engines._eval_set import check_names, warn_of_other_ranges
from skmtl.engines._protocol import Engine, Learnt, Problem, StreamedRows
from skmtl.reading import (
    NO_LABEL_COUNTS,
    CheckedTable,
    EncodedRows,
    Roles,
    RowsOfX,
    StoredSource,
    TableReader,
    Targets,
    Validation,
    joined_tables,
    naming_eval_set,
    read_sample_weight,
    resolve_task_weight,
    splits_among,
    splits_of_all,
    stored_matrix,
    warn_of_near_copies,
    warn_of_numeric_ids,
    warn_of_row_ids,
    without_labels,
)
from skmtl.tables import Chunk, as_frame
from skmtl.tasks import ConstantTargets, TaskSet, is_single

TaskWeight = Mapping[Hashable, float] | Sequence[float] | None


@dataclass(frozen=True)
class Settings:
    """The settings of a fit that are common to all engines.

    Attributes
    ----------
    roles : Roles
    targets : Targets
    task_weight : mapping, sequence or None
    validation : Validation, or None
        None holds out no rows.
    n_bags : int or None
        None means that the engine decides.
    read_frame : callable
        Converts X to a DataFrame, given X and whether to learn its columns.
    constant_targets : {"warn", "error"}
        What to do if a target has one observed value.
    """

    roles: Roles
    targets: Targets
    task_weight: TaskWeight
    validation: Validation | None
    n_bags: int | None
    read_frame: Callable[[Any, bool], pd.DataFrame]
    constant_targets: ConstantTargets


@dataclass
class Preparation:
    """What is learnt about X and y before the engine learns, and how tables are read.

    Attributes
    ----------
    settings : Settings
    engine : Engine
    targets : Targets
        Targets of the settings, with the names of the events.
    reader : TableReader
    tasks : TaskSet
        All targets, including those with one observed value.
    single : bool
        Whether y is one-dimensional.
    learnt : Learnt or None
        Tasks and encoder of an earlier fit, if this one continues it.
    """

    settings: Settings
    engine: Engine
    targets: Targets
    reader: TableReader
    tasks: TaskSet
    single: bool
    learnt: Learnt | None = None

    @property
    def task_weight(self) -> np.ndarray:
        """Weights of the targets that the engine learns."""
        weight = resolve_task_weight(self.settings.task_weight, self.tasks.names)
        weight = weight[self._is_varying]
        if len(weight) and not (weight > 0).any():
            names = list(self.tasks.constant)
            raise ValueError(
                f"task_weight is positive only for targets with one observed value, {names}: "
                "nothing would be learnt. Set a positive weight for another target."
            )
        return weight

    @property
    def _is_varying(self) -> list[bool]:
        constant = self.tasks.constant
        return [name not in constant for name in self.tasks.names]

    def read(self, chunk: Chunk) -> CheckedTable:
        """Read rows to learn from, with the columns and targets that have been learnt."""
        table = self._read(chunk)
        for name, head in self.tasks.constant.items():
            head.check_same(table.Y[name])
        return table

    def _read(self, chunk: Chunk) -> CheckedTable:
        Y = self.targets.read(chunk.y, self.tasks)
        self.tasks.check_names(list(Y.columns))
        return checked_table(self.settings, self.settings.read_frame(chunk.X, False), Y, chunk)

    def encode(self, table: CheckedTable) -> EncodedRows:
        """Encode rows for the engine."""
        return self._encode(table, self.reader.encoder.transform(table.rows.features))

    def problem(
        self,
        table: CheckedTable,
        source: StoredSource | None,
        eval_set: Chunk | None,
        random_state: np.random.RandomState,
        n_bags: int | None = None,
    ) -> Problem:
        """Return the problem for the engine.

        Parameters
        ----------
        table : CheckedTable
            The rows in memory.
        source : StoredSource or None
            Source of the rows, if they are a sample of a table on disk.
        eval_set : Chunk or None
            Validation rows passed by the user.
        random_state : RandomState
            Determines which rows are held out.
        n_bags : int, optional
            Number of bags; by default that of the settings or the engine.
        """
        if source is not None and not self.engine.reads_stored_tables:
            raise ValueError(
                "This estimator learns from tables in memory. Read the table, or a sample of it, "
                "into a DataFrame."
            )
        stored = source is not None and not self.engine.streams
        matrix = None
        learns_scale = self.engine.encodes_by_training_rows and not hasattr(
            self.reader.encoder, "columns_"
        )
        if stored:
            if learns_scale:  # hold out rows after encoding all of them
                self._fit_encoder(table, np.arange(len(table)))
            table, matrix = self._gathered(source)  # type: ignore[arg-type]
            self.tasks = self._fit_tasks(table)  # now with all labels
        refuse_or_warn(self.tasks.constant, self.settings.constant_targets)
        tasks = self.tasks.varying
        labelled = np.arange(len(table))
        if len(tasks) and not stored:
            labelled = table.labelled(tasks.names)
        if len(labelled) == 0:
            raise ValueError(f"No row has a label of {tasks.names}, so there is nothing to learn.")
        splits = self._splits(table, labelled, source, eval_set is not None, random_state, n_bags)
        if learns_scale and not stored:
            training = labelled[np.concatenate([training for training, _ in splits])]
            unlabelled = np.setdiff1d(np.arange(len(table)), labelled)
            self._fit_encoder(table, np.union1d(training, unlabelled))
        # Rows without labels only help most engines to learn columns. They would take more and
        # noisier steps because of them.
        if self.engine.learns_without_labels and not stored:
            splits = splits_of_all(labelled, splits, len(table))
            labelled = np.arange(len(table))
        encoded = self._encode(table, matrix) if stored else self.encode(table.take(labelled))
        streamed = None
        if source is not None and self.engine.streams:
            sample = replace(source, positions=source.positions[labelled])
            streamed = StreamedRows(encoded, sample, self._encode_chunk)
        return Problem(
            tasks=tasks,
            target_names=self.tasks.names,
            task_weight=self.task_weight,
            encoder=self.reader.encoder,
            task_ids=self.reader.task_ids,
            rows=encoded,
            splits=splits,
            eval_rows=None if eval_set is None else self._eval_rows(eval_set, table),
            streamed=streamed,
            by_row=eval_set is None and self._holds_out_rows(table),
            learnt=self.learnt,
        )

    def _holds_out_rows(self, table: CheckedTable) -> bool:
        """Whether single rows are held out at random."""
        validation = self.settings.validation
        return validation is not None and validation.is_random and table.rows.groups is None

    def _fit_encoder(self, table: CheckedTable, rows: np.ndarray) -> None:
        self.reader.encoder.fit(table.rows.features, rows=rows, sample_weight=table.row_weight)

    def _encode(self, table: CheckedTable, features: Any) -> EncodedRows:
        group = self.reader.group(table.rows.ids)
        tasks = self.tasks.varying
        units_of = group if self.engine.units_by_group else None
        labels = tasks.encode(table.Y[tasks.names], group=units_of)
        weight = table.sample_weight
        if weight is not None and weight.ndim == 2:
            weight = weight[:, self._is_varying]
        return EncodedRows(features, group, labels, weight, table.rows.raters, table.rows.order)

    def _encode_chunk(self, chunk: Chunk) -> EncodedRows:
        return self.encode(self.read(chunk))

    def _gathered(self, source: StoredSource) -> tuple[CheckedTable, np.ndarray]:
        """Read labels, ids and weights into memory, and write encoded features to disk.

        Rows without labels are left out, unless a splitter needs the positions of all rows.
        """
        tables: list[CheckedTable] = []
        validation = self.settings.validation
        keeps_all = validation is not None and not validation.is_named

        def matrices() -> Iterator[np.ndarray]:
            for chunk in source.rows.chunks():
                table = self.read(chunk)
                if not keeps_all:
                    table = table.take(table.labelled(self.tasks.names))
                tables.append(table.without_features())
                yield self.reader.encoder.transform(table.rows.features)

        matrix = stored_matrix(source.folder, matrices())
        return joined_tables(tables), matrix

    def _fit_tasks(self, table: CheckedTable) -> TaskSet:
        return fit_tasks(self.targets, self.engine, self.reader, table)

    def _splits(
        self,
        table: CheckedTable,
        labelled: np.ndarray,
        source: StoredSource | None,
        has_eval_set: bool,
        random_state: np.random.RandomState,
        n_bags: int | None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return training and held-out rows of each bag, as positions among labelled rows."""
        n_rows = len(labelled) if source is None else source.rows.n_rows
        chosen = self.settings.n_bags if n_bags is None else n_bags
        tasks = self.tasks.varying
        auto = self.engine.n_bags(n_rows, len(tasks))
        validation = self.settings.validation
        if validation is None or has_eval_set or len(tasks) == 0:
            n_splits = auto if chosen is None else chosen
            return [(np.arange(len(labelled)), np.arange(0))] * n_splits
        sampled = source is not None and self.engine.streams and source.is_sampled
        if sampled and not validation.is_random:
            raise ValueError(
                f"validation={validation.method!r} needs all rows at once, but only a sample of "
                "this table is in memory. Raise rows_in_memory, or pass the validation rows as "
                "eval_set."
            )
        if self._holds_out_rows(table):
            warn_of_near_copies(table.rows)
        judged = replace(table, Y=table.Y[tasks.names])
        if validation.is_named:
            judged = judged.take(labelled)  # a splitter needs the positions of all rows
        group = self.reader.group(judged.rows.ids)
        splits = validation.splits(
            judged, tasks, self.task_weight, group, chosen, random_state, auto=auto
        )
        return splits if validation.is_named else splits_among(labelled, splits, len(table))

    def _eval_rows(self, eval_set: Chunk, learnt: CheckedTable) -> EncodedRows:
        with naming_eval_set():
            frame = as_frame(eval_set.X)  # convert only once
            check_names(learnt.rows.features, frame)
            table = self._read(eval_set._replace(X=frame))
            rows = self.encode(table)
            if self.engine.refuses_unseen_eval_ids:
                self._check_ids(table, rows.group)
            if len(self.task_weight) and not (rows.weight * self.task_weight > 0).any():
                raise ValueError(NO_LABEL_COUNTS)
        warn_of_other_ranges(learnt, table)
        return rows

    def _check_ids(self, table: CheckedTable, group: np.ndarray | None) -> None:
        if group is not None and (group < 0).any():
            strange = table.rows.ids.iloc[int(np.argmin(group))]  # type: ignore[union-attr]
            raise ValueError(
                f"its task column {self.settings.roles.task!r} has {strange!r}, which X does "
                "not have. Remove these rows: nothing is learnt about this task."
            )


def start_preparation(
    settings: Settings, engine: Engine, chunk: Chunk
) -> tuple[Preparation, CheckedTable]:
    """Learn columns, task ids and labels from rows in memory."""
    targets, Y = settings.targets.read_first(chunk.y)
    frame = settings.read_frame(chunk.X, True)
    table = checked_table(settings, frame, Y, chunk)
    table.check_two_rows()
    warn_of_row_ids(table.rows.features)
    warn_of_numeric_ids(table.rows.features)
    roles, scored, _ = settings.roles.without_raters(frame)
    reader = TableReader(roles, engine.make_encoder())
    reader.fit(scored, table.rows.ids)
    if not engine.encodes_by_training_rows:
        reader.encoder.fit(table.rows.features)
    tasks = fit_tasks(targets, engine, reader, table)
    engine.check_tasks(tasks)
    resolve_task_weight(settings.task_weight, tasks.names)
    return Preparation(settings, engine, targets, reader, tasks, is_single(chunk.y)), table


def fit_tasks(
    targets: Targets, engine: Engine, reader: TableReader, table: CheckedTable
) -> TaskSet:
    """Learn the classes and units of all tasks."""
    if not engine.units_by_group:
        return targets.fit(table.Y, table.sample_weight, None, 0)
    group = reader.group(table.rows.ids)
    return targets.fit(table.Y, table.sample_weight, group, reader.n_groups)


def checked_table(
    settings: Settings, frame: pd.DataFrame, Y: pd.DataFrame, chunk: Chunk
) -> CheckedTable:
    """Check X, y and weights together, and remove rows of zero weight."""
    roles = settings.roles
    rows = _with_groups(roles.split(frame), chunk.groups)
    sample_weight, by_column = chunk.sample_weight, roles.weights(frame)
    if by_column is not None:
        sample_weight = by_column if sample_weight is None else _times(by_column, sample_weight)
    check_consistent_length(rows.features, Y)
    if sample_weight is None:
        return CheckedTable(rows, Y, None)
    weight = read_sample_weight(sample_weight, list(Y.columns), len(Y))
    if weight.ndim == 2:
        # Weights of missing labels must not even affect the scaling of features.
        weight = np.where(Y.notna(), weight, 0.0)
        Y = without_labels(Y, weight == 0)
    weighted = np.flatnonzero(weight if weight.ndim == 1 else weight.any(axis=1))
    return CheckedTable(rows.take(weighted), Y.iloc[weighted], weight[weighted])


def _times(by_column: np.ndarray, sample_weight: Any) -> Any:
    """Multiply weights from a column of X by those passed to `fit`, of rows or labels."""
    if hasattr(sample_weight, "columns"):
        return as_frame(sample_weight, name="sample_weight").mul(by_column, axis=0)
    weight = np.asarray(sample_weight)
    return (by_column if weight.ndim < 2 else by_column[:, None]) * weight


def _with_groups(rows: RowsOfX, groups: Any) -> RowsOfX:
    """Return the rows with the groups passed to `fit`."""
    if groups is None:
        return rows
    if rows.groups is not None:
        raise ValueError("Name the groups in group_column or pass them as groups=, not both.")
    values = np.asarray(groups)
    if values.ndim != 1:
        raise ValueError(
            f"groups must have one value for each row, but has the shape {values.shape}. Number "
            "pairs of values with X.groupby([...], dropna=False).ngroup()."
        )
    column = pd.Series(values, name="groups")
    check_consistent_length(rows.features, column)
    return replace(rows, groups=column)


def fresh_random_state(random_state: Any) -> np.random.RandomState:
    """Return a random state; for None, a new one that leaves numpy's global state alone."""
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return check_random_state(random_state)
