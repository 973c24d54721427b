"""Find all rows of a text at once, provided that its quotes are well placed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_QUOTE, _FEED, _RETURN = b'"\n\r'


class Layout(NamedTuple):
    """Complete rows of a text, and blank lines.

    Attributes
    ----------
    starts, stops : int64 ndarray of shape (n_rows,)
        Positions where each row starts, and where its last cell ends.
    following : int64 ndarray of shape (n_rows,)
        Positions where the next row starts.
    n_cells : int64 ndarray of shape (n_rows,)
    has_lines : bool ndarray of shape (n_rows,)
        Whether cells of the row contain line ends.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    following: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    has_lines: NDArray[np.bool_]


def layout_of(text: bytes, delimiter: bytes, at_end: bool) -> Layout | None:
    """Return the rows of a text; None if a quote is neither the first nor the last byte of a cell.

    Parameters
    ----------
    text : bytes
    delimiter : bytes
    at_end : bool
        Whether the last row needs no line end.
    """
    bytes_ = np.frombuffer(text, np.uint8)
    ends, delimiters = _line_ends(bytes_, at_end), np.flatnonzero(bytes_ == ord(delimiter))
    within = ends[:0]
    if b'"' in text:
        quotes = np.flatnonzero(bytes_ == _QUOTE)
        outside = _are_outside(ends - 1, quotes)
        ends, within = ends[outside], ends[~outside]
        delimiters = delimiters[_are_outside(delimiters, quotes)]
        if at_end and len(quotes) % 2:
            return None
        stop = ends[-1] if len(ends) else 0
        if not _are_at_ends_of_cells(bytes_, quotes[quotes < stop], delimiter):
            return None
    starts = np.append(0, ends[:-1])[: len(ends)]
    return Layout(
        starts,
        _without_line_ends(bytes_, starts, ends),
        ends,
        np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1,
        np.searchsorted(within, ends) > np.searchsorted(within, starts),
    )


def _are_outside(positions: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an even number of quotes precedes each position."""
    n_between = np.bincount(np.searchsorted(positions, quotes), minlength=len(positions) + 1)
    return np.cumsum(n_between[:-1]) % 2 == 0


def _line_ends(bytes_: NDArray[np.uint8], at_end: bool) -> NDArray[np.int64]:
    """Return the positions after the line ends: a line feed, a carriage return, or both."""
    ends = np.flatnonzero(bytes_ == _FEED) + 1
    after_returns = np.flatnonzero(bytes_ == _RETURN) + 1
    if len(after_returns):
        following = np.append(bytes_, 0)[after_returns]
        # The line feed may be the first byte that has not been read yet.
        alone = (following != _FEED) & ((after_returns < len(bytes_)) | at_end)
        ends = np.sort(np.concatenate([ends, after_returns[alone]]))
    if at_end and len(bytes_) > (ends[-1] if len(ends) else 0):
        ends = np.append(ends, len(bytes_))
    return ends


def _without_line_ends(
    bytes_: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    stops = ends.copy()
    for byte in (_FEED, _RETURN):
        stops -= (stops > starts) & (bytes_[stops - 1] == byte)
    return stops


def _are_at_ends_of_cells(
    bytes_: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: bytes
) -> bool:
    """Whether opening quotes are at the start of cells, and closing quotes at the end.

    A doubled quote inside a cell counts as closing and reopening it.
    """
    is_boundary = np.zeros(256, dtype=bool)
    is_boundary[[ord(delimiter), _QUOTE, _FEED, _RETURN]] = True
    before = bytes_[np.maximum(quotes[::2] - 1, 0)]
    after = bytes_[np.minimum(quotes[1::2] + 1, len(bytes_) - 1)]
    return bool(is_boundary[before].all() and is_boundary[after].all())
