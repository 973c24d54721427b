"""Save estimators to files, and load them."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmtl import __version__
from skmtl._storable import is_storable
from skmtl.files._container import HEADER, read_file, write_file
from skmtl.files._decode import Decoder, UnknownClassError
from skmtl.files._encode import Encoder
from skmtl.files._errors import ModelFileError
from skmtl.files._places import ModelPlace

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "torch", "lightgbm")
_STATE = "state.json"


def save_model(model: Any, path: ModelPlace, schema: dict[str, Any]) -> None:
    """Write a fitted estimator of a storable class to one file.

    Parameters
    ----------
    model : estimator
    path : str, PathLike or binary file
        An existing file is replaced once the new one is complete.
    schema : dict
        The features and targets of the model, for people who inspect the file.

    Raises
    ------
    TypeError
        If the class is not storable, or a file cannot hold a parameter or attribute; the message
        names it.
    """
    name = type(model).__name__
    if not is_storable(type(model)):
        raise TypeError(
            f"{type(model).__qualname__} is not a class of skmtl, so that a file of it could "
            "not be loaded elsewhere. Use pickle or joblib."
        )
    encoder = Encoder()
    parts = encoder.parts(model, name)
    header = {
        "writer": _versions(),
        "estimator": name,
        "parameters": parts["parameters"],
        "fit_time": _rounded(getattr(model, "fit_time_", None)),
        "schema": encoder.encode(schema, "The schema"),
    }
    state = json.dumps(parts["state"], allow_nan=False, separators=(",", ":"))
    write_file(path, header, {_STATE: state.encode(), **encoder.sections()})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _versions() -> dict[str, str]:
    versions = {"skmtl": __version__, "python": platform.python_version()}
    return versions | {library: version(library) for library in _LIBRARIES}


def load_model(path: ModelPlace) -> Any:
    """Load an estimator that `save_model` wrote.

    Parameters
    ----------
    path : str, PathLike or binary file

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ModelFileError
        If it is damaged, not a model, or of a later version; the message names the section.
    """
    header, sections = read_file(path)
    if _STATE not in sections:
        raise ModelFileError(f"{path} is damaged: its section {_STATE!r} is missing.")
    arrays, boosters = (sections.get(name, b"") for name in ("arrays.npy", "boosters.txt"))
    section = "arrays.npy"
    try:
        decoder = Decoder(arrays, boosters)
        section = _STATE
        parts = {"parameters": header["parameters"], "state": json.loads(sections[_STATE])}
        model = decoder.build(header["estimator"], parts)
        model.fit_time_ = header.get("fit_time")
        check_is_fitted(model)
        model.__skmtl_rehearse__()
        return model
    except UnknownClassError as error:
        raise ModelFileError(
            f"{path} cannot be loaded from its section {section!r}: {error}. If it is a kind of "
            "your own, first import what registers it with skmtl.tasks.register_kind. Otherwise "
            "the file was changed after it was saved, or written by another version of skmtl."
        ) from error
    # Well-formed but meaningless content can fail anywhere in the classes that are built from it.
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be loaded from its sections {HEADER!r} and {section!r}: "
            f"{type(error).__name__}: {error}. It was changed after it was saved, or written by "
            "another version of skmtl."
        ) from error
