"""Fitted models, once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.files.cases import Case, fitted


@pytest.fixture(scope="session")
def case_of() -> Callable[[str], Case]:
    """The fitted model of a name; tests leave it as it is."""
    return fitted
