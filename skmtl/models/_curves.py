"""Evaluate the curves of times to events, for one event or several."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from skmtl.answers import FittedModel
from skmtl.survival import StepFunction
from skmtl.tasks import Curves

Answer = TypeVar("Answer")
Draw = Callable[[Curves, ArrayLike], np.ndarray]
Times = ArrayLike | Mapping[Hashable, ArrayLike] | None


def one_or_all(
    model: FittedModel, by_event: dict[Hashable, Answer]
) -> Answer | dict[Hashable, Answer]:
    """Return the only value if the model has one event, otherwise the dict."""
    return next(iter(by_event.values())) if len(model.event_names) == 1 else by_event


def times_by_event(
    shapes: Mapping[Hashable, Curves],
    asked: Any,
    read: Callable[[Curves, Any, str], Answer],
    default: Callable[[Curves], Answer],
) -> dict[Hashable, Answer]:
    """Return times by event: those of a mapping, or the same times for all events.

    Raises
    ------
    ValueError
        For unknown events, and for times that `read` rejects.
    """
    by_event = asked if isinstance(asked, Mapping) else dict.fromkeys(shapes, asked)
    unknown = [name for name in by_event if name not in shapes]
    if unknown or not by_event:
        raise ValueError(f"Times were passed for the events {list(by_event)}, not {list(shapes)}.")
    return {
        name: default(shapes[name])
        if times is None
        else read(shapes[name], times, f" of event {name!r}" if len(shapes) > 1 else "")
        for name, times in by_event.items()
    }


def at_times(
    model: FittedModel, X: Any, times: Times, question: Callable[..., np.ndarray]
) -> dict[Hashable, np.ndarray]:
    """Evaluate the curves of each event at some times, by default the cuts."""
    shapes = model.curve_shapes()
    grids = times_by_event(shapes, times, Curves.read_times, lambda curves: curves.edges[1:])
    questions = {name: partial(question, times=grid) for name, grid in grids.items()}
    return model.ask(X).about_curves(questions)


def of_rows(
    model: FittedModel,
    X: Any,
    times: Times,
    given: Times,
    question: Callable[[Curves, np.ndarray, np.ndarray], np.ndarray],
    *,
    by_row: bool = False,
) -> dict[Hashable, np.ndarray]:
    """Evaluate the curves of each event, given that no event has happened up to `given`.

    With `by_row` there is a time for each row; otherwise all rows have the same times.
    """
    curves = dict(model.ask(X).curves())
    read = Curves.read_row_times if by_row else Curves.read_times
    evaluated = times_by_event(curves, times, read, lambda drawn: drawn.edges[1:])
    since = {name: np.zeros(len(drawn.hazard)) for name, drawn in curves.items()}
    if given is not None:
        since |= times_by_event(
            curves, given, Curves.read_row_times, lambda drawn: drawn.edges[:1]
        )
    return {name: question(curves[name], at, since[name]) for name, at in evaluated.items()}


def step_functions(
    model: FittedModel, X: Any, draw: Draw, start: float
) -> dict[Hashable, np.ndarray]:
    """Return step functions (n_samples,) of each event, with the values of `draw`."""
    questions = dict.fromkeys(model.event_names, partial(_functions, draw=draw, start=start))
    return model.ask(X).about_curves(questions)


def _functions(curves: Curves, draw: Draw, start: float) -> np.ndarray:
    functions = np.empty(len(curves.hazard), dtype=object)
    functions[:] = [CurveSteps(row, draw, start) for row in curves.rows()]
    return functions


class CurveSteps(StepFunction):
    """The step function of one row, whose values are computed on first access.

    There may be a jump at the time of every event, so storing all values would take memory for the
    number of rows times the number of training rows.

    Parameters
    ----------
    curves : Curves of one row
    draw : callable
        Returns values of shape (1, n_times) for curves and times.
    start : float
        Value before the first jump.
    """

    _curves: Curves
    _draw: Draw

    def __init__(self, curves: Curves, draw: Draw, start: float) -> None:
        self.__dict__.update(
            x=curves.jumps, start=start, end=curves.horizon, _curves=curves, _draw=draw
        )

    @cached_property
    def y(self) -> np.ndarray:
        """Values from each jump onwards."""
        return self._draw(self._curves, self.x)[0]
