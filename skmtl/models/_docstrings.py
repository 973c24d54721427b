"""Docstrings of classes that inherit parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

Class = TypeVar("Class", bound=type)

# In the order of the numpydoc standard.
_SECTIONS = ("Parameters", "Attributes", "See Also", "Notes", "References", "Examples")
# Sections that are completed from the base classes, by entry or by appending the text.
_ENTRIES = ("Parameters", "Attributes")
_TEXTS = ("Notes", "References")

_UNDERLINE = re.compile(r"-{3,}\s*")


@dataclass(frozen=True)
class Docstring:
    """The docstring of a class, in parts.

    Attributes
    ----------
    description : str
        Everything before the first section.
    sections : dict of str to str
        The text below each heading.
    """

    description: str
    sections: dict[str, str]

    @classmethod
    def of(cls, documented: type) -> Docstring:
        """Parse the docstring of a class; without a docstring there are no sections.

        Raises
        ------
        ValueError
            For a section that occurs twice or is not one of `_SECTIONS`.
        """
        lines = inspect.cleandoc(documented.__doc__ or "").splitlines()
        starts = [
            i
            for i, (line, following) in enumerate(pairwise(lines))
            if line[:1].strip() and _UNDERLINE.fullmatch(following) and (not i or not lines[i - 1])
        ]
        sections: dict[str, str] = {}
        for start, end in pairwise([*starts, len(lines)]):
            heading = lines[start].strip()
            if heading not in _SECTIONS or heading in sections:
                raise ValueError(
                    f"The section {heading!r} of the docstring of {documented.__name__} occurs "
                    f"twice or is not one of {_SECTIONS}."
                )
            sections[heading] = _joined(lines[start + 2 : end])
        return cls(_joined(lines[: starts[0] if starts else len(lines)]), sections)

    def entries(self, heading: str) -> dict[str, str]:
        """Return entries of a section by name: "name : type" and the indented lines below it.

        Raises
        ------
        ValueError
            For a name that has two entries.
        """
        lines = self.sections.get(heading, "").splitlines()
        starts = [i for i, line in enumerate(lines) if line[:1].strip()]
        entries: dict[str, str] = {}
        for start, end in pairwise([*starts, len(lines)]):
            name = lines[start].partition(" : ")[0].strip()
            if name in entries:
                raise ValueError(f"{heading} describe {name!r} twice.")
            entries[name] = _joined(lines[start:end])
        return entries

    def render(self) -> str:
        """Return the docstring as text, with sections in the order of numpydoc."""
        parts = [self.description]
        for heading in _SECTIONS:
            if text := self.sections.get(heading):
                parts.append(f"{heading}\n{'-' * len(heading)}\n{text}")
        return "\n\n".join(parts) + "\n"


def with_inherited_docs(*sources: type) -> Callable[[Class], Class]:
    """Decorate a class to complete its docstring from those of its bases.

    "Parameters" and "Attributes" consist of the entries of the class, followed by those of the
    sources and the bases; the first entry for a name is used, so that a class may replace that of
    a base. "Notes" and "References" consist of the text of the class, followed by those of the
    sources and the bases. Bases in other packages, such as scikit-learn's, are ignored. With
    ``python -OO``, which drops docstrings, nothing is done.

    Parameters
    ----------
    *sources : class
        Further classes whose docstrings, and those of their bases, describe what the decorated
        class declares.

    Examples
    --------
    >>> class Shape:
    ...     '''A shape.
    ...
    ...     Attributes
    ...     ----------
    ...     area_ : float
    ...     '''
    >>> @with_inherited_docs()
    ... class Circle(Shape):
    ...     '''A circle.'''
    >>> Circle.__doc__.splitlines()
    ['A circle.', '', 'Attributes', '----------', 'area_ : float']
    """

    def complete(cls: Class) -> Class:
        if cls.__doc__ is None:  # python -OO drops docstrings
            return cls
        docstring = Docstring.of(cls)
        docs = [docstring, *(Docstring.of(base) for base in _described_by(cls, sources))]
        sections = dict(docstring.sections)
        sections |= {name: "\n".join(_first_entries(docs, name).values()) for name in _ENTRIES}
        sections |= {name: _all_texts(docs, name) for name in _TEXTS}
        cls.__doc__ = Docstring(docstring.description, sections).render()
        return cls

    return complete


def _described_by(cls: type, sources: Iterable[type]) -> list[type]:
    """Return the sources with their bases, then the bases of the class in this package."""
    lineage = [base for source in sources for base in source.__mro__[:-1]]
    package = cls.__module__.partition(".")[0]
    lineage += [base for base in cls.__mro__[1:] if base.__module__.partition(".")[0] == package]
    return list(dict.fromkeys(lineage))


def _first_entries(docs: Iterable[Docstring], heading: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for doc in docs:
        for name, text in doc.entries(heading).items():
            entries.setdefault(name, text)
    return entries


def _all_texts(docs: Iterable[Docstring], heading: str) -> str:
    """Join the texts of a section, without repeating texts of a completed base."""
    joined = ""
    for doc in docs:
        text = doc.sections.get(heading, "")
        if text and text not in joined:
            joined = f"{joined}\n\n{text}" if joined else text
    return joined


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip("\n")
