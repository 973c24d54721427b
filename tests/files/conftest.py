"""Fitted models, once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.files.cases import CASES, Case


@pytest.fixture(scope="session")
def case_of() -> Callable[[str], Case]:
    """The fitted model with a name; tests must not change it."""
    return cache(lambda name: CASES[name]())
