"""The pages of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Pages for users, on which every block can be copied and run by itself.
RUNNABLE = [
    README,
    ROOT / "docs/get_started.md",
    ROOT / "docs/experts.md",
    ROOT / "docs/forecasting.md",
    ROOT / "docs/funnels.md",
    ROOT / "docs/histories.md",
    ROOT / "docs/linear.md",
    ROOT / "docs/raters.md",
    ROOT / "docs/rare_and_weighted.md",
    *sorted((ROOT / "docs/guide").glob("*.md")),
    *sorted((ROOT / "docs/coming_from").glob("*.md")),
]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))
