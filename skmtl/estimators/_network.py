"""Estimators whose engine is a torch network: fit, score, save."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._common import MultiTaskEstimator, Table
from skmtl.estimators._parameters import Check, check_parameters
from skmtl.estimators._progress import EpochCallbacks, history_frame
from skmtl.estimators._reader import TableReader
from skmtl.estimators._split import validation_split, weights_by_task
from skmtl.networks import initialise
from skmtl.tables import EncodedTable
from skmtl.training import (
    SCORING_ROWS,
    Epoch,
    Inputs,
    Samples,
    Trainer,
    TrainingOptions,
    autocast,
    in_batches,
    resolve_device,
    scoring_device,
)


class NetworkEstimator(CallbackSupportMixin, MultiTaskEstimator):
    """Fit, raw scores and pickling around a network that `_describe_network` describes."""

    network_: torch.nn.Module
    _reader: TableReader
    _epochs: list[Epoch]
    _parameter_checks: ClassVar[dict[str, Check]]

    @abstractmethod
    def _describe_network(self, table: EncodedTable, base_scores: np.ndarray, seed: int) -> dict:
        """Everything that `_make_network` needs, as plain data that can be pickled."""

    @staticmethod
    @abstractmethod
    def _make_network(description: dict) -> torch.nn.Module:
        """An uninitialised network on the CPU."""

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Any:
        """Fit all tasks at once.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            DataFrame (pandas, polars or another that narwhals reads) with numbers, booleans,
            categories and text; or an array. Missing values are allowed, infinity is not.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_tasks)
            One column per target; NaN, None or NA where a label is missing.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, in every task.
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
        check_parameters(self, self._parameter_checks)
        device = resolve_device(self.device)
        going_on = self.warm_start and hasattr(self, "network_")
        table = self._read_table(X, y, sample_weight, reset=not going_on)
        random_state = _own_random_state(self.random_state)
        training, validation = self._parts(table, eval_set, random_state, learn=not going_on)
        if not going_on:
            self._new_network(training, random_state)
            self._remember_y(y)
        trainer = self._trainer(device, random_state)
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        callbacks = EpochCallbacks(self, context, X, y, lambda: self._as_of_now(trainer))
        trainer.fit(
            training.to(device), None if validation is None else validation.to(device), callbacks
        )
        self._epochs = trainer.history
        self.history_ = history_frame(trainer.history, self.task_set_.names)
        self.n_epochs_ = len(trainer.history)
        self.best_epoch_ = max(epoch.number for epoch in trainer.history if epoch.improved)
        context.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes=lambda: self._as_of_now(trainer)
        )
        return self

    def _parts(
        self, table: Table, eval_set: Any, random_state: np.random.RandomState, *, learn: bool
    ) -> tuple[Samples, Samples | None]:
        """Training and validation samples; with `learn`, encoders and heads are fitted."""
        n = len(table.Y)
        rows, held_out = np.arange(n), np.arange(0)
        reader = TableReader(self.task) if learn else self._reader
        if learn:
            reader.fit_ids(table.ids)
        group = reader.group(table.ids)
        if learn:
            self._fit_tasks(table, group, reader.n_groups)
        labels = self.task_set_.encode(table.Y, group=group)
        if self.early_stopping and eval_set is None:
            rows, held_out = validation_split(
                table.Y, group, self.validation_fraction, random_state
            )
        if learn:
            reader.fit_features(table.features, rows, table.sample_weight)
            self._reader = reader
        inputs = _inputs(reader.encoder.transform(table.features), group)
        weight = weights_by_task(self.task_set_, labels.mask, table.sample_weight)
        samples = _samples(inputs, labels.target, weight)
        if eval_set is not None:
            return samples, self._read_eval_set(eval_set)
        validation = samples.take(torch.from_numpy(held_out)) if len(held_out) else None
        return samples.take(torch.from_numpy(rows)), validation

    def _read_eval_set(self, eval_set: Any) -> Samples:
        parts = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
        if not isinstance(parts, tuple) or len(parts) not in (2, 3):
            raise ValueError(
                "eval_set must be a tuple (X, y) or (X, y, sample_weight), got "
                f"{type(eval_set).__name__}."
            )
        table = self._read_table(*parts, *[None] * (3 - len(parts)), reset=False)
        group = self._reader.group(table.ids)
        labels = self.task_set_.encode(
            table.Y.set_axis(self.task_set_.names, axis=1)
            if table.Y.shape[1] == len(self.task_set_)
            else table.Y,
            group=group,
        )
        weight = weights_by_task(self.task_set_, labels.mask, table.sample_weight)
        inputs = _inputs(self._reader.encoder.transform(table.features), group)
        return _samples(inputs, labels.target, weight)

    def _new_network(self, training: Samples, random_state: np.random.RandomState) -> None:
        base = self._base_scores(training)
        encoded = EncodedTable(training.numeric.numpy(), training.codes.numpy())
        self._description = self._describe_network(encoded, base, random_state.randint(2**31 - 1))
        self._epochs = []
        network = self._make_network(self._description)
        initialise(network, torch.Generator().manual_seed(random_state.randint(2**31 - 1)))
        self.network_ = network

    def _base_scores(self, training: Samples) -> np.ndarray:
        """The best constant prediction, for the network to start from."""
        parts = []
        target, weight = training.target.numpy(), training.weight.numpy()
        for i, (head, part) in enumerate(
            zip(self.task_set_.heads, self.task_set_.target_slices, strict=True)
        ):
            rows = weight[:, i] > 0
            own = target[rows, part].astype(np.float64)
            parts.append(head.initial_scores(own, weight[rows, i].astype(np.float64)))
        return np.concatenate(parts)

    def _trainer(self, device: torch.device, random_state: np.random.RandomState) -> Trainer:
        weight = torch.tensor(self._task_weights(), dtype=torch.float32, device=device)
        generator = torch.Generator(device).manual_seed(random_state.randint(2**31 - 1))
        return Trainer(
            network=self.network_.to(device),
            tasks=self.task_set_,
            options=self._training_options(),
            task_weight=weight,
            generator=generator,
            history=list(self._epochs),
        )

    @abstractmethod
    def _training_options(self) -> TrainingOptions: ...

    def _as_of_now(self, trainer: Trainer) -> dict[str, Any]:
        """Fitted attributes with which a copy predicts as the network stands."""
        kept = {name: value for name, value in vars(self).items() if name in self._KEPT}
        return kept | {"network_": trainer.averaged_copy()}

    _KEPT = ("task_set_", "_reader", "_single", "_description", "n_features_in_",
             "feature_names_in_")  # fmt: skip

    def _read_inputs(self, X: Any) -> Inputs:
        check_is_fitted(self)
        table, group = self._reader.read(self._read_frame(X, reset=False))
        return _inputs(table, group)

    def _raw_scores(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        inputs = self._read_inputs(X)
        scores = self._over_rows(
            inputs, lambda rows: self.network_(rows.numeric, rows.codes, rows.group).mean(dim=1)
        )
        return scores, None if inputs.group is None else inputs.group.numpy()

    def _over_rows(self, inputs: Inputs, function: Any) -> np.ndarray:
        """A function of the network over all rows, as a float64 array."""
        device = scoring_device(self.device)
        self.network_.to(device)

        def on_device(rows: Inputs) -> torch.Tensor:
            with autocast(device, self.precision):
                return function(rows.to(device)).float().cpu()

        return in_batches(on_device, inputs, SCORING_ROWS).numpy().astype(np.float64)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        network = state.pop("network_", None)
        if network is not None:
            # Weights as arrays: they load on any device, without torch's own pickles.
            state["_weights"] = {k: v.cpu().numpy() for k, v in network.state_dict().items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is not None:
            network = self._make_network(self._description)
            network.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
            self.network_ = network.eval()


def _own_random_state(random_state: Any) -> np.random.RandomState:
    """None draws fresh entropy rather than numbers from numpy's global state."""
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return check_random_state(random_state)


def _inputs(table: EncodedTable, group: np.ndarray | None) -> Inputs:
    return Inputs(
        torch.from_numpy(table.numeric),
        torch.from_numpy(table.codes),
        None if group is None else torch.from_numpy(group),
    )


def _samples(inputs: Inputs, target: np.ndarray, weight: np.ndarray) -> Samples:
    return Samples(
        inputs.numeric,
        inputs.codes,
        inputs.group,
        torch.from_numpy(target.astype(np.float32)),
        torch.from_numpy(weight),
    )
