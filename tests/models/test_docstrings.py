"""Docstrings are completed from those of the bases."""

from __future__ import annotations

import subprocess
import sys

import pytest

from skmtl.models import with_inherited_docs


class Roles:
    """Attributes that any class may have.

    Parameters
    ----------
    weight : float, default=1.0
        Of the rows.

    References
    ----------
    A. Source, 2001.
    """


class Base:
    """A base.

    Parameters
    ----------
    seed : int, default=0
        Decides all.
    size : int, default=1
        Of the base.

    Attributes
    ----------
    n_ : int
        Rows.

    Notes
    -----
    Of the base.

    - a list

    References
    ----------
    A. Base, 2000.

    Examples
    --------
    >>> 1 + 1
    2
    """


@with_inherited_docs(Roles)
class Child(Base):
    """A child.

    It has more words,
    on several lines.

    Parameters
    ----------
    size : int, default=2
        Of the child.

        In two paragraphs.

    See Also
    --------
    Base : It.

    Notes
    -----
    Of the child.

    Examples
    --------
    >>> 2 + 2
    4
    """


CHILD = """\
A child.

It has more words,
on several lines.

Parameters
----------
size : int, default=2
    Of the child.

    In two paragraphs.
weight : float, default=1.0
    Of the rows.
seed : int, default=0
    Decides all.

Attributes
----------
n_ : int
    Rows.

See Also
--------
Base : It.

Notes
-----
Of the child.

Of the base.

- a list

References
----------
A. Source, 2001.

A. Base, 2000.

Examples
--------
>>> 2 + 2
4
"""


def test_entries_and_texts_come_from_the_class_then_sources_then_bases():
    assert Child.__doc__ == CHILD


def test_a_completed_base_is_not_repeated():
    @with_inherited_docs()
    class Grandchild(Child):
        """A grandchild.

        Notes
        -----
        Of the grandchild.
        """

    doc = Grandchild.__doc__
    assert doc is not None
    for text in ["Of the grandchild.", "Of the child.", "Of the base.", "A. Base", "weight :"]:
        assert doc.count(text) == (2 if text == "Of the child." else 1), text
    assert ">>>" not in doc  # examples and "See Also" are of one class
    assert "See Also" not in doc


def test_bases_of_other_packages_are_left_out():
    from sklearn.base import BaseEstimator

    @with_inherited_docs()
    class Estimator(BaseEstimator):
        """An estimator."""

    assert BaseEstimator.__doc__
    assert "Notes\n" in BaseEstimator.__doc__
    assert Estimator.__doc__ == "An estimator.\n"


def test_a_class_without_docstring_stays_without():
    @with_inherited_docs()
    class Silent(Base):
        pass

    assert Silent.__doc__ is None


def test_a_heading_follows_a_blank_line():
    @with_inherited_docs()
    class Drawn:
        """Drawn.

        Notes
        -----
        A paragraph
        -----------
        with a rule.
        """

    assert Drawn.__doc__ == "Drawn.\n\nNotes\n-----\nA paragraph\n-----------\nwith a rule.\n"


def test_an_unknown_section_is_refused():
    class Strange:
        """Strange.

        Parametres
        ----------
        size : int
        """

    with pytest.raises(ValueError, match="'Parametres' of the docstring of Strange"):
        with_inherited_docs()(Strange)


def test_an_entry_twice_is_refused():
    class Twice:
        """Twice.

        Parameters
        ----------
        size : int
        size : float
        """

    with pytest.raises(ValueError, match="Parameters describe 'size' twice"):
        with_inherited_docs()(Twice)


# Compiles skmtl as "python -OO" does, which would compile every other library as well.
WITHOUT_DOCSTRINGS = """
from importlib.machinery import SourceFileLoader

def get_code(self, name, cached=SourceFileLoader.get_code):
    if not name.startswith("skmtl"):
        return cached(self, name)
    path = self.get_filename(name)
    return compile(self.get_data(path), path, "exec", dont_inherit=True, optimize=2)

SourceFileLoader.get_code = get_code
"""
MODEL = """
from dataclasses import dataclass
from skmtl.models import with_inherited_docs
from skmtl.models.multitab import MultiTabEstimator

@with_inherited_docs()
@dataclass(kw_only=True, eq=False, repr=False)
class Model(MultiTabEstimator):
    tasks: str | None = None

print(Model(n_blocks=2), Model(tasks="count").get_params()["tasks"])
print(["Parameters\\n---" in cls.__doc__ for cls in (MultiTabEstimator, Model)])
"""


def test_estimators_can_be_made_without_docstrings():
    command = [sys.executable, "-c", WITHOUT_DOCSTRINGS + MODEL]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout == "Model(n_blocks=2) count\n[False, False]\n", result.stderr
