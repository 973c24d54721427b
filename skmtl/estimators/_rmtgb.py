"""RMTGB: robust multi-task gradient boosting behind fit and predict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from skmtl._storable import storable
from skmtl.boosting import BLOCKS, LONG_SEQUENCES, WIDE_SEQUENCES, Options, Pool
from skmtl.estimators._boosting import BoostingEstimator
from skmtl.estimators._curve_outputs import EventTaskOutputs
from skmtl.estimators._outputs import ArrayOutputs, ClassOutputs, FrameOutputs, QuantileOutputs
from skmtl.estimators._parameters import (
    Check,
    boolean,
    by_block,
    integer,
    n_threads,
    one_of,
    real,
    seed,
)
from skmtl.estimators._rmtgb_docs import with_shared_sections
from skmtl.estimators._rmtgb_parameters import (
    checked_blocks,
    checked_lightgbm,
    constraint_signs,
    value_of_block,
)
from skmtl.estimators._survival_docs import with_event_attributes
from skmtl.tasks import TasksLike, class_kind, mixed_kind, number_kind

ByBlock = Mapping[str, Any]

# Small trees: tasks differ in a few features at a time, and a block's rounds are many.
_LEAVES = {"shared": 8, "signature": 8, "partition": 8, "task": 3}
_LEAST_ROWS = {"shared": 20, "signature": 20, "partition": 20, "task": 5}
_LEARNING_RATES = {"shared": 0.05, "signature": 0.05, "partition": 0.05, "task": 0.1}
# Of hazards, whose trees take smaller steps by themselves (`ScoreSpace.derivatives`). Splits at
# random thresholds and trees of 4 leaves were better on each of five sets, within their training
# rows: integrated Brier score .1473 on average, .1517 with the best thresholds, .1483 with 8
# leaves; concordance .718, .709 and .716.
_HAZARD_LEAVES = {"shared": 4, "signature": 4, "partition": 4, "task": 3}
_HAZARD_RATES = dict.fromkeys(BLOCKS, 0.1)
_HAZARD_PARAMETERS = {"extra_trees": True}
# Rounds of hazards are dear, and after 15 without a better loss few are to come that are worth it.
# Within the training rows of eight sets 15 took a sixth less time than 30, at an integrated Brier
# score that differs by less than its standard error, 0.05 %; 10 lost 0.13 %.
_PATIENCE, _HAZARD_PATIENCE = 30, 15
_MOST_ROUNDS, _ROUNDS = 2000, 100


class RMTGBBase(BoostingEstimator):
    """Parameters of the RMTGB estimators; `_rmtgb_docs` explains them."""

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_rounds": by_block(integer(0), BLOCKS) | one_of("auto"),
        "learning_rate": by_block(real(0, open_low=True), BLOCKS) | one_of("auto"),
        "num_leaves": by_block(integer(2), BLOCKS) | one_of("auto"),
        "min_data_in_leaf": by_block(integer(1), BLOCKS) | one_of("auto"),
        "n_bags": integer(1) | one_of("auto"),
        "early_stopping": boolean,
        "validation_fraction": real(0, 0.5, open_low=True),
        "patience": integer(1) | one_of("auto"),
        "unseen": one_of("shared", "error"),
        "n_jobs": n_threads,
        "random_state": seed,
    }

    def __init__(
        self,
        *,
        tasks: TasksLike = None,
        task: Hashable | None = None,
        task_weight: Mapping[Hashable, float] | Sequence[float] | None = None,
        blocks: Literal["auto"] | Sequence[str] = "auto",
        n_rounds: int | ByBlock | Literal["auto"] = "auto",
        learning_rate: float | ByBlock | Literal["auto"] = "auto",
        num_leaves: int | ByBlock | Literal["auto"] = "auto",
        min_data_in_leaf: int | ByBlock | Literal["auto"] = "auto",
        monotone_constraints: Mapping[Hashable, int] | Sequence[int] | None = None,
        lightgbm_params: Mapping[str, Any] | None = None,
        n_bags: int | Literal["auto"] = "auto",
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        patience: int | Literal["auto"] = "auto",
        unseen: Literal["shared", "error"] = "shared",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.tasks = tasks
        self.task = task
        self.task_weight = task_weight
        self.blocks = blocks
        self.n_rounds = n_rounds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_data_in_leaf = min_data_in_leaf
        self.monotone_constraints = monotone_constraints
        self.lightgbm_params = lightgbm_params
        self.n_bags = n_bags
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.unseen = unseen
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        checked_blocks(self.blocks, is_long=self.task is not None)
        checked_lightgbm(self.lightgbm_params)

    def _n_bags(self, n_rows: int) -> int:
        if self.n_bags != "auto":
            return int(self.n_bags)
        # Five folds use every row for learning and for stopping; where rows are many, chance
        # in which of them stop the rounds is small and the time is not.
        return 5 if n_rows <= 50_000 else 2 if n_rows <= 200_000 else 1

    def _sequences(self, pool: Pool, *, validated: bool) -> tuple[tuple[str, ...], ...]:
        if self.blocks != "auto":
            return (tuple(self.blocks),)
        if pool.n_tasks == 1:
            return (("shared",),)
        sequences = LONG_SEQUENCES if pool.is_long else WIDE_SEQUENCES
        return sequences if validated else sequences[:1]

    def _options(self, pool: Pool, n_rows: int, *, validated: bool, seed: int) -> Options:
        rates, leaves, patience = _LEARNING_RATES, _LEAVES, _PATIENCE
        if pool.has_series:
            rates, leaves, patience = _HAZARD_RATES, _HAZARD_LEAVES, _HAZARD_PATIENCE
        if self.patience != "auto":
            patience = self.patience
        common = {
            "num_threads": self._n_threads(),
            "seed": seed,
            # The same model whatever else the machine does; rows first suits few threads.
            "deterministic": True,
            "force_row_wise": True,
            **(_HAZARD_PARAMETERS if pool.has_series else {}),
            **(self.lightgbm_params or {}),
        }
        if signs := constraint_signs(self.monotone_constraints, self._reader.encoder):
            common["monotone_constraints"] = signs
        parameters = {
            block: {
                **common,
                "learning_rate": value_of_block(self.learning_rate, block, rates),
                "num_leaves": value_of_block(self.num_leaves, block, _grown(leaves, n_rows)),
                "min_data_in_leaf": value_of_block(
                    self.min_data_in_leaf, block, _least_rows(n_rows)
                ),
            }
            for block in BLOCKS
        }
        rounds = dict.fromkeys(BLOCKS, _MOST_ROUNDS if validated else _ROUNDS)
        n_rounds = {block: value_of_block(self.n_rounds, block, rounds) for block in BLOCKS}
        return Options(parameters, n_rounds, patience, self._n_threads())


def _least_rows(n_rows: int) -> dict[str, int]:
    """Smaller leaves where 20 rows are much of the table: else no tree could split at all."""
    return {block: min(rows, max(1, n_rows // 10)) for block, rows in _LEAST_ROWS.items()}


def _grown(leaves: Mapping[str, int], n_rows: int) -> dict[str, int]:
    """Larger trees where there are rows to fill them."""
    factor = 1 if n_rows <= 20_000 else 2 if n_rows <= 100_000 else 4
    return {block: factor * own for block, own in leaves.items()}


@storable
@with_shared_sections
class RMTGBRegressor(QuantileOutputs, ArrayOutputs, RegressorMixin, RMTGBBase):
    """Robust multi-task gradient boosting for numbers: trees shared by tasks, and each task's own.

    y is one column of long data, whose rows belong to the tasks in the column `task` of X; or a
    table with one column per target, in which labels may be missing. Every target is a
    regression unless `tasks` says "count" or "quantile". `predict` gives an array of shape
    (n_samples, n_targets), or (n_samples,) where y was 1-D.

    See Also
    --------
    RMTGB : Numbers and classes in one model.
    RMTGBClassifier : Classes.
    MultiTabRegressor : A network with the same interface.

    Examples
    --------
    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.datasets import make_outlier_tasks
    >>> X, y = make_outlier_tasks(n_samples=60, random_state=0)  # 10 tasks, 2 unlike the others
    >>> model = RMTGBRegressor(task="task", random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (600,)
    >>> model.contributions(X).columns[0]
    'intercept'
    """

    _infer_kind = staticmethod(number_kind)
    _classes_only = False


@storable
@with_shared_sections
class RMTGBClassifier(ClassOutputs, ArrayOutputs, ClassifierMixin, RMTGBBase):
    """Robust multi-task gradient boosting for classes: trees shared by tasks, and each task's own.

    y is one column of long data, whose rows belong to the tasks in the column `task` of X; or a
    table with one column per target, in which labels may be missing. Every target is binary or
    multiclass, whatever its dtype, unless `tasks` says "ordinal". `predict` gives an array of
    class labels, `predict_proba` a list of arrays, one per target, in the order of `classes_`;
    for a 1-D y both are plain arrays.

    See Also
    --------
    RMTGB : Numbers and classes in one model.
    RMTGBRegressor : Numbers.
    MultiTabClassifier : A network with the same interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_iris
    >>> from skmtl import RMTGBClassifier
    >>> X, species = load_iris(return_X_y=True, as_frame=True)
    >>> Y = pd.DataFrame({"species": species, "long": X.pop("petal length (cm)") > 4})
    >>> model = RMTGBClassifier(n_bags=1, random_state=0).fit(X, Y)
    >>> [probabilities.shape for probabilities in model.predict_proba(X)]
    [(150, 3), (150, 2)]
    """

    _infer_kind = staticmethod(class_kind)
    _classes_only = True


@storable
@with_event_attributes
@with_shared_sections
class RMTGB(QuantileOutputs, EventTaskOutputs, FrameOutputs, RMTGBBase):
    """Robust multi-task gradient boosting for mixed kinds, some of whose labels may be missing.

    y is a table with one column per target. By dtype, numbers are regression, booleans,
    categories and text binary or multiclass, ordered categories ordinal; whole numbers that are
    all 0 or 1 are binary. `tasks` overrides that. `predict` gives a DataFrame with the targets'
    names and the index of X, `predict_proba` a list of arrays, one per target with classes.
    Targets that are times to events have curves as in `RMTGBSurvival`, in a dict where they are
    several.

    See Also
    --------
    RMTGBRegressor : Numbers only, with scikit-learn's arrays.
    RMTGBClassifier : Classes only, with scikit-learn's arrays.
    MultiTab : A network with the same interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "airport": ["JFK", "LGA"] * 40})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> Y.loc[5, "delay"] = None  # cancelled: nobody knows the delay
    >>> model = RMTGB(n_bags=1, random_state=0).fit(X, Y)
    >>> model.task_kinds_
    {'delay': 'regression', 'late': 'binary'}
    >>> model.predict(X).columns.tolist()
    ['delay', 'late']
    """

    _infer_kind = staticmethod(mixed_kind)
