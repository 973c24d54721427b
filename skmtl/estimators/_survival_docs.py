"""What the docstrings of the survival estimators have in common."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TypeVar

Class = TypeVar("Class", bound=type)

_EVENTS = """\
events : mapping of event to (event column, time column), default=None
    Which columns of y belong to which of several events that do not exclude each other, such as
    ``{"death": ("died", "days"), "relapse": ("relapsed", "days_free")}``; a third column is the
    time of entry. None where y is one target, or where its columns are called ``<name>_event``
    and ``<name>_time``, and perhaps ``<name>_entry``.
"""
_HEAD = """\
head : {"hazard", "proportional_hazards"}, default="hazard"
    "hazard" learns a hazard for each bin of time, also of causes that compete, so that curves may
    cross. "proportional_hazards" learns one risk per row, by Cox's partial likelihood, and a
    baseline for all: fewer things to learn, where that holds.
"""
_CUTS = """\
cuts : int, sequence of float or "auto", default="auto"
    Bins of time in each of which the hazard is learnt: their number, between quantiles of the
    event times, or their ends. "auto" is the root of the number of events, between 5 and 20: more
    overfit where events are few.
"""
_BASELINE = """\
    For proportional hazards the times at which the baseline is kept, and "auto" 100.
"""
_LEARNING = """\
interpolation : {"hazard", "density"}, default="hazard"
    What is constant within a bin where curves are drawn: see `skmtl.tasks.Survival`.
horizons : sequence of float, default=None
    Two or more times, such as ``(7, 30)``, that part time into terms: up to 7, and from there to
    30. Each term is a task with a head of its own, learnt from the rows still watched when it
    begins, and their curves are joined. What happens after the last horizon is cut off. A number
    of `cuts` is for each term; ends of bins are divided among the terms, whose own ends are cuts
    in any case.
censoring_weights : bool, default=False
    Weigh the loss of each bin by the inverse probability that a row is still uncensored then, as
    if nobody had been censored.
weight_column : label or int, default=None
    Column of X, by name or position, by which the loss is weighed, such as the click-through
    rate of an ad. It stays a feature. Rows of weight 0 are left out.
"""

# Of estimators that learn hazards alone, and of those that have a choice.
HAZARD_PARAMETERS = _EVENTS + _CUTS + _LEARNING
HEAD_PARAMETERS = _EVENTS + _HEAD + _CUTS + _BASELINE + _LEARNING

_CURVE_ATTRIBUTES = """\
unique_times_ : ndarray of shape (n_cuts,), or dict of them
    Cuts of the time grid; with several events a dict by event.
follow_up_ : float, or dict of them
    Time up to which curves are known: the longest follow-up in `fit`, or the last cut or horizon
    if that comes before the last event; with several events a dict by event.
"""
ATTRIBUTES = (
    """\
event_names_ : list
    Names of the events; ``"event"`` where y does not name it.
"""
    + _CURVE_ATTRIBUTES
)
_MIXED_ATTRIBUTES = (
    """\
event_names_ : list
    Names of the targets that are times to events. Without any, the next two are absent.
"""
    + _CURVE_ATTRIBUTES
)


def with_event_attributes(cls: Class) -> Class:
    """Add what mixed models have for times to events to the attributes of a docstring."""
    if cls.__doc__ is not None:  # python -OO drops docstrings
        follows = "n_features_in_ : int\n"
        cls.__doc__ = cls.__doc__.replace(follows, _MIXED_ATTRIBUTES + follows, 1)
    return cls


def with_survival_sections(own: str, shared: str) -> Callable[[Class], Class]:
    """Complete the docstring of a survival estimator.

    Parameters
    ----------
    own : str
        The parameters about times to events.
    shared : str
        Sections "Parameters" and "Attributes" of the engine's other estimators.
    """
    for name in ("tasks", "classes_"):
        shared = re.sub(rf"^{name} : .*\n(?:    .*\n)*", "", shared, flags=re.MULTILINE)
    sections = shared.replace(
        "Parameters\n----------\n", "Parameters\n----------\n" + own
    ).replace("Attributes\n----------\n", "Attributes\n----------\n" + ATTRIBUTES)

    def complete(cls: Class) -> Class:
        if cls.__doc__ is not None:  # python -OO drops docstrings
            text = inspect.cleandoc(cls.__doc__)
            cls.__doc__ = text.replace("See Also\n", sections + "See Also\n", 1)
        return cls

    return complete
