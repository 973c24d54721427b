"""The interface of engines, and the problems that they learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skmtl.engines._progress import FitProgress
from skmtl.reading import EncodedRows, ScorableRows, Split, StoredSource
from skmtl.tables import Chunk, FrameEncoder
from skmtl.tasks import TaskSet


@dataclass(frozen=True)
class StreamedRows:
    """Rows of a table on disk that is read repeatedly, with a sample in memory.

    Attributes
    ----------
    sample : EncodedRows
    source : StoredSource
    encode : callable
        Converts a chunk of the table to EncodedRows.
    """

    sample: EncodedRows
    source: StoredSource
    encode: Callable[[Chunk], EncodedRows]

    def chunks(self) -> Iterator[EncodedRows]:
        """Iterate over all rows in chunks."""
        return map(self.encode, self.source.rows.chunks())


@dataclass(frozen=True)
class Learnt:
    """Tasks and encoder of an earlier fit.

    Attributes
    ----------
    tasks : TaskSet
        Tasks without targets of one value.
    encoder : FrameEncoder
    """

    tasks: TaskSet
    encoder: FrameEncoder


@dataclass(frozen=True)
class Problem:
    """The data and settings that an engine learns from.

    Attributes
    ----------
    tasks : TaskSet
        Heads, which encode labels and define losses, without targets of one value.
    target_names : list of hashable
        Names of all targets, including those of one value.
    task_weight : float64 ndarray of shape (n_tasks,)
    encoder : FrameEncoder
        The encoder of the features.
    task_ids : list of hashable
        The ids of long data in the order of their indices; empty for wide data.
    rows : EncodedRows
        All training and held-out rows; for a streamed table, the sample.
    splits : list of (training, held out)
        Positions in `rows` for each bag. No rows are held out if there is an eval_set.
    eval_rows : EncodedRows or None
        The user's eval_set.
    streamed : StreamedRows or None
        The table on disk, for engines that stream.
    by_row : bool
        Whether single rows are held out at random, so that an engine may hold out others instead.
    learnt : Learnt or None
        Tasks and encoder of an earlier fit, if this one continues it.
    """

    tasks: TaskSet
    target_names: list[Hashable]
    task_weight: np.ndarray
    encoder: FrameEncoder
    task_ids: list[Hashable]
    rows: EncodedRows
    splits: list[Split]
    eval_rows: EncodedRows | None = None
    streamed: StreamedRows | None = None
    by_row: bool = False
    learnt: Learnt | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn because every target has one value."""
        return len(self.tasks) == 0

    def bags(self) -> Iterator[tuple[EncodedRows, EncodedRows | None]]:
        """Iterate over training and validation rows of each bag; None if none are held out."""
        for training, held_out in self.splits:
            judged = self.rows.take(held_out) if len(held_out) else self.eval_rows
            yield self.rows.take(training), judged


class HeldOutMean:
    """Raw scores of held-out rows, averaged over the bags that held out a row.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self._sum = np.zeros((len(problem.rows), problem.tasks.n_scores))
        self._count = np.zeros((len(problem.rows), 1))

    def add(self, rows: np.ndarray, scores: np.ndarray) -> None:
        """Add the scores of one bag for the rows that it held out."""
        self._sum[rows] += scores
        self._count[rows] += 1

    def scores(self) -> np.ndarray:
        """Return the means, (n_rows, n_scores); NaN for rows that no bag held out."""
        return np.where(self._count > 0, self._sum / np.maximum(self._count, 1), np.nan)


class Engine(ABC):
    """An engine with its settings.

    `fit` returns everything that was learnt, as objects of classes decorated with
    `skmtl.files.storable`. Raw scores are computed from it with the current settings, such as the
    number of threads.
    """

    streams: ClassVar[bool] = False
    """Whether rows of a table on disk are read from there again and again. Else they are
    encoded once, into one matrix on disk, and their labels are in memory; the encoder must then
    transform a table into one array."""
    encodes_by_training_rows: ClassVar[bool] = False
    """Whether the encoder learns from training rows alone, such as a scaling. Else from all. Of a
    table on disk it learns from the rows in memory; if not `streams`, held-out ones among them."""
    units_by_group: ClassVar[bool] = False
    """Whether numbers of long data have units by task id."""
    widens: ClassVar[bool] = False
    """Whether a fit that goes on with an earlier one may have more targets, categories and
    columns than are `learnt`."""
    refuses_unseen_eval_ids: ClassVar[bool] = False
    """Whether rows of an eval_set must belong to tasks that the training rows have."""
    learns_without_labels: ClassVar[bool] = False
    """Whether rows without any label have something to teach, and are among the training rows."""
    records_transfer: ClassVar[bool] = False
    """Whether a fit can record what a step for one task does to the others."""

    @property
    def reads_stored_tables(self) -> bool:
        """Whether the engine can learn from tables on disk."""
        return True

    @abstractmethod
    def make_encoder(self) -> FrameEncoder:
        """Return an unfitted encoder of tables for this engine."""

    def check(self) -> None:
        """Raise an error for settings that cannot be used, before anything is read."""
        return

    def check_tasks(self, tasks: TaskSet) -> None:
        """Raise an error for kinds that this engine cannot learn."""
        return

    def check_goes_on(self, fitted: Any) -> None:
        """Raise an error if settings do not suit the model that this fit continues."""
        raise TypeError(f"{type(self).__name__} cannot continue an earlier fit.")

    def agreed_state(self, random_state: np.random.RandomState) -> np.random.RandomState:
        """Return the random state; with several processes, that of the first."""
        return random_state

    def within(self, seconds: float) -> Engine:
        """Return the engine with a time limit for fits, if it supports one."""
        return self

    @abstractmethod
    def n_bags(self, n_rows: int, n_targets: int) -> int:
        """Return the default number of bags for a table."""

    @abstractmethod
    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> Any:
        """Learn all tasks.

        Parameters
        ----------
        problem : Problem
        random_state : RandomState
        progress : FitProgress
            Receives a report of every epoch or round, and may ask to stop.
        previous : object, optional
            The result of an earlier fit to continue.

        Returns
        -------
        object
            Everything that was learnt.
        """

    @abstractmethod
    def raw_scores(self, fitted: Any, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        """Return raw scores of shape (n_samples, n_scores), given the result of `fit`."""

    def held_out_scores(self, fitted: Any, problem: Problem) -> np.ndarray:
        """Return raw scores of the rows by bags that did not learn from them.

        Parameters
        ----------
        fitted : object
            The result of `fit` for this problem.
        problem : Problem

        Returns
        -------
        ndarray of shape (n_rows, n_scores)
            Means over the bags that held out a row, NaN for rows that none did.
        """
        raise TypeError(f"{type(self).__name__} does not keep the models of its splits.")

    def validation_losses(self, fitted: Any) -> np.ndarray | None:
        """Return relative losses on held-out rows if the fit has them already.

        None otherwise; they are then computed from `held_out_scores`.
        """
        return None

    def sizes(self, fitted: Any) -> dict[str, int]:
        """Return sizes of what was learnt, such as numbers of trees or weights."""
        return {}


class BagByBagEngine(Engine):
    """An engine that fits bags separately and averages their raw scores."""

    @abstractmethod
    def fit_bag(
        self,
        problem: Problem,
        training: EncodedRows,
        validation: EncodedRows | None,
        random_state: np.random.RandomState,
    ) -> Any:
        """Fit one bag; `validation` is None if no rows are held out."""

    @abstractmethod
    def bag_scores(self, bag: Any, features: Any, group: np.ndarray | None) -> np.ndarray:
        """Return raw scores (n_samples, n_scores) of a fitted bag for encoded features."""

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> list[Any]:
        progress.start(len(problem.splits))
        bags: list[Any] = []
        for number, (training, validation) in enumerate(problem.bags()):
            progress.begin()
            bags.append(self.fit_bag(problem, training, validation, random_state))
            loss = self._loss(problem, bags[-1], training)
            judged = None if validation is None else self._loss(problem, bags[-1], validation)
            objective = loss if judged is None else judged
            report = {
                "bag": number,
                "epoch": number,
                "loss": loss,
                "validation_loss": judged,
                "objective": objective,
                "improved": True,
            }
            if progress.end(report, lambda: list(bags)):
                break
        return bags

    def held_out_scores(self, fitted: list[Any], problem: Problem) -> np.ndarray:
        mean = HeldOutMean(problem)
        for bag, (_, held_out) in zip(fitted, problem.splits, strict=False):
            rows = problem.rows.take(held_out)
            mean.add(held_out, self.bag_scores(bag, rows.features, rows.group))
        return mean.scores()

    def raw_scores(self, fitted: list[Any], rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        features = rows.encoded()
        return np.mean([self.bag_scores(bag, features, rows.group) for bag in fitted], axis=0)

    def _loss(self, problem: Problem, bag: Any, rows: EncodedRows) -> float:
        """Return the weighted mean of the tasks' losses."""
        scores = self.bag_scores(bag, rows.features, rows.group)
        losses = problem.tasks.mean_losses(scores, rows.labels, rows.weight)
        counted = np.isfinite(losses) & (problem.task_weight > 0)
        return float(np.average(losses[counted], weights=problem.task_weight[counted]))
