"""Write the raw scores of a linear model as a graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skmtl.export._encoders import codes_of, side_by_side
from skmtl.export._graph import Value
from skmtl.export._inputs import Categories, Numbers
from skmtl.linear import LinearTarget
from skmtl.tables import DesignEncoder


def design_matrix(
    encoder: DesignEncoder, features: Sequence[Numbers | Categories], values: dict[str, Value]
) -> Value:
    """Return the matrix (batch, n_parts) of `DesignEncoder`, which linear functions read."""
    columns: list[Value] = []
    numbers = [values[feature.name] for feature in features if isinstance(feature, Numbers)]
    if numbers:
        columns += _numeric_parts(encoder, side_by_side(numbers))
    categories = [feature for feature in features if isinstance(feature, Categories)]
    for feature, indicators in zip(categories, encoder.indicators_, strict=True):
        if indicators.shape[1]:
            code = codes_of(feature, values)
            columns.append(code.graph.op("Gather", indicators, code))
    return columns[0].graph.concat(columns, axis=1)


def linear_scores(target: LinearTarget, matrix: Value, group: Value | None) -> Value:
    """Return the raw scores (batch, n_scores) of a target."""
    along = matrix @ target.coef
    if group is not None and target.shifts is not None:
        along = along + along.graph.op("Gather", target.shifts, group)
    if group is not None and target.slopes is not None:
        slopes = along.graph.op("Gather", target.slopes, group)
        along = along + (matrix.unsqueeze(1) @ slopes).squeeze(1)
    return along @ target.directions + target.constant


def _numeric_parts(encoder: DesignEncoder, numbers: Value) -> list[Value]:
    """Return standardised numbers (batch, n_numeric) and indicators of missing values."""
    absent = numbers.op("IsNaN")
    scaling = encoder.scaling_
    distance = (numbers / np.array(2.0) - scaling.half_center) / scaling.half_scale
    cut = distance.op("Clip", np.array(-scaling.furthest), np.array(scaling.furthest))
    parts = [absent.op("Where", np.array(0.0), (cut - scaling.mean) / scaling.scale)]
    marked = np.flatnonzero(encoder.has_gaps_)
    if len(marked):
        parts.append(absent.op("Gather", marked, axis=1).cast(np.float64))
    return parts
