"""Links between pages lead somewhere, headings included."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, name_of

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)")


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
            for heading in headings}  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    lost = []
    for target, anchor in LINK.findall(page.read_text()):
        path = page.parent / target if target else page
        if not path.exists():
            lost.append(target)
        elif anchor and anchor not in anchors(path.read_text()):
            lost.append(target + anchor)
    assert lost == []
