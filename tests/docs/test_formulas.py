"""TeX becomes MathML that browsers draw as meant."""

from __future__ import annotations

import re
import runpy
from xml.etree import ElementTree

import pytest

from tests.docs.pages import ROOT

pytest.importorskip("sphinx")
latex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml")
mended = runpy.run_path(str(ROOT / "docs/_extensions/mathml.py"))["_mended"]
SPACELESS = {"stretchy": "false", "lspace": "0", "rspace": "0"}


def formula(tex):
    mathml = mended(latex2mathml.tex2mathml(tex, as_block=False))
    return ElementTree.fromstring(re.sub(' xmlns="[^"]+"', "", mathml))


def test_the_index_of_an_accented_letter_is_beside_it():
    (index,) = formula(r"\hat y_{t}")
    assert [child.tag for child in index] == ["mover", "mi"]
    assert index.tag == "msub" and index[1].text == "t"


def test_limits_of_sums_stay_above_and_below():
    assert formula(r"\sum_i^n x").find("munderover") is not None


@pytest.mark.parametrize("tex", ["|x|", r"\|x\|"])
def test_bars_have_no_spaces(tex):
    assert [bar.attrib for bar in formula(tex).iter("mo")] == [SPACELESS, SPACELESS]


def test_bars_that_grow_with_a_fraction_stay():
    bars = list(formula(r"\left\| \frac{1}{2} \right\|").iter("mo"))
    assert [bar.attrib for bar in bars] == [{}, {}]


def test_entities_and_comparisons_are_characters():
    assert "".join(formula(r"a~b < c").itertext()).split() == ["a", "b", "<", "c"]


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/methods").glob("*.md")), ids=lambda p: p.stem
)
def test_every_method_has_a_figure(page):
    figures = re.findall(r"^\.\. plot:: (.+)$", page.read_text(), re.MULTILINE)
    assert figures or page.stem == "index"
    assert all((ROOT / "docs" / figure).exists() for figure in figures)
