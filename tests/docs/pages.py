"""The pages of the documentation, and the blocks of code on them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [README, CONTRIBUTING, *sorted((ROOT / "docs").rglob("*.md"))]

# A block, with the comment in front of it that names a recipe, and the output that follows.
FENCE = re.compile(
    r"(?:^<!-- recipe: (?P<recipe>\S+) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[^\s`]*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `number` counts those of its language."""

    page: Path
    number: int
    language: str
    code: str
    output: str | None  # the block of text that follows directly
    recipe: str | None

    @property
    def name(self) -> str:
        return f"{name_of(self.page)}-{self.number}"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    text = page.read_text()
    counts: dict[str, int] = {}
    found = list(FENCE.finditer(text))
    for this, following in zip_longest(found, found[1:]):
        language, code = this["language"], textwrap.dedent(this["code"])
        number = counts.get(language, 0)
        counts[language] = number + 1
        shown = (
            following is not None
            and following["language"] == "text"
            and not text[this.end() : following.start()].strip()
        )
        output = textwrap.dedent(following["code"]) if shown else None
        yield Block(page, number, language, code, output, this["recipe"])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
