"""Where the rows of a text are, all at once, as long as its quotes are where they should be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_QUOTE, _FEED, _RETURN = b'"\n\r'


class Layout(NamedTuple):
    """Rows of a text that are whole, and blank lines.

    Attributes
    ----------
    starts, stops : int64 ndarray of shape (n_rows,)
        Where each begins, and where its last cell ends.
    following : int64 ndarray of shape (n_rows,)
        Where the next one begins.
    n_cells : int64 ndarray of shape (n_rows,)
    has_lines : bool ndarray of shape (n_rows,)
        Whether there are line ends in its cells.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    following: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    has_lines: NDArray[np.bool_]


def layout_of(text: bytes, delimiter: bytes, at_end: bool) -> Layout | None:
    """The rows of a text; None if a quote is neither the first nor the last sign of a cell.

    Parameters
    ----------
    text : bytes
    delimiter : bytes
    at_end : bool
        Whether the last row may go without a line end.
    """
    signs = np.frombuffer(text, np.uint8)
    ends, cells = _line_ends(signs, at_end), np.flatnonzero(signs == ord(delimiter))
    within = ends[:0]
    if b'"' in text:
        quotes = np.flatnonzero(signs == _QUOTE)
        outside = _are_outside(ends - 1, quotes)
        ends, within = ends[outside], ends[~outside]
        cells = cells[_are_outside(cells, quotes)]
        if at_end and len(quotes) % 2:
            return None
        stop = ends[-1] if len(ends) else 0
        if not _are_at_ends_of_cells(signs, quotes[quotes < stop], delimiter):
            return None
    starts = np.append(0, ends[:-1])[: len(ends)]
    return Layout(
        starts,
        _without_line_ends(signs, starts, ends),
        ends,
        np.searchsorted(cells, ends) - np.searchsorted(cells, starts) + 1,
        np.searchsorted(within, ends) > np.searchsorted(within, starts),
    )


def _are_outside(places: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an even number of quotes stands before each place."""
    n_between = np.bincount(np.searchsorted(places, quotes), minlength=len(places) + 1)
    return np.cumsum(n_between[:-1]) % 2 == 0


def _line_ends(signs: NDArray[np.uint8], at_end: bool) -> NDArray[np.int64]:
    """The places after the line ends; one is a line feed, a carriage return, or both."""
    ends = np.flatnonzero(signs == _FEED) + 1
    after_returns = np.flatnonzero(signs == _RETURN) + 1
    if len(after_returns):
        following = np.append(signs, 0)[after_returns]
        # What is not read yet may begin with the line feed.
        alone = (following != _FEED) & ((after_returns < len(signs)) | at_end)
        ends = np.sort(np.concatenate([ends, after_returns[alone]]))
    if at_end and len(signs) > (ends[-1] if len(ends) else 0):
        ends = np.append(ends, len(signs))
    return ends


def _without_line_ends(
    signs: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    stops = ends.copy()
    for sign in (_FEED, _RETURN):
        stops -= (stops > starts) & (signs[stops - 1] == sign)
    return stops


def _are_at_ends_of_cells(
    signs: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: bytes
) -> bool:
    """Whether quotes that open cells begin them, and those that close cells end them.

    Two quotes within a cell, which stand for one, close it and open it again.
    """
    beside = np.zeros(256, dtype=bool)
    beside[[ord(delimiter), _QUOTE, _FEED, _RETURN]] = True
    before = signs[np.maximum(quotes[::2] - 1, 0)]
    after = signs[np.minimum(quotes[1::2] + 1, len(signs) - 1)]
    return bool(beside[before].all() and beside[after].all())
