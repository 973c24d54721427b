"""MultiTabSurvival: times to events by the MultiTab network."""

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
    one_of,
    score_terms,
    with_inherited_docs,
)
from skmtl.models.multitab import MultiTabEstimator
from skmtl.reading import EventTargets, Roles
from skmtl.tasks import Cuts, Interpolation


@storable
@with_inherited_docs(SurvivalDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class MultiTabSurvival(MultiTabEstimator):
    """One network for times to one event, several events or competing risks.

    y holds for each row whether the event was observed, and the time up to which the row was
    followed. It is

    - a structured array (event, time), like scikit-survival's;
    - a DataFrame or dict with the columns ``event`` (0 or False censored, 1..K the cause;
      or text: "censored" and the names of the causes), ``duration`` (or ``time``), and ``entry``
      if rows were only observed from that time on;
    - a DataFrame or dict with a pair of columns for each of several events, named in `events`. If
      a row was not followed for an event, both columns are missing.

    Time is cut into bins, and each event is a task that has the hazard of each bin as its raw
    scores. Competing causes share the bins, so that their incidences and the survival function sum
    to one.

    Parameters
    ----------
    head : {"hazard", "proportional_hazards"}, default="hazard"
        "hazard" learns a hazard for each bin of time, also for competing risks, so that curves may
        cross. "proportional_hazards" learns one risk per row, by Cox's partial likelihood, and a
        common baseline: there is less to learn if this assumption holds. `cuts` are then the times
        at which the baseline is stored, 100 with "auto".

    See Also
    --------
    RMTGBSurvival : Boosting with the same interface.
    MultiTab : Survival tasks together with other kinds, with `skmtl.tasks.Survival`.
    skmtl.survival : Scores of survival curves, and scorers for grid searches.

    Examples
    --------
    >>> from skmtl import MultiTabSurvival
    >>> from skmtl.datasets import make_survival
    >>> X, y = make_survival(200, random_state=0)
    >>> model = MultiTabSurvival(n_bags=1, max_epochs=5, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (200,)
    >>> model.predict_survival_function(X, [2.0, 4.0, 8.0]).shape
    (200, 3)

    Several events; some rows were not followed for all of them:

    >>> X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    >>> y.columns.tolist()
    ['event_0_event', 'event_0_time', 'event_1_event', 'event_1_time']
    >>> model = MultiTabSurvival(n_bags=1, max_epochs=5, random_state=0).fit(X, y)
    >>> model.score_tasks(X, y).index.tolist()
    ['event_0', 'event_1']

    Competing risks:

    >>> X, y = make_survival(200, kind="competing", random_state=0)
    >>> model = MultiTabSurvival(n_bags=1, max_epochs=5, random_state=0).fit(X, y)
    >>> incidence = model.predict_cumulative_incidence(X, [2.0, 4.0])
    >>> total = incidence[1] + incidence[2] + model.predict_survival_function(X, [2.0, 4.0])
    >>> bool(abs(total - 1).max() < 1e-6)
    True
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "head": one_of("hazard", "proportional_hazards"),
        "censoring_weights": boolean,
    }

    events: Mapping[Hashable, Sequence[Hashable]] | None = None
    head: Literal["hazard", "proportional_hazards"] = "hazard"
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
