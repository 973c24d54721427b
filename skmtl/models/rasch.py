"""Fitting, measures and severities of Rasch models."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import index_of
from skmtl.engines import FitProgress, Preparation, Settings, fresh_random_state, start_preparation
from skmtl.engines.linear import Estimates, FittedRasch, RaschEngine
from skmtl.models._answering import Answering
from skmtl.models._checks import Check, check_parameters, integer, one_of, real
from skmtl.models._engine_model import EngineModel
from skmtl.models._fit_time import timed
from skmtl.models._frames import frame_to_fit, frame_to_score
from skmtl.models._known_columns import columns_of
from skmtl.models._record import fit_record
from skmtl.models._rehearsal import ask_everything, rehearsal_rows
from skmtl.models._saving import save
from skmtl.models._scoring import score, score_tasks
from skmtl.models._sklearn import CallbackSupportMixin, MultiOutputMixin
from skmtl.models._specification import Specification
from skmtl.models.linear import part_index
from skmtl.rasch import RaschOptions
from skmtl.reading import ColumnTargets, Roles, TableReader, open_rows
from skmtl.tables import Chunk, DesignEncoder, as_frame, column_position
from skmtl.tasks import Kind, Ordinal, TaskSet, TasksLike


def _ordinal_kind(labels: pd.Series) -> Kind:
    """Return the default kind of questions: answers are ordered levels."""
    return Ordinal()


@dataclass(kw_only=True, eq=False, repr=False)
class RaschEstimator(CallbackSupportMixin, MultiOutputMixin, Answering):
    """An estimator of measures of items, from the judgements of raters."""

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "alpha": real(0) | one_of("auto"),
        "severity_scale": real(0, open_low=True) | one_of("auto"),
        "verbose": integer(0),
    }

    rater_column: Hashable = "rater"
    item_column: Hashable | None = None
    tasks: TasksLike = None
    alpha: float | Literal["auto"] = "auto"
    severity_scale: float | Literal["auto"] = "auto"
    verbose: int = 0

    # Set by `fit`.
    n_features_in_: int = field(init=False)
    fit_time_: float | None = field(init=False)
    task_set_: TaskSet = field(init=False)
    _reader: TableReader = field(init=False)
    _fitted: FittedRasch = field(init=False)
    _rater_label: Hashable = field(init=False)

    @with_callbacks
    @timed
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Estimate measures, severities and difficulties from all ratings.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            A row for each item and rater, with the ids of raters, the ids of items if
            `item_column` is set, and features of the items, if any.
        y : DataFrame, Series or array of shape (n_samples,) or (n_samples, n_questions)
            The ratings, one column per question; NaN, None or NA where a rater did not answer.
        sample_weight : array of shape (n_samples,) or (n_samples, n_questions), or frame, optional
            Weights of the rows, or of each rating. A weight of 2 counts as two such ratings.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is only one rater, a row has no rater, or a severity is infinite; and for
            other data that cannot be learnt from.

        Warns
        -----
        UserWarning
            If sets of raters have no items in common.
        ConvergenceWarning
            If the estimates did not converge.
        """
        check_parameters(self)
        engine, random_state = self._engine(), fresh_random_state(0)
        with open_rows(Chunk(X, y, sample_weight, None), self.item_column, random_state) as opened:
            chunk, source = opened
            preparation, table = start_preparation(self._settings(), engine, chunk)
            problem = preparation.problem(table, source, None, random_state)
            progress = FitProgress(self, X, y, lambda fitted: self._learnt(preparation, fitted))
            fitted = None
            if not problem.is_empty:
                fitted = engine.fit(problem, random_state, progress)
            vars(self).update(self._learnt(preparation, fitted))
            self._fit_record = fit_record(preparation, table, len(table), problem, fitted)
            if fitted is not None:
                progress.finish(fitted)
        return self

    def _learnt(self, preparation: Preparation, fitted: FittedRasch | None) -> dict[str, Any]:
        """Return the fitted attributes of the estimator."""
        return columns_of(self) | {
            "task_set_": preparation.tasks,
            "_reader": preparation.reader,
            "_single": preparation.single,
            "_fitted": fitted,
        }

    def _settings(self) -> Settings:
        return Settings(
            roles=self._roles(),
            targets=self._targets(),
            task_weight=None,
            validation=None,
            n_bags=1,
            read_frame=self._read_frame,
            constant_targets="warn",
        )

    def _roles(self) -> Roles:
        return Roles(
            task=self.item_column,
            rater=self.rater_column,
            ids_suffice=self.item_column is not None,
        )

    def _targets(self) -> ColumnTargets:
        return ColumnTargets(self.tasks, _ordinal_kind, True, type(self).__name__)

    def _engine(self) -> RaschEngine:
        scale = None if self.severity_scale == "auto" else float(self.severity_scale)
        options = RaschOptions(
            coef_penalty=None if self.alpha == "auto" else float(self.alpha),
            severity_penalty=None if scale is None else scale**-2,
        )
        return RaschEngine(options, self.rater_column, self.item_column)

    def _read_frame(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Return X as a frame, with the column of raters in `fit` and without it later."""
        if reset:
            self._check_columns(as_frame(X))
            return frame_to_fit(self, X, self._roles(), reset=True)
        return frame_to_score(self, X, self._roles())

    def _check_columns(self, frame: pd.DataFrame) -> None:
        rater = column_position(frame, self.rater_column, "rater_column")
        if self.item_column is None:
            if frame.shape[1] == 1:
                raise ValueError(
                    f"X has no columns besides the raters {self.rater_column!r}. Set item_column, "
                    "or add features of the items."
                )
            return
        if rater == column_position(frame, self.item_column, "item_column"):
            raise ValueError(
                f"rater_column={self.rater_column!r} and item_column={self.item_column!r} are the "
                "same column of X."
            )

    @property
    def _learnt_by_engine(self) -> FittedRasch:
        check_is_fitted(self)
        if self._fitted is None:
            raise AttributeError(
                f"This {type(self).__name__} has learnt nothing, because every question has only "
                "one answer."
            )
        return self._fitted

    def measure(self, X: Any) -> pd.DataFrame:
        """Return the measure of the item of each row, adjusted for raters.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `fit`; the column of raters may be missing.

        Returns
        -------
        DataFrame of shape (n_samples, 2) with the index of X
            "measure" in logits, 0 for the mean row of `fit`, and its "standard_error". For items
            that were seen in `fit`, these are the mean and standard deviation of the measure given
            their ratings; for others, they only depend on the features.
        """
        fitted = self._learnt_by_engine
        measure, error = fitted.measures(self.__skmtl_fitted__().read(X))
        return pd.DataFrame({"measure": measure, "standard_error": error}, index=index_of(X))

    @property
    def severity_(self) -> pd.DataFrame:
        """Severity of each rater, with standard errors and fit statistics."""
        fitted = self._learnt_by_engine
        index = pd.Index(fitted.rater_ids, name=self._rater_label, tupleize_cols=False)
        return _table("severity", fitted.raters, index)

    @property
    def difficulty_(self) -> pd.DataFrame:
        """Difficulty of each question, with standard errors and fit statistics."""
        fitted = self._learnt_by_engine
        index = pd.Index(self.task_set_.varying.names, name="question", tupleize_cols=False)
        return _table("difficulty", fitted.questions, index)

    @property
    def thresholds_(self) -> pd.DataFrame:
        """Threshold below each level of each question except the lowest, with standard errors."""
        fitted, tasks = self._learnt_by_engine, self.task_set_.varying
        keys = [
            (name, level)
            for name, head in tasks.by_name.items()
            for level in head.classes_[1:].tolist()
        ]
        return pd.DataFrame(
            {
                "threshold": np.concatenate(fitted.thresholds),
                "standard_error": np.concatenate(fitted.threshold_errors),
            },
            index=pd.MultiIndex.from_tuples(keys, names=["question", "level"]),
        )

    @property
    def coef_(self) -> pd.DataFrame:
        """Change of the measure per unit of each feature, with standard errors."""
        fitted, encoder = self._learnt_by_engine, self._design_encoder
        _, scale = encoder.units_
        error = np.sqrt(np.diag(fitted.covariance))
        return pd.DataFrame(
            {"coefficient": fitted.coef / scale, "standard_error": error / scale},
            index=part_index(encoder),
        )

    @property
    def item_scale_(self) -> float:
        """Standard deviation of the item effects beyond the features, in logits."""
        return float(self._learnt_by_engine.item_errors[-1])

    @property
    def severity_scale_(self) -> float:
        """Standard deviation of the raters' severities, in logits."""
        return self._learnt_by_engine.severity_scale

    @property
    def _design_encoder(self) -> DesignEncoder:
        return self._reader.encoder  # type: ignore[return-value]

    def __skmtl_fitted__(self) -> EngineModel:
        return EngineModel(
            self._engine(), self._fitted, self._reader, self.task_set_, self._targets(),
            self._read_frame, record=vars(self).get("_fit_record"),
        )  # fmt: skip

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict rows with all known categories and items; see `MultiTaskEstimator`."""
        X = rehearsal_rows(self._reader, getattr(self, "feature_names_in_", None))
        ask_everything(self.__skmtl_fitted__(), X)
        if self._fitted is not None:
            self.measure(X)
        return X

    def __skmtl_unfitted__(self) -> Specification:
        return Specification(self.item_column, self._targets(), self._engine())

    score = score
    score_tasks = score_tasks
    save = save

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)


def _table(name: str, estimates: Estimates, index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: estimates.value,
            "standard_error": estimates.error,
            "n_ratings": estimates.n_ratings,
            "infit": estimates.infit,
            "outfit": estimates.outfit,
        },
        index=index,
    )
