"""The model to score with: how it is loaded and recognised."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from copy import copy
from typing import Any

import joblib

from skmtl._storable import is_storable
from skmtl.answers import pipeline_steps
from skmtl.files import Encoder, load

# Parameters that affect how a fitted model computes, not what it predicts.
_HOW = ("n_jobs", "device")

PathLike = str | os.PathLike[str]


def open_model(model: Any | PathLike) -> Any:
    """The model itself, or that of a file."""
    if isinstance(model, str | os.PathLike):
        return load(model)
    return model


def checksum(model: Any) -> str:
    """A fingerprint of a fitted model, the same for a loaded model and the original.

    It depends on everything that `save` writes except `n_jobs` and `device`, and for models that
    cannot be saved, such as pipelines, on `joblib.hash`. For a search only the chosen model
    counts.

    Raises
    ------
    TypeError
        If it can be neither saved nor pickled.
    """
    model = _predicting(model)
    name = type(model).__name__
    if not is_storable(type(model)):
        try:
            return f"joblib:{joblib.hash(model, hash_name='sha1')}"
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"A {name} is known again by its pickle, and this one has none: {error}. Define "
                "its functions and classes in a module."
            ) from error
    encoder = Encoder()
    parts = encoder.parts(model, name)
    state = json.dumps(_without_how(parts), sort_keys=True).encode()
    checksum = hashlib.sha256(name.encode())
    for section in (state, *encoder.sections().values()):
        checksum.update(hashlib.sha256(section).digest())
    return f"sha256:{checksum.hexdigest()}"


def _without_how(part: Any) -> Any:
    """An encoded model, and those within it, without the parameters that predictions ignore."""
    if isinstance(part, list):
        return [_without_how(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _without_how(value) for key, value in part.items()}
    if "state" in kept and isinstance(kept.get("parameters"), dict):
        parameters = kept["parameters"].items()
        kept["parameters"] = {key: value for key, value in parameters if key not in _HOW}
    return kept


def _predicting(model: Any) -> Any:
    """The part that predictions depend on: not a search, whose recorded times always differ."""
    if hasattr(model, "best_estimator_"):
        return _predicting(model.best_estimator_)
    if steps := pipeline_steps(model):
        bare = copy(model)
        bare.steps = [(name, _predicting(step)) for name, step in steps]
        return bare
    return model
