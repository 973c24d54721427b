"""MultiTab: the masked-attention transformer behind fit and predict."""

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
from skmtl.models.multitab import MultiTabEstimator
from skmtl.reading import ColumnTargets
from skmtl.tasks import TasksLike, class_kind, mixed_kind, number_kind, without_residuals


@storable
@with_inherited_docs(NumberTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class MultiTabRegressor(RegressorMixin, MultiTabEstimator):
    """One network for multi-output regression, with scikit-learn's conventions.

    y is a table with one column per target, or a single column. Labels may be missing. Every
    target is a regression unless `tasks` sets "count" or "quantile". `predict` returns an array of
    shape (n_samples, n_targets), or (n_samples,) where y was 1-D.

    See Also
    --------
    MultiTab : Numbers and classes in one model.
    MultiTabClassifier : Classes.
    RMTGBRegressor : Boosting with the same interface.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl import MultiTabRegressor
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> Y.iloc[3, 1] = None  # a label is missing
    >>> model = MultiTabRegressor(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict(X).shape
    (20, 3)
    >>> model.score_tasks(X, Y).index.tolist()
    ['Weight', 'Waist', 'Pulse']

    Long data, where a column of X names the task of each row:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"school": ["a", "b"] * 10, "hours": range(20)})
    >>> points = X["hours"] * 2.0 + (X["school"] == "a") * 30
    >>> model = MultiTabRegressor(task_column="school", max_epochs=5, random_state=0)
    >>> model.fit(X, points).score_tasks(X, points).index.tolist()
    ['a', 'b']
    """

    tasks: TasksLike = None

    _form: ClassVar[Any] = staticmethod(as_array)
    # Not the method of scikit-learn's mixin, which does not support missing labels.
    score = MultiTaskEstimator.score

    def _targets(self) -> ColumnTargets:
        tasks = without_residuals(self.tasks)
        return ColumnTargets(tasks, number_kind, False, type(self).__name__)


@storable
@with_inherited_docs(ClassTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class MultiTabClassifier(ClassifierMixin, MultiTabEstimator):
    """One network for multi-output classification, with scikit-learn's conventions.

    y is a table with one column per target, or a single column. Labels may be missing. Every
    target is binary or multiclass, whatever its dtype, unless `tasks` sets "ordinal". `predict`
    returns an array of class labels. `predict_proba` returns a list with one array per target, in
    the order of `classes_`. For a 1-D y both return a single array.

    See Also
    --------
    MultiTab : Numbers and classes in one model.
    MultiTabRegressor : Numbers.
    RMTGBClassifier : Boosting with the same interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_iris
    >>> from skmtl import MultiTabClassifier
    >>> X, species = load_iris(return_X_y=True, as_frame=True)
    >>> Y = pd.DataFrame({"species": species, "long": X.pop("petal length (cm)") > 4})
    >>> model = MultiTabClassifier(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict(X).shape
    (150, 2)
    >>> [probabilities.shape for probabilities in model.predict_proba(X)]
    [(150, 3), (150, 2)]
    >>> [classes.tolist() for classes in model.classes_]
    [[0, 1, 2], [False, True]]
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
class MultiTab(MultiTabEstimator):
    """One network for several targets of mixed kinds, with missing labels.

    y is a table with one column per target. The kind of a target is inferred from its dtype:
    numbers are "regression"; booleans, categories and text are "binary" or "multiclass"; ordered
    categories are "ordinal"; numbers that are all 0 or 1, apart from missing ones, are "binary".
    `tasks` overrides the inferred kinds. `predict` returns a DataFrame with the names of the
    targets and the index of X. `predict_proba` returns a list with one array for each target that
    has classes. For targets that are times to events, the model has the same methods for curves as
    `MultiTabSurvival`; they return a dict if there are several such targets.

    See Also
    --------
    MultiTabRegressor : Numbers only, with scikit-learn's arrays.
    MultiTabClassifier : Classes only, with scikit-learn's arrays.
    MultiTabSurvival : Times to events only.
    RMTGB : Boosting with the same interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 6, "airport": ["JFK", "LGA", None] * 8})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> Y.loc[5, "delay"] = None  # cancelled: nobody knows the delay
    >>> model = MultiTab(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.task_kinds_
    {'delay': 'regression', 'late': 'binary'}
    >>> model.predict(X).columns.tolist()
    ['delay', 'late']

    An interval instead of a mean:

    >>> model = MultiTab(tasks={"delay": "quantile"}, max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict_quantiles(X).columns.tolist()
    [('delay', 0.1), ('delay', 0.5), ('delay', 0.9)]
    """

    tasks: TasksLike = None

    def _targets(self) -> ColumnTargets:
        tasks = without_residuals(self.tasks)
        return ColumnTargets(tasks, mixed_kind, None, type(self).__name__)
