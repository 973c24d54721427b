"""Optional packages, which are extras of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def needed(package: str, extra: str, user: str) -> Iterator[None]:
    """Context for importing a package that may be missing.

    Raises
    ------
    ImportError
        If it is missing; the message names the user, the package and its extra.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(f'{user} needs {package}: pip install "skmtl[{extra}]"') from error


def import_pyplot(display: object) -> Any:
    """Return matplotlib.pyplot for a display."""
    with needed("matplotlib", "plot", type(display).__name__):
        from matplotlib import pyplot
    return pyplot
