"""What an engine is: what it is told, what it returns, which form of rows it reads."""

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
    """Rows of a table on disk that is read again and again; a sample is in memory.

    Attributes
    ----------
    sample : EncodedRows
    source : StoredSource
    encode : callable
        From a chunk of the table to EncodedRows.
    """

    sample: EncodedRows
    source: StoredSource
    encode: Callable[[Chunk], EncodedRows]

    def chunks(self) -> Iterator[EncodedRows]:
        """All rows, a chunk at a time."""
        return map(self.encode, self.source.rows.chunks())


@dataclass(frozen=True)
class Learnt:
    """By what an earlier fit has read its rows.

    Attributes
    ----------
    tasks : TaskSet
        Without targets of one value.
    encoder : FrameEncoder
    """

    tasks: TaskSet
    encoder: FrameEncoder


@dataclass(frozen=True)
class Problem:
    """What an engine is told to learn.

    Attributes
    ----------
    tasks : TaskSet
        How labels are encoded, and what the losses are; without targets of one value.
    target_names : list of hashable
        Names of all targets, those of one value among them.
    task_weight : float64 ndarray of shape (n_tasks,)
    encoder : FrameEncoder
        What has encoded the features.
    task_ids : list of hashable
        The ids of long data in the order of their numbers; none in wide data.
    rows : EncodedRows
        All rows to learn from and to hold out; of a streamed table the sample.
    splits : list of (training, held out)
        Positions in `rows`, for each bag. Nothing is held out where there is an eval_set.
    eval_rows : EncodedRows or None
        The eval_set of the user.
    streamed : StreamedRows or None
        Where the rows are those of a table on disk, for engines that stream.
    by_row : bool
        Whether what is held out are single rows drawn by chance, so that an engine may as well
        leave out others.
    learnt : Learnt or None
        What an earlier fit has read by, if this one goes on with it.
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
        """Whether there is nothing to learn, because every target has one value."""
        return len(self.tasks) == 0

    def bags(self) -> Iterator[tuple[EncodedRows, EncodedRows | None]]:
        """Training rows and validation rows of each bag; None where nothing is held out."""
        for training, held_out in self.splits:
            judged = self.rows.take(held_out) if len(held_out) else self.eval_rows
            yield self.rows.take(training), judged


class HeldOutMean:
    """Raw scores of held-out rows, averaged over the bags that have held a row out.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self._sum = np.zeros((len(problem.rows), problem.tasks.n_scores))
        self._count = np.zeros((len(problem.rows), 1))

    def add(self, rows: np.ndarray, scores: np.ndarray) -> None:
        """Add what one bag says about the rows that it has held out."""
        self._sum[rows] += scores
        self._count[rows] += 1

    def scores(self) -> np.ndarray:
        """The means, (n_rows, n_scores); NaN for rows that no bag has held out."""
        return np.where(self._count > 0, self._sum / np.maximum(self._count, 1), np.nan)


class Engine(ABC):
    """An engine with its settings.

    What `fit` returns is all that was learnt, in objects of classes that are decorated with
    `skmtl.files.storable`; raw scores are computed from that by the settings of the moment, such
    as the number of threads.
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
    least_rows: ClassVar[int] = 0
    """Fewest rows to predict."""

    @property
    def reads_stored_tables(self) -> bool:
        """Whether tables on disk can be learnt from."""
        return True

    @abstractmethod
    def make_encoder(self) -> FrameEncoder:
        """What reads tables in the form that this engine learns from, not fitted yet."""

    def check(self) -> None:
        """Raise for settings that cannot be used here, before anything is read."""
        return

    def check_tasks(self, tasks: TaskSet) -> None:
        """Raise for kinds that this engine cannot learn."""
        return

    def check_goes_on(self, fitted: Any) -> None:
        """Raise where settings do not suit the model that this fit goes on with."""
        raise TypeError(f"{type(self).__name__} cannot go on with an earlier fit.")

    def agreed_state(self, random_state: np.random.RandomState) -> np.random.RandomState:
        """The source of chance: of several processes that of the first."""
        return random_state

    def within(self, seconds: float) -> Engine:
        """The same engine, which ends a fit after so many seconds if it can."""
        return self

    @abstractmethod
    def n_bags(self, n_rows: int) -> int:
        """Number of bags where it is left open."""

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
            To be told of every epoch or round; may ask to stop.
        previous : object, optional
            What an earlier fit has returned, to go on with.

        Returns
        -------
        object
            All that was learnt.
        """

    @abstractmethod
    def raw_scores(self, fitted: Any, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        """Raw scores of shape (n_samples, n_scores), of what `fit` has returned."""

    def held_out_scores(self, fitted: Any, problem: Problem) -> np.ndarray:
        """Raw scores of the rows by what has not learnt from them.

        Parameters
        ----------
        fitted : object
            What `fit` has returned for this problem.
        problem : Problem

        Returns
        -------
        ndarray of shape (n_rows, n_scores)
            The mean over the bags that have held a row out, NaN for rows that none has.
        """
        raise TypeError(f"{type(self).__name__} keeps no models of rows that it has held out.")

    def validation_losses(self, fitted: Any) -> np.ndarray | None:
        """What a fit already knows of its losses on held-out rows, over those of a constant.

        None where it does not know them, so that they are taken from `held_out_scores`.
        """
        return None

    def sizes(self, fitted: Any) -> dict[str, int]:
        """What was learnt in numbers, such as how many trees or weights there are."""
        return {}


class BagByBagEngine(Engine):
    """An engine that fits every bag by itself, and averages their raw scores."""

    @abstractmethod
    def fit_bag(
        self,
        problem: Problem,
        training: EncodedRows,
        validation: EncodedRows | None,
        random_state: np.random.RandomState,
    ) -> Any:
        """What one bag learns; `validation` is None where nothing is held out."""

    @abstractmethod
    def bag_scores(self, bag: Any, features: Any, group: np.ndarray | None) -> np.ndarray:
        """Raw scores (n_samples, n_scores) of a fitted bag, from encoded features."""

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
        """Mean of the tasks' losses, by their weights."""
        scores = self.bag_scores(bag, rows.features, rows.group)
        losses = problem.tasks.mean_losses(scores, rows.labels, rows.weight)
        seen = np.isfinite(losses) & (problem.task_weight > 0)
        return float(np.average(losses[seen], weights=problem.task_weight[seen]))
