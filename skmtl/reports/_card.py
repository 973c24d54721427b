"""Model cards in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl import __version__
from skmtl.answers import fitted_inside, fitted_inside_reading
from skmtl.reports._evaluation import score_table, scored_tasks, sharing_facts

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "torch", "lightgbm")
_TO_FILL = "_To be written by those who release the model._"


def model_card(estimator: Any, X: Any = None, Y: Any = None) -> str:
    """Write a model card of a fitted model.

    The headings are those of Mitchell et al. and of the cards on Hugging Face. Sections that a
    program cannot write, such as the intended use, are left to be filled in.

    Parameters
    ----------
    estimator : fitted estimator
        A fitted estimator of skmtl, or a pipeline or search with one, whose features are those
        that the estimator reads.
    X : table of shape (n_samples, n_features), default=None
        Rows to score that were not used in `fit`; None for a card without scores.
    Y : labels of shape (n_samples,) or (n_samples, n_tasks), default=None
        Labels of these rows.

    Returns
    -------
    str
        Markdown that starts with a block of YAML.

    Raises
    ------
    ValueError
        If only one of X and Y is passed, or if they cannot be scored.

    References
    ----------
    M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear
    >>> from skmtl.reports import model_card
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> card = model_card(MultiTaskLinear(random_state=0).fit(X, Y), X, Y)
    >>> [line for line in card.splitlines() if line.startswith("## ")][:3]
    ['## Model Details', '## Intended Use', '## Training Data']
    """
    check_is_fitted(estimator)
    if (X is None) != (Y is None):
        raise ValueError("Scores need both X and Y: pass both or neither.")
    if X is None:
        estimator = fitted_inside(estimator)
    else:
        estimator, X = fitted_inside_reading(estimator, X)
    return "\n".join(_lines(estimator, X, Y)) + "\n"


def _lines(estimator: Any, X: Any, Y: Any) -> Iterator[str]:
    summary = estimator.summary()
    yield from ("---", "library_name: skmtl", "tags:", "- multi-task-learning", "- tabular")
    yield from ("---", "", f"# Model Card: {summary.estimator}", "", "## Model Details", "")
    yield f"- Estimator: `{summary.estimator}` of skmtl"
    yield f"- Tasks: {len(summary.tasks):,}, from {summary.n_features:,} columns"
    for name, size in summary.sizes.items():
        yield f"- {name.capitalize()}: {size:,}"
    if summary.n_bytes is not None:
        yield f"- File: {summary.n_bytes:,} bytes"
    took = "unknown" if summary.seconds is None else f"{summary.seconds:.1f} s"
    yield f"- Training time: {took}"
    yield "- Versions that this card was written with: " + ", ".join(
        f"{name} {number}" for name, number in _versions()
    )
    parameters = {n: v for n, v in estimator.get_params(deep=False).items() if v is not None}
    yield "- Parameters (None is omitted):"
    yield from ("", "```text", *(f"{n} = {_one_line(v)}" for n, v in parameters.items()), "```")
    yield from ("", "## Intended Use", "", _TO_FILL, "", "## Training Data", "")
    if summary.n_rows is not None:
        yield f"{summary.n_rows:,} rows. Losses are on held-out rows, relative to those of"
        yield "the best constants: below 1 is better than a constant."
        yield ""
    yield from _table(summary.tasks.reset_index())
    yield from ("", "## Evaluation Data", "")
    yield "No rows were given." if X is None else f"{len(X):,} rows of the user."
    yield from ("", "## Metrics and Quantitative Analyses", "")
    if X is None:
        yield "Not measured."
    else:
        yield "Scores with intervals of 95 % (jackknife over the rows). Higher is better."
        yield ""
        yield from _table(score_table(scored_tasks(estimator, X, Y)).reset_index())
    facts = sharing_facts(estimator)
    if facts:
        yield from ("", "## Sharing", "")
        yield from (f"- {_cell(name).capitalize()}: {_cell(value)}" for name, value in facts)
    for heading in ("Ethical Considerations", "Caveats and Recommendations"):
        yield from ("", f"## {heading}", "", _TO_FILL)


def _versions() -> Iterable[tuple[str, str]]:
    yield "skmtl", __version__
    yield "Python", platform.python_version()
    yield from ((library, version(library)) for library in _LIBRARIES)


def _one_line(value: Any) -> str:
    return " ".join(repr(value).split())


def _table(frame: pd.DataFrame) -> Iterator[str]:
    yield "| " + " | ".join(_cell(str(name).replace("_", " ")) for name in frame.columns) + " |"
    yield "|" + "---|" * len(frame.columns)
    for row in frame.itertuples(index=False):
        yield "| " + " | ".join(_cell(value) for value in row) + " |"


def _cell(value: Any) -> str:
    """Escape a value for tables and HTML."""
    if not isinstance(value, str) and pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value) if isinstance(value, str) else f"{value:,}"
    for sign, instead in {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "\n": " "}.items():
        text = text.replace(sign, instead)
    return text
