"""Documentation of parameters and attributes that the classes of several engines declare.

The classes here only have docstrings, for `with_inherited_docs`: the estimators that share these
parameters and attributes do not have a common base class that declares them.
"""


class NumberTargetDocs:
    """For estimators whose targets are numbers.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        Kinds of the targets: "regression", "quantile" or "count", or an instance from
        `skmtl.tasks` with its own settings, such as ``Quantile((0.05, 0.95))``. One kind for all
        targets, or a mapping by column name of y (0, 1, ... for an array). Targets that are not in
        a mapping, and all targets with None, are regressions. Regression targets are standardised
        by their observed labels, so that the unit of a target does not affect its weight. Networks
        also take differential equations of the targets, see `skmtl.tasks.Residual`.
    """


class ClassesDocs:
    """For estimators that predict classes.

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        Class labels of each target that has classes; a single array if y was 1-D. Only available
        if a target has classes.
    """


class ClassTargetDocs(ClassesDocs):
    """For estimators whose targets are classes.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        Kinds of the targets: "binary", "multiclass" or "ordinal", or an instance from
        `skmtl.tasks` with its own settings, such as ``Ordinal(order=["low", "high"])``. One kind
        for all targets, or a mapping by column name of y (0, 1, ... for an array). Targets that
        are not in a mapping, and all targets with None, are binary if they have two classes and
        multiclass if they have more.
    """


class CurveDocs:
    """For estimators that predict curves of times to events.

    Attributes
    ----------
    unique_times_ : ndarray of shape (n_cuts,), or dict of them
        Cuts of the time grid; with several events a dict by event.
    follow_up_ : float, or dict of them
        Time up to which curves are known: the longest follow-up in `fit`, or the last cut or
        horizon if that comes before the last event; with several events a dict by event.
    """


class MixedTargetDocs(ClassesDocs, CurveDocs):
    """For estimators whose targets are of any kinds.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        Kinds of the targets: "regression", "quantile", "count", "binary", "multiclass", "ordinal",
        "survival" or "competing_risks", or an instance from `skmtl.tasks` with its own settings,
        such as ``Quantile((0.05, 0.95))``. A time to an event has two columns of y, which are
        named as in ``Survival(event="died", time="days")``. Steps that follow each other have one
        column each, as in ``Funnel(steps=("click", "buy"))``, and so do shares that sum to one, as
        in ``Composition(parts=("rent", "food"))``. One kind for all targets, or a mapping by
        column name of y (0, 1, ... for an array). The kinds of targets that are not in a mapping,
        and of all targets with None, are inferred from their dtype. Regression targets are
        standardised by their observed labels, so that the unit of a target does not affect its
        weight. `MultiTab` also takes differential equations of the targets, see
        `skmtl.tasks.Residual`.

    Attributes
    ----------
    event_names_ : list
        Names of the targets that are times to events. If there are none, `unique_times_` and
        `follow_up_` do not exist.
    """


class SurvivalDocs(CurveDocs):
    """For estimators whose targets are times to events.

    Parameters
    ----------
    events : mapping of event to (event column, time column), default=None
        The columns of y for each of several events that do not exclude each other, such as
        ``{"death": ("died", "days"), "relapse": ("relapsed", "days_free")}``; a third column is
        the time of entry. None if y is a single target, or if its columns are called
        ``<name>_event`` and ``<name>_time``, and optionally ``<name>_entry``.
    cuts : int, sequence of float or "auto", default="auto"
        Bins of time, in each of which the hazard is learnt: their number, with edges at quantiles
        of the event times, or their right edges. "auto" is the square root of the number of
        events, between 5 and 20: more bins overfit if there are few events.
    interpolation : {"hazard", "density"}, default="hazard"
        How curves are interpolated between the cuts, where they fall at the same times as the
        Kaplan-Meier estimate: see `skmtl.tasks.Survival`.
    horizons : sequence of float, default=None
        Two or more times, such as ``(7, 30)``, that divide time into terms: up to 7, and from 7 to
        30. Each term is a task with its own head, learnt from the rows that are still observed
        when the term starts, and the curves of the terms are joined. Rows are censored at the last
        horizon. If `cuts` is a number, it applies to each term; edges of bins are divided among
        the terms, whose ends are always cuts.
    censoring_weights : bool, default=False
        Whether to weight the loss of each bin by the inverse probability that a row is still
        uncensored, as if there were no censoring.
    weight_column : label or int, default=None
        Column of X, by name or position, that weights the loss, such as the click-through rate of
        an ad. It is also used as a feature. Rows of weight 0 are left out.

    Attributes
    ----------
    event_names_ : list
        Names of the events; ``"event"`` if y does not name it.

    Notes
    -----
    `skmtl.tasks.Survival` describes the loss. Curves are not known beyond the longest follow-up in
    `fit`: later times raise an error.

    References
    ----------
    H. Kvamme, Ø. Borgan, "Continuous and Discrete-Time Survival Prediction with Neural Networks",
    Lifetime Data Analysis 27 (2021), 710-736 (the loss, interpolation).

    S. Kitada, H. Iyatomi, Y. Seki, "Ad Creative Discontinuation Prediction with Multi-Modal
    Multi-Task Neural Survival Networks", Applied Sciences 12 (2022), 3594, arXiv:2204.11588
    (terms, and the weighted loss).
    """
