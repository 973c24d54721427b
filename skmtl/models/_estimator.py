"""Fit, score and save: what all estimators have, whichever engine they run."""

# Annotations are evaluated here and in the other modules with parameters, so that those which a
# class inherits have a meaning in whatever module the class stands.

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.callback import with_callbacks
from sklearn.utils.validation import validate_data

from skmtl.engines import (
    Engine,
    FitProgress,
    Preparation,
    Settings,
    chosen_eval_set,
    fresh_random_state,
    learn_residuals,
    read_to_go_on,
    start_preparation,
)
from skmtl.models._answering import Answering
from skmtl.models._checks import Check, boolean, check_parameters, integer, one_of, real, seed
from skmtl.models._engine_model import EngineModel
from skmtl.models._rehearsal import ask_everything, rehearsal_rows
from skmtl.models._saving import renamed, save
from skmtl.models._scoring import score, score_tasks
from skmtl.models._sklearn import CallbackSupportMixin, MultiOutputMixin
from skmtl.models._specification import Specification
from skmtl.models._validation import ValidationLike, check_validation, validation_check
from skmtl.reading import Roles, TableReader, Targets, Validation, open_rows
from skmtl.tables import Chunk, as_frame
from skmtl.tasks import ConstantTargets, TaskSet

_LEARNT = ("task_set_", "_reader", "_single", "_event_names", "_fitted", "n_features_in_",
           "feature_names_in_")  # fmt: skip


@dataclass(kw_only=True, eq=False, repr=False)
class MultiTaskEstimator(CallbackSupportMixin, MultiOutputMixin, Answering):
    """An estimator that learns several tasks together.

    Engines describe `n_bags` and `early_stopping`, which they use in different ways.

    Parameters
    ----------
    task_column : label or int, default=None
        For long data, where every row belongs to one task: the column of X, by name or position,
        that says which. It is taken out of the features. With several columns of y, each pair of
        a task and a column is learnt. A task that `fit` has not seen gets the prediction for an
        average task. None means wide data, where every column of y is a task.
    task_weight : mapping or Series of target to float, or sequence of floats, default=None
        Weight of each column of y in what the tasks share and in what held-out rows decide; only
        the ratios matter. A sequence has a weight for each; a mapping gives 1 to the targets it
        leaves out. None weighs all alike, which is fair because targets are put on a common scale
        first.
    validation : {"random", "group", "time"} or splitter, default="random"
        Which rows are held out, unless `fit` is given an `eval_set`. "random": rows drawn by
        chance, stratified over the tasks and their labels. "group": whole groups, by the ids in
        `group_column`; for rows that belong together, such as those of one patient, because rows
        whose like was learnt say little about new patients. "time": the last rows by
        `time_column`; for models that will predict the future. A splitter of scikit-learn, such
        as ``GroupKFold(5)``, holds out the test rows of one fold in each bag; it has its own
        sizes instead of `validation_fraction`.
    validation_fraction : float, default=0.2
        Share of the rows held out, in (0, 0.5]. 0.2 lets five bags hold out every row once.
        Labels too rare to be split stay in the training part.
    group_column : label or int, default=None
        Column of X, by name or position, that says whom a row is about, such as a patient or a
        customer: rows of one group are held out together. It is taken out of the features.
    time_column : label or int, default=None
        Column of X, by name or position, that says when a row was observed, as a number or a
        date. It is taken out of the features.
    constant_targets : {"warn", "error"}, default="warn"
        What happens where a target has one observed value, such as a rare label that no row of a
        fold has: "warn" predicts this value for every row, and warns by a
        `skmtl.tasks.ConstantTargetWarning`; "error" refuses it. Times to events need an event in
        any case.
    random_state : int, RandomState or None, default=None
        Decides which rows are held out and all else that the engine draws: a network its initial
        weights, the order of rows and the dropout, boosting what `lightgbm_params` ask for. The
        same number gives the same model on the same machine. None draws fresh entropy from the
        operating system. Global random states are neither used nor changed.

    Attributes
    ----------
    task_names_ : list
        Names of the targets, in the order of y's columns; 0, 1, ... for an array.
    task_kinds_ : dict
        Kind of each target by name.
    event_names_ : list
        Names of the targets that are times to events.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where all of them are strings.

    Notes
    -----
    *Missing labels* are left out of the loss, its gradients, the scores and the validation:
    changing what stands in their place changes nothing. Each target needs at least one label. One
    whose observed labels are all the same is predicted as that, with a warning.

    *Held-out rows* are random by default. Where rows belong together (days, patients) or the
    future is to be predicted, random rows are too easy to predict, and training stops too late.
    Set `validation` to "group" or "time", or choose the rows yourself with
    ``fit(X, y, eval_set=(X_valid, y_valid))``. `fit` warns of rows that are near copies of others,
    and of columns with a different value in every row.

    *Scores:* `score` is the mean over the targets of R2 (numbers), accuracy (classes) or
    concordance (times to events), each over all rows whose label is known. `score_tasks` returns
    them one by one, and for long data by task: tasks of few rows have an R2 that says little, so
    `score` does not average these. `skmtl.metrics` has scorers for other metrics, which
    GridSearchCV and cross_validate take. With labels missing, give them a splitter such as
    `skmtl.model_selection.MultiTaskStratifiedKFold`, or ``KFold``: an integer `cv` may stand for
    scikit-learn's own stratification, which refuses missing labels and text beside numbers.
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_bags": integer(1) | one_of("auto"),
        "early_stopping": boolean,
        "validation": validation_check,
        "validation_fraction": real(0, 0.5, open_low=True),
        "constant_targets": one_of("warn", "error"),
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
    constant_targets: ConstantTargets = "warn"
    random_state: int | np.random.RandomState | None = None

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # those of a splitter

    # What `fit` has learnt.
    task_set_: TaskSet = field(init=False)
    _reader: TableReader = field(init=False)

    @abstractmethod
    def _engine(self) -> Engine:
        """The engine with the settings of the parameters."""

    @abstractmethod
    def _targets(self) -> Targets:
        """What y is taken for."""

    @with_callbacks
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
            categories and text; or an array. Missing values are allowed, infinity is not. It is
            not changed. A path to Parquet files, a pyarrow dataset, `skmtl.tables.ParquetTable`
            or `skmtl.tables.ArrayTable` is read in chunks, with bounded memory.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_tasks)
            One column per target; NaN, None or NA where a label is missing. For times to events
            the forms that the class describes. For Parquet files the name of the column with the
            labels, or a list of names.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
            Weights of the rows, in every task; or of every label, where labels are unequally
            certain: the columns of a frame are matched with the targets by name. A label of
            weight 0 is as a missing one, and a row without any other is left out. For Parquet
            files the name of a column, with the weights of rows.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Rows that decide when to stop, and in boosting which blocks to take, instead of rows
            of X that are held out.
        X_val, y_val, sample_weight_val : as X, y and sample_weight, optional
            The same in parts: ``Pipeline(steps, transform_input=["X_val"])`` transforms `X_val`
            as it does X, with metadata routing.
        groups : array of shape (n_samples,), optional
            Whom each row is about, if no `group_column` says so: rows of one group are held out
            together.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data that cannot be learnt from; the message names the column or the task.
        FloatingPointError
            When a loss becomes NaN or infinite; the message names the task and the epoch.

        Warns
        -----
        ConvergenceWarning
            When the limit of rounds or epochs has ended a fit whose loss on held-out rows was
            still falling, or when no tree has a split, so that a target is predicted a constant.
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
        with self._keeping_columns(), open_rows(rows, self.task_column, random_state) as opened:
            chunk, source = opened
            if previous is None:
                # What an earlier fit has learnt would not suit what is learnt now.
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
            if problem.is_empty:
                vars(self).update(self._learnt(preparation, None))
                return self
            fitted = engine.fit(problem, random_state, progress, previous)
            learn_residuals(preparation, table, problem, fitted)
            vars(self).update(self._learnt(preparation, fitted))
            progress.finish(fitted)
        return self

    @contextmanager
    def _keeping_columns(self) -> Iterator[None]:
        """Of a fitted model, leave the columns as they are where another fit fails."""
        before = {name: vars(self)[name] for name in _LEARNT[-2:] if name in vars(self)}
        try:
            yield
        except BaseException:
            if "_fitted" in vars(self):
                vars(self).update(before)
            raise

    def check_parameters(self) -> None:
        """Raise for parameters that cannot be used, as `fit` does, but without any data.

        Raises
        ------
        ValueError, TypeError
            The message names the parameter.
        """
        check_parameters(self)
        check_validation(self.validation, self.group_column, self.time_column)

    @property
    def _goes_on(self) -> bool:
        """Whether `fit` goes on with what an earlier one has learnt."""
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
        columns = {name: vars(self)[name] for name in _LEARNT[-2:] if name in vars(self)}
        return attributes | columns

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
        return Roles(task=self.task_column, group=self.group_column, time=self.time_column)

    @property
    def _refuses_unseen(self) -> bool:
        """Whether rows of tasks that `fit` did not see are refused."""
        return False

    def _preparation(self, engine: Engine) -> Preparation:
        """What an earlier fit has learnt, to read tables by it."""
        return Preparation(
            self._fit_settings(), engine, self._targets(), self._reader, self.task_set_,
            self._single,
        )  # fmt: skip

    def _read_frame(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """X as a frame; its columns are remembered, or compared with those of `fit`."""
        frame = as_frame(X, min_rows=1 if reset else self._least_rows)
        if reset or not self._knows_columns(frame):
            validate_data(self, X, skip_check_array=True, reset=reset)
        return frame

    _least_rows: ClassVar[int] = 0
    """Fewest rows to predict."""

    def _knows_columns(self, frame: pd.DataFrame) -> bool:
        """Whether these are the names that `fit` saw: quicker than scikit-learn's comparison."""
        return frame.columns.tolist() == list(getattr(self, "feature_names_in_", ()))

    @property
    def _learnt_by_engine(self) -> Any:
        """What the engine has learnt, if there was anything to learn."""
        if self._fitted is None:
            raise AttributeError(
                f"The engine of this {type(self).__name__} has learnt nothing: every target has "
                "one value, which is predicted for all rows."
            )
        return self._fitted

    @property
    def _varying(self) -> TaskSet:
        """The targets that the engine has learnt: all but those of one value."""
        return self.task_set_.varying

    def __skmtl_fitted__(self) -> EngineModel:
        return EngineModel(
            self._engine(), self._fitted, self._reader, self.task_set_, self._targets(),
            self._read_frame, self._form, self._refuses_unseen,
        )  # fmt: skip

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict rows that have everything the model knows, which fails unless it is sound.

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

    score = score
    score_tasks = score_tasks
    save = save

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state, also that of a model of version 0.1.0."""
        super().__setstate__(self._upgraded(dict(state)))

    def _upgraded(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of a model of version 0.1.0 as it would be now."""
        return renamed(state, {"event_names_": "_event_names", "task": "task_column"})

    @classmethod
    def __skmtl_parameters__(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a file of version 0.1.0 by today's names."""
        return renamed(parameters, {"task": "task_column"})

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags
