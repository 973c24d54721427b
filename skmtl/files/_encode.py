"""Encode the attributes of a fitted model as JSON, .npy and LightGBM's text."""

from __future__ import annotations

import datetime
import inspect
import math
from collections.abc import Mapping
from io import BytesIO
from types import FunctionType
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from skmtl._storable import is_storable, remedy
from skmtl.files._arrays import KINDS, write_array

# The key with the type of a JSON object; see docs/file_format.md.
TAG = "$"
# Extension dtypes of pandas that are written as a list of values.
LISTED_DTYPES = ("str", "string", "boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16",
                 "UInt32", "UInt64", "Float32", "Float64")  # fmt: skip
_DEEPEST = 100
# Callbacks, metadata requests and the duration of a fit are not part of what it has learnt. Equal
# fits have equal sections; the header has the duration.
_NOT_LEARNT = ("_skl_callbacks", "_metadata_request", "fit_time_")


class _NotYetStorableError(TypeError):
    """An object whose class users can make storable."""


class Encoder:
    """Encodes values one after the other, and collects their arrays and boosters.

    Every method gets a value and its location, for error messages.
    """

    def __init__(self) -> None:
        self._arrays = BytesIO()
        self._n_arrays = 0
        self._boosters = BytesIO()
        self._depth = 0

    def sections(self) -> dict[str, bytes]:
        """Return the arrays and boosters of all encoded values as sections of a file."""
        parts = {"arrays.npy": self._arrays, "boosters.txt": self._boosters}
        return {name: part.getvalue() for name, part in parts.items() if part.tell()}

    def encode(self, value: Any, where: str) -> Any:
        """Encode a value as JSON.

        Raises
        ------
        TypeError
            If a file cannot hold the value or something inside it.
        """
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise TypeError(f"{where} is nested too deeply, or holds itself.")
            return self._encode(value, where)
        finally:
            self._depth -= 1

    def _encode(self, value: Any, where: str) -> Any:
        if value is None or type(value) in (bool, int, str):
            return value
        exact = _EXACT.get(type(value))
        if exact is not None:
            return exact(self, value, where)
        for kind, encode in _KINDS_OF_VALUES:
            if isinstance(value, kind):
                return encode(self, value, where)
        if is_storable(type(value)):
            return {TAG: "object", "class": type(value).__name__, **self.parts(value, where)}
        _refuse_with_remedy(type(value), f"{where} holds {_shown(value)}")
        if isinstance(value, FunctionType):
            raise _NotYetStorableError(
                f"{where} holds the function {value.__qualname__}, but files hold no code. In its "
                "place use an object of a class that has the method __call__ and is decorated "
                "with skmtl.files.storable, here and wherever the file is loaded; or use pickle."
            )
        raise TypeError(
            f"{where} holds {_shown(value)}, which cannot be saved: numbers, text, arrays, "
            "containers of these and objects of skmtl can be."
        )

    def parts(self, value: Any, where: str) -> dict[str, Any]:
        """Encode the state of a storable object, and for an estimator also its parameters."""
        state = dict(value.__getstate__() or {})
        if not hasattr(value, "get_params"):
            return {"state": self._dict(state, where)}
        for key in _NOT_LEARNT:
            state.pop(key, None)
        name = type(value).__name__
        names = value.get_params(deep=False)
        parameters = {key: self._parameter(state.pop(key), key, value) for key in names}
        attributes = {
            key: self.encode(item, f"The attribute {key!r} of {name}")
            for key, item in state.items()
        }
        return {"parameters": parameters, "state": attributes}

    def _parameter(self, value: Any, key: str, owner: Any) -> Any:
        try:
            return self.encode(value, f"The parameter {key!r} of {type(owner).__name__}")
        except TypeError as error:
            if isinstance(error, _NotYetStorableError) and not isinstance(value, FunctionType):
                raise
            if hasattr(value, "get_params"):
                raise TypeError(
                    f"{error} Estimators of other packages are not among them: use pickle or "
                    "joblib."
                ) from None
            default = inspect.signature(type(owner).__init__).parameters[key].default
            raise TypeError(
                f"{error} Before saving, set it to something plain: "
                f"model.set_params({key}={default!r}), for example."
            ) from None

    def _float(self, value: float, where: str) -> Any:
        return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}

    def _list(self, values: list, where: str) -> Any:
        return [self.encode(value, where) for value in values]

    def _tuple(self, values: tuple, where: str) -> Any:
        return {TAG: "tuple", "values": [self.encode(value, where) for value in values]}

    def _dict(self, items: Mapping[Any, Any], where: str) -> Any:
        if all(type(key) is str for key in items) and TAG not in items:
            return {key: self.encode(v, f"{where}[{key!r}]") for key, v in items.items()}
        pairs = [
            [self.encode(key, where), self.encode(value, f"{where}[{key!r}]")]
            for key, value in items.items()
        ]
        return {TAG: "dict", "items": pairs}

    def _slice(self, value: slice, where: str) -> Any:
        ends = [self.encode(end, where) for end in (value.start, value.stop, value.step)]
        return {TAG: "slice", "ends": ends}

    def _bytes(self, value: bytes, where: str) -> Any:
        return {TAG: "bytes", "hex": value.hex()}

    def _array(self, value: np.ndarray, where: str) -> Any:
        if value.dtype == object:
            return {
                TAG: "objects",
                "shape": list(value.shape),
                "values": [self.encode(item, where) for item in value.ravel().tolist()],
            }
        if value.dtype.kind not in KINDS:
            raise TypeError(
                f"{where} holds an array of dtype {value.dtype}, which cannot be saved."
            )
        write_array(self._arrays, value)
        self._n_arrays += 1
        return {TAG: "array", "number": self._n_arrays - 1}

    def _scalar(self, value: np.generic, where: str) -> Any:
        return {TAG: "scalar", "array": self.encode(np.asarray(value), where)}

    def _class(self, value: type, where: str) -> Any:
        if issubclass(value, np.generic) and np.dtype(value).kind in KINDS:
            return {TAG: "numpy_type", "name": np.dtype(value).str}
        if is_storable(value):
            return {TAG: "class", "name": value.__name__}
        _refuse_with_remedy(value, f"{where} holds the class {value.__qualname__}")
        raise TypeError(f"{where} holds the class {value.__qualname__}, which cannot be saved.")

    def _booster(self, value: lgb.Booster, where: str) -> Any:
        start = self._boosters.tell()
        # Write all trees: those after the best iteration were removed when the booster was fitted.
        self._boosters.write(value.model_to_string(num_iteration=-1).encode())
        return {TAG: "booster", "start": start, "stop": self._boosters.tell()}

    def _timestamp(self, value: pd.Timestamp, where: str) -> Any:
        return {TAG: "timestamp", "value": value.isoformat(), "unit": value.unit}

    def _timedelta(self, value: pd.Timedelta, where: str) -> Any:
        return {TAG: "timedelta", "value": value.isoformat(), "unit": value.unit}

    def _date(self, value: datetime.date, where: str) -> Any:
        return {TAG: "date", "value": value.isoformat()}

    def _interval(self, value: pd.Interval, where: str) -> Any:
        ends = [self.encode(end, where) for end in (value.left, value.right)]
        return {TAG: "interval", "ends": ends, "closed": value.closed}

    def _offset(self, value: pd.tseries.offsets.BaseOffset, where: str) -> Any:
        try:
            is_named = pd.tseries.frequencies.to_offset(value.freqstr) == value
        except ValueError:
            is_named = False
        if not is_named:
            raise TypeError(
                f"{where} holds the offset {value!r}, which pandas cannot restore from its name "
                f"{value.freqstr!r}."
            )
        return {TAG: "offset", "name": value.freqstr}

    def _missing(self, value: Any, where: str) -> Any:
        return {TAG: "missing", "name": "NA" if value is pd.NA else "NaT"}

    def _index(self, value: pd.Index, where: str) -> Any:
        if isinstance(value, pd.RangeIndex):
            span = [value.start, value.stop, value.step]
            return {TAG: "range_index", "span": span, "name": self.encode(value.name, where)}
        if isinstance(value, pd.MultiIndex):
            return {
                TAG: "multi_index",
                "levels": [self._index(level, where) for level in value.levels],
                "codes": [self.encode(np.asarray(codes), where) for codes in value.codes],
                "names": [self.encode(name, where) for name in value.names],
            }
        values = self._column(value, where)
        return {TAG: "index", "values": values, "name": self.encode(value.name, where)}

    def _series(self, value: pd.Series, where: str) -> Any:
        return {
            TAG: "series",
            "values": self._column(value, where),
            "index": self._index(value.index, where),
            "name": self.encode(value.name, where),
        }

    def _frame(self, value: pd.DataFrame, where: str) -> Any:
        columns = [self._column(value.iloc[:, i], where) for i in range(value.shape[1])]
        return {
            TAG: "frame",
            "data": columns,
            "columns": self._index(value.columns, where),
            "index": self._index(value.index, where),
        }

    def _column(self, values: pd.Index | pd.Series, where: str) -> Any:
        """Encode the values of an index, a series or a column of a frame."""
        dtype = values.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return {
                TAG: "categorical",
                "codes": self.encode(np.asarray(values.array.codes), where),
                "categories": self._index(dtype.categories, where),
                "ordered": bool(dtype.ordered),
            }
        if isinstance(dtype, np.dtype):
            return self._array(values.to_numpy(), where)
        if str(dtype) not in LISTED_DTYPES:
            raise TypeError(f"{where} holds a column of dtype {dtype}, which cannot be saved.")
        listed = [self.encode(item, where) for item in values.to_numpy(dtype=object).tolist()]
        return {TAG: "column", "dtype": str(dtype), "values": listed}


_EXACT: dict[type, Any] = {
    float: Encoder._float,
    list: Encoder._list,
    tuple: Encoder._tuple,
    dict: Encoder._dict,
    slice: Encoder._slice,
    bytes: Encoder._bytes,
    np.ndarray: Encoder._array,
    lgb.Booster: Encoder._booster,
    pd.Timestamp: Encoder._timestamp,
    pd.Timedelta: Encoder._timedelta,
    pd.Interval: Encoder._interval,
    datetime.date: Encoder._date,
    type(pd.NA): Encoder._missing,
    type(pd.NaT): Encoder._missing,
    pd.Series: Encoder._series,
    pd.DataFrame: Encoder._frame,
}
_KINDS_OF_VALUES: tuple[tuple[type, Any], ...] = (
    (np.generic, Encoder._scalar),
    (pd.Index, Encoder._index),
    (pd.tseries.offsets.BaseOffset, Encoder._offset),
    (type, Encoder._class),
)


def _refuse_with_remedy(cls: type, what: str) -> None:
    words = remedy(cls)
    if words is not None:
        raise _NotYetStorableError(f"{what}, which cannot be saved yet. {words}")


def _shown(value: Any) -> str:
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return f"an object of type {name.removeprefix('builtins.')}"
