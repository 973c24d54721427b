"""Reports as self-contained HTML pages."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl import __version__
from skmtl.answers import fitted_inside_reading
from skmtl.reports._evaluation import (
    calibration_table,
    coverage_table,
    importance_table,
    score_table,
    scored_tasks,
    sharing_facts,
)
from skmtl.reports._svg import calibration_svg, importance_svg, new_figure, scores_svg
from skmtl.scoring import score_frame

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --line: #d0d0d5; --dim: #666; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --paper: #17181a; --line: #3a3b40; --dim: #9a9aa0; }
}
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p.dim { color: var(--dim); }
div.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem; text-align: right; }
th { font-weight: 600; } tbody th, td.text { text-align: left; }
svg { height: auto; max-width: 100%; }
div.scroll svg { min-width: 32rem; } /* its text stays legible on a phone */
figure { display: inline-block; margin: .5rem 1rem .5rem 0; } figcaption { color: var(--dim); }
"""
_MOST_CALIBRATED = 24
# Differences of the shares of missing or unknown cells above this are counted as drift.
_SHIFT = 0.05


def html_report(estimator: Any, X: Any, Y: Any) -> str:
    """Report how good a fitted model is on some rows, and how they differ from those of `fit`.

    Parameters
    ----------
    estimator : fitted estimator
        A fitted estimator of skmtl, or a pipeline or search with one, whose features are those
        that the estimator reads.
    X : table of shape (n_samples, n_features)
        Rows that were not used in `fit`.
    Y : labels of shape (n_samples,) or (n_samples, n_tasks)
        Labels, some of which may be missing.

    Returns
    -------
    str
        A self-contained HTML page, light or dark like the reader's system: scores by task with
        intervals, calibration, feature importance, sharing, and missing and unknown cells of each
        column compared with `fit`.

    Raises
    ------
    ImportError
        Without matplotlib; ``pip install "skmtl[plot]"``.
    ValueError
        If rows cannot be scored.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear
    >>> from skmtl.reports import html_report
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> page = html_report(MultiTaskLinear(random_state=0).fit(X, Y), X, Y)
    >>> page.startswith("<!DOCTYPE html>"), "http://" in page.replace("http://www.w3.org", "")
    (True, False)
    """
    check_is_fitted(estimator)
    new_figure(1.0, 1.0)  # raises an error without matplotlib, before any work
    estimator, X = fitted_inside_reading(estimator, X)
    name = escape(type(estimator).__name__)
    body = "\n".join(_sections(estimator, X, Y))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: report</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{name}: report</h1>\n{body}\n"
        f'<p class="dim">skmtl {escape(__version__)}</p></body></html>\n'
    )


def _sections(estimator: Any, X: Any, Y: Any) -> Iterator[str]:
    tasks = scored_tasks(estimator, X, Y)
    scores = score_table(tasks)
    yield f'<p class="dim">{len(X):,} rows. Intervals of 95 % (jackknife over the rows).</p>'
    yield "<h2>Scores</h2>"
    yield _scrolled(scores_svg(scores))
    yield _table(scores)
    yield "<h2>Model</h2>"
    yield _table(estimator.summary().tasks)
    calibration = calibration_table(tasks)
    coverage = coverage_table(estimator, X, tasks)
    if calibration or len(coverage):
        yield "<h2>Calibration</h2>"
        for task, table in list(calibration.items())[:_MOST_CALIBRATED]:
            picture = calibration_svg(table)
            yield f"<figure>{picture}<figcaption>{escape(task)}</figcaption></figure>"
        if len(calibration) > _MOST_CALIBRATED:
            yield f"<p>{len(calibration) - _MOST_CALIBRATED} more tasks are not drawn.</p>"
        if len(coverage):
            yield _table(coverage.set_index("task"))
    yield "<h2>Importance of the features</h2>"
    importances = importance_table(estimator)
    if importances is None:
        yield "<p>This model has no feature importances.</p>"
    else:
        yield _scrolled(importance_svg(importances))
    facts = sharing_facts(estimator)
    if facts:
        yield "<h2>Sharing</h2>"
        rows = "".join(
            f'<tr><th>{escape(name)}</th><td class="text">{escape(value)}</td></tr>'
            for name, value in facts
        )
        yield f"<table><tbody>{rows}</tbody></table>"
    yield "<h2>Drift</h2>"
    yield from _drift(estimator, X)


def _drift(estimator: Any, X: Any) -> Iterator[str]:
    _, columns = score_frame(estimator, X, report=True)
    if columns is None:
        yield "<p>This model does not store counts of missing cells of its training rows.</p>"
        return
    shares = pd.DataFrame(
        {
            "missing": columns["missing_share"],
            "missing in fit": columns["fit_missing_share"],
            "unknown": columns["unknown_share"],
            "unknown in fit": columns["fit_unknown_share"],
        }
    )
    shifts = [(shares[what] - shares[f"{what} in fit"]).abs() for what in ("missing", "unknown")]
    shift = pd.concat(shifts, axis=1).max(axis=1).fillna(0.0)
    n_shifted = int((shift > _SHIFT).sum())
    yield (
        f"<p>Shares of missing cells and of categories that fit did not see, largest differences "
        f"first. {n_shifted} of {len(shift)} columns differ by more than {_SHIFT:.0%}.</p>"
    )
    yield _table(shares.loc[shift.sort_values(ascending=False, kind="stable").index])


def _table(frame: pd.DataFrame) -> str:
    """Convert a frame to an HTML table with escaped names and texts."""
    table = frame.to_html(
        float_format="{:.3f}".format, na_rep="", border=0, escape=True, index_names=False
    )
    return _scrolled(table)


def _scrolled(content: str) -> str:
    return f'<div class="scroll">{content}</div>'
