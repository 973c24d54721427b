"""Fitted models, once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.files.cases import Case, fitted


@pytest.fixture(scope="session")
def case_of() -> Callable[[str], Case]:
    """The fitted model with a name; tests must not change it."""
    return fitted
