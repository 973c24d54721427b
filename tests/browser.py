"""Open pages in a browser without a window, and measure what only a browser knows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from functools import partial
from html import escape, unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
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
  const scale = color.startsWith("color(") ? 1 : 255;
  const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(c => c / scale)
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
const hasText = element => [...element.childNodes]
  .some(node => node.nodeType == Node.TEXT_NODE && node.textContent.trim());
const beyond = element => element.scrollWidth - element.clientWidth;
const scrolls = (element, view) => {
  for (let e = element; e && e.tagName != "ARTICLE"; e = e.parentElement)
    if (beyond(e) <= 1 || /auto|scroll/.test(view.getComputedStyle(e).overflowX)) return true;
  return false;
};
const measured = async frame => {
  const view = frame.contentWindow, page = frame.contentDocument;
  const all = selector => [...page.querySelectorAll(selector)];
  const shown = element => element.getClientRects().length
    && view.getComputedStyle(element).visibility == "visible";
  const texts = all("h1, h2, p, th, td, figcaption, text, article a, code, span")
    .filter(element => hasText(element) && shown(element)
      && !element.closest(".sk-top-container"));  // scikit-learn's own
  const urls = all("image").map(e => e.getAttribute("href") || e.getAttribute("xlink:href"));
  const image_widths = await Promise.all(urls.map(decoded));
  const columns = [page.documentElement, ...all(".bd-article-container")];
  const sidebar = page.querySelector(".bd-sidebar-primary");
  return {
    overflow: Math.max(...columns.map(beyond)),
    image_widths: [...all("img").map(e => e.naturalWidth), ...image_widths],
    wide_images: all("img").filter(e => e.parentElement.clientWidth
      && e.getBoundingClientRect().width > e.parentElement.clientWidth + 1).map(e => e.src),
    wide_code: all("pre").filter(e => beyond(e) > 1).map(e => e.textContent),
    cut: all("pre, table, div.math").filter(e => !scrolls(e, view)).map(e => e.textContent),
    navigation: sidebar && shown(sidebar) ? sidebar.querySelectorAll("nav a").length : null,
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
Measures = dict[tuple[str, int], dict[str, Any]]


def measure(
    pages: Mapping[str, str], widths: tuple[int, ...], scheme: str, folder: Path
) -> tuple[Measures, list[str]]:
    """Open pages, which are given as HTML, in frames of some widths.

    Returns
    -------
    measures : dict of (name, width) to dict
    messages : list of str
        What the console printed.
    """
    file = folder / "pages.html"
    sources = {name: f'srcdoc="{escape(page)}"' for name, page in pages.items()}
    file.write_text(_frames(sources, widths), encoding="utf-8")
    return _measure(file.as_uri(), scheme, folder)


def measure_site(
    site: Path, names: Iterable[str], widths: tuple[int, ...], scheme: str, folder: Path
) -> tuple[Measures, list[str]]:
    """Open pages of a site, which are named by their paths in its folder, as `measure` does."""
    frames = _frames({name: f'src="/{name}"' for name in names}, widths).encode()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/frames":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(frames)

        def log_message(self, *values: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            return _measure(f"http://127.0.0.1:{server.server_port}/frames", scheme, folder)
        finally:
            server.shutdown()


def _frames(sources: Mapping[str, str], widths: tuple[int, ...]) -> str:
    frames = "".join(
        f'<iframe title="{name} {width}" width={width} height=900 style="border: 0" {source}>'
        "</iframe>"
        for name, source in sources.items()
        for width in widths
    )
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">'
        f"<script>{SCRIPT}</script></head><body>{frames}<output></output></body></html>"
    )


def _measure(address: str, scheme: str, folder: Path) -> tuple[Measures, list[str]]:
    more = [
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        "--dump-dom",
    ]
    done = subprocess.run(
        [str(PATH), *OPTIONS, *more, address], capture_output=True, text=True, timeout=120
    )
    output = re.search(r"<output>(.+)</output>", done.stdout)
    assert output, f"the script did not end: {done.stderr[-2000:]}"
    found = {
        (title.rsplit(" ", 1)[0], int(title.rsplit(" ", 1)[1])): values
        for title, values in json.loads(unescape(output[1])).items()
    }
    return found, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
