"""Export a fitted estimator as an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, cast

import numpy as np

from skmtl import __version__
from skmtl._extras import needed
from skmtl.engines.boosting import FittedBoosting
from skmtl.engines.linear import FittedLinear
from skmtl.engines.stack import FittedStack
from skmtl.export._boosting import GraphMatrix, pool_scores
from skmtl.export._curves import GraphCurves, curves_of
from skmtl.export._encoders import (
    GraphRows,
    add_inputs,
    encoded_rows,
    task_number,
    tree_matrix,
)
from skmtl.export._graph import Graph, Value
from skmtl.export._heads import (
    Output,
    Times,
    constant_outputs,
    curve_outputs,
    head_outputs,
    risk_output,
)
from skmtl.export._inputs import GraphInputs, exportable, graph_inputs, label_name, unique_names
from skmtl.export._linear import design_matrix, linear_scores
from skmtl.export._stack import model_members
from skmtl.models import EngineModel
from skmtl.reading import EventTargets, terms_of
from skmtl.tables import DesignEncoder, SourceEncoder, TableEncoder, TreeEncoder
from skmtl.tasks import ConstantTarget


def to_onnx(model: Any, *, times: Sequence[float] | None = None) -> Any:
    """Export a fitted model with all its predictions as one ONNX graph.

    The graph reads the raw columns of X and contains the whole model: scaling and categories,
    trees or networks, and the conversion to the units and classes of y. It runs in any ONNX
    runtime, such as onnxruntime, without skmtl, LightGBM, torch or pandas.

    Parameters
    ----------
    model : estimator
        A fitted MultiTab, RMTGB, MultiTaskLinear or one of their variants for numbers, classes or
        times to events; or an estimator of your own on `skmtl.models.network.NetworkEstimator`,
        with any network.
    times : sequence of float, default=None
        Times at which the graph returns survival and incidences, from 0 to the end of the
        follow-up in `fit`, for all events. None means the cuts of each event.

    Returns
    -------
    onnx.ModelProto
        ``onnx.save(model, path)`` writes it. The batch size is dynamic in all inputs and outputs.

        There is one input of shape (batch,) for each column of X, with its name (``x0``, ``x1``,
        ... for columns without): float64 for numbers and booleans, NaN where one is missing; text
        for categories, empty where one is missing; and for the task of long data int64 if its ids
        are integers, otherwise text. A text that `fit` did not see is an unknown category.
        `onnx_inputs` creates the inputs from a table.

        The outputs are named after the targets (``y0``, ``y1``, ... for targets without names):

        ===================  ============================  ===================================
        ``price``            (batch,)                      what `predict` returns: float64, or the
                                                           class: bool, int64, float64 or text
        ``budget``           (batch, n_parts)              shares of a composition
        ``sold_proba``       (batch, n_classes)            probabilities
        ``delay_quantiles``  (batch, n_quantiles)          quantiles
        ``buying_steps``     (batch, n_names)              of a funnel, as `predict_steps`
        ``death_survival``   (batch, n_times)              survival at the times
        ``exit_incidence``   (batch, n_times, n_causes)    incidence of each of several causes
        ===================  ============================  ===================================

        The prediction of a survival estimator is the risk, (batch, n_causes) where causes
        compete.

        The metadata "inputs" and "outputs" are JSON: columns, categories and what stands for a
        missing one; classes, quantiles, times.

    Raises
    ------
    ImportError
        Without onnx, or for networks other than MultiTab's without onnxscript or onnxruntime; all
        are in the extra ``skmtl[onnx]``.
    NotFittedError
        Before `fit`.
    TypeError
        If the model is of another class, a task has a kind of your own, or torch cannot export
        the network; the message names its class and torch's reason.
    ValueError
        If a column has two categories (or the task column two ids) of the same text; or for
        times beyond the follow-up, or of a model without events.

    Notes
    -----
    Trees are compared and added up in float64, as by LightGBM; networks run in float32, with other
    kernels than torch's, so that their predictions differ by some 1e-6 of their spread. Networks
    other than MultiTab's are traced by ``torch.onnx.export``, which takes seconds, and compared
    with their graph on random rows. Auxiliary losses are left out. `predict` raises an error for
    columns of a wrong kind and for infinite numbers. A graph cannot check its inputs: check them
    beforehand. With ``unseen="error"`` onnxruntime raises for a task that `fit` did not see; the
    message names a node "a_task_that_fit_has_not_seen".

    Examples
    --------
    >>> import onnxruntime
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.export import onnx_inputs, to_onnx
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "airport": ["JFK", "LGA"] * 40})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> model = RMTGB(n_bags=1, n_rounds=50, random_state=0).fit(X, Y)
    >>> graph = to_onnx(model).SerializeToString()
    >>> session = onnxruntime.InferenceSession(graph)
    >>> [output.name for output in session.get_outputs()]
    ['delay', 'late', 'late_proba']
    >>> session.run(["late"], onnx_inputs(model, X.head(3)))
    [array([False, False,  True])]
    """
    fitted = exportable(model)
    with needed("onnx", "onnx", "to_onnx"):
        import onnx  # noqa: F401
    graph, inputs = Graph(), graph_inputs(fitted.reader)
    values = add_inputs(graph, inputs)
    outputs = _outputs(fitted, *_raw_scores(fitted, inputs, values), values, times)
    metadata = {
        "inputs": [column.describe() for column in inputs.all],
        "outputs": _name_outputs(graph, outputs),
    }
    return graph.model(type(model).__name__, ("skmtl", __version__), metadata)


def _raw_scores(
    model: EngineModel, inputs: GraphInputs, values: dict[str, Value]
) -> tuple[list[Value], Value | None]:
    """Return the raw scores (batch, n_scores) of each learnt target, and the group.

    Scores are float64. The group is None unless the engine or the units need it.
    """
    group = None
    if inputs.ids is not None:
        group = task_number(inputs.ids, values, unseen_is_error=model.refuses_unseen)
    if len(model.tasks.varying) == 0:
        return [], None
    return _scores_of(model, inputs, values, group)


def _scores_of(
    model: EngineModel, inputs: GraphInputs, values: dict[str, Value], group: Value | None
) -> tuple[list[Value], Value | None]:
    """Dispatch on what the engine has learnt."""
    if isinstance(model.fitted, FittedStack):
        return _stack_scores(model, inputs, values, group), None
    if isinstance(model.fitted, FittedBoosting):
        return _boosting_scores(model, inputs, values, group), None
    if isinstance(model.fitted, FittedLinear):
        encoder = cast(DesignEncoder, model.reader.encoder)
        if encoder.n_parts_ == 0:
            raise ValueError(
                "The model does not use any feature, so a graph would be a list of its items: "
                "write the predictions for them to a table instead."
            )
        matrix = design_matrix(encoder, inputs.features, values)
        return [linear_scores(target, matrix, group) for target in model.fitted.targets], None
    if not hasattr(model.fitted, "networks"):
        raise TypeError(
            f"The engine {type(model.engine).__name__} has no graph: to_onnx exports networks, "
            "boosting and linear models. Score this model with skmtl.score_files instead."
        )
    if isinstance(model.reader.encoder, SourceEncoder):
        raise TypeError(
            f"The network leaves out those of the sources {list(model.reader.encoder.sources)} "
            "that a row lacks, for which graphs have no operator. Score this model with "
            "skmtl.score_files instead, or fit it without sources."
        )
    table = cast(TableEncoder, model.reader.encoder)
    if table.hashing_ is not None:
        raise TypeError(
            f"The categories of {table.hashing_.labels[:5]} are hashed, for which graphs have no "
            "operator. Score this model with skmtl.score_files instead, or fit it without "
            "hashed_categories."
        )
    rows = encoded_rows(table, inputs.features, values)
    scores = _network_scores(model, inputs, rows, group).cast(np.float64)
    parts = model.tasks.varying.score_slices
    return [scores.columns(part.start, part.stop) for part in parts], group


def _stack_scores(
    model: EngineModel, inputs: GraphInputs, values: dict[str, Value], group: Value | None
) -> list[Value]:
    """Return weighted means of the members' raw scores."""
    totals: list[Value | None] = [None] * len(model.tasks.varying)
    for weights, member in model_members(model):
        read = inputs.of_columns(member.reader.encoder.columns_)
        scores, _ = _scores_of(member, read, values, group)
        for at, (weight, score) in enumerate(zip(weights, scores, strict=True)):
            share, total = score * np.array(weight), totals[at]
            totals[at] = share if total is None else total + share
    return [total for total in totals if total is not None]


def _network_scores(
    model: EngineModel, inputs: GraphInputs, rows: GraphRows, group: Value | None
) -> Value:
    """Return the raw scores of all targets: written for MultiTab, traced by torch otherwise."""
    from skmtl.export._network import is_multitab, network_scores  # loads torch
    from skmtl.export._traced import traced_scores

    networks = model.fitted.networks
    if is_multitab(networks):
        return network_scores(rows.graph, networks, rows, group)
    groups = range(0)
    if inputs.ids is not None:
        groups = range(0 if model.refuses_unseen else -1, len(inputs.ids.known))
    return traced_scores(networks, rows, group, groups)


def _boosting_scores(
    model: EngineModel, inputs: GraphInputs, values: dict[str, Value], group: Value | None
) -> list[Value]:
    matrix = tree_matrix(cast(TreeEncoder, model.reader.encoder), inputs.features, values)
    rows = GraphMatrix(matrix, len(inputs.features), group)
    by_target: dict[int, Value] = {}
    for targets, pool in model.fitted.pools:
        by_target |= dict(zip(targets, pool_scores(pool, len(targets), rows), strict=True))
    return [by_target[target] for target in range(len(model.tasks.varying))]


def _outputs(
    model: EngineModel,
    scores: list[Value],
    group: Value | None,
    inputs: dict[str, Value],
    times: Times,
) -> list[Output]:
    tasks = model.tasks
    if isinstance(model.targets, EventTargets):
        return _event_outputs(model, model.targets, scores, times)
    if times is not None and not model.event_names:
        raise ValueError(
            "times are those of survival curves, but no task of the model has events."
        )
    of = dict(zip(tasks.varying.names, scores, strict=True))
    any_column = next(iter(inputs.values()))
    return [
        output
        for name, head in tasks.by_name.items()
        for output in (
            constant_outputs(head, name, any_column)
            if isinstance(head, ConstantTarget)
            else head_outputs(head, name, of[name], group, times)
        )
    ]


def _event_outputs(
    model: EngineModel, targets: EventTargets, scores: list[Value], times: Times
) -> list[Output]:
    """Return risks and curves of each event; consecutive terms are joined."""
    tasks = model.tasks
    curves: dict[Any, GraphCurves] = {
        name: curves_of(head, task_scores)  # type: ignore[arg-type]
        for head, name, task_scores in zip(tasks.heads, tasks.names, scores, strict=True)
    }
    outputs = []
    for event in model.event_names:
        terms = [curves[term.name] for term in terms_of(event, targets.horizons)]
        whole = reduce(GraphCurves.then, terms) if terms else curves[event]
        outputs += [risk_output(whole, event), *curve_outputs(whole, event, times)]
    return outputs


def _name_outputs(graph: Graph, outputs: list[Output]) -> list[dict[str, Any]]:
    """Add the outputs to the graph, and return their descriptions."""
    preferred = [label_name(output.task, "y") + output.suffix for output in outputs]
    names = unique_names(preferred, graph.names)
    for name, output in zip(names, outputs, strict=True):
        graph.output(name, output.value, output.dtype, *output.shape)
    return [
        {
            "name": name,
            "task": output.task,
            "gives": output.suffix[1:] or "prediction",
            **output.about,
        }
        for name, output in zip(names, outputs, strict=True)
    ]
