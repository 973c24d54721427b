"""The inputs of a graph: one for each column of X."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import fitted_model
from skmtl.models import Answering, EngineModel
from skmtl.reading import TableReader


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: float64, NaN where a value is missing."""

    name: str
    label: Hashable

    dtype = np.dtype(np.float64)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "column": self.label, "kind": "number"}


@dataclass(frozen=True)
class Categories:
    """A column of categories, as text.

    Attributes
    ----------
    texts : ndarray of str, dtype object
        Texts by code: for an unknown category, for a missing one, and for the categories of `fit`.
    """

    name: str
    label: Hashable
    texts: np.ndarray

    dtype = np.dtype(object)

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "column": self.label,
            "kind": "category",
            "categories": self.texts[2:].tolist(),
            "missing": self.texts[1],
        }


@dataclass(frozen=True)
class Ids:
    """The column with the task of each row.

    Attributes
    ----------
    ids : ndarray of int64 or of str (dtype object)
        All ids of `fit`, followed by one that stands for unseen ids.
    reader : TableReader
    """

    name: str
    label: Hashable
    ids: np.ndarray
    reader: TableReader

    @property
    def dtype(self) -> np.dtype:
        return self.ids.dtype

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "column": self.label,
            "kind": "task",
            "ids": self.known.tolist(),
        }

    @property
    def known(self) -> np.ndarray:
        return self.ids[:-1]

    def read(self, column: pd.Series) -> np.ndarray:
        """Convert the column to the input of the graph."""
        return self.ids[self.reader.group(column)]


@dataclass(frozen=True)
class GraphInputs:
    """All inputs of a model's graph.

    Attributes
    ----------
    features : list of Numbers or Categories
        The features, in the order of the columns.
    ids : Ids or None
        The task ids of long data.
    """

    features: list[Numbers | Categories]
    ids: Ids | None

    def of_columns(self, labels: Sequence[Hashable]) -> GraphInputs:
        """Select the features that a member of a stack reads."""
        by_label = {feature.label: feature for feature in self.features}
        return GraphInputs([by_label[label] for label in labels], self.ids)

    @property
    def all(self) -> list[Numbers | Categories | Ids]:
        return [*self.features, *([] if self.ids is None else [self.ids])]


def graph_inputs(reader: TableReader) -> GraphInputs:
    """Return the inputs of the graph of a model with this reader."""
    encoder = reader.encoder
    task = reader.task_label
    labels = encoder.columns_ if reader.ids is None else [*encoder.columns_, task]
    names = dict(
        zip(labels, unique_names([label_name(label, "x") for label in labels]), strict=True)
    )
    features: list[Numbers | Categories] = []
    for label in encoder.columns_:
        categories = encoder.categories_.get(label)
        if categories is None:
            features.append(Numbers(names[label], label))
        else:
            features.append(Categories(names[label], label, _texts(categories, label)))
    if reader.ids is None:
        return GraphInputs(features, None)
    return GraphInputs(features, Ids(names[task], task, _ids(reader.task_ids, task), reader))


def onnx_inputs(model: Any, X: Any) -> dict[str, np.ndarray]:
    """A table as the graph of a model takes it: what onnxruntime calls the feed.

    Parameters
    ----------
    model : estimator
        The fitted model that was exported.
    X : table of shape (n_samples, n_features)
        As for ``model.predict``, and checked like that.

    Returns
    -------
    dict of str to ndarray of shape (n_samples,)
        One array for each column: float64 for numbers, NaN where they are missing; text (dtype
        object) for categories, the empty text where they are missing; int64 or text for the task
        of long data. A category that `fit` has not seen is ``"<unknown>"`` here; for the graph
        every other text that it does not know is the same.

    Raises
    ------
    TypeError
        If the model is not one that `to_onnx` exports.
    ValueError
        If the columns are not those of `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.export import onnx_inputs
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 5, "airport": ["JFK", "LGA", None, "JFK"] * 5})
    >>> model = RMTGBRegressor(n_rounds=2, n_bags=1).fit(X, X["hour"] * 2.0)
    >>> onnx_inputs(model, X.head(3))
    {'hour': array([ 6.,  9., 12.]), 'airport': array(['JFK', 'LGA', ''], dtype=object)}
    """
    fitted = exportable(model)
    rows = fitted.read_without_check(X)
    blocks, codes = rows.encoder.read(rows.features)
    numbers = (column for _, block in blocks for column in block)
    categories = iter(codes.T)
    inputs = graph_inputs(fitted.reader)
    feed = {
        column.name: next(numbers)
        if isinstance(column, Numbers)
        else column.texts[next(categories)]
        for column in inputs.features
    }
    if inputs.ids is not None and rows.ids is not None:
        feed[inputs.ids.name] = inputs.ids.read(rows.ids)
    return feed


def exportable(model: Any) -> EngineModel:
    """Return the fitted model; raise an error if it cannot be exported."""
    if isinstance(model, Answering):
        fitted = fitted_model(model)
        if isinstance(fitted, EngineModel):
            _refuse_histories(fitted)
            return fitted
    raise TypeError(
        f"A {type(model).__name__} cannot be exported: pass a fitted estimator of MultiTab, "
        "RMTGB or MultiTaskLinear, a FacetedRasch or a StackedTasks. Of a search take "
        "best_estimator_, of a pipeline its last step (the steps before it then run outside of "
        "the graph), of GroupedTasks its models_. Of a Forecaster take its estimator_, which "
        "reads the features of skmtl.timeseries.make_features and predicts (y - anchor) / scale."
    )


def _refuse_histories(model: EngineModel) -> None:
    columns = list(model.reader.encoder.histories)
    if columns:
        raise TypeError(
            f"The columns {columns} are histories, for which an ONNX graph has no inputs. Score "
            "this model with skmtl.score_files, or export the model of a pipeline that begins "
            "with skmtl.histories.SeriesSummary."
        )


def label_name(label: Hashable, prefix: str) -> str:
    """Return the name of a column or target in the graph; integers get a prefix."""
    return f"{prefix}{label}" if isinstance(label, numbers.Integral) else str(label)


def unique_names(preferred: Sequence[str], in_use: Sequence[str] = ()) -> list[str]:
    """Append underscores to names that are already in use."""
    names = list(in_use)
    for name in preferred:
        while not name or name in names:
            name += "_"
        names.append(name)
    return names[len(in_use) :]


def _texts(categories: pd.Index, label: Hashable) -> np.ndarray:
    texts = _distinct(
        [str(category) for category in categories], f"Column {label!r} has categories"
    )
    missing = "" if "" not in texts else unique_names(["<missing>"], texts)[0]
    unknown = unique_names(["<unknown>"], texts)[0]
    return np.array([unknown, missing, *texts], dtype=object)


def _ids(ids: list, label: Hashable) -> np.ndarray:
    if all(isinstance(id_, numbers.Integral) and not isinstance(id_, bool) for id_ in ids):
        least, most = min(ids), max(ids)
        unseen = most + 1 if most < np.iinfo(np.int64).max else least - 1
        return np.array([*ids, unseen], dtype=np.int64)
    texts = _distinct([str(id_) for id_ in ids], f"Task column {label!r} has ids")
    return np.array([*texts, *unique_names(["<unseen>"], texts)], dtype=object)


def _distinct(texts: list[str], what: str) -> list[str]:
    repeated = [text for text, count in Counter(texts).items() if count > 1]
    if repeated:
        raise ValueError(
            f"{what} with the same text, {repeated[0]!r}, but the graph identifies them by text. "
            "Fit the model with distinct texts."
        )
    return texts
