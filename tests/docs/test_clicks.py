"""A reader finds the most asked questions within two clicks of the first page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.test_links import LINK, anchors

DOCS = ROOT / "docs"
CARD = re.compile(r"^:link: (\S+)$", re.MULTILINE)
# What people ask, and the heading that answers it.
ANSWERS = {
    "how do I install it?": ("get_started.md", "#install"),
    "why not one LightGBM per target?": ("faq.md", "#why-not-one-lightgbm-per-target"),
    "when should I not use it?": ("faq.md", "#when-should-i-not-use-skmtl"),
    "which class for my data?": ("guide/engines.md", "#which-class-when"),
    "what about missing labels?": ("guide/missing_labels.md", None),
    "does it need a GPU?": ("faq.md", "#do-i-need-a-gpu"),
    "which probabilities are whose?": ("faq.md", "#which-entry-of-predict_proba-is-which-target"),
    "how do I validate without leaking?": ("guide/validation.md", None),
    "what should I tune?": ("guide/tuning.md", None),
    "did sharing help?": ("guide/sharing.md", None),
    "how do I explain predictions?": ("guide/explain.md", None),
    "how do I save and deploy a model?": ("guide/ship.md", None),
    "can it do times to events?": ("guide/times_to_events.md", None),
    "can it forecast?": ("forecasting.md", None),
}


def linked(page: Path) -> set[Path]:
    """The pages that a page links to."""
    text = page.read_text()
    targets = [target for target, _ in LINK.findall(text)]
    targets += [f"{target}.md" for target in CARD.findall(text)]
    return {
        path for path in ((page.parent / t).resolve() for t in targets) if path.suffix == ".md"
    }


@pytest.fixture(scope="module")
def within_two_clicks():
    once = {path for path in linked(DOCS / "index.md") if path.exists()}
    return once.union(*map(linked, once))


@pytest.mark.parametrize("question", ANSWERS)
def test_questions_are_answered_within_two_clicks(question, within_two_clicks):
    name, heading = ANSWERS[question]
    page = (DOCS / name).resolve()
    assert page in within_two_clicks
    assert heading is None or heading in anchors(page.read_text())
