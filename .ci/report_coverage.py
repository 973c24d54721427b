"""Prints how much of the package the tests run: in all, and of the ten modules with the least.

``python .ci/report_coverage.py coverage.json``, of a file that ``coverage json`` has written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SHOWN = 10


def shares(summary: dict[str, Any]) -> str:
    """The covered lines and branches of a module, or of all of them."""
    lines = share(summary["covered_lines"], summary["num_statements"])
    branches = share(summary["covered_branches"], summary["num_branches"])
    return f"{lines} of lines  {branches} of branches"


def share(covered: int, n: int) -> str:
    """A percentage; all of nothing is covered."""
    return f"{100 * covered / n if n else 100:6.1f} %"


def main(path: str) -> None:
    """Print the report of a file."""
    report = json.loads(Path(path).read_text())
    modules = {name: file["summary"] for name, file in report["files"].items()}
    least = sorted(modules, key=lambda name: (modules[name]["percent_covered"], name))[:SHOWN]
    for name in ["in all", *least]:
        print(f"{shares(modules.get(name, report['totals']))}  {name}")


if __name__ == "__main__":
    main(sys.argv[1])
