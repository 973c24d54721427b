"""What a fitted model is, on one screen."""

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
    """What ``model.summary()`` returns; prints as text, in notebooks as a table.

    Attributes
    ----------
    estimator : str
        The class.
    tasks : DataFrame of shape (n_tasks, 4)
        By task: "kind"; "classes" as text; "labels", the observed ones that `fit` has seen; and
        "validation_loss", the loss on held-out rows over that of the best constant, below 1 where
        the model is better. NaN where the model does not know it.
    n_features : int
        Columns of X.
    n_rows : int or None
        Rows that `fit` has seen.
    sizes : dict of str to int
        What the model is made of, such as the number of weights of its networks.
    n_bytes : int or None
        Size of its file; None for a model that cannot be saved.
    seconds : float or None
        Time that `fit` took; of several models the sum. None for a model from a file, which does
        not keep it, so that the same fit has the same bytes.
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
        # pandas escapes the names in the table.
        table = self._shown().to_html(float_format="{:.3f}".format, na_rep="", border=0)
        return f"<p>{escape(self.estimator)}</p><table>{facts}</table>{table}"

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
        if self.seconds is not None:
            yield "training", f"{self.seconds:.1f} s"


def summary(self: Any) -> ModelSummary:
    """Say what the fitted model is: tasks, kinds, labels, validation losses, sizes and times.

    Returns
    -------
    ModelSummary
        Prints as a table.
    """
    check_is_fitted(self)
    return _summary_of(self, _n_bytes(self))


def html_repr(self: Any) -> str:
    """scikit-learn's diagram, and below it the tasks of a fitted model."""
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
        seconds=None if record is None else record.seconds,
    )


def _task_table(model: FittedModel) -> pd.DataFrame:
    """The tasks, as `ModelSummary` has them."""
    record = model.record
    labels = {} if record is None else record.n_labels
    losses = {} if record is None else record.validation_loss
    rows = [
        {
            "kind": kind.name,
            "classes": _words(model.classes[name]) if name in model.classes else "",
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
    except TypeError:  # of a class or with a parameter that files do not hold
        return None
    return file.tell()
