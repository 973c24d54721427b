"""Documentation of what public classes of several engines declare.

The classes here hold nothing but docstrings, for `with_inherited_docs`: the estimators that share
these parameters and attributes have no base class in common that declares them.
"""


class NumberTargetDocs:
    """Of estimators whose targets are numbers.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        What the targets are: "regression", "quantile" or "count", or an instance from
        `skmtl.tasks` with settings of its own, such as ``Quantile((0.05, 0.95))``. One for all
        targets, or a mapping by column name of y (0, 1, ... for an array). Targets that a mapping
        leaves out, and all with None, are regressions. Regression targets are standardised on
        their observed labels, so that the unit of a target does not decide its weight.
    """


class ClassesDocs:
    """Of estimators that predict classes.

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        Class labels of each target that has classes; one array where y was 1-D. Absent where no
        target has classes.
    """


class ClassTargetDocs(ClassesDocs):
    """Of estimators whose targets are classes.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        What the targets are: "binary", "multiclass" or "ordinal", or an instance from
        `skmtl.tasks` with settings of its own, such as ``Ordinal(order=["low", "high"])``. One
        for all targets, or a mapping by column name of y (0, 1, ... for an array). Targets that a
        mapping leaves out, and all with None, are binary where they have two classes, and
        multiclass where they have more.
    """


class CurveDocs:
    """Of estimators that predict curves of times to events.

    Attributes
    ----------
    unique_times_ : ndarray of shape (n_cuts,), or dict of them
        Cuts of the time grid; with several events a dict by event.
    follow_up_ : float, or dict of them
        Time up to which curves are known: the longest follow-up in `fit`, or the last cut or
        horizon if that comes before the last event; with several events a dict by event.
    """


class MixedTargetDocs(ClassesDocs, CurveDocs):
    """Of estimators whose targets are of any kinds.

    Parameters
    ----------
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        What the targets are: "regression", "quantile", "count", "binary", "multiclass",
        "ordinal", "survival" or "competing_risks", or an instance from `skmtl.tasks` with
        settings of its own, such as ``Quantile((0.05, 0.95))``. A time to an event lies in two
        columns of y, which ``Survival(event="died", time="days")`` names, steps that follow each
        other lie in those of ``Funnel(steps=("click", "buy"))``, and shares that sum to one in
        those of ``Composition(parts=("rent", "food"))``. One for all targets, or a mapping by
        column name of y (0, 1, ... for an array). The kinds of targets that a
        mapping leaves out, and of all with None, follow from their dtype. Regression targets are
        standardised on their observed labels, so that the unit of a target does not decide its
        weight.

    Attributes
    ----------
    event_names_ : list
        Names of the targets that are times to events. Without any, `unique_times_` and
        `follow_up_` are absent.
    """


class SurvivalDocs(CurveDocs):
    """Of estimators whose targets are times to events.

    Parameters
    ----------
    events : mapping of event to (event column, time column), default=None
        Which columns of y belong to which of several events that do not exclude each other, such
        as ``{"death": ("died", "days"), "relapse": ("relapsed", "days_free")}``; a third column is
        the time of entry. None where y is one target, or where its columns are called
        ``<name>_event`` and ``<name>_time``, and perhaps ``<name>_entry``.
    cuts : int, sequence of float or "auto", default="auto"
        Bins of time in each of which the hazard is learnt: their number, between quantiles of the
        event times, or their ends. "auto" is the square root of the number of events, between 5
        and 20: more bins overfit where events are few.
    interpolation : {"hazard", "density"}, default="hazard"
        How curves are drawn between the cuts, where they fall at the times at which the
        Kaplan-Meier estimate does: see `skmtl.tasks.Survival`.
    horizons : sequence of float, default=None
        Two or more times, such as ``(7, 30)``, that divide time into terms: up to 7, and from
        there to 30. Each term is a task with its own head, learnt from the rows that are still
        watched when it begins, and their curves are joined. What happens after the last horizon
        is cut off. A number of `cuts` is for each term; ends of bins are divided among the terms,
        whose own ends are cuts in any case.
    censoring_weights : bool, default=False
        Weigh the loss of each bin by the inverse probability that a row is still uncensored then,
        as if nobody had been censored.
    weight_column : label or int, default=None
        Column of X, by name or position, by which the loss is weighed, such as the click-through
        rate of an ad. It stays a feature. Rows of weight 0 are left out.

    Attributes
    ----------
    event_names_ : list
        Names of the events; ``"event"`` where y does not name it.

    Notes
    -----
    `skmtl.tasks.Survival` describes the loss. Nothing is known beyond the longest follow-up in
    `fit`: asking for curves beyond it raises an error.

    References
    ----------
    H. Kvamme, Ø. Borgan, "Continuous and Discrete-Time Survival Prediction with Neural Networks",
    Lifetime Data Analysis 27 (2021), 710-736 (the loss, interpolation).

    S. Kitada, H. Iyatomi, Y. Seki, "Ad Creative Discontinuation Prediction with Multi-Modal
    Multi-Task Neural Survival Networks", Applied Sciences 12 (2022), 3594, arXiv:2204.11588
    (terms, and the weighted loss).
    """
