"""Hints at what may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """What else could be meant, as the end of a message; empty where nothing is close."""
    close = difflib.get_close_matches(str(word), [str(each) for each in known], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
