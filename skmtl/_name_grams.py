"""Names of variables as sets of letters in a row, by which similar names are recognised."""

from __future__ import annotations

import re

_LENGTH = 3


def name_grams(name: str) -> list[str]:
    """Return all three letters in a row of each word of a name, with a blank at both ends.

    Case and signs between words do not matter. No gram is returned twice.

    Examples
    --------
    >>> from skmtl._name_grams import name_grams
    >>> name_grams("Heart_rate")
    [' he', 'hea', 'ear', 'art', 'rt ', ' ra', 'rat', 'ate', 'te ']
    """
    words = [f" {word} " for word in re.findall(r"[^\W_]+", name.casefold())] or [name]
    grams = [word[i : i + _LENGTH] for word in words for i in range(max(len(word) - 2, 1))]
    return list(dict.fromkeys(grams))
