"""The training parameters of all networks."""

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
from skmtl.models._importances import feature_importances, shares_by_task
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
        name or in order, an object of `skmtl.balancing` with its own settings, or a callable, such
        as those of ``torchjd.aggregation``, that maps a matrix with the gradient of a task in each
        row, (n_tasks, n_params), to one gradient, (n_params,). Only tasks with a label in the
        batch have a row, so the number of rows may vary. Tasks are the targets of wide data and
        the ids of long data (pairs of id and target if y has several columns). "equal" sums the
        losses, which is hard to beat; see `skmtl.balancing` for the others.
    balance_at : {"representation", "trunk"}, default="representation"
        Where gradient methods compare the gradients of the tasks: at the shared representation,
        which makes a step 1.1 to 1.5 times as expensive, or at the parameters of the trunk, which
        takes a backward pass through the network for each task ("sharpness_aware": two). "rep_mtl"
        always works at the representation.
    learning_rate : float, default=5e-3
        Step size of AdamW.
    schedule : {"constant", "cosine"}, default="constant"
        Schedule of the learning rate: constant, or decreasing to zero over `max_epochs` along half
        a cosine. A constant rate does not depend on `max_epochs`, which early stopping rarely
        reaches, and `averaging` has a similar effect as a decreasing rate.
    weight_decay : float, default=3e-2
        Weight decay of AdamW, for the matrices; embeddings, scales and biases do not decay.
    gradient_clip : float, default=1.0
        Maximum norm of the gradient of a step; larger gradients are scaled down, so that a single
        unusual batch does not undo the training.
    averaging : float, default=0.99
        Decay per step of the running mean of the weights, which is validated, kept and used to
        predict; 0.99 averages over about the last 100 steps. 0 uses the weights without averaging.
    batch_size : int or "auto", default="auto"
        Rows per training step. "auto" takes about 32 steps per epoch, with 32 to 1,024 rows each,
        because large batches work badly for small tables. It does not affect how a fitted model
        predicts.
    n_bags : int or "auto", default="auto"
        Number of networks that are trained one after the other, each with different held-out rows,
        and whose raw scores are averaged. "auto" is 4 up to 5,000 rows, 2 up to 20,000 and 1
        beyond: on small tables, averaging reduces the variance due to the choice of held-out rows,
        and every row is used for training. The times of `fit` and `predict` grow with it.
    max_epochs : int, default=200
        Maximum number of epochs for each network. Early stopping usually ends training sooner.
    max_time : float, default=None
        Seconds after which training ends with the current epoch; None for no limit. If this limit
        is reached, the result depends on the speed of the machine.
    early_stopping : bool, default=True
        Whether to hold out `validation_fraction` of the rows (different ones for each network),
        stop `patience` epochs after the best validation loss and keep the weights of the best
        epoch. If False, the network is trained on all rows for `max_epochs` and keeps the last
        weights, unless an `eval_set` is passed to `fit`.
    validation_fraction : float, default=0.15
        Share of held-out rows, in (0, 0.5]. Labels that are too rare to be split stay in the
        training set, so a table with very few rows may have no held-out rows and train for
        `max_epochs`.
    patience : int or "auto", default="auto"
        Epochs without a better validation loss after which training stops. "auto" waits half as
        many epochs as came before the best one, at least 3 and 60 steps and at most 12; as many
        as came before it if the loss is below a fifth of that of constant predictions, because it
        then falls late and in jumps.
    device : str, default="auto"
        The device, as named by torch ("cpu", "cuda", "cuda:1", "mps"). "auto" uses CUDA if
        available, then MPS, then the CPU. A model predicts on the CPU if the device on which it
        was trained is not available.
    n_jobs : int, default=None
        Number of torch threads on the CPU, for `fit` and `predict`. None means 1, even in a joblib
        context, so that a search on a cluster rounds in the same way as a single process. -1 means
        all processors. Layers are small, so more threads than free processors make them many times
        slower, and it is better to fit several models in parallel. The number of threads of the
        host program, set by `torch.set_num_threads`, does not change. Fits with different numbers
        of threads differ by rounding.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the matrix products in training. bfloat16 has the range of float32 with 3
        digits instead of 7; weights, losses and the optimizer stay in float32. "auto" uses
        bfloat16 on CUDA, where it is faster, and float32 elsewhere, where bfloat16 is often
        slower. Predictions are always computed in float32.
    compile : bool, default=False
        Whether to train with ``torch.compile``. It takes a minute to start, so it pays off only
        for long trainings on a GPU.
    min_category_rows : int or "auto", default="auto"
        Minimum number of training rows of a category to be learnt. Rarer categories are treated as
        unknown, so that the model learns how to predict unseen categories. "auto" is 20 in a
        column with more than 1,000 categories, such as user ids, unless none of them has that many
        rows, and 1 in other columns.
    warm_start : bool, default=False
        Whether another `fit` continues from the weights of the last one, for up to `max_epochs`
        more epochs, with the same columns, units and classes and a new optimizer. The old weights
        are kept until others are better on the held-out rows of the later fit. Parameters that
        affect the shape of the network (`task_column`, `n_bags` and those of the architecture)
        must not change. MultiTab accepts new targets, of the kinds in `tasks`, new categories and
        new columns: all weights are kept, and new ones are added. New classes of a target, and
        targets or columns that are missing, are errors. New task ids of long data are learnt
        together as one unseen task, with a warning. With `series`, `hashed_categories`,
        `sources` or a `Residual`, targets and columns must not change.

    Attributes
    ----------
    history_ : DataFrame of shape (n_epochs, n_columns)
        One row per epoch: position of the network (`bag`), seconds since its start, learning rate,
        training and validation loss (mean over the targets, and per target as ``loss[<target>]``),
        and `objective`, the weighted mean over the targets of the validation loss divided by the
        loss of the best constant prediction; it is the geometric mean with a `balance` that
        minimises that ("uncertainty", "geometric_mean"). For each network the epoch with the
        smallest objective is kept.
    last_epoch_ : dict
        The report of the last epoch, for callbacks: see `skmtl.callbacks`.
    n_epochs_ : int
        Total number of training epochs of all networks.
    best_epoch_ : int
        Number of the epoch whose weights are kept, as in the index of `history_`; the median over
        the networks.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of `feature_importances_by_task_` over the targets, by column of X.
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Permutation importance of the raw scores: the root mean square change of the scores of each
        target when the values of a feature are permuted among at most 64 training rows, as shares
        of the sum. In long data, over the rows of all ids. 0 if the network does not read the
        feature; small but positive for a useless feature.
    network_ : torch.nn.Module
        The trained networks, on the device that last used them.
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
        "patience": integer(1) | one_of("auto"),
        "n_jobs": n_threads,
        "precision": one_of("auto", "float32", "bfloat16"),
        "compile": boolean,
        "min_category_rows": integer(1) | one_of("auto"),
        "warm_start": boolean,
    }
    _SHAPING: ClassVar[tuple[str, ...]] = ("tasks", "task_column", "n_bags")
    """Parameters that determine the network, and must not change in a warm start."""

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
    patience: int | Literal["auto"] = "auto"
    device: str = "auto"
    n_jobs: int | None = None
    precision: Precision = "auto"
    compile: bool = False
    min_category_rows: LeastRows = "auto"
    warm_start: bool = False

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does."""
        super().check_parameters()
        if current_processes().count > 1 and self.balance not in ("equal", Equal()):
            raise ValueError(
                f"balance={self.balance!r} is for one process: data_parallel() only supports "
                "balance='equal'. Use task_weight for weights of the targets."
            )
        if self.warm_start and self.rater_column is not None:
            raise ValueError(
                f"rater_column={self.rater_column!r} is not for warm_start=True: severities are "
                "learnt from all ratings at once. Fit again from the start, or leave "
                "rater_column out."
            )

    @abstractmethod
    def _architecture(self) -> Architecture:
        """Return the architecture of the network, apart from the estimator."""

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
        """The hashed categories, for networks that support them."""
        return None

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
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Permutation importance of each feature in the raw scores of each target, as shares."""
        check_is_fitted(self)
        movements, encoder = self._learnt_by_engine.movements, self._reader.encoder
        if movements is None:
            raise AttributeError(
                "This network comes from a file of an earlier version of skmtl, which has no "
                "feature importances: fit it again, or measure them on your rows with "
                "skmtl.inspection.permutation_importance_by_task."
            )
        names = pd.Index(self._varying.names, tupleize_cols=False)
        columns = [*encoder.numeric_, *encoder.categorical_, *encoder.histories]
        return shares_by_task(movements, names, columns)[encoder.columns_]

    feature_importances_ = feature_importances

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

    def _training_options(self, names: list[Hashable], learnt: list[Hashable]) -> TrainingOptions:
        """The training options, given the names of the tasks for `balance`; see the engine."""
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
            balance=resolve_balance(self.balance, names, learnt),
            balance_at=self.balance_at,
        )

    def _shaping_parameters(self) -> dict[str, Any]:
        """The parameters that shape the network; survival estimators have no `tasks`."""
        # `get_params` would take a tenth of the time of predicting a single row.
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
