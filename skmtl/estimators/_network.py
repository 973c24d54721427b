"""Estimators whose engine is a torch network: fit, score, save."""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._common import (
    NO_LABEL_COUNTS,
    MultiTaskEstimator,
    Table,
    check_two_rows,
    naming_eval_set,
    own_random_state,
)
from skmtl.estimators._progress import EpochCallbacks, history_frame
from skmtl.estimators._reader import TableReader
from skmtl.estimators._split import weights_by_task
from skmtl.estimators._stored import opened, stored_parts
from skmtl.networks import BaggedNetworks, Batch, MultiTabNet, initialise
from skmtl.tables import Chunk, EncodedTable, TableEncoder
from skmtl.tasks import Labels
from skmtl.training import (
    SCORING_ROWS,
    Epoch,
    Samples,
    Trainer,
    TrainingOptions,
    TrainingRows,
    TransferRecord,
    current_processes,
    in_batches,
    resolve_device,
    scoring_device,
)

Parts = tuple[TrainingRows, Samples | None]


class NetworkEstimator(CallbackSupportMixin, MultiTaskEstimator):
    """Fit, raw scores and pickling around a network that `_describe_network` describes."""

    network_: BaggedNetworks[MultiTabNet]
    _reader: TableReader
    _epochs: list[list[Epoch]]
    _SHAPING: ClassVar[tuple[str, ...]]
    """Parameters that a network is built by, so that they cannot change while it is trained."""

    _record: TransferRecord | None = None

    def _record_transfer(self, every: int) -> TransferRecord:
        """Let `fit` look every so many steps at what the tasks do to each other.

        Returns
        -------
        TransferRecord
            Filled by the following fits of this object; tasks as in `_balanced_names`.
        """
        self._record = TransferRecord(every)
        return self._record

    @abstractmethod
    def _describe_network(self, table: EncodedTable, base_scores: np.ndarray, seed: int) -> dict:
        """Everything that `_make_network` needs, as plain data that can be pickled."""

    @staticmethod
    @abstractmethod
    def _make_network(description: dict) -> MultiTabNet:
        """An uninitialised network on the CPU."""

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Any:
        """Fit all tasks at once.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            DataFrame (pandas, polars or another that narwhals reads) with numbers, booleans,
            categories and text; or an array. Missing values are allowed, infinity is not.
            A path to Parquet files, a pyarrow dataset, `skmtl.tables.ParquetTable` or
            `skmtl.tables.ArrayTable` is read in chunks, with bounded memory.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_tasks)
            One column per target; NaN, None or NA where a label is missing. For Parquet files
            the name of the column with the labels, or a list of names.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, in every task. For Parquet files the name of a column.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Rows that decide when to stop, instead of a `validation_fraction` of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data that cannot be learnt from; the message names the column or the task.
        FloatingPointError
            When a loss becomes NaN or infinite; the message names the task and the epoch.
        """
        self._check_parameters()
        resolve_device(self.device)
        going_on = self.warm_start and hasattr(self, "network_")
        if going_on:
            self._check_unchanged()
        # Without a seed, each process would draw its own.
        random_state = current_processes().from_first(own_random_state(self.random_state))
        with opened(X, y, sample_weight, self.task, random_state) as (rows, source):
            table = replace(self._read_table(*rows, reset=not going_on), source=source)
            check_two_rows(table)
            begin = self._go_on if going_on else self._start
            networks, parts = begin(table, eval_set, random_state)
            if not going_on:
                self._remember_y(rows.y)
            self._learn(networks, parts, X, y, random_state)
        return self

    def _learn(
        self,
        networks: list[MultiTabNet],
        parts: list[Parts],
        X: Any,
        y: Any,
        random_state: np.random.RandomState,
    ) -> None:
        """Train the networks, telling callbacks of it, and keep what becomes of them."""
        self._check_processes(parts)
        device = resolve_device(self.device)
        task_weight = torch.tensor(self._task_weights(), dtype=torch.float32, device=device)
        context = self._init_callback_context(max_subtasks=len(parts) * self.max_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        callbacks = EpochCallbacks(self, context, X, y, self._fitted_with)
        self.network_ = self._train(networks, parts, callbacks, task_weight, random_state)
        self._finish_heads(parts[0])
        self.history_ = history_frame(self._epochs, self.task_set_.names)
        self.n_epochs_ = len(self.history_)
        kept = [max(e.number for e in epochs if e.improved) for epochs in self._epochs]
        self.best_epoch_ = int(np.median(kept))
        context.call_on_fit_task_end(
            estimator=self,
            X=X,
            y=y,
            reconstruction_attributes=lambda: self._fitted_with(self.network_),
        )

    def _check_processes(self, parts: list[Parts]) -> None:
        """Raise where several processes cannot train this together."""
        processes = current_processes()
        if processes.count == 1:
            return
        if self.task_set_.learns_from_scores:
            raise ValueError(
                "data_parallel() deals the rows of a batch out to processes, but kind "
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

    def _start(
        self, table: Table, eval_set: Any, random_state: np.random.RandomState
    ) -> tuple[list[MultiTabNet], list[Parts]]:
        """New networks and their samples; learns columns, categories and labels."""
        # Those of an earlier fit would not suit what is learnt now, should this one fail.
        if hasattr(self, "network_"):
            del self.network_
        self._reader = TableReader(self.task, TableEncoder())
        self._reader.fit_ids(table.ids)
        self._fit_tasks(table, self._reader.group(table.ids), self._reader.n_groups)
        n_rows = len(table.Y) if table.source is None else table.source.rows.n_rows
        splits = self._splits(table, eval_set, self._n_bags(n_rows), random_state)
        rows = np.unique(np.concatenate([training for training, _ in splits]))
        self._reader.fit_features(table.features, rows, table.sample_weight)
        parts = self._parts(table, eval_set, splits)
        self._epochs = [[] for _ in parts]
        self._shaped_by = {name: getattr(self, name) for name in self._SHAPING}
        return self._new_networks(parts, random_state), parts

    def _go_on(
        self, table: Table, eval_set: Any, random_state: np.random.RandomState
    ) -> tuple[list[MultiTabNet], list[Parts]]:
        """The networks of the last fit and their samples, read as in that fit."""
        networks = list(self.network_)
        splits = self._splits(table, eval_set, len(networks), random_state)
        return networks, self._parts(table, eval_set, splits)

    def _check_unchanged(self) -> None:
        """Raise where a parameter that shaped the networks of the last fit is another one now."""
        for name, before in self._shaped_by.items():
            now = getattr(self, name)
            if now != before:
                raise ValueError(
                    f"warm_start=True goes on with the networks of the last fit, which had "
                    f"{name}={before!r}; now it is {now!r}. Set it back, or use warm_start=False "
                    "to begin anew."
                )

    def _train(
        self,
        networks: list[MultiTabNet],
        parts: list[Parts],
        callbacks: EpochCallbacks,
        task_weight: torch.Tensor,
        random_state: np.random.RandomState,
    ) -> BaggedNetworks[MultiTabNet]:
        """Train the networks one after the other; a stop or an interrupt ends them all.

        Gives those that have been trained, in this fit or an earlier one.
        """
        device = task_weight.device
        options = replace(self._training_options(), record=self._record)
        started = time.monotonic()
        for bag, (network, (training, validation)) in enumerate(zip(networks, parts, strict=True)):
            left = options.max_time - (time.monotonic() - started)
            trainer = Trainer(
                network=network.to(device),
                tasks=self.task_set_,
                options=replace(options, max_time=left / (len(parts) - bag)),
                task_weight=task_weight,
                generator=_generator(random_state, device),
                processes=current_processes(),
                history=self._epochs[bag],
            )
            callbacks.start(bag, networks[:bag])
            validation = None if validation is None else validation.to(device)
            try:
                if not trainer.fit(training.to(device), validation, callbacks):
                    break
            except KeyboardInterrupt:
                if bag == 0:
                    raise
                self._epochs[bag].clear()
                warnings.warn(f"Training was interrupted: {bag} networks are kept.", stacklevel=2)
                break
        self._epochs = [epochs for epochs in self._epochs if epochs]
        return BaggedNetworks(networks[: len(self._epochs)])

    def _finish_heads(self, parts: Parts) -> None:
        """Let the heads learn from the scores of the training rows, where they need these."""
        if not self.task_set_.learns_from_scores:
            return
        cpu = torch.device("cpu")
        samples = [part.in_memory().to(cpu) for part in parts if part is not None]
        scores = np.concatenate([self._network_scores(part.inputs) for part in samples])
        target, weight = (
            np.concatenate([getattr(part, name).numpy() for part in samples])
            for name in ("target", "weight")
        )
        labels = Labels(target.astype(np.float64), weight > 0)
        self.task_set_.finish(scores, labels, weight.max(axis=1).astype(np.float64))

    def _parts(
        self, table: Table, eval_set: Any, splits: list[tuple[np.ndarray, np.ndarray]]
    ) -> list[Parts]:
        """Training and validation samples of each network."""
        samples = self._samples(table)
        given = None if eval_set is None else self._read_eval_set(eval_set)
        if table.source is not None:
            stored = stored_parts(table.source, samples, splits, self._read_samples)
            return [(own, held_out if given is None else given) for own, held_out in stored]
        if given is not None:
            return [(samples, given)] * len(splits)
        return [
            (
                samples.take(torch.from_numpy(training)),
                samples.take(torch.from_numpy(held_out)) if len(held_out) else None,
            )
            for training, held_out in splits
        ]

    @abstractmethod
    def _n_bags(self, n_samples: int) -> int:
        """Number of networks."""

    def _read_eval_set(self, eval_set: Any) -> Samples:
        with naming_eval_set():
            samples = self._samples(self._read_eval_table(eval_set))
            if not (samples.weight.numpy() * self._task_weights() > 0).any():
                raise ValueError(NO_LABEL_COUNTS)
        return samples

    def _read_samples(self, rows: Chunk) -> Samples:
        """Rows of a table on disk as the learnt reader and heads encode them."""
        return self._samples(self._read_table(*rows, reset=False))

    def _samples(self, table: Table) -> Samples:
        """A table as the learnt reader and heads encode it."""
        group = self._reader.group(table.ids)
        batch = _batch(self._reader.encoder.transform(table.features), group)
        labels = self.task_set_.encode(table.Y, group=group)
        weight = weights_by_task(labels.mask, table.sample_weight)
        target = torch.from_numpy(labels.target.astype(np.float32))
        return Samples(batch, target, torch.from_numpy(weight))

    def _new_networks(
        self, parts: list[Parts], random_state: np.random.RandomState
    ) -> list[MultiTabNet]:
        training = parts[0][0].in_memory()
        self._description = self._describe_network(
            EncodedTable(training.inputs.numeric.numpy(), training.inputs.codes.numpy()),
            self._base_scores(training),
            random_state.randint(2**31 - 1),
        )
        networks = [self._make_network(self._description) for _ in parts]
        for network in networks:
            initialise(network, _generator(random_state, torch.device("cpu")))
        return networks

    def _base_scores(self, training: Samples) -> np.ndarray:
        """The best constant prediction, for the networks to start from."""
        target, weight = training.target.numpy(), training.weight.numpy()
        labels = Labels(target.astype(np.float64), weight > 0)
        # Weights by task are the row's weight wherever there is a label.
        return self.task_set_.initial_scores(labels, weight.max(axis=1).astype(np.float64))

    @abstractmethod
    def _training_options(self) -> TrainingOptions: ...

    def _balanced_names(self) -> list[Hashable]:
        """The tasks that are balanced: targets of wide data, ids of long data or pairs of both."""
        ids, targets = self._reader.task_ids, self.task_set_.names
        if not ids:
            return targets
        return ids if len(targets) == 1 else [(id_, target) for id_ in ids for target in targets]

    def _fitted_with(self, networks: BaggedNetworks[MultiTabNet]) -> dict[str, Any]:
        """Fitted attributes with which a copy of this estimator predicts."""
        kept = {name: value for name, value in vars(self).items() if name in self._KEPT}
        return kept | {"network_": networks}

    _KEPT: tuple[str, ...] = ("task_set_", "_reader", "_single", "_description", "n_features_in_",
             "feature_names_in_")  # fmt: skip

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _read_batch(self, X: Any) -> Batch:
        check_is_fitted(self)
        table, group = self._reader.read(self._read_frame(X, reset=False))
        return _batch(table, group)

    def _raw_scores(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        batch = self._read_batch(X)
        scores = self._network_scores(batch)
        return scores, None if batch.group is None else batch.group.numpy()

    def _network_scores(self, batch: Batch) -> np.ndarray:
        return self._over_rows(batch, lambda rows: self.network_(rows).mean(dim=1))

    def _over_rows(self, batch: Batch, function: Any) -> np.ndarray:
        """A function of the network over all rows, as a float64 array.

        In float32 whatever the precision of training: bfloat16 is so coarse that a row's
        scores would depend on how many rows are scored with it.
        """
        device = scoring_device(self.device)
        # Moving what is there already costs as much as scoring a row.
        if next(self.network_.parameters()).device != device:
            self.network_.to(device)

        def on_device(rows: Batch) -> torch.Tensor:
            return function(rows.to(device)).cpu()

        # A tenth faster for a single row than without gradients alone.
        with torch.inference_mode():
            scores = in_batches(on_device, batch, SCORING_ROWS)
        return scores.numpy().astype(np.float64)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        network = state.pop("network_", None)
        if network is not None:
            # Weights as arrays: they load on any device, without torch's own pickles.
            state["_n_networks"] = len(network)
            state["_weights"] = {k: v.cpu().numpy() for k, v in network.state_dict().items()}
        if "history_" in state:
            state["history_"] = state["history_"].reset_index().to_dict("list")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        fitted = dict(state)
        weights, n_networks = fitted.pop("_weights", None), fitted.pop("_n_networks", 0)
        super().__setstate__(fitted)
        if weights is not None:
            bag = BaggedNetworks(self._make_network(self._description) for _ in range(n_networks))
            bag.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
            self.network_ = bag.eval()
        if "history_" in fitted:
            self.history_ = pd.DataFrame(fitted["history_"]).set_index("epoch")


def _generator(random_state: np.random.RandomState, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(random_state.randint(2**31 - 1))


def _batch(table: EncodedTable, group: np.ndarray | None) -> Batch:
    return Batch(
        torch.from_numpy(table.numeric),
        torch.from_numpy(table.codes),
        None if group is None else torch.from_numpy(group),
    )
