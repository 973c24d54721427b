"""Save fitted estimators to files."""

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

    The file is a zip of a readable header, arrays and LightGBM's text. Unlike a pickle it does not
    contain code: loading it only creates objects of skmtl's classes. It can be loaded on any
    machine, whatever device the model was trained on, and in later versions of skmtl. Callbacks
    and metadata requests are not saved.

    Parameters
    ----------
    path : str, PathLike or binary file
        An existing file is replaced once the new one is complete, so that a partial file is never
        read. A file opened in binary mode is written to, and stays open.

    Raises
    ------
    NotFittedError
        Before `fit`.
    TypeError
        If a parameter cannot be stored in a file, such as a random number generator or a kind of
        target that is not registered; the message names it.
    """
    from skmtl.files import save_model  # loads LightGBM

    check_is_fitted(self)
    save_model(self, path, self.__skmtl_fitted__().schema())


def schema(encoder: FrameEncoder, model: FittedModel) -> dict[str, Any]:
    """Return inputs and outputs of a model, and facts about its fit, as plain data."""
    kinds = dict.fromkeys(encoder.categories_, "categorical")
    kinds |= dict.fromkeys(encoder.histories, "histories")
    features = [{"name": name, "kind": kinds.get(name, "numeric")} for name in encoder.columns_]
    return {"features": features, "task_column": model.task_column, **task_facts(model)}


def task_facts(model: FittedModel) -> dict[str, Any]:
    """Return the targets of a model, and facts about its fit if they are known."""
    record = model.record
    tasks: list[dict[str, Any]] = []
    for name, kind in model.kinds.items():
        classes = model.classes[name].tolist() if name in model.classes else None
        if kind.cause_names:
            classes = list(kind.cause_names)
        tasks.append({"name": name, "kind": kind.name, "classes": classes})
        if record is not None:
            tasks[-1]["n_labels"] = record.n_labels.get(name)
            tasks[-1]["validation_loss"] = record.validation_loss.get(name)
    facts: dict[str, Any] = {"tasks": tasks, "sizes": model.sizes}
    if record is not None:
        facts["n_rows"] = record.n_rows
    return facts


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Convert the values of an old file to the current names."""
    return {names.get(name, name): value for name, value in values.items()}
