"""Encoders that go on with more than they were fitted on."""

from __future__ import annotations

import copy
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._categories import FIRST_KNOWN, UNKNOWN, encode_categories, learn_categories
from skmtl.tables._encoder import ColumnEncoder, learning_rows

Encoder = TypeVar("Encoder", bound=ColumnEncoder)


def wider_encoder(
    encoder: Encoder, frame: pd.DataFrame, sample_weight: NDArray[np.float64] | None
) -> Encoder:
    """A copy that knows the categories of more rows, with codes behind those of the others.

    Parameters
    ----------
    encoder : ColumnEncoder
        Fitted.
    frame : DataFrame of shape (n_samples, n_features)
        The columns seen at fit, in that order.
    sample_weight : ndarray of shape (n_samples,), or None
        Nothing is learnt from a row of weight 0.

    Raises
    ------
    ValueError
        As `ColumnEncoder.transform`.
    """
    encoder.read(frame)
    rows, _ = learning_rows(len(frame), None, sample_weight)
    wide = copy.copy(encoder)
    wide.categories_ = {}
    for label, known in encoder.categories_.items():
        column = frame.iloc[:, encoder.columns_.index(label)]
        kept = encoder.kept_categories(*learn_categories(column, rows))
        new = encode_categories(pd.Series(kept, dtype=kept.dtype), known) == UNKNOWN
        wide.categories_[label] = known.append(kept[new])
    wide.cardinalities_ = [len(known) + FIRST_KNOWN for known in wide.categories_.values()]
    return wide
