"""The parameters of every network: how it is trained."""

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.balancing import BALANCERS, Equal
from skmtl.engines import number_of_threads
from skmtl.engines.network import (
    Architecture,
    BalanceLike,
    FittedNetworks,
    MultiTabDescription,
    NetworkEngine,
    is_balance,
    n_networks,
    resolve_balance,
)
from skmtl.models._checks import Check, boolean, integer, n_threads, one_of, real
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.networks import BaggedNetworks
from skmtl.tables import HashedCategories, LeastRows
from skmtl.training import BalanceAt, Precision, Schedule, TrainingOptions, current_processes

_balance = Check(
    is_balance,
    f"one of {', '.join(map(repr, BALANCERS))}, a mapping or sequence of weights, an object of "
    "skmtl.balancing (not its class), or a callable from gradients (n_tasks, n_params) to "
    "(n_params,)",
)


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkEstimator(MultiTaskEstimator):
    """An estimator whose engine is a network.

    Parameters
    ----------
    balance : str, mapping, sequence, object or callable, default="equal"
        How the tasks are combined into one step: the name of a method, weights of the tasks by
        name or in order, an object of `skmtl.balancing` with settings of its own, or a callable,
        such as those of ``torchjd.aggregation``, that maps a matrix with one task's gradient in
        each row, (n_tasks, n_params), to one gradient, (n_params,). Only tasks with a label in
        the batch have a row, so the number of rows may vary. Tasks are the targets of wide data
        and the ids of long data (pairs of id and target, if y has several columns). "equal" adds
        up the losses, which is seldom beaten; `skmtl.balancing` says what the others are for.
    balance_at : {"representation", "trunk"}, default="representation"
        Where the method compares the gradients of the tasks, if it does: where they enter the
        shared part of the network, which makes a step 1.1 to 1.5 times as expensive, or at its
        parameters, which takes a backward pass through the network for each task
        ("sharpness_aware": two). "rep_mtl" works at the representation in either case.
    learning_rate : float, default=5e-3
        Step size of AdamW.
    schedule : {"constant", "cosine"}, default="constant"
        Course of the learning rate: constant, or falling to zero over `max_epochs` along half a
        cosine. A constant rate does not depend on `max_epochs`, which early stopping rarely
        reaches, and `averaging` does what a falling rate would do.
    weight_decay : float, default=3e-2
        Decay of AdamW, for the matrices; embeddings, scales and biases do not decay.
    gradient_clip : float, default=1.0
        Largest norm of a step's gradient; longer ones are scaled down, so that one unusual batch
        does not undo the training.
    averaging : float, default=0.99
        Decay per step of the running mean of the weights, which is what is validated, kept and
        used to predict; 0.99 averages over about the last 100 steps. 0 uses the weights as they
        are.
    batch_size : int or "auto", default="auto"
        Rows per training step. "auto" makes about 32 steps an epoch, of 32 to 1,024 rows, because
        large batches train a small table badly. It has no effect on predictions.
    n_bags : int or "auto", default="auto"
        Networks that are trained one after the other, each with other rows held out, and whose
        raw scores are averaged. "auto" is 4 up to 5,000 rows, 2 up to 20,000 and 1 beyond: where
        rows are few, averaging evens out the chance in which of them stop the training, and every
        row is learnt from. The times to fit and to predict grow with it.
    max_epochs : int, default=200
        Most passes over the training rows, for each network. Early stopping usually comes first.
    max_time : float, default=None
        Seconds after which training ends with the epoch it is in; None for no limit. The result
        of a fit that it ends depends on the speed of the machine.
    early_stopping : bool, default=True
        Hold out `validation_fraction` of the rows (others for each network), stop `patience`
        epochs after the best validation loss and keep the weights of the best epoch. False trains
        on all rows for `max_epochs` and keeps the last weights, unless `fit` is given an
        `eval_set`.
    validation_fraction : float, default=0.15
        Share of the rows held out, in (0, 0.5]. Labels too rare to be split stay in the training
        part, so a table of a few rows may hold out none and train for `max_epochs`.
    patience : int, default=12
        Epochs without a better validation loss after which training stops.
    device : str, default="auto"
        Where to compute, as torch names it ("cpu", "cuda", "cuda:1", "mps"). "auto" takes CUDA,
        then MPS, then the CPU. A model predicts on the CPU where the device that it was trained
        on is missing.
    n_jobs : int, default=None
        Threads of torch on the CPU, to fit and to predict. None is 1, whatever a joblib context
        says: a search on a cluster rounds as one process does. -1 is all processors. Layers are
        small, so more threads than free processors make them many times slower, and models are
        better fitted side by side. The host program keeps its own number of threads, which
        `torch.set_num_threads` sets. Fits with other numbers of threads differ by rounding.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the matrix products in training. bfloat16 has the range of float32 with 3
        digits instead of 7; weights, losses and optimizer stay in float32. "auto" takes bfloat16
        on CUDA, where it is faster, and float32 elsewhere, where it is often slower. Predictions
        are always computed in float32.
    compile : bool, default=False
        Whether to train with ``torch.compile``. It takes a minute to start, so it pays off only
        for long trainings on a GPU.
    min_category_rows : int or "auto", default="auto"
        Rows of the training part that a category must have to be learnt. Rarer ones are taken for
        unknown, and so teach what to make of categories that `fit` did not see. "auto" is 20 in a
        column of more than 1,000 categories, such as ids of users, unless none has so many rows;
        and 1 in other columns.
    warm_start : bool, default=False
        Whether another `fit` continues from the weights of the last one, for up to `max_epochs`
        more, with the columns, categories and labels that were learnt then and a new optimizer.
        These weights are kept until others do better on the held-out rows of the later fit.
        Parameters that shape the network, `tasks`, `task_column`, `n_bags` and those of the
        architecture, must not have changed.

    Attributes
    ----------
    history_ : DataFrame of shape (n_epochs, n_columns)
        By epoch: position of the network (`bag`), seconds since its start, learning rate,
        training and validation loss (mean over the targets, and per target as
        ``loss[<target>]``), and `objective`, the weighted mean of the targets' validation losses
        as shares of the loss of the best constant prediction; their geometric mean with a
        `balance` that lowers it ("uncertainty", "geometric_mean"). For each network the epoch
        with the smallest objective is kept.
    last_epoch_ : dict
        What the epoch that ended last reports, for callbacks: see `skmtl.callbacks`.
    n_epochs_ : int
        Number of epochs trained, of all networks together.
    best_epoch_ : int
        Number of the epoch whose weights are kept, as in the index of `history_`; the median over
        the networks.
    network_ : torch.nn.Module
        The trained networks side by side, on the device that last used them.
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "balance": _balance,
        "balance_at": one_of("representation", "trunk"),
        "learning_rate": real(0, open_low=True),
        "schedule": one_of("constant", "cosine"),
        "weight_decay": real(0),
        "gradient_clip": real(0, open_low=True),
        "averaging": real(0, 0.99999),
        "batch_size": integer(1) | one_of("auto"),
        "max_epochs": integer(1),
        "max_time": real(0, open_low=True) | one_of(None),
        "patience": integer(1),
        "n_jobs": n_threads,
        "precision": one_of("auto", "float32", "bfloat16"),
        "compile": boolean,
        "min_category_rows": integer(1) | one_of("auto"),
        "warm_start": boolean,
    }
    _SHAPING: ClassVar[tuple[str, ...]] = ("tasks", "task_column", "n_bags")
    """Parameters that a network is built by, which must not change while it is trained."""

    balance: BalanceLike = "equal"
    balance_at: BalanceAt = "representation"
    learning_rate: float = 5e-3
    schedule: Schedule = "constant"
    weight_decay: float = 3e-2
    gradient_clip: float = 1.0
    averaging: float = 0.99
    batch_size: int | Literal["auto"] = "auto"
    max_epochs: int = 200
    max_time: float | None = None
    validation_fraction: float = 0.15
    patience: int = 12
    device: str = "auto"
    n_jobs: int | None = None
    precision: Precision = "auto"
    compile: bool = False
    min_category_rows: LeastRows = "auto"
    warm_start: bool = False

    def check_parameters(self) -> None:
        """Raise for parameters that cannot be used, as `fit` does."""
        super().check_parameters()
        if current_processes().count > 1 and self.balance not in ("equal", Equal()):
            raise ValueError(
                f"balance={self.balance!r} is for one process: data_parallel() takes "
                "balance='equal' alone. Weights of the targets may be given by task_weight."
            )

    @abstractmethod
    def _architecture(self) -> Architecture:
        """What the network is, apart from the estimator."""

    def _engine(self) -> NetworkEngine:
        return NetworkEngine(
            architecture=self._architecture(),
            options=self._training_options,
            bags=partial(n_networks, self.n_bags),
            device=self.device,
            n_threads=1 if self.n_jobs is None else number_of_threads(self.n_jobs),
            shaped_by=self._shaping_parameters(),
            least_category_rows=self.min_category_rows,
            hashed_categories=self._hashed,
        )

    @property
    def _hashed(self) -> HashedCategories | None:
        """Which categories are hashed, of networks that read them."""
        return None

    _least_rows: ClassVar[int] = NetworkEngine.least_rows

    @property
    def _goes_on(self) -> bool:
        return self.warm_start

    @property
    def network_(self) -> BaggedNetworks:
        """The trained networks side by side, on the device that last used them."""
        check_is_fitted(self)
        return self._learnt_by_engine.networks

    @property
    def history_(self) -> pd.DataFrame:
        """Losses by epoch of each network."""
        check_is_fitted(self)
        return self._learnt_by_engine.history(self.task_set_.varying.names)

    @property
    def n_epochs_(self) -> int:
        """Number of epochs trained, of all networks together."""
        check_is_fitted(self)
        return sum(map(len, self._learnt_by_engine.epochs))

    @property
    def best_epoch_(self) -> int:
        """The median over the networks of the epoch whose weights are kept."""
        check_is_fitted(self)
        return self._learnt_by_engine.best_epoch

    def _training_options(self, balanced: list[Hashable]) -> TrainingOptions:
        """How to train, for the names of the tasks that `balance` is about."""
        return TrainingOptions(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            weight_decay=self.weight_decay,
            gradient_clip=self.gradient_clip,
            patience=self.patience,
            max_time=float("inf") if self.max_time is None else self.max_time,
            averaging=self.averaging,
            precision=self.precision,
            compile=self.compile,
            balance=resolve_balance(self.balance, balanced),
            balance_at=self.balance_at,
        )

    def _shaping_parameters(self) -> dict[str, Any]:
        """The parameters that shape the network; survival estimators have no `tasks`."""
        # Not by `get_params`, which takes a tenth of the time that predicting a single row takes.
        return {name: getattr(self, name) for name in self._SHAPING if hasattr(self, name)}

    def _upgraded(self, state: dict[str, Any]) -> dict[str, Any]:
        state = super()._upgraded(state)
        if "_weights" in state:
            state["_reader"].restore_task_column(
                state.get("feature_names_in_"), state["n_features_in_"]
            )
            shaped_by = state.pop("_shaped_by")
            if "task" in shaped_by:
                shaped_by = {**shaped_by, "task_column": shaped_by["task"]}
                del shaped_by["task"]
            fitted = FittedNetworks.__new__(FittedNetworks)
            fitted.__setstate__(
                {
                    "description": MultiTabDescription(**state.pop("_description")),
                    "weights": state.pop("_weights"),
                    "n_networks": state.pop("_n_networks"),
                    "epochs": state.pop("_epochs"),
                    "shaped_by": shaped_by,
                }
            )
            state["_fitted"] = fitted
            for name in ("history_", "n_epochs_", "best_epoch_", "_record"):
                state.pop(name, None)
        return state
