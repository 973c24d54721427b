"""Summarise a fitted model on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import Any

import pandas as pd
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import FittedModel

_MOST_CLASSES, _MOST_TASKS = 6, 30


@dataclass(frozen=True, eq=False, repr=False)
class ModelSummary:
    """The result of ``model.summary()``, which is shown as text or, in notebooks, as a table.

    Attributes
    ----------
    estimator : str
        Name of the class.
    tasks : DataFrame of shape (n_tasks, 4)
        By task: "kind"; "classes" as text, or the names of causes; "labels", the number of
        observed labels in `fit`; and "validation_loss", the loss on held-out rows divided by that
        of the best constant, below 1 if the model is better. NaN if the model does not know it.
    n_features : int
        Number of columns of X.
    n_rows : int or None
        Number of rows in `fit`.
    sizes : dict of str to int
        Sizes of the model, such as the number of weights of its networks.
    n_bytes : int or None
        Size of its file; None if it cannot be saved.
    seconds : float or None
        Duration of `fit`; None for a model from a file that does not have it.
    """

    estimator: str
    tasks: pd.DataFrame
    n_features: int
    n_rows: int | None
    sizes: dict[str, int]
    n_bytes: int | None
    seconds: float | None

    def __str__(self) -> str:
        lines = [self.estimator, *(f"{name:13}{value}" for name, value in self._facts())]
        shown = self._shown().to_string(float_format="{:.3f}".format, na_rep="")
        return "\n".join([*lines, shown])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        facts = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in self._facts()
        )
        # pandas escapes names in the table.
        table = self._shown().to_html(
            float_format="{:.3f}".format, na_rep="", border=0, index_names=False
        )
        scrolled = f'<div style="overflow-x: auto">{table}</div>'
        return f"<p>{escape(self.estimator)}</p><table>{facts}</table>{scrolled}"

    def _shown(self) -> pd.DataFrame:
        return self.tasks.head(_MOST_TASKS)

    def _facts(self) -> Iterator[tuple[str, str]]:
        more = len(self.tasks) - _MOST_TASKS
        yield "tasks", f"{len(self.tasks):,}" + (f" ({_MOST_TASKS} shown)" if more > 0 else "")
        yield "features", f"{self.n_features:,}"
        if self.n_rows is not None:
            yield "rows", f"{self.n_rows:,}"
        for name, size in self.sizes.items():
            yield name, f"{size:,}"
        if self.n_bytes is not None:
            yield "file", f"{self.n_bytes:,} bytes"
        yield "training", "unknown" if self.seconds is None else f"{self.seconds:.1f} s"


def summary(self: Any) -> ModelSummary:
    """Summarise the fitted model: tasks, kinds, labels, validation losses, sizes and times.

    Returns
    -------
    ModelSummary
        Printed as a table.
    """
    check_is_fitted(self)
    return _summary_of(self, _n_bytes(self))


def html_repr(self: Any) -> str:
    """Return scikit-learn's diagram, followed by the tasks of a fitted model."""
    diagram = estimator_html_repr(self)
    if not self.__sklearn_is_fitted__():
        return diagram
    return f"{diagram}<div>{_summary_of(self, None)._repr_html_()}</div>"


def _summary_of(estimator: Any, n_bytes: int | None) -> ModelSummary:
    model = estimator.__skmtl_fitted__()
    record = model.record
    return ModelSummary(
        estimator=type(estimator).__name__,
        tasks=_task_table(model),
        n_features=estimator.n_features_in_,
        n_rows=None if record is None else record.n_rows,
        sizes=model.sizes,
        n_bytes=n_bytes,
        seconds=getattr(estimator, "fit_time_", None),  # pickles of earlier versions have none
    )


def _task_table(model: FittedModel) -> pd.DataFrame:
    """Return the tasks of `ModelSummary`."""
    record = model.record
    labels = {} if record is None else record.n_labels
    losses = {} if record is None else record.validation_loss
    rows = [
        {
            "kind": kind.name,
            "classes": _words(model.classes.get(name, kind.cause_names)),
            "labels": labels.get(name),
            "validation_loss": losses.get(name, float("nan")),
        }
        for name, kind in model.kinds.items()
    ]
    index = pd.Index(list(model.kinds), name="task", tupleize_cols=False)
    return pd.DataFrame(rows, index=index).astype({"labels": "Int64"})


def _words(classes: Any) -> str:
    more = len(classes) - _MOST_CLASSES
    names = ", ".join(map(str, classes[:_MOST_CLASSES]))
    return names + (f" and {more} more" if more > 0 else "")


def _n_bytes(estimator: Any) -> int | None:
    file = BytesIO()
    try:
        estimator.save(file)
    except TypeError:  # files do not support its class or a parameter
        return None
    return file.tell()
