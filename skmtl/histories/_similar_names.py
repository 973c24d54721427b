"""Variables under another name than in `fit`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from skmtl._name_grams import name_grams

_LEAST = 0.6
"""Least cosine of the grams of two names; "heart rate" and "heart rate (bpm)" have 0.87."""


def similar_names(strange: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """Return the known name that is most like each strange one, if there is one like it.

    Parameters
    ----------
    strange : iterable of str
        Names that are not in `known`.
    known : sequence of str
        If two are equally similar, the first one is taken.

    Returns
    -------
    dict of str to str
    """
    having = defaultdict(list)
    grams = [name_grams(name) for name in known]
    for place, of_name in enumerate(grams):
        for gram in of_name:
            having[gram].append(place)
    found = {}
    for name in sorted(strange):
        own = name_grams(name)
        shared = Counter(place for gram in own for place in having[gram])
        cosines = {at: n / (len(own) * len(grams[at])) ** 0.5 for at, n in shared.items()}
        best = min(cosines, key=lambda at: (-cosines[at], at), default=None)
        if best is not None and cosines[best] >= _LEAST:
            found[name] = known[best]
    return found
