"""The parameters and fitted attributes of stacks."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, cast

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skmtl.engines.stack import FittedStack, Member, StackEngine
from skmtl.models._checks import Check, one_of, real
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.models._importances import feature_importances
from skmtl.models._member_parameters import refuse_unused
from skmtl.models._stack_members import Members, NamedMember, member_check
from skmtl.tables import EncodersSideBySide, FrameEncoder
from skmtl.tasks import TasksLike, refuse_residuals


@dataclass(kw_only=True, eq=False, repr=False)
class StackedEstimator(MultiTaskEstimator):
    r"""An estimator whose engine averages the raw scores of other estimators.

    Parameters
    ----------
    max_time : float, default=None
        Seconds after which no further member is started; the first one is always fitted. Members
        are fitted in order, so put the cheap ones first. A network or boosting that is being
        fitted ends when the time is over, with the epochs or rounds so far; linear models are
        completed. A warning names what there was no time for. None means no limit.
    n_bags : int or "auto", default="auto"
        Number of bags: each bag has different held-out rows, which are the same for all members.
        Each member averages this many models, and the weights are learnt from the held-out rows.
        "auto" is the smallest default of any member, but at least 2. `n_bags`, `random_state` and
        `verbose` of the members are ignored. Other parameters that a stack also has, such as
        `task_column` and `validation`, are set for the stack; members that have other values of
        them are refused.
    early_stopping : bool, default=True
        Whether to hold out `validation_fraction` of the rows, `n_bags` times. If False, all
        members have the same weight.

    Attributes
    ----------
    weights_ : DataFrame of shape (n_tasks, n_members)
        Weight of each member for each target; rows sum to 1.
    members_ : dict of str to fitted estimator
        The members with a positive weight, as separately fitted estimators.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of `feature_importances_by_task_` over the targets, by column of X.
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Importances of the members, averaged with their weights for each target. Different members
        measure importance in different ways.
    cv_scores_ : DataFrame of shape (n_tasks, 2 * n_members)
        Loss of each member on held-out rows, divided by that of the best constant (below 1 is
        better than a constant), and its standard error: columns are pairs (member, "loss") and
        (member, "standard_error"). NaN if there were no held-out rows, or no time for the member.
    last_epoch_ : dict
        The last report, for callbacks: see `skmtl.callbacks`; "member" is the name of the member
        that is being fitted.

    Notes
    -----
    The raw score of a target (a standardised number, log-odds or log-hazards) is the weighted mean
    of the members' raw scores. The weights of a task minimise its mean loss :math:`\ell_t` on
    held-out rows, divided by that of the best constant, within the simplex:

    .. math::

        w_t = \arg\min_w \ell_t\Bigl(\sum_m w_m s_m\Bigr)
            + \frac{\kappa \min_m \ell_t(s_m)}{n_t} \|w - \bar w\|^2

    Here :math:`\bar w` are common weights of all tasks, which are found in the same way and shrunk
    towards equal weights, and :math:`\kappa = 10` labels. So a task with few labels follows the
    others, and on a small table the weights stay close to the plain average. Both steps go only as
    far as their gain is certain: along the line from equal weights, or from :math:`\bar w`, to the
    learnt ones, the mean change of the loss plus its standard error is minimised (the
    one-standard-error rule of Breiman et al. 1984). The standard error is that of ten blocks of
    rows in the order of the table, of `time_column` or by group, so weights that are better in a
    few periods or groups only are hardly followed. A member whose weight is below 0.02 for all
    tasks is dropped.

    The held-out rows are those of the members' bags, so that members are not fitted twice. Only
    linear models, which are finally fitted to all rows, are also fitted once without each held-out
    part.

    References
    ----------
    D. H. Wolpert, "Stacked Generalization", Neural Networks 5 (1992), 241-259.

    L. Breiman, "Stacked Regressions", Machine Learning 24 (1996), 49-64.

    L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and Regression Trees",
    1984 (the one-standard-error rule).
    """

    _fitted: FittedStack = field(init=False)

    _parameter_checks: ClassVar[dict[str, Check]] = {"max_time": real(0) | one_of(None)}

    tasks: TasksLike = None
    max_time: float | None = None
    n_bags: int | Literal["auto"] = "auto"
    early_stopping: bool = True

    def _named_members(self) -> list[NamedMember]:
        """The unfitted members."""
        raise NotImplementedError

    def _members(self) -> list[NamedMember]:
        """Clones of the members, which read X and y in the same way as the stack."""
        parameters: dict[str, Any] = {
            "task_column": self.task_column,
            "rater_column": self.rater_column,
        }
        if self.tasks is not None:
            parameters["tasks"] = self.tasks
        return [
            member._replace(estimator=clone(member.estimator).set_params(**parameters))
            for member in self._named_members()
        ]

    def _engine(self) -> StackEngine:
        members = [
            Member(name, estimator._engine(), columns)
            for name, estimator, columns in self._members()
        ]
        return StackEngine(members, np.inf if self.max_time is None else float(self.max_time))

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does."""
        super().check_parameters()
        for member in self._named_members():
            refuse_residuals(getattr(member.estimator, "tasks", None), type(self).__name__)
        refuse_unused(self, self._named_members())
        for member in self._members():
            member.estimator.check_parameters()

    @property
    def weights_(self) -> pd.DataFrame:
        """Weight of each member for each target."""
        check_is_fitted(self)
        return self._by_task(self._learnt_by_engine.weights)

    @property
    def cv_scores_(self) -> pd.DataFrame:
        """Held-out losses of the members divided by that of a constant, with standard errors."""
        check_is_fitted(self)
        parts = {
            "loss": self._learnt_by_engine.losses,
            "standard_error": self._learnt_by_engine.errors,
        }
        tables = {name: self._by_task(values) for name, values in parts.items()}
        joined = pd.concat(tables, axis=1).swaplevel(axis=1)
        return joined[[(name, part) for name in self._learnt_by_engine.names for part in parts]]

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Weighted mean of the members' importances by target."""
        weights = self.weights_
        total: Any = 0.0
        for name, member in self.members_.items():
            shares = member.feature_importances_by_task_
            if self.task_column is not None:  # some members have importances by id
                shares = _of_targets(shares, weights.index)
            shares = shares.reindex(columns=self._reader.encoder.columns_, fill_value=0.0)
            total = total + shares.loc[weights.index].mul(weights[name], axis=0)
        return total

    feature_importances_ = feature_importances

    @property
    def members_(self) -> dict[str, Any]:
        """The members with a positive weight, as fitted estimators."""
        check_is_fitted(self)
        encoders = cast(EncodersSideBySide, self._reader.encoder).encoders
        parts = zip(self._members(), encoders, self._learnt_by_engine.members, strict=True)
        return {
            member.name: self._as_fitted(member, encoder, fitted)
            for member, encoder, fitted in parts
            if fitted is not None
        }

    def _as_fitted(self, member: NamedMember, encoder: FrameEncoder, fitted: Any) -> Any:
        """Return a fitted member, whose X has the columns that it reads."""
        learnt = {name: value for name, value in vars(self).items() if name in _SHARED}
        if member.columns is None:
            learnt["_reader"] = self._reader.with_encoder(encoder)
        else:
            left_out = set(self._reader.encoder.columns_) - set(encoder.columns_)
            all_names = learnt.get("feature_names_in_", range(learnt["n_features_in_"]))
            names = [name for name in all_names if name not in left_out]
            learnt["_reader"] = self._reader.wider(pd.DataFrame(columns=names), encoder)
            learnt["n_features_in_"] = len(names)
            if "feature_names_in_" in learnt:
                learnt["feature_names_in_"] = np.asarray(names, dtype=object)
        vars(member.estimator).update(learnt | {"_fitted": fitted})
        return member.estimator

    def _by_task(self, values: np.ndarray) -> pd.DataFrame:
        tasks: list[Hashable] = self._varying.names
        index = pd.Index(tasks, tupleize_cols=False)
        return pd.DataFrame(values, index=index, columns=self._learnt_by_engine.names)


members = member_check(StackedEstimator)
__all__ = ["Members", "NamedMember", "StackedEstimator", "members"]


def _of_targets(shares: pd.DataFrame, targets: pd.Index) -> pd.DataFrame:
    """Average importances by id, or by pairs of target and id, to importances by target."""
    if shares.index.nlevels == 2:
        return shares.groupby(level=0, sort=False).mean()
    return shares.mean().to_frame(targets[0]).T if len(targets) == 1 else shares


_SHARED = (
    "task_set_", "_single", "_event_names", "n_features_in_", "feature_names_in_", "_rater_label",
    "_severities",
)  # fmt: skip
