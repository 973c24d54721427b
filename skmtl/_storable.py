"""The classes whose objects may lie in a file."""

from __future__ import annotations

from typing import TypeVar

Class = TypeVar("Class", bound=type)

STORABLE: dict[str, type] = {}
"""By the name under which a file has them. Loading builds no other class."""


def storable(cls: Class) -> Class:
    """Decorate a class whose objects are part of a fitted model.

    An object is stored as what pickle would store: `__getstate__` or its attributes, and is
    built from that by `__setstate__` or by setting these. A class whose attributes change later
    takes files of old by a `__setstate__` that knows the old ones.

    Examples
    --------
    >>> from skmtl._storable import storable
    >>> @storable
    ... class Units:
    ...     pass
    """
    known = STORABLE.setdefault(cls.__name__, cls)
    if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ValueError(f"{cls.__name__} is the name of two classes: {known} and {cls}.")
    STORABLE[cls.__name__] = cls
    return cls
