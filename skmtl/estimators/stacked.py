"""StackedTasks: several estimators of the same tasks, weighted by task."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, cast

from skmtl._storable import storable
from skmtl.estimators.linear import MultiTaskLinear
from skmtl.estimators.linear_survival import MultiTaskLinearSurvival
from skmtl.estimators.multitab import MultiTab
from skmtl.estimators.multitab_survival import MultiTabSurvival
from skmtl.estimators.rmtgb import RMTGB
from skmtl.estimators.rmtgb_survival import RMTGBSurvival
from skmtl.models import Check, MixedTargetDocs, one_of, tags_of_inner, with_inherited_docs
from skmtl.models.stacked import Members, NamedMember, StackedEstimator, members
from skmtl.reading import ColumnTargets, Targets
from skmtl.tasks import mixed_kind


@storable
@with_inherited_docs(MixedTargetDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class StackedTasks(StackedEstimator):
    """Weighted average of several skmtl estimators, with weights for each task.

    None of the engines is the best on every table. A stack fits a linear model, boosting and a
    network to the same rows, and weights them, task by task, by their losses on held-out rows. Use
    it if you do not want to choose an engine; it takes as long as all of its members together.

    Parameters
    ----------
    estimators : "auto", "survival" or list of tuples, default="auto"
        The members. "auto" is `MultiTaskLinear`, `RMTGB` and `MultiTab`, "survival" the same for
        times to events. A list has pairs (str, estimator), with skmtl estimators that have an
        engine (not pipelines or `GroupedTasks`) and that accept the same form of y. If `tasks` of
        the stack is set, it replaces the `tasks` of all members; otherwise y is read as by the
        first member.

        A member reads all columns of X, or those of a list in third place, as in ``("network",
        MultiTab(series={"vitals": "events"}), ["age", "vitals"])``. As a fitted estimator in
        `members_` it then expects these columns only. Every column must be read by some member.

    See Also
    --------
    MultiTaskLinear, RMTGB, MultiTab : The members.
    GroupedTasks : One model per group of tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear, RMTGB, StackedTasks
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "airport": ["JFK", "LGA"] * 40})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> members = [("linear", MultiTaskLinear()), ("rmtgb", RMTGB(n_rounds=20))]
    >>> model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, Y)
    >>> model.weights_.columns.tolist()
    ['linear', 'rmtgb']
    >>> model.predict(X).columns.tolist()
    ['delay', 'late']
    """

    estimators: Literal["auto", "survival"] | Members = "auto"

    _NAMED: ClassVar[dict[str, tuple[tuple[str, type], ...]]] = {
        "auto": (("linear", MultiTaskLinear), ("rmtgb", RMTGB), ("multitab", MultiTab)),
        "survival": (
            ("linear", MultiTaskLinearSurvival),
            ("rmtgb", RMTGBSurvival),
            ("multitab", MultiTabSurvival),
        ),
    }
    _parameter_checks: ClassVar[dict[str, Check]] = {"estimators": one_of(*_NAMED) | members}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, including those of the members as ``<member>__<parameter>``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the members.

        Returns
        -------
        dict
        """
        parameters = super().get_params(deep=False)
        if deep:
            for name, estimator, *_ in self._listed:
                inner = estimator.get_params(deep=True).items()
                parameters |= {name: estimator} | {f"{name}__{key}": value for key, value in inner}
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those of a member as ``<member>__<parameter>``.

        Parameters
        ----------
        **params : dict
            The name of a member as the key replaces the member.

        Returns
        -------
        self
        """
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        replaced = {name: params.pop(name) for name, *_ in self._listed if name in params}
        if replaced:
            self.estimators = [
                (member[0], replaced.get(member[0], member[1]), *member[2:])
                for member in self._listed
            ]
        return super().set_params(**params)

    @property
    def _listed(self) -> Members:
        """The members, if they are a valid list."""
        return cast(Members, self.estimators) if members.passes(self.estimators) else []

    def _named_members(self) -> list[NamedMember]:
        if isinstance(self.estimators, str):
            return [NamedMember(name, member()) for name, member in self._NAMED[self.estimators]]
        return [NamedMember(*member) for member in self.estimators]

    @property
    def _first(self) -> Any:
        """The member that determines the form of y and of the predictions."""
        return self._named_members()[0].estimator

    def _targets(self) -> Targets:
        if self.estimators == "auto":
            return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)
        return self._members()[0].estimator.__skmtl_unfitted__().targets

    @property
    def _form(self) -> Any:
        return self._first._form

    @property
    def _always(self) -> tuple[str, ...]:  # type: ignore[override]
        is_valid = type(self)._parameter_checks["estimators"].passes(self.estimators)
        return self._first._always if is_valid else ()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return tags_of_inner(tags, self._first) if self._listed else tags
