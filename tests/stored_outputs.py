"""Compare what a notebook shows with what it has stored.

Words have to be equal, and numbers close: within 0.01 plus 2 %. Fits repeat exactly on a machine,
but on another processor sums differ in their last bits, which training amplifies. The text of the
notebooks speaks of differences of several hundredths, which must not be lost in the tolerance.
White space is ignored, because tables are aligned by their longest number. Outputs of cells with
the tag "timing" are not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

RELATIVE, ABSOLUTE = 0.02, 0.01
NOT_COMPARED = "timing"
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d*)?(?:[eE][-+]?\d+)?")


def shown_text(cell: Any) -> str:
    """Text that a cell has printed or returned."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    ]
    return "\n".join(texts)


def differences(stored: Any, run: Any) -> Iterator[str]:
    """Describe the lines that differ, by cell."""
    for old, new in zip(stored.cells, run.cells, strict=True):
        if old.cell_type != "code" or NOT_COMPARED in old.metadata.get("tags", ()):
            continue
        lines = (shown_text(cell).splitlines() for cell in (old, new))
        for before, after in zip_longest(*lines, fillvalue=""):
            if not agree(before, after):
                yield f"cell {old.execution_count}:\n  stored: {before}\n  run:    {after}"


def agree(before: str, after: str) -> bool:
    """Whether two lines have equal words and close numbers."""
    numbers = [
        [float(number.replace(",", "")) for number in NUMBER.findall(line)]
        for line in (before, after)
    ]
    return _words(before) == _words(after) and all(
        abs(old - new) <= ABSOLUTE + RELATIVE * abs(old) for old, new in zip(*numbers, strict=True)
    )


def _words(line: str) -> str:
    return " ".join(NUMBER.sub("#", line).split())
