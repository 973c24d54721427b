"""Open pages in a browser without a window, and measure what only a browser knows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATH = next(filter(None, map(shutil.which, NAMES)), None)
needs_browser = pytest.mark.skipif(PATH is None, reason=f"none of {', '.join(NAMES)} is installed")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--virtual-time-budget=20000", "--enable-logging=stderr",
)  # fmt: skip
SCHEMES = {"dark": 0, "light": 1}  # numbers of Chromium

# Every page is in a frame of each width. Colours are compared as in WCAG 2: 4.5 is legible text.
SCRIPT = """
const luminance = color => {
  const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element, view) => {
  for (let e = element; e; e = e.parentElement) {
    const color = view.getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
  return view.matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18, 18, 18)"
    : "rgb(255, 255, 255)";
};
const contrast = (element, view) => {
  const style = view.getComputedStyle(element);
  const ink = element instanceof view.SVGElement ? style.fill : style.color;
  const [a, b] = [ink, background(element, view)].map(luminance);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const decoded = async url => {
  const image = new Image();
  image.src = url;
  try { await image.decode(); } catch { return 0; }
  return image.naturalWidth;
};
const measured = async frame => {
  const view = frame.contentWindow, page = frame.contentDocument;
  const texts = [...page.querySelectorAll("h1, h2, p, th, td, figcaption, text")]
    .filter(element => element.textContent.trim() && element.getClientRects().length
      && !element.closest(".sk-top-container"));  // scikit-learn's own
  const urls = [...page.querySelectorAll("img, image")]
    .map(e => e.getAttribute("src") || e.getAttribute("href") || e.getAttribute("xlink:href"));
  return {
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    image_widths: await Promise.all(urls.map(decoded)),
    n_pictures: page.querySelectorAll("svg").length,
    n_texts: texts.length,
    faintest: texts.map(element => [contrast(element, view), element.textContent.trim()])
      .reduce((a, b) => a[0] < b[0] ? a : b),
    paper: background(page.body, view),
  };
};
window.onload = async () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe"))
    found[frame.title] = await measured(frame);
  document.querySelector("output").textContent = JSON.stringify(found);
};
"""


def measure(
    pages: Mapping[str, str], widths: tuple[int, ...], scheme: str, folder: Path
) -> tuple[dict[tuple[str, int], dict[str, Any]], list[str]]:
    """Open pages in frames of some widths.

    Returns
    -------
    measures : dict of (name, width) to dict
    messages : list of str
        What the console printed.
    """
    frames = "".join(
        f'<iframe title="{name} {width}" width={width} height=900 style="border: 0" '
        f'srcdoc="{escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in widths
    )
    file = folder / "pages.html"
    file.write_text(
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f"<script>{SCRIPT}</script></head><body>{frames}<output></output></body></html>",
        encoding="utf-8",
    )
    more = [
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        "--dump-dom",
    ]
    done = subprocess.run(
        [str(PATH), *OPTIONS, *more, file.as_uri()], capture_output=True, text=True, timeout=120
    )
    output = re.search(r"<output>(.+)</output>", done.stdout)
    assert output, f"the script did not end: {done.stderr[-2000:]}"
    found = {
        (title.rsplit(" ", 1)[0], int(title.rsplit(" ", 1)[1])): values
        for title, values in json.loads(unescape(output[1])).items()
    }
    return found, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
