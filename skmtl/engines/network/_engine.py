"""Networks as an engine: one for each bag, trained in turn."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from skmtl.engines import Engine, FitProgress, HeldOutMean, Problem
from skmtl.engines.network._equations import check_residuals
from skmtl.engines.network._fitted import FittedNetworks
from skmtl.engines.network._hidden_sources import with_hidden_sources
from skmtl.engines.network._importances import score_movements
from skmtl.engines.network._samples import Parts, batch_to_score, parts_of
from skmtl.engines.network._start import Architecture, Start, drawn_generator
from skmtl.histories import EventReader
from skmtl.networks import BaggedNetworks, Batch, n_groups_of
from skmtl.reading import ScorableRows
from skmtl.tables import (
    FrameEncoder,
    HashedCategories,
    HistoryTableEncoder,
    LeastRows,
    SourceEncoder,
    Sources,
    TableEncoder,
)
from skmtl.tasks import Labels, Residual, TaskSet
from skmtl.training import (
    SCORING_ROWS,
    Epoch,
    Trainer,
    TrainingOptions,
    current_processes,
    current_record,
    in_batches,
    resolve_device,
    scoring_device,
    torch_threads,
    without_traces,
)

_SHOWN_ROWS = 10_000  # sufficient for means


@dataclass(frozen=True)
class NetworkEngine(Engine):
    """Trains networks.

    Attributes
    ----------
    architecture : Architecture
    options : callable
        Returns TrainingOptions, given the names of all tasks that can have weights and of those
        that are learnt.
    bags : callable
        Returns the default number of networks for a number of rows.
    device : str
    n_threads : int
        Threads of torch on the CPU.
    shaped_by : mapping of parameter to value
        Parameters that determine the network, so that they cannot change with warm_start.
    least_category_rows : int or "auto"
        Minimum number of rows of a known category.
    histories : mapping of column to bool
        Columns of histories that the networks read, and whether by the text of variables' names.
    hashed_categories : HashedCategories or None
    sources : mapping of source to columns
    source_dropout : float
        Share of the sources that training hides, see `HiddenSources`.
    """

    architecture: Architecture
    options: Callable[[list[Hashable], list[Hashable]], TrainingOptions]
    bags: Callable[[int], int]
    device: str
    n_threads: int
    shaped_by: Mapping[str, Any]
    least_category_rows: LeastRows = 1
    histories: Mapping[Hashable, bool] = field(default_factory=dict)
    hashed_categories: HashedCategories | None = None
    sources: Sources = field(default_factory=dict)
    source_dropout: float = 0.5

    streams: ClassVar[bool] = True
    encodes_by_training_rows: ClassVar[bool] = True
    units_by_group: ClassVar[bool] = True
    records_transfer: ClassVar[bool] = True

    @property
    def widens(self) -> bool:  # type: ignore[override]
        if self.histories or self.sources or self._residuals or self.hashed_categories is not None:
            return False
        return hasattr(self.architecture, "widened")

    @property
    def reads_stored_tables(self) -> bool:
        return not (self.histories or self._residuals)

    @property
    def learns_without_labels(self) -> bool:  # type: ignore[override]
        return bool(self._residuals)

    @property
    def _residuals(self) -> Mapping[Hashable, Residual]:
        return getattr(self.architecture, "residuals", {})

    def make_encoder(self) -> FrameEncoder:
        plain = TableEncoder(self.least_category_rows, self.hashed_categories)
        readers = {name: EventReader(by_text) for name, by_text in self.histories.items()}
        table = HistoryTableEncoder(plain, readers) if readers else plain
        return SourceEncoder(table, self.sources) if self.sources else table

    def check(self) -> None:
        resolve_device(self.device)

    def check_tasks(self, tasks: TaskSet) -> None:
        check_residuals(self._residuals, tasks)

    def check_goes_on(self, fitted: FittedNetworks) -> None:
        for name, before in fitted.shaped_by.items():
            now = self.shaped_by[name]
            if now != before and not (name == "tasks" and self.widens and _extends(now, before)):
                raise ValueError(
                    f"warm_start=True continues with the networks of the last fit, which had "
                    f"{name}={before!r}; now it is {now!r}. Set it back, or use warm_start=False "
                    "to start over."
                )

    def agreed_state(self, random_state: np.random.RandomState) -> np.random.RandomState:
        # Without a seed, each process would draw a different one.
        return current_processes().from_first(random_state)

    def within(self, seconds: float) -> NetworkEngine:
        def options(names: list[Hashable], learnt: list[Hashable]) -> TrainingOptions:
            limited = self.options(names, learnt)
            return replace(limited, max_time=min(limited.max_time, max(seconds, 0.0)))

        return replace(self, options=options)

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        return self.bags(n_rows)

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: FittedNetworks | None = None,
    ) -> FittedNetworks:
        parts = parts_of(problem)
        if self.sources:
            parts = with_hidden_sources(parts, problem, self.source_dropout)
        _check_processes(problem.tasks, parts)
        with torch_threads(self.n_threads):
            start = Start(self.architecture, problem, parts, random_state)
            # Copy, because another estimator may share the earlier model.
            fitted = start.fresh() if previous is None else start.going_on(copy.deepcopy(previous))
            fitted.shaped_by = dict(self.shaped_by)
            fitted = self._train(fitted, problem, parts, progress, random_state)
            _show_training_rows(fitted, parts)
            fitted.movements = score_movements(
                partial(self._network_scores, fitted),
                parts[0][0].in_memory().inputs,
                problem.tasks,
            )
            self._finish_heads(fitted, problem.tasks, parts[0])
        return fitted

    def raw_scores(self, fitted: FittedNetworks, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        if not len(rows):  # some layers cannot infer the shape of nothing
            return np.zeros((0, tasks.n_scores))
        return self._network_scores(fitted, batch_to_score(rows))

    def held_out_scores(self, fitted: FittedNetworks, problem: Problem) -> np.ndarray:
        mean = HeldOutMean(problem)
        for number, (_, held_out) in enumerate(problem.splits[: len(fitted)]):
            rows = problem.rows.take(held_out)
            scores = self.raw_scores(fitted.bag(number), rows, problem.tasks)
            mean.add(held_out, scores)
        return mean.scores()

    def sizes(self, fitted: FittedNetworks) -> dict[str, int]:
        weights = sum(weight.numel() for weight in fitted.networks.parameters())
        return {"networks": len(fitted), "weights": weights}

    def over_rows(
        self,
        fitted: FittedNetworks,
        rows: Batch,
        function: Callable[[BaggedNetworks, Batch], torch.Tensor],
    ) -> np.ndarray:
        """Apply a function of the networks to all rows; returns a float64 array.

        Computes in float32 regardless of the precision of training: bfloat16 is so coarse that the
        scores of a row would depend on the number of rows.
        """
        device = scoring_device(self.device)
        networks = fitted.on(device)

        def on_device(batch: Batch) -> torch.Tensor:
            return function(networks, batch.to(device)).cpu()

        # A tenth faster than no_grad for a single row.
        with torch_threads(self.n_threads), torch.inference_mode():
            scores = in_batches(on_device, rows, SCORING_ROWS)
        return scores.numpy().astype(np.float64)

    def _network_scores(self, fitted: FittedNetworks, rows: Batch) -> np.ndarray:
        return self.over_rows(fitted, rows, _mean_scores)

    def _train(
        self,
        fitted: FittedNetworks,
        problem: Problem,
        parts: list[Parts],
        progress: FitProgress,
        random_state: np.random.RandomState,
    ) -> FittedNetworks:
        """Train the networks in turn; a stop or an interrupt ends the training of all.

        Networks that were trained in this fit or an earlier one are kept.
        """
        device = resolve_device(self.device)
        task_weight = torch.tensor(problem.task_weight, dtype=torch.float32, device=device)
        networks = list(fitted.networks)
        named = partial(balanced_names, problem, networks[0])
        learnt, record = named(problem.tasks.names), current_record()
        options = replace(self.options(named(problem.target_names), learnt), record=record)
        if record is not None:
            record.names = learnt
        progress.start(len(parts) * options.max_epochs)
        started, n_unfinished = time.monotonic(), 0
        for bag, (network, (training, validation)) in enumerate(zip(networks, parts, strict=True)):
            left = options.max_time - (time.monotonic() - started)
            trainer = Trainer(
                network=network.to(device),
                tasks=problem.tasks,
                options=replace(options, max_time=left / (len(parts) - bag)),
                task_weight=task_weight,
                generator=drawn_generator(random_state, device),
                processes=current_processes(),
                history=fitted.epochs[bag],
            )
            n_earlier = len(fitted.epochs[bag])
            monitor = _EpochReports(progress, bag, partial(_so_far, fitted, bag))
            validation = None if validation is None else validation.to(device)
            try:
                with nullcontext() if options.is_plain else without_traces():
                    undisturbed = trainer.fit(training.to(device), validation, monitor)
                if not undisturbed:
                    break
                if validation is not None:
                    n_unfinished += _met_limit(fitted.epochs[bag][n_earlier:], options)
            except KeyboardInterrupt:
                if bag == 0:
                    raise
                fitted.epochs[bag].clear()
                warnings.warn(f"Training was interrupted: {bag} networks are kept.", stacklevel=2)
                break
        if n_unfinished and options.schedule == "constant":
            warnings.warn(
                f"The loss of held-out rows was still falling when the limit of "
                f"max_epochs={options.max_epochs} ended the training of {n_unfinished} of "
                f"{len(networks)} networks. Raise max_epochs or learning_rate.",
                ConvergenceWarning,
                stacklevel=2,
            )
        epochs = [of_bag for of_bag in fitted.epochs if of_bag]
        kept = BaggedNetworks(networks[: len(epochs)])
        return FittedNetworks(fitted.description, kept, epochs, fitted.shaped_by)

    def _finish_heads(self, fitted: FittedNetworks, tasks: TaskSet, parts: Parts) -> None:
        """Let heads that need them learn from the scores of the training rows."""
        if not tasks.learns_from_scores:
            return
        cpu = torch.device("cpu")
        samples = [part.in_memory().to(cpu) for part in parts if part is not None]
        scores = np.concatenate([self._network_scores(fitted, part.inputs) for part in samples])
        target, weight = (
            np.concatenate([getattr(part, name).numpy() for part in samples])
            for name in ("target", "weight")
        )
        labels = Labels(target.astype(np.float64), weight > 0)
        tasks.finish(scores, labels, weight.astype(np.float64))


def _extends(now: Any, before: Any) -> bool:
    """Whether kinds of targets include all earlier ones unchanged."""
    before = {} if before is None else before
    both = isinstance(now, Mapping) and isinstance(before, Mapping)
    return both and all(name in now and now[name] == kind for name, kind in before.items())


def _show_training_rows(fitted: FittedNetworks, parts: list[Parts]) -> None:
    """Pass training rows to networks that store something about them."""
    for network, (training, _) in zip(fitted.networks, parts, strict=False):
        if hasattr(network, "after_training"):
            rows = training.in_memory().inputs
            shown = torch.linspace(0, len(rows) - 1, min(len(rows), _SHOWN_ROWS)).long().unique()
            device = next(network.parameters()).device
            network.eval().after_training(rows.take(shown.to(rows.device)).to(device))


def _mean_scores(networks: BaggedNetworks, batch: Batch) -> torch.Tensor:
    return networks(batch).mean(dim=1)


class _EpochReports:
    """Reports every epoch of one network to the progress of a fit."""

    def __init__(
        self, progress: FitProgress, bag: int, fitted: Callable[[nn.Module], FittedNetworks]
    ) -> None:
        self._progress = progress
        self._bag = bag
        self._fitted = fitted

    def begin(self, number: int) -> None:
        self._progress.begin()

    def end(self, epoch: Epoch, network: Callable[[], nn.Module]) -> bool:
        report = {
            "bag": self._bag,
            "epoch": epoch.number,
            "loss": epoch.loss,
            "validation_loss": epoch.validation_loss,
            "objective": epoch.objective,
            "improved": epoch.improved,
            "auxiliary": epoch.auxiliary,
        }
        return self._progress.end(report, lambda: self._fitted(network()))


def _met_limit(epochs: list[Epoch], options: TrainingOptions) -> bool:
    """Whether the limit of epochs ended the training before early stopping did."""
    recent = epochs[-options.longest_patience :]
    return len(epochs) >= options.max_epochs and any(epoch.improved for epoch in recent)


def balanced_names(
    problem: Problem, network: nn.Module, targets: list[Hashable]
) -> list[Hashable]:
    """Return the tasks to balance: targets of wide data, ids of long data or pairs of both.

    For a network without task ids, targets are balanced in long data as well.
    """
    ids = problem.task_ids
    if not n_groups_of(network):
        return targets
    if len(problem.target_names) == 1:
        return ids
    return [(id_, target) for id_ in ids for target in targets]


def _so_far(fitted: FittedNetworks, bag: int, network: nn.Module) -> FittedNetworks:
    """Return the trained networks, and the current state of the one in training."""
    networks = BaggedNetworks([*list(fitted.networks)[:bag], network])
    return FittedNetworks(fitted.description, networks, fitted.epochs[: bag + 1], fitted.shaped_by)


def _check_processes(tasks: TaskSet, parts: list[Parts]) -> None:
    """Raise an error if several processes cannot train this together."""
    processes = current_processes()
    if processes.count == 1:
        return
    if tasks.learns_from_scores:
        raise ValueError(
            "data_parallel() distributes the rows of a batch over processes, but kind "
            "'proportional_hazards' compares these with each other. Use kind 'survival', or "
            "train in one process."
        )
    for training, validation in parts:
        known = training.in_memory()
        sums = [
            len(training),
            0 if validation is None else len(validation),
            *training.mean_weight().tolist(),
            *known.target.abs().mean(dim=0).tolist(),
            *known.inputs.numeric.abs().nanmean(dim=0).tolist(),
        ]
        processes.check_same(sums)
