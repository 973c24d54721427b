"""One model per group of tasks that should be learnt together, behind one fit and predict."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import MetaEstimatorMixin, MultiOutputMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmtl._storable import storable
from skmtl.answers import unfitted_model
from skmtl.engines import chosen_eval_set
from skmtl.model_selection import MultiTaskStratifiedGroupKFold
from skmtl.models import (
    Answering,
    Check,
    GroupedModel,
    Groups,
    ask_everything,
    check_parameters,
    in_place,
    model_classes,
    n_threads,
    rows_by_task,
    score,
    score_tasks,
    side_by_side,
    tags_of_inner,
    timed,
)
from skmtl.models import save as save_to_file
from skmtl.reading import naming_eval_set
from skmtl.sharing import (
    Choice,
    HeldOut,
    TaskTable,
    checked_groups,
    choose_groups,
    fit_on,
    for_tasks,
    kinds_of,
    read_splits,
    read_tasks,
    task_column,
)
from skmtl.tasks import Kind, is_single


@storable
class GroupedTasks(MetaEstimatorMixin, MultiOutputMixin, Answering):
    """Fit one model per group of tasks that should be learnt together.

    With ``groups="auto"``, several groupings are fitted on the training rows of a few folds and
    compared on the held-out rows: one model for all tasks ("joint"), one per task ("alone"), one
    per group of tasks whose models can replace each other, and one for all tasks except those that
    sharing hurts. The best grouping is then fitted on all rows. To be chosen, other groupings must
    be better than both "joint" and "alone" by more than a standard error, so the result is hardly
    ever much worse than these. `predict` works as for the wrapped estimator: wide data by column,
    long data by the id of the row.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl (or a multi-output one of scikit-learn), alone or as the last step
        of a pipeline. It is cloned for each group, with its parameters restricted to the tasks of
        the group.
    groups : "auto", "joint", "alone" or list of lists of tasks, default="auto"
        The groups, as names of the columns of y (0, 1, ... for an array) or, for long data, as ids
        in the task column. Every task must belong to exactly one group.
    cv : int, splitter or iterable of (train, test), default=3
        The folds used by "auto" to choose; an integer is the number of folds of
        :class:`skmtl.model_selection.MultiTaskStratifiedKFold`. With T tasks there are at most ``2
        T + 1`` fits per fold before the final fits.
    n_jobs : int or None, default=None
        Number of processes for these fits, as in joblib; None is 1.
    random_state : int, RandomState or None, default=None
        Random state of the folds; the estimator has its own.

    Attributes
    ----------
    groups_ : list of list of tasks
        The tasks of each model.
    models_ : list of fitted estimators
        In the order of `groups_`.
    selection_ : DataFrame or None
        With "auto", a row for each candidate: ``error``, the mean over the tasks of the squared
        error on the held-out rows divided by that of the best constant (the Brier score for
        classes, the absolute error where that is the task's loss); ``standard_error`` of its
        difference from the better of "joint" and "alone"; ``n_models``; ``groups``; ``chosen``.
        Sorted by error.
    errors_ : DataFrame of shape (n_tasks, n_candidates) or None
        With "auto", the errors by task.
    affinity_ : DataFrame of shape (n_tasks, n_tasks) or None
        With "auto", how well the model of one task (row) predicts another one (column), from 0 to
        1; see :func:`skmtl.inspection.cross_task_errors`.
    feature_importances_ : ndarray of shape (n_features,)
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        As of the estimator within, where it has them.
    task_names_ : list of hashable
        The targets, columns of y.
    task_kinds_ : dict of hashable to str
        Kind of each target.
    classes_ : ndarray or list of ndarray
        Class labels of the targets that have classes, as in the wrapped estimator.
    fit_time_ : float or None
        Seconds that `fit` took; None if the model comes from a file that does not have it.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it has names.

    See Also
    --------
    skmtl.inspection.transfer_report : Which tasks sharing hurts, with intervals.
    skmtl.inspection.suggest_groups : Only suggest the groups.

    Notes
    -----
    The suggested groups follow the idea of RMB-CLE: the errors of the model of one task on another
    one show how similar the two functions are, and agglomerative clustering forms groups from
    them. In contrast to RMB-CLE, the models are rescaled to the other task, so that wide data with
    different units can be grouped; errors are relative to the best model of the task; and the
    groups are only used if they win on held-out rows. Tasks with opposite signs do not count as
    similar.

    The standard error is that of the mean contribution of a held-out row to the difference of two
    candidates. A lead within the standard error may be due to chance. Also, the folds have fewer
    labels than the final fit, which favours sharing.

    References
    ----------
    S. Emami, D. Hernández-Lobato, G. Martínez-Muñoz, "Robust multi-task boosting using clustering
    and local ensembling", arXiv:2602.14231.

    Examples
    --------
    >>> from skmtl import GroupedTasks, RMTGBRegressor
    >>> from skmtl.datasets import make_task_groups
    >>> X, Y = make_task_groups(
    ...     300, groups=(0, 0, 1, 1), common_weight=1, missing=0.5, random_state=0
    ... )
    >>> inner = RMTGBRegressor(blocks=("shared",), n_bags=1, random_state=0)
    >>> model = GroupedTasks(inner, random_state=0).fit(X, Y)
    >>> model.groups_
    [['task_0', 'task_1'], ['task_2', 'task_3']]
    >>> model.predict(X).shape
    (300, 4)
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {"n_jobs": n_threads}
    # Frames that are stored as plain data, so that files do not depend on the version of pandas.
    _FRAMES: ClassVar[tuple[str, ...]] = ("selection_", "errors_", "affinity_")

    def __init__(
        self,
        estimator: Any,
        *,
        groups: Groups = "auto",
        cv: Any = 3,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.groups = groups
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # those of a splitter

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
    ) -> GroupedTasks:
        """Choose the groups, and fit a model for each group.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            The features, as the wrapped estimator takes them.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
            Labels, some of which may be missing; one column for long data.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
            Weights of the rows, for all tasks, or weights of the labels.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Validation rows for the early stopping of each fit; each model receives the labels of
            its tasks. The folds that choose the groups have their own held-out rows in addition.
        X_val, y_val, sample_weight_val : as X, y and sample_weight, optional
            The items of `eval_set` as separate arguments.
        groups : array of shape (n_samples,), optional
            The entity of each row: if possible, `cv` and each fit hold out the rows of a group
            together.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the groups do not contain every task exactly once, or if a task cannot be learnt;
            the message names the task.
        """
        check_parameters(self)
        table = read_tasks(self.estimator, X, y, sample_weight, groups=groups)
        judged = chosen_eval_set(eval_set, X_val, y_val, sample_weight_val)
        if judged is not None:
            with naming_eval_set():
                table = replace(table, judged=read_tasks(self.estimator, *judged[:3]))
        choice = self._choose(table)
        self.groups_ = choice.groups
        self.selection_, self.errors_ = choice.selection, choice.errors
        self.affinity_ = choice.affinity
        self._single, self._targets = is_single(y), list(table.Y.columns)
        self.models_ = [
            fit_on(for_tasks(self.estimator, table, group), table.only(group))
            for group in self.groups_
        ]
        self._learn_kinds(table)
        return self

    def _learn_kinds(self, table: TaskTable) -> None:
        """Kinds of the targets of the models, and all of their classes."""
        self._kinds: dict[Hashable, Kind] = {}
        self._classes: dict[Hashable, np.ndarray] = {}
        for group, model in zip(self.groups_, self.models_, strict=True):
            names = group if table.ids is None else self._targets
            kinds = kinds_of(model, table.only(group))
            self._kinds |= {name: kinds[own] for name, own in zip(names, group, strict=False)}
            with_classes = [name for name in names if self._kinds[name].is_classification]
            for name, classes in model_classes(model, with_classes).items():
                known = self._classes.get(name, classes[:0])
                new = classes[~np.isin(classes, known)]
                # If one group has all classes, use its order; otherwise sort them.
                self._classes[name] = (
                    np.sort(np.concatenate([known, new]))
                    if len(known) and len(new)
                    else classes
                    if len(new)
                    else known
                )

    def _choose(self, table: TaskTable) -> Choice:
        names = table.names
        if isinstance(self.groups, str):
            if self.groups not in ("auto", "joint", "alone"):
                raise ValueError(
                    "groups must be 'auto', 'joint', 'alone' or a list of lists of tasks, got "
                    f"{self.groups!r}."
                )
            if self.groups == "joint" or len(names) == 1:
                return Choice([names])
            if self.groups == "alone":
                return Choice([[name] for name in names])
            return choose_groups(self._held_out(table), names)
        return Choice(checked_groups(self.groups, names))

    def _held_out(self, table: TaskTable) -> HeldOut:
        cv = min(self.cv, len(table.Y)) if isinstance(self.cv, int) else self.cv
        rng = check_random_state(self.random_state)
        if table.groups is not None and isinstance(cv, int):
            cv = MultiTaskStratifiedGroupKFold(cv, random_state=rng.randint(2**31 - 1))
        splits = read_splits(table, cv, rng, task_column(self.estimator), groups=table.groups)
        return HeldOut(self.estimator, table, splits, self.n_jobs)

    def predict(self, X: Any) -> Any:
        """Predict all targets, each with the model of its group.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            In long data, an unseen id is predicted by the model of the largest group.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_tasks), or DataFrame
            Predictions, in the form of the wrapped estimator.
        """
        check_is_fitted(self)
        model = self.__skmtl_fitted__()
        X = model.converted(X)
        if model.task_column is None:
            predicted = [fitted.predict(X) for fitted in self.models_]
            names = [model.prediction_names(group) for group in self.groups_]
            return side_by_side(
                predicted, names, model.prediction_names(model.names), self._single
            )
        return in_place([(rows, fitted.predict(part)) for fitted, rows, part in model.parts(X)])

    @property
    def _always(self) -> tuple[str, ...]:  # type: ignore[override]
        """Before `fit`, the answer of the wrapped estimator."""
        asked_early = not hasattr(self, "models_") and hasattr(self.estimator, "predict_proba")
        return ("classes",) if asked_early else ()

    def __skmtl_fitted__(self) -> GroupedModel:
        return GroupedModel(
            self.estimator,
            self.groups_,
            self.models_,
            {name: self._kinds[name] for name in self._targets},
            {name: self._classes[name] for name in self._targets if name in self._classes},
            task_column(self.estimator),
        )

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict all categories and ids with every model, and with all models together."""
        tables = [fitted.__skmtl_rehearse__() for fitted in self.models_]
        X = tables[0] if self.__skmtl_fitted__().task_column is None else pd.concat(tables)
        ask_everything(self.__skmtl_fitted__(), X)
        self.predict(X)
        return X

    def __skmtl_unfitted__(self) -> Any:
        return unfitted_model(self.estimator)

    score = score
    score_tasks = score_tasks
    save = save_to_file

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return self._of_first("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns of X, if it has names."""
        return self._of_first("feature_names_in_")

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Importance of each feature in each task, as the model of its group has it."""
        check_is_fitted(self)
        by_task = [
            rows_by_task(model.feature_importances_by_task_, list(group))
            for model, group in zip(self.models_, self.groups_, strict=True)
        ]
        table = pd.concat(by_task)
        if isinstance(table.index, pd.MultiIndex):
            return table
        return table.reindex([name for group in self.groups_ for name in group]).fillna(0.0)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Mean importance of each column of X over the tasks."""
        check_is_fitted(self)
        sizes = [len(group) for group in self.groups_]
        return np.average([m.feature_importances_ for m in self.models_], axis=0, weights=sizes)

    def _of_first(self, name: str) -> Any:
        """Return an attribute of the first model, which is the same for all models."""
        if "models_" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted yet: it has no {name}."
            )
        return getattr(self.models_[0], name)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for name in self._FRAMES:
            if state.get(name) is not None:
                state[name] = state[name].to_dict("tight")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        frames = {
            name: pd.DataFrame.from_dict(state[name], orient="tight")
            for name in self._FRAMES
            if isinstance(state.get(name), dict)
        }
        super().__setstate__(state | frames)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "models_")

    def __sklearn_tags__(self) -> Any:
        return tags_of_inner(super().__sklearn_tags__(), self.estimator)
