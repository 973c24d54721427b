"""MultiTaskLinearSurvival: times to events by penalised linear models."""

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
from skmtl.models.linear import LinearEstimator
from skmtl.reading import EventTargets, Roles
from skmtl.tasks import Cuts, Interpolation


@storable
@with_inherited_docs(SurvivalDocs)
@dataclass(kw_only=True, eq=False, repr=False)
class MultiTaskLinearSurvival(LinearEstimator):
    """Penalised linear models for times to one event, several events or competing risks.

    y holds for each row whether the event was observed, and the time up to which the row was
    followed. It is

    - a structured array (event, time), like scikit-survival's;
    - a DataFrame or dict with the columns ``event`` (0 or False censored, 1..K the cause;
      or text: "censored" and the names of the causes), ``duration`` (or ``time``), and ``entry``
      if rows were only observed from that time on;
    - a DataFrame or dict with a pair of columns for each of several events, named in `events`. If
      a row was not followed for an event, both columns are missing.

    Time is cut into bins, whose hazards are linear in the features. Effects that are the same at
    all times are penalised least, effects that change with time are penalised more, so that a
    strong penalty leads to proportional hazards. Competing causes share the bins, so that their
    incidences and the survival function sum to one.

    Parameters
    ----------
    head : {"hazard", "proportional_hazards"}, default="hazard"
        What is learnt for an event. "hazard": the hazards of bins of time, with linearity as the
        only assumption. "proportional_hazards": Cox regression with a ridge penalty, by the
        partial likelihood; for one event or several, not for competing risks.

    See Also
    --------
    RMTGBSurvival : Boosted trees with the same interface.
    MultiTaskLinear : Survival tasks together with other kinds, with `skmtl.tasks.Survival`.
    skmtl.survival : Scores of survival curves, and scorers for grid searches.

    References
    ----------
    D. R. Cox, "Regression Models and Life-Tables", Journal of the Royal Statistical Society B 34
    (1972), 187-220.

    Examples
    --------
    >>> from skmtl import MultiTaskLinearSurvival
    >>> from skmtl.datasets import make_survival
    >>> X, y = make_survival(200, random_state=0)
    >>> model = MultiTaskLinearSurvival(random_state=0).fit(X, y)
    >>> model.predict_survival_function(X, [2.0, 4.0, 8.0]).shape
    (200, 3)
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
