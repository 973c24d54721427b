"""RMTGBSurvival: times to events by boosting."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from skmtl._storable import storable
from skmtl.estimators._parameters import Check, boolean, with_parameters_of
from skmtl.estimators._rmtgb import RMTGBBase
from skmtl.estimators._rmtgb_docs import _PARAMETERS_AND_ATTRIBUTES
from skmtl.estimators._survival_docs import HAZARD_PARAMETERS, with_survival_sections
from skmtl.estimators._survival_outputs import SurvivalOutputs


@storable
@with_survival_sections(HAZARD_PARAMETERS, _PARAMETERS_AND_ATTRIBUTES)
class RMTGBSurvival(SurvivalOutputs, RMTGBBase):
    """Boosting for times to one event, to several events or to competing causes.

    y holds for each row whether the event was seen and the time up to which the row was
    followed. It is

    - a structured array (event, time), as scikit-survival's;
    - a DataFrame or dict with the columns ``event`` (0 or False censored, 1..K the cause),
      ``duration`` (or ``time``), and ``entry`` if rows were watched from then on only;
    - a DataFrame or dict with a pair of columns for each of several events, which `events`
      names. In a row that was not followed for an event both are missing.

    Time is cut into bins, and each event is a task whose raw scores are the hazards of the bins,
    all boosted together. Causes that compete share the bins, so that their incidences and the
    survival function sum to one. Several events, and several terms, share trees where that
    helps on held-out rows; so do the tasks of long data.

    See Also
    --------
    MultiTabSurvival : A network with the same interface.
    RMTGB : Survival tasks beside numbers and classes, with `skmtl.tasks.Survival`.
    skmtl.survival : Scores of survival curves, and scorers for grid searches.

    Notes
    -----
    No row is repeated for the bins of time: LightGBM sees each row once, with the gradient and
    the Hessian of the discrete-time hazard loss that `skmtl.tasks.Survival` describes. A round
    has a tree for each of at most four waves over the bins: one that raises all hazards, one that
    moves them from late to early, and finer ones. So a round costs as many trees however many
    bins there are, and memory grows with rows times bins, by four bytes each.

    Trees look for splits at random thresholds (LightGBM's ``extra_trees``), unless
    `lightgbm_params` says otherwise: hazards are noisy, and the average over trees and bags is
    smoother so.

    Where the rows that `fit` saw were followed up to some time, nothing is known beyond it:
    curves asked for beyond raise an error. Cox's partial likelihood compares rows with each
    other, which boosting by rows cannot learn: `MultiTabSurvival` has it as a choice of head.
    `RMTGB` describes the blocks of trees.

    References
    ----------
    S. Emami, G. Martínez-Muñoz, D. Hernández-Lobato, "Robust-Multi-Task Gradient Boosting", 2025,
    arXiv:2507.11411 (the blocks).

    G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.

    H. Kvamme, Ø. Borgan, "Continuous and Discrete-Time Survival Prediction with Neural
    Networks", Lifetime Data Analysis 27 (2021), 710-736 (the loss, interpolation).

    S. Kitada, H. Iyatomi, Y. Seki, "Ad Creative Discontinuation Prediction with Multi-Modal
    Multi-Task Neural Survival Networks", Applied Sciences 12 (2022), 3594, arXiv:2204.11588
    (terms, and the weighted loss).

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

    Competing causes:

    >>> X, y = make_survival(200, kind="competing", random_state=0)
    >>> model = RMTGBSurvival(n_bags=1, random_state=0).fit(X, y)
    >>> incidence = model.predict_cumulative_incidence(X, [2.0, 4.0])
    >>> total = incidence[1] + incidence[2] + model.predict_survival_function(X, [2.0, 4.0])
    >>> bool(abs(total - 1).max() < 1e-6)
    True

    Several events, of which some rows were not followed for some:

    >>> X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    >>> model = RMTGBSurvival(blocks=("shared", "task"), n_bags=1, random_state=0).fit(X, y)
    >>> model.score_tasks(X, y).index.tolist()
    ['event_0', 'event_1']
    """

    head = "hazard"  # the only one that rows can learn by themselves
    _parameter_checks: ClassVar[dict[str, Check]] = {
        **RMTGBBase._parameter_checks,
        "censoring_weights": boolean,
    }

    @with_parameters_of(RMTGBBase.__init__, without=("tasks",))
    def __init__(
        self,
        *,
        events: Mapping[Hashable, Sequence[Hashable]] | None = None,
        cuts: int | Sequence[float] | Literal["auto"] = "auto",
        interpolation: Literal["hazard", "density"] = "hazard",
        horizons: Sequence[float] | None = None,
        censoring_weights: bool = False,
        weight_column: Hashable | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(**parameters)
        self.events = events
        self.cuts = cuts
        self.interpolation = interpolation
        self.horizons = horizons
        self.censoring_weights = censoring_weights
        self.weight_column = weight_column
