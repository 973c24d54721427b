"""A fitted estimator to a graph."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from skmtl import __version__
from skmtl._extras import needed
from skmtl.estimators._boosting import BoostingEstimator
from skmtl.estimators._common import MultiTaskEstimator
from skmtl.estimators._network import NetworkEstimator
from skmtl.estimators._survival_outputs import SurvivalOutputs
from skmtl.estimators._survival_targets import terms_of
from skmtl.export._boosting import Rows, pool_scores
from skmtl.export._curves import GraphCurves, curves_of
from skmtl.export._encoders import add_inputs, encoded_rows, task_number, tree_matrix
from skmtl.export._graph import Graph, Value
from skmtl.export._heads import Output, Times, curve_outputs, head_outputs, risk_output
from skmtl.export._inputs import Inputs, check_exportable, inputs_of, label_name, unique_names
from skmtl.export._network import network_scores
from skmtl.tasks import EventTimeKind


def to_onnx(model: Any, *, times: Sequence[float] | None = None) -> Any:
    """Everything that a fitted model predicts, as one ONNX graph.

    The graph reads the columns of X as they are and holds all of the model: scaling and
    categories, trees or networks, and the way back to the units and classes of y. It runs in any
    runtime of ONNX, such as onnxruntime, without skmtl, LightGBM, torch or pandas.

    Parameters
    ----------
    model : estimator
        A fitted MultiTab, RMTGB or one of their variants for numbers, classes or times to events.
    times : sequence of float, default=None
        Where the graph gives survival and incidences, from 0 to the end of the follow-up in
        `fit`; the same for all events. None is the cuts of each event.

    Returns
    -------
    onnx.ModelProto
        ``onnx.save(model, path)`` writes it. The batch is free in all inputs and outputs.

        There is one input of shape (batch,) for each column of X, with its name (``x0``, ``x1``,
        ... for columns without): float64 for numbers and booleans, NaN where one is missing; text
        for categories, empty where one is missing; and for the task of long data int64 if its
        ids are whole numbers, else text. A text that `fit` did not see is an unknown category.
        `onnx_inputs` makes them of a table.

        The outputs are named after the targets (``y0``, ``y1``, ... for targets without names):

        ===================  =========================  ====================================
        ``price``            (batch,)                   what `predict` gives: float64, or the
                                                        class: bool, int64, float64 or text
        ``sold_proba``       (batch, n_classes)         probabilities
        ``delay_quantiles``  (batch, n_quantiles)       quantiles
        ``death_survival``   (batch, n_times)           survival at the times
        ``exit_incidence``  (batch, n_times, n_causes)  incidence of each of several causes
        ===================  =========================  ====================================

        The prediction of a survival estimator is the risk, (batch, n_causes) where causes
        compete.

        The metadata "inputs" and "outputs" are JSON: columns, categories and what stands for a
        missing one; classes, quantiles, times.

    Raises
    ------
    ImportError
        Without onnx, which is the extra ``skmtl[onnx]``.
    NotFittedError
        Before `fit`.
    TypeError
        If the model is of another class, or a task has a kind of your own.
    ValueError
        If a column has two categories (or the task column two ids) of the same text; or for
        times beyond the follow-up, or of a model without events.

    Notes
    -----
    Trees are compared and added up in float64, as by LightGBM; networks run in float32, with
    other kernels than torch's, so that their predictions differ by some 1e-6 of their spread.
    `predict` refuses columns of a wrong kind and infinite numbers. A graph cannot look at what it
    is given: check it before. With ``unseen="error"`` onnxruntime raises for a task that `fit`
    did not see; the message names a node "a_task_that_fit_has_not_seen".

    Examples
    --------
    >>> import onnxruntime
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.export import onnx_inputs, to_onnx
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "airport": ["JFK", "LGA"] * 40})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> model = RMTGB(n_bags=1, random_state=0).fit(X, Y)
    >>> graph = to_onnx(model).SerializeToString()
    >>> session = onnxruntime.InferenceSession(graph)
    >>> [output.name for output in session.get_outputs()]
    ['delay', 'late', 'late_proba']
    >>> session.run(["late"], onnx_inputs(model, X.head(3)))
    [array([False, False,  True])]
    """
    check_exportable(model)
    with needed("onnx", "onnx", "to_onnx"):
        import onnx  # noqa: F401
    graph, inputs = Graph(), inputs_of(model)
    given = add_inputs(graph, inputs)
    if isinstance(model, BoostingEstimator):
        outputs = _outputs(model, _boosting_scores(model, inputs, given), None, times)
    elif isinstance(model, NetworkEstimator):
        outputs = _outputs(model, *_network_scores(graph, model, inputs, given), times)
    else:
        raise TypeError(f"A {type(model).__name__} has no engine of which a graph could be made.")
    metadata = {
        "inputs": [each.describe() for each in inputs.all],
        "outputs": _name_outputs(graph, outputs),
    }
    return graph.model(type(model).__name__, ("skmtl", __version__), metadata)


def _boosting_scores(
    model: BoostingEstimator, inputs: Inputs, given: dict[str, Value]
) -> list[Value]:
    """Raw scores (batch, n_scores) of each target, float64."""
    group = None
    if inputs.ids is not None:
        group = task_number(inputs.ids, given, unseen_is_error=model.unseen == "error")
    matrix = tree_matrix(model._reader.encoder, inputs.features, given)
    rows = Rows(matrix, len(inputs.features), group)
    by_target: dict[int, Value] = {}
    for targets, pool in model._boosted:
        by_target |= dict(zip(targets, pool_scores(pool, len(targets), rows), strict=True))
    return [by_target[target] for target in range(len(model.task_set_))]


def _network_scores(
    graph: Graph, model: NetworkEstimator, inputs: Inputs, given: dict[str, Value]
) -> tuple[list[Value], Value | None]:
    """Raw scores (batch, n_scores) of each target, float64, and the group of long data."""
    group = None
    if inputs.ids is not None:
        group = task_number(inputs.ids, given, unseen_is_error=False)
    rows = encoded_rows(model._reader.encoder, inputs.features, given)
    scores = network_scores(graph, model.network_, rows, group).cast(np.float64)
    parts = model.task_set_.score_slices
    return [scores.columns(part.start, part.stop) for part in parts], group


def _outputs(
    model: MultiTaskEstimator, scores: list[Value], group: Value | None, times: Times
) -> list[Output]:
    tasks = model.task_set_
    if isinstance(model, SurvivalOutputs):
        return _event_outputs(model, scores, times)
    if times is not None and not any(isinstance(head, EventTimeKind) for head in tasks.heads):
        raise ValueError(
            "times are those of survival curves, but no task of the model has events."
        )
    return [
        output
        for head, name, own in zip(tasks.heads, tasks.names, scores, strict=True)
        for output in head_outputs(head, name, own, group, times)
    ]


def _event_outputs(model: SurvivalOutputs, scores: list[Value], times: Times) -> list[Output]:
    """Risks and curves of each event; its terms are joined end to end."""
    tasks = model.task_set_
    curves: dict[Any, GraphCurves] = {
        name: curves_of(head, own)  # type: ignore[arg-type]
        for head, name, own in zip(tasks.heads, tasks.names, scores, strict=True)
    }
    outputs = []
    for event in model.event_names_:
        terms = [curves[term.name] for term in terms_of(event, model.horizons)]
        whole = reduce(GraphCurves.then, terms) if terms else curves[event]
        outputs += [risk_output(whole, event), *curve_outputs(whole, event, times)]
    return outputs


def _name_outputs(graph: Graph, outputs: list[Output]) -> list[dict[str, Any]]:
    """Add the outputs to the graph; gives what they are."""
    wanted = [label_name(each.task, "y") + each.suffix for each in outputs]
    names = unique_names(wanted, graph.names)
    for name, each in zip(names, outputs, strict=True):
        graph.output(name, each.value, each.dtype, *each.shape)
    return [
        {"name": name, "task": each.task, "gives": each.suffix[1:] or "prediction", **each.about}
        for name, each in zip(names, outputs, strict=True)
    ]
