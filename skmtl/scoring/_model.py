"""Load and identify the model to score with."""

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
    """Return the model, loaded if it is a path."""
    if isinstance(model, str | os.PathLike):
        return load(model)
    return model


def checksum(model: Any) -> str:
    """Return a fingerprint of a fitted model, equal for a loaded model and the original.

    It depends on what `save` writes of the fitted model, except `n_jobs` and `device`. For models
    that cannot be saved, such as pipelines, it is based on `joblib.hash`, and on this fingerprint
    of the steps that can be saved. For a search only the best model counts.

    Raises
    ------
    TypeError
        If it can be neither saved nor pickled.
    """
    model = _predicting(model)
    name = type(model).__name__
    if not is_storable(type(model)):
        try:
            return f"joblib:{joblib.hash(_with_known_steps(model), hash_name='sha1')}"
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"A {name} is identified by its pickle, but this one cannot be pickled: {error}. "
                "Define its functions and classes in a module."
            ) from error
    return _checksum_of_file(model)


def _checksum_of_file(model: Any) -> str:
    """Return a fingerprint of what a file of the model would contain."""
    encoder = Encoder()
    name = type(model).__name__
    parts = encoder.parts(model, name)
    state = json.dumps(_without_how(parts), sort_keys=True).encode()
    checksum = hashlib.sha256(name.encode())
    for section in (state, *encoder.sections().values()):
        checksum.update(hashlib.sha256(section).digest())
    return f"sha256:{checksum.hexdigest()}"


def _with_known_steps(model: Any) -> Any:
    """Replace the steps of a pipeline that can be saved by their fingerprints."""
    steps = pipeline_steps(model)
    if not steps:
        return model
    known = copy(model)
    known.steps = [(name, _known(step)) for name, step in steps]
    return known


def _known(step: Any) -> Any:
    if not is_storable(type(step)):
        return _with_known_steps(step)
    try:
        return _checksum_of_file(step)
    except TypeError:  # a parameter that files do not support
        return step


def _without_how(part: Any) -> Any:
    """Remove parameters that do not affect predictions from an encoded model and its parts."""
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
    """Return the part that predicts, not the search around it, whose recorded times differ."""
    if hasattr(model, "best_estimator_"):
        return _predicting(model.best_estimator_)
    if steps := pipeline_steps(model):
        bare = copy(model)
        bare.steps = [(name, _predicting(step)) for name, step in steps]
        return bare
    return model
