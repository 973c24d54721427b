"""Rows to forecast, as series and times of a history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.panels import History


def known_rows(history: History, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the series of each row, -1 for an id without history, and its time."""
    return history.ids.codes(rows), history.clock.count(rows[history.time])


def origins_of(history: History, codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Return the time up to which the series of each row is known when the row is forecast.

    It is the end of the series or one step before the row, whichever is earlier.
    """
    ends = np.where(codes >= 0, history.panel.ends[np.maximum(codes, 0)], clock - 1)
    return np.minimum(ends, clock - 1)
