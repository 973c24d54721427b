"""What models answer, kept in files beside them.

A record is an ``.npz`` file: numbers as arrays, and names, dtypes and text as JSON that says how
the arrays belong together. Nothing is pickled, and every table comes back with its dtypes. It has
nothing in common with `skmtl.files`, whose mistakes it should show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import skmtl
from skmtl._text import text_array
from skmtl.timeseries import Forecaster

PACKAGES = ("numpy", "scipy", "pandas", "torch", "lightgbm", "onnx")

_METHODS = (
    "predict", "predict_proba", "predict_quantiles", "predict_median_time", "predict_rmst",
    "contributions", "shap_values", "embed", "attention",
)  # fmt: skip
_METHODS_OF_TIMES = (
    "predict_survival_function",
    "predict_cumulative_hazard_function",
    "predict_cumulative_incidence",
)
_ATTRIBUTES = (
    "task_names_", "task_kinds_", "classes_", "n_features_in_", "feature_names_in_", "history_",
    "n_epochs_", "event_names_", "unique_times_", "follow_up_", "theta_", "outlier_score_",
    "blocks_", "n_rounds_", "selection_", "feature_importances_", "block_importances_",
    "task_importances_", "groups_", "errors_", "affinity_",
)  # fmt: skip


def answers(model: Any, X: Any, times: Sequence[float] | None) -> dict[str, Any]:
    """All that a fitted model says about some rows, and about itself.

    Parameters
    ----------
    model : fitted estimator
    X : DataFrame or ndarray of shape (n_samples, n_features)
    times : sequence of float or None
        Where curves are asked for; None if the model has none.
    """
    return {name: ask() for name, ask in questions(model, X, times).items()}


def questions(model: Any, X: Any, times: Sequence[float] | None) -> dict[str, Callable[[], Any]]:
    """The same as functions, which have not been called."""
    asked = {name: partial(getattr(model, name), X) for name in _METHODS if _answers(model, name)}
    for name in _METHODS_OF_TIMES:
        if hasattr(model, name):
            asked[name] = partial(getattr(model, name), X, times)
    # Which has a way of its own in boosting.
    asked["predict of one row"] = partial(model.predict, X[:1])
    asked["score_frame"] = partial(skmtl.score_frame, model, X, times=times)
    present = [name for name in _ATTRIBUTES if hasattr(model, name)]
    if isinstance(model, Forecaster):
        present.remove("history_")  # the past of the series, not of the training
    return asked | {name: partial(getattr, model, name) for name in present}


def _answers(model: Any, method: str) -> bool:
    blocks = getattr(model, "n_blocks", None)  # a network without any has no attention
    return hasattr(model, method) and not (method == "attention" and blocks == 0)


def times_of(model: Any) -> list[float] | None:
    """A few times within the follow-up of all events; None without events."""
    if not hasattr(model, "follow_up_"):
        return None
    ends = model.follow_up_
    end = min(ends.values()) if isinstance(ends, dict) else ends
    return [0.0, *(float(end) * share for share in (0.2, 0.55, 1.0))]


def onnx_hash(model: Any) -> str:
    """SHA-256 of the model's graph, without the version of skmtl that has written it."""
    graph = skmtl.export.to_onnx(model)
    graph.producer_version = ""
    return hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a record of plain values, arrays, frames and lists and dicts of them."""
    store = _Store()
    layout = json.dumps(_packed(record, store))
    np.savez_compressed(path, layout=np.array(layout), **store.joined())


def read(path: Path) -> dict[str, Any]:
    """Read what `write` has written."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return _unpacked(json.loads(str(arrays.pop("layout"))), arrays)


class _Store:
    """Columns of numbers, joined by dtype; equal ones are kept once, as answers repeat them."""

    def __init__(self) -> None:
        self._columns: dict[str, list[np.ndarray]] = {}
        self._places: dict[tuple[str, bytes], int] = {}

    def place(self, column: np.ndarray) -> list[Any]:
        """Dtype, start and length of the column among those of its dtype."""
        dtype = column.dtype.str
        columns = self._columns.setdefault(dtype, [])
        start = sum(map(len, columns))
        place = self._places.setdefault((dtype, column.tobytes()), start)
        if place == start:
            columns.append(column)
        return [dtype, place, len(column)]

    def joined(self) -> dict[str, np.ndarray]:
        return {dtype: np.concatenate(columns) for dtype, columns in self._columns.items()}


def _packed(value: Any, store: _Store) -> Any:
    """A value as JSON: plain values as they are, others as a list that begins with their kind."""

    def pack(part: Any) -> Any:
        return _packed(part, store)

    match value:
        case None | bool() | int() | float() | str() if not isinstance(value, np.generic):
            return value
        case list() | tuple():
            return [type(value).__name__, *map(pack, value)]
        case dict():
            return ["dict", *([pack(key), pack(part)] for key, part in value.items())]
        case np.ndarray() if value.dtype == object:
            return ["objects", value.shape, *map(pack, value.ravel().tolist())]
        case np.ndarray() if value.ndim > 1:
            return ["stacked", value.shape, *map(pack, np.moveaxis(value, -1, 0))]
        case np.ndarray():
            return ["array", *store.place(value)]
        case np.generic():
            return ["number", *store.place(np.array([value]))]
        case pd.DataFrame():
            columns = [pack(value.iloc[:, j].array) for j in range(value.shape[1])]
            return ["frame", pack(value.index), pack(value.columns), *columns]
        case pd.Series():
            return ["series", pack(value.array), pack(value.index), pack(value.name)]
        case pd.RangeIndex():
            return ["range", value.start, value.stop, value.step, pack(value.name)]
        case pd.MultiIndex():
            return ["tuples", pack(value.tolist()), pack(list(value.names))]
        case pd.Index():
            return ["index", pack(value.array), pack(value.name)]
        case pd.Categorical():
            return ["categorical", pack(value.codes), pack(value.categories), bool(value.ordered)]
        case pd.arrays.NumpyExtensionArray():
            return pack(value.to_numpy())
        case pd.arrays.DatetimeArray() if value.tz is None:
            return ["times", pack(value.to_numpy())]
        case pd.api.extensions.ExtensionArray():  # text, or numbers that may be missing
            cells = [None if pd.isna(cell) else cell for cell in value.astype(object)]
            return ["cells", str(value.dtype), *(pack(_plain(cell)) for cell in cells)]
    raise TypeError(f"A record holds no {type(value).__name__}: {value!r}")


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def _unpacked(packed: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value that `_packed` has written."""
    if not isinstance(packed, list):
        return packed
    kind, *parts = packed
    if kind in ("array", "number"):
        dtype, start, length = parts
        column = arrays[dtype][start : start + length]
        return column if kind == "array" else column[0]
    if kind == "dict":
        return {_unpacked(key, arrays): _unpacked(part, arrays) for key, part in parts}
    if kind in ("objects", "stacked"):
        shape, *cells = parts
        return _BUILT[kind](shape, [_unpacked(cell, arrays) for cell in cells])
    return _BUILT[kind](*(_unpacked(part, arrays) for part in parts))


def _objects(shape: Sequence[int], cells: list[Any]) -> np.ndarray:
    flat = np.empty(len(cells), dtype=object)
    flat[:] = cells
    return flat.reshape(shape)


def _stacked(shape: Sequence[int], parts: list[Any]) -> np.ndarray:
    return np.stack(parts, axis=-1) if parts else np.empty(shape)


def _frame(index: pd.Index, names: pd.Index, *columns: Any) -> pd.DataFrame:
    series = [_series(column, index, None) for column in columns]
    return pd.DataFrame(dict(enumerate(series)), index=index).set_axis(names, axis=1)


def _series(values: Any, index: pd.Index, name: Any) -> pd.Series:
    return pd.Series(values, index, values.dtype, name)  # or pandas would see text in objects


def _index(values: Any, name: Any) -> pd.Index:
    return pd.Index(values, values.dtype, name=name, tupleize_cols=False)


_BUILT: dict[str, Any] = {
    "list": lambda *parts: list(parts),
    "tuple": lambda *parts: parts,
    "objects": _objects,
    "stacked": _stacked,
    "cells": lambda dtype, *cells: (
        text_array(list(cells)) if dtype == "str" else pd.array(list(cells), dtype=dtype)
    ),
    "times": pd.array,
    "frame": _frame,
    "series": _series,
    "range": lambda start, stop, step, name: pd.RangeIndex(start, stop, step, name=name),
    "tuples": lambda keys, names: pd.MultiIndex.from_tuples(keys, names=names),
    "index": _index,
    "categorical": pd.Categorical.from_codes,
}


def assert_same(now: Any, then: Any, tolerance: float, where: str) -> None:
    """Compare two answers in structure, names, dtypes and values.

    Parameters
    ----------
    now, then : any value that a record holds
    tolerance : float
        Largest difference of two floats, as a share of the spread of their column or of its
        largest number. 0 asks for the same bits.
    where : str
        What errors call the answer.
    """
    assert type(now) is type(then), f"{where}: {type(now)}, was {type(then)}"
    if isinstance(then, dict):
        # Later versions may answer more.
        kept = [name for name in now if name in then]
        assert kept == list(then), f"{where}: {list(now)}, was {list(then)}"
        for key, value in then.items():
            assert_same(now[key], value, tolerance, f"{where}[{key!r}]")
    elif isinstance(then, list | tuple):
        assert len(now) == len(then), f"{where}: {len(now)} values, were {len(then)}"
        for place, (new, old) in enumerate(zip(now, then, strict=True)):
            assert_same(new, old, tolerance, f"{where}[{place}]")
    elif isinstance(then, pd.DataFrame):
        _assert_same_labels(now.columns, then.columns, where)
        _assert_same_labels(now.index, then.index, where)
        for (name, old), (_, new) in zip(then.items(), now.items(), strict=True):
            _assert_same_values(new.array, old.array, tolerance, f"{where}[{name}]")
    elif isinstance(then, pd.Series):
        assert now.name == then.name, f"{where}: {now.name!r}, was {then.name!r}"
        _assert_same_labels(now.index, then.index, where)
        _assert_same_values(now.array, then.array, tolerance, where)
    else:
        _assert_same_values(np.asarray(now), np.asarray(then), tolerance, where)


def _assert_same_labels(now: pd.Index, then: pd.Index, where: str) -> None:
    same = now.equals(then) and now.dtype == then.dtype and now.names == then.names
    assert same, f"{where}: labels are {now}, were {then}"


def _assert_same_values(now: Any, then: Any, tolerance: float, where: str) -> None:
    assert now.dtype == then.dtype, f"{where}: {now.dtype}, was {then.dtype}"
    assert now.shape == then.shape, f"{where}: shape {now.shape}, was {then.shape}"
    new, old = (np.asarray(values) for values in (now, then))
    if new.dtype == object:
        new, old = (pd.Series(values.ravel()).astype(object) for values in (new, old))
        pd.testing.assert_series_equal(new, old, check_exact=True, obj=where)
    elif new.tobytes() == old.tobytes():  # what follows takes ten times as long
        return
    elif tolerance and new.dtype.kind == "f":
        _assert_close(new, old, tolerance, where)
    else:
        np.testing.assert_array_equal(new, old, err_msg=where)


def _assert_close(new: np.ndarray, old: np.ndarray, tolerance: float, where: str) -> None:
    finite = np.isfinite(old)
    np.testing.assert_array_equal(new[~finite], old[~finite], err_msg=where)
    values = np.where(finite, old, np.nan)
    highest, lowest = np.fmax.reduce(values, axis=0), np.fmin.reduce(values, axis=0)
    scale = np.fmax.reduce([highest - lowest, highest, -lowest])  # a constant has no spread
    error = np.abs(np.subtract(new, old, where=finite, out=np.zeros(old.shape)))
    close = ~finite | (error <= tolerance * scale)
    assert close.all(), f"{where} differs by {error.max()}; its scale is {scale}"
