"""The built site, opened in a browser.

``SKMTL_SITE`` is the folder that the site was built into; ``.ci/run`` sets it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.browser import SCHEMES, measure_site, needs_browser

SITE = Path(os.environ.get("SKMTL_SITE", ""))
pytestmark = pytest.mark.skipif(
    "SKMTL_SITE" not in os.environ, reason="SKMTL_SITE does not name the folder of a built site"
)
PAGES = (
    "index.html",
    "benchmarks.html",
    "guide/targets.html",
    "methods/network.html",
    "auto_gallery/targets/five_related_targets.html",
    "reference/api/skmtl.MultiTab.html",
)
ALONE = ("index.html", "benchmarks.html")  # without navigation on the left
WIDTHS = (1280, 400)
BROKEN = """<!DOCTYPE html><html><body class="broken"><article class="bd-article-container">
<div class="bd-sidebar-primary"><nav>no link</nav></div>
<p style="background: rgb(90, 90, 90); color: rgb(128, 128, 128)">faint</p>
<p><img src="nowhere.png"></p><p style="width: 50px"><img src="icon.svg" width="100"></p>
<pre style="width: 50px; overflow: hidden">a line that is longer than its block</pre>
<p style="width: 500px">wide</p></article><script>nowhere();</script></body></html>"""
ICON = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'


@pytest.fixture(scope="module", params=SCHEMES)
def opened(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    return request.param, *measure_site(SITE, PAGES, WIDTHS, request.param, folder)


@needs_browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_wide_as_the_window_and_legible(name, width, opened):
    scheme, found, _ = opened
    page = found[name, width]
    assert page["overflow"] == 0
    assert page["cut"] == []
    assert page["wide_images"] == []
    assert all(image_width > 0 for image_width in page["image_widths"])
    assert page["n_texts"] > 10
    assert page["faintest"][0] >= 4.5, page["faintest"]
    lightness = np.mean([int(number) for number in page["paper"][4:-1].split(", ")])
    assert (lightness < 64) == (scheme == "dark")


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_wide_window_has_room_for_code_and_navigation(name, opened):
    page = opened[1][name, 1280]
    assert page["wide_code"] == []
    assert page["navigation"] is None if name in ALONE else page["navigation"] > 3


@needs_browser
def test_the_console_is_empty(opened):
    assert [line for line in opened[2] if "[PST]" not in line] == []  # the theme reports its mode


@needs_browser
def test_a_broken_page_is_found_out(tmp_path):
    (tmp_path / "broken.html").write_text(BROKEN)
    (tmp_path / "icon.svg").write_text(ICON)
    found, messages = measure_site(tmp_path, ["broken.html"], WIDTHS, "light", tmp_path)
    page = found["broken.html", 400]
    assert page["overflow"] > 90
    assert len(page["cut"]) == len(page["wide_code"]) == len(page["wide_images"]) == 1
    assert page["image_widths"] == [0, 9]
    assert page["faintest"][0] < 4.5
    assert page["navigation"] == 0
    assert sum("nowhere is not defined" in message for message in messages) == len(WIDTHS)


def test_no_navigation_is_empty():
    navigation = re.compile(r'<nav class="bd-docs-nav.*?</nav>', re.DOTALL)
    pages = {path.name: navigation.search(path.read_text()) for path in SITE.rglob("*.html")}
    assert len(pages) > 100
    assert [name for name, found in pages.items() if found and "<a " not in found[0]] == []
