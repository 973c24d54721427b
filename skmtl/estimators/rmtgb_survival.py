"""RMTGBSurvival: times to events by boosting."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from skmtl._storable import storable
from skmtl.answers import as_risk
from skmtl.models import (
    Check,
    SurvivalDocs,
    boolean,
    event_targets,
    score_terms,
    with_inherited_docs,
)
from skmtl.models.rmtgb import RMTGBEstimator
from skmtl.reading import EventTargets, Roles
from skmtl.tasks import Cuts, Interpolation


@storable
@with_inherited_docs(SurvivalDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class RMTGBSurvival(RMTGBEstimator):
    """Boosting for times to one event, several events or competing risks.

    y holds for each row whether the event was observed, and the time up to which the row was
    followed. It is

    - a structured array (event, time), like scikit-survival's;
    - a DataFrame or dict with the columns ``event`` (0 or False censored, 1..K the cause;
      or text: "censored" and the names of the causes), ``duration`` (or ``time``), and ``entry``
      if rows were only observed from that time on;
    - a DataFrame or dict with a pair of columns for each of several events, named in `events`. If
      a row was not followed for an event, both columns are missing.

    Time is cut into bins, and each event is a task whose raw scores are the hazards of the bins,
    all boosted together. Competing causes share the bins, so that their incidences and the
    survival function sum to one. Several events, several terms and the tasks of long data share
    trees if that helps on held-out rows.

    See Also
    --------
    MultiTabSurvival : A network with the same interface.
    RMTGB : Survival tasks together with other kinds, with `skmtl.tasks.Survival`.
    skmtl.survival : Scores of survival curves, and scorers for grid searches.

    Notes
    -----
    Rows are not repeated for the bins of time: LightGBM receives each row once, with the gradient
    and the Hessian of the discrete-time hazard loss. A round has a tree for each of at most four
    waves over the bins: one that raises all hazards, one that moves them from late to early, and
    finer ones. So the number of trees per round does not depend on the number of bins, and memory
    grows by four bytes per row and bin.

    Unless `lightgbm_params` says otherwise, trees split at random thresholds (LightGBM's
    ``extra_trees``): hazards are noisy, and the average over such trees and over bags is smoother.

    Cox's partial likelihood compares rows with each other, which row-wise boosting cannot learn;
    use `MultiTabSurvival` or `MultiTaskLinearSurvival` with ``head="proportional_hazards"``.

    References
    ----------
    P. Geurts, D. Ernst, L. Wehenkel, "Extremely Randomized Trees", Machine Learning 63 (2006),
    3-42.

    Examples
    --------
    >>> from skmtl import RMTGBSurvival
    >>> from skmtl.datasets import make_survival
    >>> X, y = make_survival(200, random_state=0)
    >>> model = RMTGBSurvival(n_bags=1, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (200,)
    >>> model.predict_survival_function(X, [2.0, 4.0, 8.0]).shape
    (200, 3)

    Competing risks:

    >>> X, y = make_survival(200, kind="competing", random_state=0)
    >>> model = RMTGBSurvival(n_bags=1, random_state=0).fit(X, y)
    >>> incidence = model.predict_cumulative_incidence(X, [2.0, 4.0])
    >>> total = incidence[1] + incidence[2] + model.predict_survival_function(X, [2.0, 4.0])
    >>> bool(abs(total - 1).max() < 1e-6)
    True

    Several events; some rows were not followed for all of them:

    >>> X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    >>> model = RMTGBSurvival(blocks=("shared", "task"), n_bags=1, random_state=0).fit(X, y)
    >>> model.score_tasks(X, y).index.tolist()
    ['event_0', 'event_1']
    """

    head: ClassVar[Literal["hazard"]] = "hazard"
    """The only head whose loss does not compare rows."""
    _parameter_checks: ClassVar[dict[str, Check]] = {"censoring_weights": boolean}

    events: Mapping[Hashable, Sequence[Hashable]] | None = None
    cuts: Cuts = "auto"
    interpolation: Interpolation = "hazard"
    horizons: Sequence[float] | None = None
    censoring_weights: bool = False
    weight_column: Hashable | None = None

    _form: ClassVar[Any] = staticmethod(as_risk)
    _always: ClassVar[tuple[str, ...]] = ("events",)

    def _targets(self) -> EventTargets:
        return event_targets(self, self.head)

    def _roles(self) -> Roles:
        return replace(super()._roles(), weight=self.weight_column)

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does."""
        super().check_parameters()
        self._targets().check()

    score_terms = score_terms
