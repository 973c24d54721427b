"""Write the encoders of `skmtl.tables` as operators, from inputs to what engines read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl.export._graph import Graph, Value
from skmtl.export._inputs import Categories, GraphInputs, Ids, Numbers
from skmtl.tables import (
    FIRST_KNOWN,
    LARGEST_SCALED,
    MISSING,
    UNKNOWN,
    TableEncoder,
    TreeEncoder,
)


@dataclass(frozen=True)
class GraphRows:
    """The rows that a network reads, like `skmtl.tables.EncodedTable`.

    Attributes
    ----------
    numeric : Value of shape (batch, n_numeric), float32, or None
        Scaled numbers; arbitrary where one is missing.
    absent : Value of shape (batch, n_numeric), bool, or None
        Missing numbers, in columns that may have any.
    codes : Value of shape (batch, n_categorical), int64, or None
    n_numeric : int
    cardinalities : list of int
        Number of codes of each categorical feature.
    """

    numeric: Value | None
    absent: Value | None
    codes: Value | None
    n_numeric: int
    cardinalities: list[int]

    @property
    def graph(self) -> Graph:
        """The graph that the values belong to."""
        return self._any.graph

    def with_gaps(self) -> Value:
        """Return numbers (batch, n_numeric), NaN where missing; n_numeric may be 0."""
        if self.numeric is None or self.absent is None:
            return self._without_columns(np.float32)
        return self.absent.op("Where", np.float32(np.nan), self.numeric)

    def all_codes(self) -> Value:
        """Return codes (batch, n_categorical); n_categorical may be 0."""
        return self._without_columns(np.int64) if self.codes is None else self.codes

    def _without_columns(self, dtype: Any) -> Value:
        batch = self._any.op("Shape", start=0, end=1)
        shape = batch.op("Concat", np.array([0]), axis=0)
        return self.graph.op("ConstantOfShape", shape, value=np.zeros(1, dtype))

    @property
    def _any(self) -> Value:
        value = self.codes if self.numeric is None else self.numeric
        assert value is not None
        return value


def add_inputs(graph: Graph, inputs: GraphInputs) -> dict[str, Value]:
    """Declare the inputs, and return them by name."""
    return {column.name: graph.input(column.name, column.dtype) for column in inputs.all}


def tree_matrix(
    encoder: TreeEncoder, features: Sequence[Numbers | Categories], values: dict[str, Value]
) -> Value:
    """Return the matrix (batch, n_features) that trees read, float64."""
    columns = [
        values[feature.name]
        if isinstance(feature, Numbers)
        else codes_of(feature, values).cast(np.float64)
        for feature in features
    ]
    matrix = side_by_side(columns)
    # Use the precision that LightGBM reads, not a higher one.
    return matrix.cast(np.float32).cast(np.float64) if encoder.dtype_ == np.float32 else matrix


def encoded_rows(
    encoder: TableEncoder, features: Sequence[Numbers | Categories], values: dict[str, Value]
) -> GraphRows:
    """Return the scaled numbers and the codes that networks read."""
    numbers = [values[feature.name] for feature in features if isinstance(feature, Numbers)]
    complete = encoder.complete_
    codes = [
        codes_of(feature, values, UNKNOWN if complete[position] else MISSING)
        for position, feature in enumerate(features)
        if isinstance(feature, Categories)
    ]
    numeric = absent = None
    if numbers:
        matrix = side_by_side(numbers)
        absent = matrix.op("IsNaN")
        filled = np.array(
            [complete[at] for at, feature in enumerate(features) if isinstance(feature, Numbers)]
        )
        fill = 2 * encoder.scaler_.half_center_ if filled.any() else np.array(0.0)
        numeric = _scaled(encoder, absent.op("Where", fill, matrix))
        if filled.any():
            absent = absent.op("And", ~filled)
    joined = side_by_side(codes) if codes else None
    return GraphRows(numeric, absent, joined, len(numbers), list(encoder.cardinalities_))


def task_number(ids: Ids, values: dict[str, Value], *, unseen_is_error: bool) -> Value:
    """Return the index of each row's task; unseen tasks have the index after the last.

    With `unseen_is_error` the runtime raises an error for such a row: its index is out of range.
    """
    n_known = len(ids.known)
    keys = "keys_int64s" if ids.dtype == np.int64 else "keys_strings"
    number = values[ids.name].op(
        "LabelEncoder",
        **{keys: ids.known.tolist()},
        values_int64s=list(range(n_known)),
        default_int64=n_known,
    )
    if not unseen_is_error:
        return number
    identity = np.arange(n_known)
    return number.graph.op("Gather", identity, number, name="a_task_that_fit_has_not_seen")


def codes_of(column: Categories, values: dict[str, Value], missing: int = MISSING) -> Value:
    """Return the codes (batch,) of a text column; `missing` is the code of a missing value."""
    categories = column.texts[FIRST_KNOWN:].tolist()
    return values[column.name].op(
        "LabelEncoder",
        keys_strings=[column.texts[MISSING], *categories],
        values_int64s=[missing, *range(FIRST_KNOWN, FIRST_KNOWN + len(categories))],
        default_int64=UNKNOWN,
    )


def _scaled(encoder: TableEncoder, numeric: Value) -> Value:
    """`RobustScaler.apply` of `skmtl.tables`: float64 up to the clip, then float32."""
    scaler = encoder.scaler_
    unclipped = (numeric / np.array(2.0) - scaler.half_center_) / scaler.half_scale_
    scaled = unclipped.op("Clip", np.array(-LARGEST_SCALED), np.array(LARGEST_SCALED)).cast(
        np.float32
    )
    third = scaled / np.float32(3)
    return scaled / (third * third + np.float32(1)).op("Sqrt")


def side_by_side(columns: Sequence[Value]) -> Value:
    """Stack columns (batch,) to (batch, n_columns)."""
    return columns[0].graph.concat([column.unsqueeze(1) for column in columns], axis=1)
