"""The report and the HTML of a fitted model, opened in a browser."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.reports import html_report
from tests.browser import SCHEMES, measure, needs_browser

pytestmark = needs_browser
WIDTHS = (1280, 400)
BROKEN = """<!DOCTYPE html><html><head><style>:root { color-scheme: light dark; }
p { background: rgb(90, 90, 90); color: rgb(128, 128, 128); }</style></head><body>
<p style="width: 500px">faint and wide</p><img src="data:image/png;base64,AAAA">
<script>nowhere();</script></body></html>"""


@pytest.fixture(scope="module")
def pages():
    rng = np.random.default_rng(0)
    n_rows = 300
    long_name = "a column with a name of many words, as surveys have it"
    X = pd.DataFrame({"a": rng.normal(size=n_rows), long_name: rng.choice(["x", "y"], n_rows)})
    noisy = X["a"] + rng.normal(size=n_rows)
    labels = {f"target number {i}": noisy + rng.normal(size=n_rows) for i in range(3)}
    Y = pd.DataFrame(labels | {"is larger than nothing": noisy > 0, "grade": (noisy > 1) * 2.0})
    kinds = {"target number 0": "quantile", "grade": "multiclass"}
    model = skmtl.MultiTaskLinear(tasks=kinds, penalty="ridge", random_state=0)
    model.fit(X[:200], Y[:200])
    style = "<style>:root { color-scheme: light dark; }</style>"
    notebook = (
        f"<!DOCTYPE html><html><head>{style}</head><body>{model._repr_html_()}</body></html>"
    )
    return {
        "report": html_report(model, X[200:], Y[200:]),
        "notebook": notebook,
        "broken": BROKEN,
    }


@pytest.fixture(scope="module", params=SCHEMES)
def opened(request, pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    return request.param, *measure(pages, WIDTHS, request.param, folder)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["report", "notebook"])
def test_a_page_is_as_wide_as_the_window_and_legible(name, width, opened):
    scheme, found, _ = opened
    page = found[name, width]
    assert page["overflow"] == 0
    assert page["n_texts"] > 20
    assert page["faintest"][0] >= 4.5, page["faintest"]
    lightness = np.mean([int(number) for number in page["paper"][4:-1].split(", ")])
    assert (lightness < 64) == (scheme == "dark")


def test_the_pictures_of_the_report_are_there(opened):
    page = opened[1]["report", 1280]
    assert page["n_pictures"] >= 3
    assert all(width > 0 for width in page["image_widths"])


def test_a_broken_page_is_found_out_and_the_console_names_no_other(opened):
    _, found, messages = opened
    assert found["broken", 1280]["overflow"] == 0
    assert found["broken", 400]["overflow"] > 100
    assert found["broken", 400]["faintest"][0] < 4.5
    assert found["broken", 400]["image_widths"] == [0]
    assert len(messages) == len(WIDTHS), messages
    assert all("nowhere is not defined" in message for message in messages)
