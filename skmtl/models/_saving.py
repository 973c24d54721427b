"""Fitted estimators to files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from skmtl.files import ModelPlace

if TYPE_CHECKING:
    from skmtl.answers import FittedModel
    from skmtl.tables import FrameEncoder


def save(self: Any, path: ModelPlace) -> None:
    """Write the fitted model to one file, which `skmtl.load` reads.

    The file is a zip of a readable header, arrays and LightGBM's text. Unlike a pickle it
    holds no code: loading it builds classes of skmtl and nothing else. It loads on any
    machine, whatever device the model was trained on, and in later versions of skmtl.
    Callbacks and metadata requests are not part of it.

    Parameters
    ----------
    path : str, PathLike or binary file
        A file of that name is replaced once the new one is complete, so that nobody ever
        reads a part of it. A file that is open in binary mode is written to, and stays open.

    Raises
    ------
    NotFittedError
        Before `fit`.
    TypeError
        If a parameter is nothing that a file can keep, such as a random number generator or
        a kind of target that is not registered; the message names it.
    """
    from skmtl.files import save_model  # loads LightGBM

    check_is_fitted(self)
    save_model(self, path, self.__skmtl_fitted__().schema())


def schema(encoder: FrameEncoder, model: FittedModel) -> dict[str, Any]:
    """What a model reads and predicts, and what its fit was of, as plain data."""
    features = [
        {"name": name, "kind": "categorical" if name in encoder.categories_ else "numeric"}
        for name in encoder.columns_
    ]
    return {"features": features, "task_column": model.task_column, **task_facts(model)}


def task_facts(model: FittedModel) -> dict[str, Any]:
    """What a model predicts, and what its fit was of where that is known."""
    record = model.record
    tasks: list[dict[str, Any]] = []
    for name, kind in model.kinds.items():
        classes = model.classes[name].tolist() if name in model.classes else None
        tasks.append({"name": name, "kind": kind.name, "classes": classes})
        if record is not None:
            tasks[-1]["n_labels"] = record.n_labels.get(name)
            tasks[-1]["validation_loss"] = record.validation_loss.get(name)
    facts: dict[str, Any] = {"tasks": tasks, "sizes": model.sizes}
    if record is not None:
        facts["n_rows"] = record.n_rows
    return facts


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The values of an old file under the names of today."""
    return {names.get(name, name): value for name, value in values.items()}
