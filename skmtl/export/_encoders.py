"""From the inputs of a graph to what engines read: the encoders of `skmtl.tables` as operators."""

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
    """What a network reads, as `skmtl.tables.EncodedTable` has it.

    Attributes
    ----------
    numeric : Value of shape (batch, n_numeric), float32, or None
        Scaled numbers; any number where one is missing.
    absent : Value of shape (batch, n_numeric), bool, or None
        Where a number is missing that may be.
    codes : Value of shape (batch, n_categorical), int64, or None
    n_numeric : int
    cardinalities : list of int
        Codes of each categorical feature.
    """

    numeric: Value | None
    absent: Value | None
    codes: Value | None
    n_numeric: int
    cardinalities: list[int]

    @property
    def graph(self) -> Graph:
        """The graph that the values stand in."""
        return self._any.graph

    def with_gaps(self) -> Value:
        """Numbers (batch, n_numeric), NaN where one is missing, also where there are none."""
        if self.numeric is None or self.absent is None:
            return self._without_columns(np.float32)
        return self.absent.op("Where", np.float32(np.nan), self.numeric)

    def all_codes(self) -> Value:
        """Codes (batch, n_categorical), also where there are none."""
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
    """Declare the inputs; returns them by name."""
    return {each.name: graph.input(each.name, each.dtype) for each in inputs.all}


def tree_matrix(
    encoder: TreeEncoder, features: Sequence[Numbers | Categories], given: dict[str, Value]
) -> Value:
    """The matrix (batch, n_features) that trees read, float64."""
    columns = [
        given[each.name] if isinstance(each, Numbers) else codes_of(each, given).cast(np.float64)
        for each in features
    ]
    matrix = side_by_side(columns)
    # As exact as what LightGBM reads, not more.
    return matrix.cast(np.float32).cast(np.float64) if encoder.dtype_ == np.float32 else matrix


def encoded_rows(
    encoder: TableEncoder, features: Sequence[Numbers | Categories], given: dict[str, Value]
) -> GraphRows:
    """The scaled numbers and the codes that networks read."""
    numbers = [given[each.name] for each in features if isinstance(each, Numbers)]
    complete = encoder.complete_
    codes = [
        codes_of(each, given, UNKNOWN if complete[position] else MISSING)
        for position, each in enumerate(features)
        if isinstance(each, Categories)
    ]
    numeric = absent = None
    if numbers:
        matrix = side_by_side(numbers)
        absent = matrix.op("IsNaN")
        filled = np.array(
            [complete[at] for at, each in enumerate(features) if isinstance(each, Numbers)]
        )
        fill = 2 * encoder.scaler_.half_center_ if filled.any() else np.array(0.0)
        numeric = _scaled(encoder, absent.op("Where", fill, matrix))
        if filled.any():
            absent = absent.op("And", ~filled)
    joined = side_by_side(codes) if codes else None
    return GraphRows(numeric, absent, joined, len(numbers), list(encoder.cardinalities_))


def task_number(ids: Ids, given: dict[str, Value], *, unseen_is_error: bool) -> Value:
    """The number of each row's task; one more than the last for one that `fit` has not seen.

    With `unseen_is_error` the runtime refuses such a row: its number lies outside of a table.
    """
    n_known = len(ids.known)
    keys = "keys_int64s" if ids.dtype == np.int64 else "keys_strings"
    number = given[ids.name].op(
        "LabelEncoder",
        **{keys: ids.known.tolist()},
        values_int64s=list(range(n_known)),
        default_int64=n_known,
    )
    if not unseen_is_error:
        return number
    known = np.arange(n_known)
    return number.graph.op("Gather", known, number, name="a_task_that_fit_has_not_seen")


def codes_of(column: Categories, given: dict[str, Value], missing: int = MISSING) -> Value:
    """The codes (batch,) of a column of text, with the one for a missing category."""
    known = column.texts[FIRST_KNOWN:].tolist()
    return given[column.name].op(
        "LabelEncoder",
        keys_strings=[column.texts[MISSING], *known],
        values_int64s=[missing, *range(FIRST_KNOWN, FIRST_KNOWN + len(known))],
        default_int64=UNKNOWN,
    )


def _scaled(encoder: TableEncoder, numeric: Value) -> Value:
    """`RobustScaler.apply` of `skmtl.tables`: float64 up to the clip, then float32."""
    scaler = encoder.scaler_
    far = (numeric / np.array(2.0) - scaler.half_center_) / scaler.half_scale_
    scaled = far.op("Clip", np.array(-LARGEST_SCALED), np.array(LARGEST_SCALED)).cast(np.float32)
    third = scaled / np.float32(3)
    return scaled / (third * third + np.float32(1)).op("Sqrt")


def side_by_side(columns: Sequence[Value]) -> Value:
    """Columns (batch,) as (batch, n_columns)."""
    return columns[0].graph.concat([column.unsqueeze(1) for column in columns], axis=1)
