"""Docstrings that several classes share in part."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

Class = TypeVar("Class", bound=type)


def with_sections(parameters: str, notes: str) -> Callable[[Class], Class]:
    """Complete the docstring of a class, in the order of the numpydoc standard.

    Parameters
    ----------
    parameters : str
        Parameters and attributes; they come before "See Also".
    notes : str
        Notes and references; they come before "Examples".
    """

    def complete(cls: Class) -> Class:
        if cls.__doc__ is not None:  # python -OO drops docstrings
            text = inspect.cleandoc(cls.__doc__)
            for heading, shared in (("See Also\n", parameters), ("Examples\n", notes)):
                text = text.replace(heading, shared + heading, 1)
            cls.__doc__ = text
        return cls

    return complete
