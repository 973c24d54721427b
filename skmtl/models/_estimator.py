"""Fit, score and save: the base class of all estimators with an engine."""

# Annotations are evaluated here and in the other modules with parameters, so that inherited
# annotations can be resolved in any module.

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.callback import with_callbacks

from skmtl.engines import (
    Engine,
    FitProgress,
    Preparation,
    Settings,
    Severities,
    chosen_eval_set,
    fit_rated,
    fresh_random_state,
    learn_residuals,
    read_to_go_on,
    start_preparation,
)
from skmtl.models._answering import Answering
from skmtl.models._checks import Check, boolean, check_parameters, integer, one_of, real, seed
from skmtl.models._engine_model import EngineModel
from skmtl.models._fit_time import timed
from skmtl.models._frames import frame_to_fit, frame_to_score
from skmtl.models._known_columns import columns_of, keeping_columns
from skmtl.models._record import fit_record
from skmtl.models._rehearsal import ask_everything, rehearsal_rows
from skmtl.models._saving import renamed, save
from skmtl.models._scoring import score, score_tasks
from skmtl.models._severity import severity_
from skmtl.models._sklearn import CallbackSupportMixin, MultiOutputMixin
from skmtl.models._specification import Specification
from skmtl.models._validation import ValidationLike, check_validation, validation_check
from skmtl.reading import Roles, TableReader, Targets, Validation, open_rows
from skmtl.tables import Chunk
from skmtl.tasks import ConstantTargets, TaskSet


@dataclass(kw_only=True, eq=False, repr=False)
class MultiTaskEstimator(CallbackSupportMixin, MultiOutputMixin, Answering):
    """An estimator that learns several tasks together.

    `n_bags` and `early_stopping` are described by the engines, which use them in different ways.

    Parameters
    ----------
    task_column : label or int, default=None
        For long data, where every row belongs to one task: the column of X, by name or position,
        that contains the task. It is not used as a feature. With several columns of y, each pair
        of a task and a column is learnt. An unseen task is predicted like an average task. None
        means wide data, where every column of y is a task.
    task_weight : mapping or Series of target to float, or sequence of floats, default=None
        Weight of each column of y in the shared parts of the model and in early stopping; only the
        ratios matter. A sequence has a weight for each column; targets that are not in a mapping
        have weight 1. None means equal weights, which is fair because targets are first put on a
        common scale.
    validation : {"random", "group", "time"} or splitter, default="random"
        Which rows are held out, unless an `eval_set` is passed to `fit`. "random": random rows,
        stratified by the tasks and their labels. "group": whole groups, by the ids in
        `group_column`; use it if rows belong together, such as those of one patient, because
        similar rows in the training set make the held-out rows too easy. "time": the last rows by
        `time_column`; use it for models that will predict the future. A scikit-learn splitter,
        such as ``GroupKFold(5)``, holds out the test rows of one fold in each bag; the sizes of
        its folds replace `validation_fraction`.
    validation_fraction : float, default=0.2
        Share of held-out rows, in (0, 0.5]. With 0.2, five bags hold out every row once. Labels
        that are too rare to be split stay in the training set.
    group_column : label or int, default=None
        Column of X, by name or position, with the entity of each row, such as a patient or a
        customer: rows of one group are held out together. It is not used as a feature.
    time_column : label or int, default=None
        Column of X, by name or position, with the time at which each row was observed, as a number
        or a date. It is not used as a feature.
    rater_column : label or int, default=None
        Column of X, by name or position, with the person who judged each row. Severities of the
        raters, shrunk towards zero, are learnt for each target and left out of predictions: see
        `severity_`. It is not used as a feature, nor needed to predict. Takes binary, ordinal and
        count targets, and regression with squared or Huber loss. `fit` takes twice as long.
    constant_targets : {"warn", "error"}, default="warn"
        What to do if a target has a single observed value, such as a rare label without positive
        rows in a fold. "warn" predicts this value for every row, with a
        `skmtl.tasks.ConstantTargetWarning`; "error" raises an error. Times to events always need
        at least one event.
    verbose : int, default=0
        1: `fit` prints a line for each epoch of a network, each bag of a sequence of boosted
        blocks, and each step of the search for penalties. 0: it prints nothing. For a progress
        bar, see `skmtl.callbacks`.
    random_state : int, RandomState or None, default=None
        Controls which rows are held out and all other randomness of the engine: initial weights,
        the order of rows and dropout in networks, and random options of `lightgbm_params` in
        boosting. The same integer produces the same model on the same machine. None uses fresh
        entropy from the operating system. Global random states are neither used nor changed.

    Attributes
    ----------
    task_names_ : list
        Names of the targets, in the order of y's columns; 0, 1, ... for an array.
    task_kinds_ : dict
        Kind of each target by name.
    event_names_ : list
        Names of the targets that are times to events.
    n_features_in_ : int
        Number of columns of X, without that of the raters.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if all of them are strings.
    fit_time_ : float or None
        Seconds that `fit` took; None if the model comes from a file that does not have it.
    severity_ : DataFrame of shape (n_raters, 3 * n_tasks)
        With `rater_column`: pairs (target, "severity"), (target, "standard_error") and (target,
        "n_ratings"). A positive severity is of a rater with lower labels, in log-odds,
        logarithms of counts, or units of y (in long data of networks: of each task). The
        severities of a target sum to zero.

    Notes
    -----
    *Missing labels* are ignored in the loss, its gradients, the scores and the validation. Each
    target needs at least one label. If all observed labels of a target are the same, this value is
    predicted, with a warning.

    *Held-out rows* are random by default, which is too easy if rows belong together (days,
    patients) or the model will predict the future: training stops too late. Set `validation`, or
    choose the rows yourself with ``fit(X, y, eval_set=(X_valid, y_valid))``. `fit` warns about
    near copies of other rows, and about columns with a different value in every row.

    *Scores:* `score` is the mean over the targets of R2 (numbers), accuracy (classes) or
    concordance (times to events), each over all rows with an observed label. `score_tasks` returns
    the score of each target, and for long data of each task: R2 of tasks with few rows is not
    reliable, so `score` does not average over them. `skmtl.metrics` has scorers for other metrics,
    for GridSearchCV and cross_validate. If labels are missing, use a splitter such as
    `skmtl.model_selection.MultiTaskStratifiedKFold` or ``KFold``: an integer `cv` may select
    scikit-learn's own stratification, which raises an error for missing labels and for text mixed
    with numbers.
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_bags": integer(1) | one_of("auto"),
        "early_stopping": boolean,
        "validation": validation_check,
        "validation_fraction": real(0, 0.5, open_low=True),
        "constant_targets": one_of("warn", "error"),
        "verbose": integer(0),
        "random_state": seed,
    }

    task_column: Hashable | None = None
    task_weight: Mapping[Hashable, float] | Sequence[float] | None = None
    n_bags: int | Literal["auto"] = "auto"
    early_stopping: bool = True
    validation: ValidationLike = "random"
    validation_fraction: float = 0.2
    group_column: Hashable | None = None
    time_column: Hashable | None = None
    rater_column: Hashable | None = None
    constant_targets: ConstantTargets = "warn"
    verbose: int = 0
    random_state: int | np.random.RandomState | None = None

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # those of a splitter

    # What `fit` has learnt.
    fit_time_: float | None = field(init=False)
    task_set_: TaskSet = field(init=False)
    _reader: TableReader = field(init=False)
    _rater_label: Hashable = field(init=False)
    _severities: Severities | None = field(init=False)

    @abstractmethod
    def _engine(self) -> Engine:
        """Return the engine with the settings of the parameters."""

    @abstractmethod
    def _targets(self) -> Targets:
        """Return how y is interpreted."""

    @with_callbacks
    @timed
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        eval_set: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Any:
        """Fit all tasks at once.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            DataFrame (pandas, polars or another that narwhals reads) with numbers, booleans,
            categories and text; or an array. Missing values are allowed, infinity is not. X is not
            modified. A path to Parquet files, a pyarrow dataset, `skmtl.tables.ParquetTable` or
            `skmtl.tables.ArrayTable` is read in chunks, with bounded memory.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_tasks)
            One column per target; missing labels are NaN, None or NA. For times to events see the
            description of the class. For Parquet files the name of the label column, or a list of
            names.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
            Weights of the rows, for all tasks, or weights of the labels, if some labels are more
            certain than others; the columns of a DataFrame are matched with the targets by name. A
            label of weight 0 is treated as missing, and a row without any other label is left out.
            For Parquet files the name of a column with weights of rows.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Validation rows for early stopping, and in boosting for the choice of blocks, instead
            of held-out rows of X.
        X_val, y_val, sample_weight_val : as X, y and sample_weight, optional
            The items of `eval_set` as separate arguments: with metadata routing, ``Pipeline(steps,
            transform_input=["X_val"])`` transforms `X_val` in the same way as X.
        groups : array of shape (n_samples,), optional
            The entity of each row without `group_column`: groups are held out together.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data cannot be learnt from; the message names the column or the task.
        FloatingPointError
            If a loss becomes NaN or infinite; the message names the task and the epoch.

        Warns
        -----
        ConvergenceWarning
            If the limit of rounds or epochs ended a fit whose held-out loss was still falling, or
            if none of the trees has a split, so that a constant is predicted for a target.
        """
        self.check_parameters()
        judged = chosen_eval_set(eval_set, X_val, y_val, sample_weight_val)
        engine = self._engine()
        engine.check()
        previous = getattr(self, "_fitted", None) if self._goes_on else None
        if previous is not None:
            engine.check_goes_on(previous)
        random_state = engine.agreed_state(fresh_random_state(self.random_state))
        rows = Chunk(X, y, sample_weight, groups)
        with keeping_columns(self), open_rows(rows, self.task_column, random_state) as opened:
            chunk, source = opened
            if previous is None:
                # The state of an earlier fit would not match the new one.
                vars(self).pop("_fitted", None)
                preparation, table = start_preparation(self._fit_settings(), engine, chunk)
                n_bags = None
            else:
                preparation = self._preparation(engine)
                table = read_to_go_on(preparation, chunk)
                table.check_two_rows()
                n_bags = len(previous)
            problem = preparation.problem(table, source, judged, random_state, n_bags)
            progress = FitProgress(self, X, y, lambda fitted: self._learnt(preparation, fitted))
            fitted, self._severities = None, None
            if not problem.is_empty:
                fitted, self._severities = fit_rated(
                    engine, problem, self.rater_column, random_state, progress, previous
                )
                learn_residuals(preparation, table, problem, fitted)
            vars(self).update(self._learnt(preparation, fitted))
            n_rows = len(table) if source is None else source.rows.n_rows
            self._fit_record = fit_record(preparation, table, n_rows, problem, fitted)
            if fitted is not None:
                progress.finish(fitted)
        return self

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does, but without any data.

        Raises
        ------
        ValueError, TypeError
            The message names the parameter.
        """
        check_parameters(self)
        check_validation(self.validation, self.group_column, self.time_column)

    @property
    def _goes_on(self) -> bool:
        """Whether `fit` continues from an earlier fit (warm start)."""
        return False

    def _learnt(self, preparation: Preparation, fitted: Any) -> dict[str, Any]:
        """The attributes with which an estimator predicts."""
        attributes = {
            "task_set_": preparation.tasks,
            "_reader": preparation.reader,
            "_single": preparation.single,
            "_event_names": preparation.targets.output_names,
            "_fitted": fitted,
        }
        return attributes | columns_of(self)

    def _fit_settings(self) -> Settings:
        return Settings(
            roles=self._roles(),
            targets=self._targets(),
            task_weight=self.task_weight,
            validation=Validation(self.validation, self.validation_fraction)
            if self.early_stopping
            else None,
            n_bags=None if self.n_bags == "auto" else int(self.n_bags),
            read_frame=self._read_frame,
            constant_targets=self.constant_targets,
        )

    def _roles(self) -> Roles:
        columns = (self.group_column, self.time_column, self.rater_column)
        return Roles(self.task_column, None, *columns)

    @property
    def _refuses_unseen(self) -> bool:
        """Whether rows of unseen tasks raise an error."""
        return False

    def _preparation(self, engine: Engine) -> Preparation:
        """The state of an earlier fit, to read tables in the same way."""
        return Preparation(
            self._fit_settings(), engine, self._targets(), self._reader, self.task_set_,
            self._single,
        )  # fmt: skip

    def _read_frame(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Return X of a fit as a DataFrame; its columns are stored, or compared with `fit`'s."""
        return frame_to_fit(self, X, self._roles(), reset=reset)

    def _read_scored(self, X: Any) -> pd.DataFrame:
        return frame_to_score(self, X, self._roles())

    @property
    def _learnt_by_engine(self) -> Any:
        """The fitted state of the engine, if there was anything to learn."""
        if self._fitted is None:
            raise AttributeError(
                f"The engine of this {type(self).__name__} has learnt nothing: every target has "
                "one value, which is predicted for all rows."
            )
        return self._fitted

    @property
    def _varying(self) -> TaskSet:
        """The targets that the engine has learnt: all except constant ones."""
        return self.task_set_.varying

    def __skmtl_fitted__(self) -> EngineModel:
        return EngineModel(
            self._engine(), self._fitted, self._reader, self.task_set_, self._targets(),
            self._read_scored, self._form, self._refuses_unseen, vars(self).get("_fit_record"),
        )  # fmt: skip

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict rows with all known categories and ids, which fails if the model is invalid.

        Returns
        -------
        DataFrame
            The rows.
        """
        X = rehearsal_rows(self._reader, getattr(self, "feature_names_in_", None))
        model = self.__skmtl_fitted__()
        if any(head.has_curves for head in self.task_set_.heads) and not model.event_names:
            raise ValueError("there are times to events, but no names of them")
        ask_everything(model, X)
        self.predict(X)
        return X

    def __skmtl_unfitted__(self) -> Specification:
        return Specification(self._roles().task, self._targets(), self._engine())

    severity_ = severity_
    score = score
    score_tasks = score_tasks
    save = save

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state, also that of a model of version 0.1.0."""
        super().__setstate__(self._upgraded(dict(state)))

    def _upgraded(self, state: dict[str, Any]) -> dict[str, Any]:
        """Convert the state of a model of version 0.1.0 to the current form."""
        return renamed(state, {"event_names_": "_event_names", "task": "task_column"})

    @classmethod
    def __skmtl_parameters__(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """Convert the parameters of a file of version 0.1.0 to the current names."""
        return renamed(parameters, {"task": "task_column"})

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)
