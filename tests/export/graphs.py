"""Run graphs, and compute the expected outputs with the model's own methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from skmtl.export import onnx_inputs, to_onnx
from skmtl.tasks import Curves
from tests.files.cases import table

# As in the tests: pytest imports this module too, in search of doctests.
onnxruntime = pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')


def session_of(model: Any, **parameters: Any) -> Any:
    """Return a session with one thread; the parameters are those of `to_onnx`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(to_onnx(model, **parameters).SerializeToString(), options)


def run(session: Any, feed: dict[str, np.ndarray]) -> dict[str, Any]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def assert_same_outputs(model: Any, *tables: Any) -> None:
    """Check that the graph returns what the model's methods return, under documented names."""
    session = session_of(model)
    for X in tables:
        outputs, expected = run(session, onnx_inputs(model, X)), answers(model, X)
        assert list(outputs) == list(expected), (list(outputs), list(expected))
        for name, values in expected.items():
            assert_equal(outputs[name], values, name)


def assert_equal(found: np.ndarray, expected: Any, name: str = "") -> None:
    """Numbers to 1e-5, anything else exactly."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    if expected.dtype.kind == "f":
        assert found.dtype == np.float64
        # A number that is the difference of larger ones is as exact as these.
        size = np.abs(expected).max(initial=0.0)
        np.testing.assert_allclose(
            found, expected, rtol=1e-5, atol=1e-5 * min(size, 1), err_msg=name
        )
    elif expected.dtype == object:  # several targets in one array
        assert found.tolist() == expected.tolist()
    else:
        assert found.dtype.kind == expected.dtype.kind, (name, found.dtype, expected.dtype)
        np.testing.assert_array_equal(found, expected, err_msg=name)


def answers(model: Any, X: Any) -> dict[str, Any]:
    """Return the expected outputs of the graph, in its order."""
    if hasattr(model, "events"):
        return _survival_answers(model, X)
    predicted = model.predict(X)
    if not isinstance(predicted, pd.DataFrame):
        predicted = pd.DataFrame(predicted, columns=model.task_names_)
    more: dict[Any, dict[str, Any]] = {name: {} for name in model.task_names_}
    if hasattr(model, "predict_proba"):
        tables = model.predict_proba(X)
        with_classes = [name for name, kind in model.task_kinds_.items() if kind in CLASSES]
        for name, values in zip(with_classes, tables if isinstance(tables, list) else [tables],
                                strict=True):  # fmt: skip
            more[name]["_proba"] = values
    if hasattr(model, "predict_quantiles"):
        quantiles = model.predict_quantiles(X)
        for name in quantiles.columns.levels[0]:
            more[name]["_quantiles"] = quantiles[name]
    if hasattr(model, "predict_steps"):
        steps = model.predict_steps(X)
        for name in steps.columns.levels[0]:
            more[name]["_steps"] = steps[name]
    scores, tasks = model.__skmtl_fitted__().ask(X).scores, model.task_set_
    for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True):
        if head.has_curves:
            more[name] = _of_curves(head.curves(scores[:, part]))
    outputs = {}
    for name in model.task_names_:
        own = name if isinstance(name, str) else f"y{name}"
        columns = tasks.by_name[name].prediction_names(name)
        outputs[own] = predicted[columns if len(columns) > 1 else name]
        outputs |= {f"{own}{suffix}": values for suffix, values in more[name].items()}
    return outputs


CLASSES = ("binary", "multiclass", "ordinal", "funnel")


def _of_curves(curves: Curves) -> dict[str, Any]:
    times = curves.edges[1:]
    incidence = curves.incidence(times)
    several = {"_incidence": incidence} if incidence.shape[2] > 1 else {}
    return {"_survival": curves.survival(times), **several}


def _survival_answers(model: Any, X: Any) -> dict[str, Any]:
    risks, alive = model.predict(X), model.predict_survival_function(X, return_array=True)
    incidence = model.predict_cumulative_incidence(X)
    if len(model.event_names_) == 1:
        (event,) = model.event_names_
        alive, incidence = {event: alive}, {event: incidence}
        risks = {event: risks}
    outputs = {}
    for event in model.event_names_:
        outputs[event] = risks[event]
        outputs[f"{event}_survival"] = alive[event]
        if len(incidence[event]) > 1:
            outputs[f"{event}_incidence"] = np.stack(list(incidence[event].values()), axis=2)
    return outputs


def new_rows(n: int = 57) -> pd.DataFrame:
    """Rows of `tests.files.cases.table` that were not learnt from.

    With extremes, categories that are unknown, and whatever may be missing.
    """
    X = table(n + 80)[0].iloc[80:].reset_index(drop=True)
    X["colour"] = X["colour"].astype("str").astype(object)
    X.loc[0, ["colour", "city"]] = ["pink", "Oslo "]
    X.loc[1, ["size", "age", "colour", "city"]] = [np.nan, pd.NA, None, None]
    X.loc[2, "size"], X.loc[3, "size"], X.loc[4, "age"] = 1e300, -1e300, -5
    return X
