"""MultiTabSurvival: times to events by the MultiTab network."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from skmtl._storable import storable
from skmtl.estimators._multitab import MultiTabBase
from skmtl.estimators._multitab_docs import _PARAMETERS_AND_ATTRIBUTES
from skmtl.estimators._parameters import Check, boolean, one_of, with_parameters_of
from skmtl.estimators._survival_docs import HEAD_PARAMETERS, with_survival_sections
from skmtl.estimators._survival_outputs import SurvivalOutputs


@storable
@with_survival_sections(HEAD_PARAMETERS, _PARAMETERS_AND_ATTRIBUTES)
class MultiTabSurvival(SurvivalOutputs, MultiTabBase):
    """One network for times to one event, to several events or to competing causes.

    y holds for each row whether the event was seen and the time up to which the row was
    followed. It is

    - a structured array (event, time), as scikit-survival's;
    - a DataFrame or dict with the columns ``event`` (0 or False censored, 1..K the cause),
      ``duration`` (or ``time``), and ``entry`` if rows were watched from then on only;
    - a DataFrame or dict with a pair of columns for each of several events, which `events`
      names. In a row that was not followed for an event both are missing.

    Time is cut into bins, and each event is a task that has the hazard of each bin as its raw
    scores. Causes that compete share the bins, so that their incidences and the survival
    function sum to one.

    See Also
    --------
    RMTGBSurvival : Boosting with the same interface.
    MultiTab : Survival tasks beside numbers and classes, with `skmtl.tasks.Survival`.
    skmtl.survival : Scores of survival curves, and scorers for grid searches.

    Notes
    -----
    Every table that scikit-survival takes is taken as it is, with categories and missing values.
    Where the rows that `fit` saw were followed up to some time, nothing is known beyond it:
    curves asked for beyond raise an error. `skmtl.tasks.Survival` describes the loss, and
    `MultiTab` the network.

    References
    ----------
    S. Kitada, H. Iyatomi, Y. Seki, "Ad Creative Discontinuation Prediction with Multi-Modal
    Multi-Task Neural Survival Networks", Applied Sciences 12 (2022), 3594, arXiv:2204.11588
    (terms, and the weighted loss).

    H. Kvamme, Ø. Borgan, "Continuous and Discrete-Time Survival Prediction with Neural
    Networks", Lifetime Data Analysis 27 (2021), 710-736 (interpolation).

    D. Sinodinos, J. Y. Wei, N. Armanfard, "MultiTab: A Scalable Foundation for Multitask
    Learning on Tabular Data", AAAI 2026, arXiv:2511.09970 (the network).

    Examples
    --------
    >>> from skmtl import MultiTabSurvival
    >>> from skmtl.datasets import make_survival
    >>> X, y = make_survival(200, random_state=0)
    >>> model = MultiTabSurvival(max_epochs=5, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (200,)
    >>> model.predict_survival_function(X, [2.0, 4.0, 8.0]).shape
    (200, 3)

    Several events, of which some rows were not followed for some:

    >>> X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    >>> y.columns.tolist()
    ['event_0_event', 'event_0_time', 'event_1_event', 'event_1_time']
    >>> model = MultiTabSurvival(max_epochs=5, random_state=0).fit(X, y)
    >>> model.score_tasks(X, y).index.tolist()
    ['event_0', 'event_1']

    Competing causes:

    >>> X, y = make_survival(200, kind="competing", random_state=0)
    >>> model = MultiTabSurvival(max_epochs=5, random_state=0).fit(X, y)
    >>> incidence = model.predict_cumulative_incidence(X, [2.0, 4.0])
    >>> total = incidence[1] + incidence[2] + model.predict_survival_function(X, [2.0, 4.0])
    >>> bool(abs(total - 1).max() < 1e-6)
    True
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        **MultiTabBase._parameter_checks,
        "head": one_of("hazard", "proportional_hazards"),
        "censoring_weights": boolean,
    }
    _KEPT = (*MultiTabBase._KEPT, "event_names_")

    @with_parameters_of(MultiTabBase.__init__, without=("tasks",))
    def __init__(
        self,
        *,
        events: Mapping[Hashable, Sequence[Hashable]] | None = None,
        head: Literal["hazard", "proportional_hazards"] = "hazard",
        cuts: int | Sequence[float] | Literal["auto"] = "auto",
        interpolation: Literal["hazard", "density"] = "hazard",
        horizons: Sequence[float] | None = None,
        censoring_weights: bool = False,
        weight_column: Hashable | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(**parameters)
        self.events = events
        self.head = head
        self.cuts = cuts
        self.interpolation = interpolation
        self.horizons = horizons
        self.censoring_weights = censoring_weights
        self.weight_column = weight_column
