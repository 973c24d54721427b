"""Suggestions for misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Return the most similar name as the end of a message; empty if there is none."""
    close = difflib.get_close_matches(str(word), [str(each) for each in known], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
