"""Phrases that nobody searches for stay out of the code and the pages."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, ROOT

# What was written, and what the field calls it.
INSTEAD = {
    r"begins? anew": "starts over",
    r"hangs? on\b": "depends on",
    r"(has|have) no say": "is ignored",
    r"what becomes of": "what happens to",
    r"\b(is|are) dear\b": "expensive",
    r"reader_to_read": "who attends to whom",
}
FILES = [*PAGES, *sorted((ROOT / "skmtl").rglob("*.py"))]


@pytest.mark.parametrize("phrase", INSTEAD)
def test_the_words_of_the_field_are_used(phrase):
    pattern = re.compile(phrase.replace(" ", r"\s+"), re.IGNORECASE)
    places = [str(path.relative_to(ROOT)) for path in FILES if pattern.search(path.read_text())]
    assert places == [], f"write {INSTEAD[phrase]!r}"
