"""Write the link functions of the heads of `skmtl.tasks` as a graph."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skmtl.export._curves import GraphCurves, curves_of
from skmtl.export._graph import Value
from skmtl.tasks import (
    Binary,
    ClassificationKind,
    CompetingRisks,
    Composition,
    ConstantTarget,
    Count,
    EventTimeKind,
    Funnel,
    Kind,
    Multiclass,
    Ordinal,
    ProportionalHazards,
    Quantile,
    Regression,
    Survival,
)

Times = Sequence[float] | None
# Only these classes themselves: a subclass may predict differently.
_EXPORTED = (
    *(Regression, Quantile, Count),
    *(Binary, Multiclass, Ordinal, Funnel, Composition),
    *(Survival, CompetingRisks, ProportionalHazards),
)


@dataclass(frozen=True)
class Output:
    """An output of a graph for a task.

    Attributes
    ----------
    task : hashable
    suffix : str
        Appended to the task's name; empty for the prediction.
    value : Value
    dtype : dtype
    shape : tuple of int
        Shape without the batch axis.
    about : dict
        Labels of the axes, such as classes or times.
    """

    task: Hashable
    suffix: str
    value: Value
    dtype: Any = np.float64
    shape: tuple[int, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)


def head_outputs(
    head: Kind, task: Hashable, scores: Value, group: Value | None, times: Times
) -> list[Output]:
    """Return all outputs of a head.

    Parameters
    ----------
    head : Kind
    task : hashable
    scores : Value of shape (batch, n_scores), float64
    group : Value of shape (batch,) or None
        Index of the row's group if the head has units by group; unseen groups have the last index.
    times : sequence of float or None
        See `curve_outputs`.
    """
    if type(head) not in _EXPORTED:
        raise TypeError(
            f"Task {task!r} has a custom kind, {type(head).__name__}, which has no ONNX graph. "
            "Only models with skmtl's built-in kinds can be exported."
        )
    if isinstance(head, Funnel):
        return _funnel_outputs(head, task, scores)
    if isinstance(head, ClassificationKind):
        return _class_outputs(head, task, _probabilities(head, scores))
    if isinstance(head, Composition):
        return [_share_output(head, task, scores.op("Softmax", axis=1))]
    if isinstance(head, EventTimeKind):
        curves = curves_of(head, scores)
        return [Output(task, "", curves.risk().sum(axis=1)), *curve_outputs(curves, task, times)]
    if isinstance(head, Count):
        return [Output(task, "", scores.squeeze(1).op("Exp") * _units(head.mean_, group))]
    assert isinstance(head, Regression | Quantile)
    if head.transform is not None:
        raise TypeError(
            f"Task {task!r} is learnt on a transformed scale (transform={head.transform!r}), "
            "whose inverse has no ONNX graph. Score this model with skmtl.score_files instead."
        )
    if isinstance(head, Quantile):
        return _quantile_outputs(head, task, scores, group)
    score = scores.squeeze(1)
    return [Output(task, "", score * _units(head.scale_, group) + _units(head.centre_, group))]


def constant_outputs(head: ConstantTarget, task: Hashable, column: Value) -> list[Output]:
    """Repeat the constant value of a target for all rows of a column (batch,)."""
    n_rows = column.op("Shape")

    def repeated(value: np.ndarray) -> Value:
        return column.graph.op("Expand", value, n_rows)

    if isinstance(head.kind, Composition):
        shares = [repeated(share) for share in head.value_.T]
        columns = [share.unsqueeze(1) for share in shares]
        return [_share_output(head.kind, task, column.graph.concat(columns, axis=1))]
    if not head.is_classification:
        outputs = [Output(task, "", repeated(head.value_))]
        if levels := head.quantile_levels:
            every = column.graph.concat([repeated(head.value_).unsqueeze(1)] * len(levels), axis=1)
            about = {"quantiles": list(levels)}
            outputs.append(Output(task, "_quantiles", every, shape=(len(levels),), about=about))
        return outputs
    labels = _graph_classes(head.classes_)
    about = {"classes": labels.tolist()}
    certain = repeated(np.ones(1)).unsqueeze(1)
    return [
        Output(task, "", repeated(labels), labels.dtype, about=about),
        Output(task, "_proba", certain, shape=(1,), about=about),
    ]


def _units(by_group: np.ndarray, group: Value | None) -> Value | np.ndarray:
    """Return the unit of the row's group, (batch,), or the common unit."""
    return by_group[-1:] if group is None else group.graph.op("Gather", by_group, group)


def _quantile_outputs(
    head: Quantile, task: Hashable, scores: Value, group: Value | None
) -> list[Output]:
    n = len(head.quantiles)
    ordered = scores.op("TopK", np.array([n]), n_outputs=2, axis=1, largest=0)
    scale, centre = (_units(unit, group) for unit in (head.scale_, head.centre_))
    if isinstance(scale, Value) and isinstance(centre, Value):
        scale, centre = scale.unsqueeze(1), centre.unsqueeze(1)
    quantiles = ordered * scale + centre
    middle = np.array(head.middle)
    about = {"quantiles": list(head.quantiles)}
    return [
        Output(task, "", quantiles.op("Gather", middle, axis=1)),
        Output(task, "_quantiles", quantiles, shape=(n,), about=about),
    ]


def _class_outputs(head: ClassificationKind, task: Hashable, probabilities: Value) -> list[Output]:
    labels = _graph_classes(head.classes_)
    about = {"classes": labels.tolist()}
    best = probabilities.op("ArgMax", axis=1, keepdims=0)
    return [
        Output(task, "", best.graph.op("Gather", labels, best), labels.dtype, about=about),
        Output(task, "_proba", probabilities, shape=(len(labels),), about=about),
    ]


def _funnel_outputs(head: Funnel, task: Hashable, scores: Value) -> list[Output]:
    chances = [scores.columns(j, j + 1).op("Sigmoid") for j in range(len(head.steps))]
    missed = [scores.columns(j, j + 1).op("Neg").op("Sigmoid") for j in range(len(head.steps))]
    reached = [chances[0]]
    for chance in chances[1:]:
        reached.append(reached[-1] * chance)
    ended = [missed[0], *(b * m for b, m in zip(reached[:-1], missed[1:], strict=True))]
    graph = scores.graph
    probabilities = graph.concat([*ended, reached[-1]], axis=1)
    names = list(head.funnel.names)
    steps = graph.concat([*reached, *chances[1:]], axis=1)
    return [
        *_class_outputs(head, task, probabilities),
        Output(task, "_steps", steps, shape=(len(names),), about={"steps": names}),
    ]


def _share_output(kind: Composition, task: Hashable, shares: Value) -> Output:
    names = list(kind.parts)
    return Output(task, "", shares, shape=(len(names),), about={"parts": names})


def _graph_classes(classes: np.ndarray) -> np.ndarray:
    """Convert classes to a dtype of graph outputs: bool, int64, float64 or text."""
    is_beyond = classes.dtype.kind == "u" and classes.max(initial=0) > np.iinfo(np.int64).max
    if classes.dtype.kind not in "biuf" or is_beyond:
        return np.array([str(label) for label in classes], dtype=object)
    return classes.astype(np.int64) if classes.dtype.kind in "iu" else classes


def _probabilities(head: ClassificationKind, scores: Value) -> Value:
    """Return class probabilities (batch, n_classes)."""
    if isinstance(head, Multiclass):
        return scores.op("Softmax", axis=1)
    if isinstance(head, Binary):
        positive = (
            _focal(scores, head.gamma) if head.loss_name == "focal" else scores.op("Sigmoid")
        )
        return (positive.op("Neg") + np.array(1.0)).op("Concat", positive, axis=1)
    assert isinstance(head, Ordinal)
    cumulative = _thresholds(head, scores).op("Sigmoid")
    lower = cumulative.op("Pad", np.array([0, 1, 0, 0]), np.array(0.0))
    upper = cumulative.op("Pad", np.array([0, 0, 0, 1]), np.array(1.0))
    return upper - lower


def _focal(scores: Value, gamma: float) -> Value:
    """Return the probability of the second class with focal loss; see `skmtl.tasks.Binary`."""

    def slope(side: Value) -> Value:
        rest, q = side.op("Neg").op("Sigmoid"), side.op("Sigmoid")
        bent = q * q.op("Max", np.array(np.finfo(float).tiny)).op("Log") * np.array(gamma)
        return rest.op("Pow", np.array(gamma)) * (rest - bent)

    rising, falling = slope(scores.op("Neg")), slope(scores)
    return rising / (rising + falling)


def _thresholds(head: Ordinal, scores: Value) -> Value:
    """Return increasing thresholds (batch, n_classes - 1)."""
    n_scores = head.n_scores
    first = scores.columns(0, 1)
    if n_scores == 1:
        return first
    lowest, highest = (np.array(sign * head.widest_log_gap) for sign in (-1, 1))
    gaps = scores.columns(1, n_scores).op("Clip", lowest, highest).op("Exp")
    return first.op("Concat", gaps, axis=1).op("CumSum", np.array(1))


def curve_outputs(curves: GraphCurves, task: Hashable, times: Times) -> list[Output]:
    """Return survival, and the incidence of each of several causes.

    The curves are evaluated at `times`, or at the cuts if it is None.
    """
    at = curves.shape.edges[1:].tolist() if times is None else [float(time) for time in times]
    alive, about = curves.survival(at), {"times": at}
    outputs = [Output(task, "_survival", alive, shape=(len(at),), about=about)]
    if curves.n_causes > 1:
        causes = list(curves.shape.causes)
        shape, about = (len(at), len(causes)), {**about, "causes": causes}
        outputs.append(Output(task, "_incidence", curves.incidence(at), shape=shape, about=about))
    return outputs


def risk_output(curves: GraphCurves, event: Hashable) -> Output:
    """Return the risk of an event, or of each of several competing causes."""
    risk = curves.risk()
    if curves.n_causes == 1:
        return Output(event, "", risk.squeeze(1))
    causes = list(curves.shape.causes)
    return Output(event, "", risk, shape=(len(causes),), about={"causes": causes})
