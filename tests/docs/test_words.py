"""Code and pages are written in plain English, with the words that people search for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

# What is not written, and what is written instead.
INSTEAD = {
    r"\banew\b": "again, or starts over",
    r"\bhangs? on\b": "depends on",
    r"\b(has|have|had|with) (no|a) say\b": "is ignored, or affects",
    r"\bwhat bec(o|a)mes? of\b": "what happens to",
    r"\bdear(er|est)?\b": "expensive",
    r"\breader_to_read\b": "attention mask",
    r"(?<!there )\b(is|are|was|were) no (?!(longer|more|less|fewer|better|worse)\b)": "is not",
    r"\b(gives|gave)\b": "returns",
    r"\bshrunken\b": "shrunk",
    r"\bfor ever\b": "forever",
    r"\b(what is|columns?|covariates?) known ahead\b": "known in advance",
    r"\bcauses? that compete\b": "competing causes, competing risks",
    r"\bnobody knows\b": "unknown",
    r"\bhave never seen\b": "unseen",
}
# Sentences in which such words are right.
ALLOWED = (
    '"gives": output.suffix',  # a key in the metadata of ONNX graphs
    "nobody knows the delay",
)
FILES = [
    *PAGES,
    *sorted((ROOT / "docs").rglob("*.rst")),
    *sorted((ROOT / "docs/gallery").rglob("*.py")),
    *sorted((ROOT / "skmtl").rglob("*.py")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]


def prose_of(path: Path) -> str:
    """The text of a file, or the markdown of a notebook, on one line."""
    text = path.read_text()
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    for sentence in ALLOWED:
        text = text.replace(sentence, "")
    return re.sub(r"\s+(# )?", " ", text)  # comments go on from line to line


@pytest.fixture(scope="module")
def prose():
    built = ROOT / "docs/reference/api", ROOT / "docs/auto_gallery"
    return {
        str(path.relative_to(ROOT)): prose_of(path)
        for path in FILES
        if not any(path.is_relative_to(folder) for folder in built)
    }


@pytest.mark.parametrize("phrase", INSTEAD, ids=INSTEAD.values())
def test_plain_words_are_used(phrase, prose):
    pattern = re.compile(phrase, re.IGNORECASE)
    places = [
        f"{name}: {text[max(found.start() - 30, 0) : found.end() + 30]}"
        for name, text in prose.items()
        for found in pattern.finditer(text)
    ]
    assert places == [], f"write {INSTEAD[phrase]!r}"
