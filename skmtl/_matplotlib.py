"""matplotlib, which is an extra."""

from __future__ import annotations

from typing import Any


def import_pyplot(display: object) -> Any:
    """matplotlib.pyplot, for a display to draw with.

    Raises
    ------
    ImportError
        Without matplotlib; the message names the display and the extra.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            f'{type(display).__name__} needs matplotlib: pip install "skmtl[plot]"'
        ) from error
    return pyplot
