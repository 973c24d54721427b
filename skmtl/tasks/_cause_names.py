"""Names of competing causes, and the numbers that stand for them."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from skmtl.tasks._event_times import EventTimes

CENSORED = "censored"
"""The word for rows without an event."""

# Words that others use for rows without an event.
_USUAL = {"alive", "cens", "lost", "lost to follow-up", "no", "no event", "none", "unknown"}
_SHOWN = 12


def numbered_words(
    column: pd.Series, task: Hashable, known: Sequence[str] = ()
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return a column of events as numbers, with the names of the causes.

    Parameters
    ----------
    column : Series of shape (n_samples,)
    task : hashable
        Name for error messages.
    known : sequence of str, default=()
        Names of the causes that a model was fitted on.

    Returns
    -------
    numbers : Series of shape (n_samples,)
    names : tuple of str
        Empty if the events are numbers already.

    Raises
    ------
    ValueError
        If the events are words and none of them is "censored", unless all are known causes; or if
        words differ only in case or in spaces around them, are empty, or are numbers.

    Warns
    -----
    UserWarning
        If a word such as "alive" stands beside "censored".
    """
    words = _words(column)
    if not words:
        return column, ()
    _refuse_spellings(words, task, column.name)
    if set(words) <= {CENSORED, *known}:
        causes = list(known)
    elif CENSORED in words:
        causes = [word for word in words if word != CENSORED]
        _warn_of_usual_words(causes, task, column.name)
    else:
        raise ValueError(
            f"Task {task!r} has the events {words[:_SHOWN]} in the column {column.name!r}, but "
            f"none is called {CENSORED!r}, so it is not known which rows had no event. Rename the "
            f"word for these rows to {CENSORED!r}, or use numbers: 0 for them and 1..K for the "
            "causes."
        )
    number = {CENSORED: 0, **{name: k for k, name in enumerate(causes, 1)}}
    return column.astype(object).map(number), tuple(causes)


def numbered_causes(labels: EventTimes, causes: Sequence[Hashable], task: Hashable) -> EventTimes:
    """Return labels whose events are numbered as those that a model was fitted on.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
    causes : sequence of hashable
        Names of the causes that the model was fitted on, or their numbers.
    task : hashable
        Name for error messages.

    Returns
    -------
    EventTimes of shape (n_samples,)

    Raises
    ------
    ValueError
        If a cause was not seen in fit, or if causes are numbers here and names there.
    """
    names = labels.dtype.causes
    numbers = np.unique(labels.event[labels.event > 0])
    if len(causes) == 1 and numbers.max(initial=0) <= 1:
        return labels
    here = [names[number - 1] for number in numbers] if names else numbers.tolist()
    unknown = [cause for cause in here if cause not in causes]
    if unknown:
        is_alike = bool(names) == isinstance(causes[0], str)
        form = "" if is_alike else " Use the words or the numbers of fit."
        raise ValueError(
            f"Task {task!r} has the event {unknown[0]!r}, which was not seen in fit; known are "
            f"{list(causes)}, and {CENSORED if names else 0!r} for rows without an event.{form}"
        )
    if not names:
        return labels
    known = {name: number for number, name in enumerate(causes, 1)}
    number_of = np.array([0, *(known.get(name, 0) for name in names)])
    named = tuple(str(cause) for cause in causes)
    return EventTimes(number_of[labels.event], labels.time, labels.entry, named)


def _words(column: pd.Series) -> list[str]:
    """Return the distinct words of a column; none if it has numbers or they mean numbers."""
    is_categorical = isinstance(column.dtype, pd.CategoricalDtype)
    if is_categorical:
        words = column.cat.categories.tolist()
    elif pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype):
        words = column.dropna().unique().tolist()
    else:
        return []
    if not all(isinstance(word, str) for word in words) or _are_numbers(words):
        return []
    return words if is_categorical else sorted(words)


def _are_numbers(words: Sequence[str]) -> bool:
    return bool(pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").notna().all())


def _refuse_spellings(words: Sequence[str], task: Hashable, column: Hashable) -> None:
    """Raise an error for words that are not names, or two spellings of the same name."""
    strange = [word for word in words if not word.strip() or _are_numbers([word])]
    if strange:
        raise ValueError(
            f"Task {task!r} has the event {strange[0]!r} beside words in the column {column!r}. "
            f"Use words alone, with {CENSORED!r} for rows without an event, or numbers alone."
        )
    spellings: dict[str, list[str]] = defaultdict(list)
    for word in dict.fromkeys([*words, CENSORED]):
        spellings[word.strip().casefold()].append(word)
    several = [same for same in spellings.values() if len(same) > 1]
    if several:
        raise ValueError(
            f"Task {task!r} has the event {several[0][0]!r} in the column {column!r}, which is "
            f"another spelling of {several[0][1]!r}. Use one spelling."
        )


def _warn_of_usual_words(causes: Sequence[str], task: Hashable, column: Hashable) -> None:
    usual = [cause for cause in causes if cause.strip().casefold() in _USUAL]
    if usual:
        warnings.warn(
            f"Task {task!r} has the event {usual[0]!r} beside {CENSORED!r} in the column "
            f"{column!r}, which is taken for a cause. If such rows had no event, rename it to "
            f"{CENSORED!r}.",
            UserWarning,
            stacklevel=2,
        )
