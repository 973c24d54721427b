"""Decode the attributes of a fitted model from JSON, .npy and LightGBM's text."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from skmtl._storable import stored_class
from skmtl._text import text_array
from skmtl.files._arrays import KINDS, read_arrays
from skmtl.files._encode import LISTED_DTYPES, TAG
from skmtl.files._tree_text import checked_tree_text

Node = dict[str, Any]

# Longest range index (of epochs or tasks) to accept, because it may be expanded in memory.
_LONGEST_RANGE = 1_000_000


class UnknownClassError(ValueError):
    """A class that is not storable, or has not been registered yet."""


def _storable_class(name: str) -> type:
    cls = stored_class(name)
    if cls is None:
        raise UnknownClassError(f"the class {name!r} is none of those that a file may hold")
    return cls


class Decoder:
    """Decodes what an `Encoder` has encoded, and nothing else.

    Invalid values may raise any exception.
    """

    def __init__(self, arrays: bytes, boosters: bytes) -> None:
        self._arrays = read_arrays(arrays)
        self._boosters = boosters
        self._n_read = 0  # bytes of boosters

    def decode(self, node: Any) -> Any:
        """Return the value that a JSON node represents."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        if TAG not in node:
            return {key: self.decode(item) for key, item in node.items()}
        tag = node[TAG]
        if tag not in _BUILDERS:
            raise ValueError(f"there is no {tag!r} in this format")
        return _BUILDERS[tag](self, node)

    def build(self, name: str, parts: Node) -> Any:
        """Build a storable object from its state, and an estimator also from its parameters."""
        cls: Any = _storable_class(name)
        state = self.decode(parts["state"])
        if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
            raise ValueError(f"the state of {name!r} is not a mapping of names")
        # Parameters that were added later get their defaults.
        value = self._estimator(cls, parts) if "parameters" in parts else cls.__new__(cls)
        restore = getattr(value, "__setstate__", value.__dict__.update)
        restore(state)
        return value

    def _estimator(self, cls: Any, parts: Node) -> Any:
        """Build an estimator from its parameters, possibly written by an earlier version."""
        parameters = self.decode(parts["parameters"])
        upgrade = getattr(cls, "__skmtl_parameters__", dict)
        return cls(**upgrade(parameters))

    def _float(self, node: Node) -> float:
        return float(node["value"])

    def _tuple(self, node: Node) -> tuple:
        return tuple(self.decode(item) for item in node["values"])

    def _dict(self, node: Node) -> dict:
        return {self.decode(key): self.decode(value) for key, value in node["items"]}

    def _slice(self, node: Node) -> slice:
        start, stop, step = (self.decode(end) for end in node["ends"])
        return slice(start, stop, step)

    def _bytes(self, node: Node) -> bytes:
        return bytes.fromhex(node["hex"])

    def _array(self, node: Node) -> np.ndarray:
        if type(node["number"]) is not int or node["number"] < 0:
            raise ValueError(f"an array has the number {node['number']!r}")
        return self._arrays[node["number"]]

    def _objects(self, node: Node) -> np.ndarray:
        array = np.empty(len(node["values"]), dtype=object)
        for i, item in enumerate(node["values"]):
            array[i] = self.decode(item)
        return array.reshape(node["shape"])

    def _scalar(self, node: Node) -> Any:
        return self._array(node["array"])[()]

    def _numpy_type(self, node: Node) -> type:
        dtype = np.dtype(str(node["name"]))
        if dtype.kind not in KINDS:
            raise ValueError(f"a type has the dtype {dtype}")
        return dtype.type

    def _class(self, node: Node) -> type:
        return _storable_class(node["name"])

    def _object(self, node: Node) -> Any:
        return self.build(node["class"], node)

    def _booster(self, node: Node) -> lgb.Booster:
        text = self._boosters[node["start"] : node["stop"]]
        self._n_read += len(text)
        if self._n_read > len(self._boosters):
            raise ValueError("boosters.txt is read more than once")
        return lgb.Booster(model_str=checked_tree_text(text.decode()))

    def _timestamp(self, node: Node) -> Any:
        return pd.Timestamp(node["value"]).as_unit(node["unit"])

    def _timedelta(self, node: Node) -> Any:
        return pd.Timedelta(node["value"]).as_unit(node["unit"])

    def _date(self, node: Node) -> datetime.date:
        return datetime.date.fromisoformat(node["value"])

    def _interval(self, node: Node) -> pd.Interval:
        left, right = (self.decode(end) for end in node["ends"])
        return pd.Interval(left, right, node["closed"])

    def _offset(self, node: Node) -> Any:
        return pd.tseries.frequencies.to_offset(node["name"])

    def _missing(self, node: Node) -> Any:
        return {"NA": pd.NA, "NaT": pd.NaT}[node["name"]]

    def _index(self, node: Node) -> pd.Index:
        values = self.decode(node["values"])
        name = self.decode(node["name"])
        return pd.Index(values, dtype=values.dtype, name=name, tupleize_cols=False)

    def _range_index(self, node: Node) -> pd.RangeIndex:
        start, stop, step = node["span"]
        if len(range(start, stop, step)) > _LONGEST_RANGE:
            raise ValueError(f"an index counts further than {_LONGEST_RANGE:,}")
        return pd.RangeIndex(start, stop, step, name=self.decode(node["name"]))

    def _multi_index(self, node: Node) -> pd.MultiIndex:
        levels, codes, names = (self.decode(node[key]) for key in ("levels", "codes", "names"))
        return pd.MultiIndex(levels, codes, names=names)

    def _series(self, node: Node) -> pd.Series:
        index, name = self.decode(node["index"]), self.decode(node["name"])
        return self._of_dtype(node["values"], index).rename(name)

    def _frame(self, node: Node) -> pd.DataFrame:
        index = self.decode(node["index"])
        columns = {i: self._of_dtype(column, index) for i, column in enumerate(node["data"])}
        frame = pd.DataFrame(columns, index=index)
        return frame.set_axis(self.decode(node["columns"]), axis=1)

    def _of_dtype(self, node: Node, index: pd.Index) -> pd.Series:
        values = self.decode(node)
        # Without a dtype, objects that are all text would become text.
        return pd.Series(values, index=index, dtype=values.dtype)

    def _categorical(self, node: Node) -> pd.Categorical:
        codes, categories = self.decode(node["codes"]), self.decode(node["categories"])
        return pd.Categorical.from_codes(codes, categories, ordered=node["ordered"])

    def _column(self, node: Node) -> Any:
        if node["dtype"] not in LISTED_DTYPES:
            raise ValueError(f"a column has the dtype {node['dtype']!r}")
        values = [self.decode(item) for item in node["values"]]
        return text_array(values) if node["dtype"] == "str" else pd.array(values, node["dtype"])


_BUILDERS: dict[str, Callable[[Decoder, Node], Any]] = {
    "float": Decoder._float,
    "tuple": Decoder._tuple,
    "dict": Decoder._dict,
    "slice": Decoder._slice,
    "bytes": Decoder._bytes,
    "array": Decoder._array,
    "objects": Decoder._objects,
    "scalar": Decoder._scalar,
    "numpy_type": Decoder._numpy_type,
    "class": Decoder._class,
    "object": Decoder._object,
    "booster": Decoder._booster,
    "timestamp": Decoder._timestamp,
    "timedelta": Decoder._timedelta,
    "date": Decoder._date,
    "interval": Decoder._interval,
    "offset": Decoder._offset,
    "missing": Decoder._missing,
    "index": Decoder._index,
    "range_index": Decoder._range_index,
    "multi_index": Decoder._multi_index,
    "series": Decoder._series,
    "frame": Decoder._frame,
    "categorical": Decoder._categorical,
    "column": Decoder._column,
}
