"""The recipes of docs/scaling.md, by name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPE = re.compile(r"^<!-- recipe: (\S+) -->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPES: dict[str, str] = dict(RECIPE.findall((ROOT / "docs/scaling.md").read_text()))
