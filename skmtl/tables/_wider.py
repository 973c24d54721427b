"""Extend fitted encoders with more categories and columns."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._categories import FIRST_KNOWN, UNKNOWN, encode_categories, learn_categories
from skmtl.tables._counts import CellCounts
from skmtl.tables._encoder import learning_rows
from skmtl.tables._numeric import RobustScaler
from skmtl.tables._table_encoder import TableEncoder


def wider_encoder(
    encoder: TableEncoder,
    fresh: TableEncoder,
    frame: pd.DataFrame,
    sample_weight: NDArray[np.float64] | None,
) -> TableEncoder:
    """Return a copy with additional categories, after the others, and new columns.

    Parameters
    ----------
    encoder : TableEncoder
        The fitted encoder.
    fresh : TableEncoder
        An unfitted encoder with the same settings, which learns the new columns.
    frame : DataFrame of shape (n_samples, n_features)
        A table with the columns of `fit`, and possibly others.
    sample_weight : ndarray of shape (n_samples,), or None
        Weights of the rows; rows of weight 0 are ignored.

    Raises
    ------
    ValueError
        As `TableEncoder.transform`.
    """
    # Tables without names, as arrays, have the columns of `fit` in its order.
    is_wider = set(encoder.columns_) < set(frame.columns)
    known = frame[encoder.columns_] if is_wider else frame
    encoder.read(known)
    wide = copy.copy(encoder)
    wide.categories_ = _with_new_categories(encoder, known, sample_weight)
    if is_wider:
        new = [label for label in frame.columns if label not in encoder.columns_]
        fresh.fit(frame[new], sample_weight=sample_weight)
        labels, categories = frame.columns.tolist(), wide.categories_ | fresh.categories_
        wide.take_columns(labels, [label not in categories for label in labels])
        wide.categories_ = {label: categories[label] for label in wide.categorical_}
        wide._scaler = _joined_scalers(encoder, fresh, wide.numeric_)
        wide.counts_ = _joined_counts(encoder, fresh, wide.columns_)
    wide.cardinalities_ = [len(index) + FIRST_KNOWN for index in wide.categories_.values()]
    return wide


def _with_new_categories(
    encoder: TableEncoder, frame: pd.DataFrame, sample_weight: NDArray[np.float64] | None
) -> dict:
    rows, _ = learning_rows(len(frame), None, sample_weight)
    categories = {}
    for label, known in encoder.categories_.items():
        column = frame.iloc[:, encoder.columns_.index(label)]
        kept = encoder.kept_categories(*learn_categories(column, rows))
        new = encode_categories(pd.Series(kept, dtype=kept.dtype), known) == UNKNOWN
        categories[label] = known.append(kept[new])
    return categories


def _joined_scalers(encoder: TableEncoder, fresh: TableEncoder, numeric: list) -> RobustScaler:
    scaler = RobustScaler(len(numeric))
    for place, label in enumerate(numeric):
        source = encoder if label in encoder.columns_ else fresh
        at = source.numeric_.index(label)
        scaler.half_center_[place] = source.scaler_.half_center_[at]
        scaler.half_scale_[place] = source.scaler_.half_scale_[at]
    return scaler


def _joined_counts(encoder: TableEncoder, fresh: TableEncoder, columns: list) -> CellCounts | None:
    """Return counts of old and new columns for the old number of rows; None without counts."""
    before, now = encoder.counts_, fresh.counts_
    if before is None or now is None:
        return None
    missing, unknown = np.zeros((2, len(columns)), dtype=np.int64)
    for position, label in enumerate(columns):
        if label in encoder.columns_:
            at = encoder.columns_.index(label)
            missing[position], unknown[position] = before.missing[at], before.unknown[at]
        else:
            at, share = fresh.columns_.index(label), before.n_rows / now.n_rows
            missing[position] = np.ceil(now.missing[at] * share)
            unknown[position] = np.ceil(now.unknown[at] * share)
    return CellCounts(columns, before.n_rows, missing, unknown)
