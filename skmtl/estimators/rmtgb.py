"""RMTGB: robust multi-task gradient boosting behind fit and predict."""

from dataclasses import dataclass
from typing import Any, ClassVar

from skmtl._storable import storable
from skmtl.answers import as_array
from skmtl.models import (
    ClassifierMixin,
    ClassTargetDocs,
    MixedTargetDocs,
    MultiTaskEstimator,
    NumberTargetDocs,
    RegressorMixin,
    with_inherited_docs,
)
from skmtl.models.rmtgb import RMTGBEstimator
from skmtl.reading import ColumnTargets
from skmtl.tasks import TasksLike, class_kind, mixed_kind, number_kind


@storable
@with_inherited_docs(NumberTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class RMTGBRegressor(RegressorMixin, RMTGBEstimator):
    """Robust multi-task gradient boosting for numbers, with shared and task-specific trees.

    y is one column of long data, where the column `task_column` of X names the task of each row,
    or a table with one column per target. Labels may be missing. Every target is a regression
    unless `tasks` sets "count" or "quantile". `predict` returns an array of shape (n_samples,
    n_targets), or (n_samples,) where y was 1-D.

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
    >>> model = RMTGBRegressor(task_column="task", n_bags=1, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (600,)
    >>> model.contributions(X).columns[0]
    'intercept'
    """

    tasks: TasksLike = None

    _form: ClassVar[Any] = staticmethod(as_array)
    # Not the method of scikit-learn's mixin, which does not support missing labels.
    score = MultiTaskEstimator.score

    def _targets(self) -> ColumnTargets:
        return ColumnTargets(self.tasks, number_kind, False, type(self).__name__)


@storable
@with_inherited_docs(ClassTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class RMTGBClassifier(ClassifierMixin, RMTGBEstimator):
    """Robust multi-task gradient boosting for classes, with shared and task-specific trees.

    y is one column of long data, where the column `task_column` of X names the task of each row,
    or a table with one column per target. Labels may be missing. Every target is binary or
    multiclass, whatever its dtype, unless `tasks` sets "ordinal". `predict` returns an array of
    class labels. `predict_proba` returns a list with one array per target, in the order of
    `classes_`. For a 1-D y both return a single array.

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

    tasks: TasksLike = None

    _form: ClassVar[Any] = staticmethod(as_array)
    _always: ClassVar[tuple[str, ...]] = ("classes",)
    # Not the method of scikit-learn's mixin, which does not support missing labels.
    score = MultiTaskEstimator.score

    def _targets(self) -> ColumnTargets:
        return ColumnTargets(self.tasks, class_kind, True, type(self).__name__)


@storable
@with_inherited_docs(MixedTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class RMTGB(RMTGBEstimator):
    """Robust multi-task gradient boosting for targets of mixed kinds, with missing labels.

    y is a table with one column per target. The kind of a target is inferred from its dtype:
    numbers are "regression"; booleans, categories and text are "binary" or "multiclass"; ordered
    categories are "ordinal"; numbers that are all 0 or 1, apart from missing ones, are "binary".
    `tasks` overrides the inferred kinds. `predict` returns a DataFrame with the names of the
    targets and the index of X. `predict_proba` returns a list with one array for each target that
    has classes. For targets that are times to events, the model has the same methods for curves as
    `RMTGBSurvival`; they return a dict if there are several such targets.

    See Also
    --------
    RMTGBRegressor : Numbers only, with scikit-learn's arrays.
    RMTGBClassifier : Classes only, with scikit-learn's arrays.
    RMTGBSurvival : Times to events only.
    MultiTab : A network with the same interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "airport": ["JFK", "LGA"] * 40})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> Y.loc[5, "delay"] = None  # cancelled: nobody knows the delay
    >>> model = RMTGB(n_bags=1, n_rounds=50, random_state=0).fit(X, Y)
    >>> model.task_kinds_
    {'delay': 'regression', 'late': 'binary'}
    >>> model.predict(X).columns.tolist()
    ['delay', 'late']
    """

    tasks: TasksLike = None

    def _targets(self) -> ColumnTargets:
        return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)
