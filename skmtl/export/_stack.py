"""The members of a stack, as separate models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from skmtl.engines.stack import StackEngine
from skmtl.models import EngineModel
from skmtl.tables import EncodersSideBySide


def model_members(model: EngineModel) -> Iterator[tuple[np.ndarray, EngineModel]]:
    """Iterate over members with a positive weight: their weights by task, and their model."""
    members = cast(StackEngine, model.engine).members
    encoders = cast(EncodersSideBySide, model.reader.encoder).encoders
    parts = zip(model.fitted.weights.T, members, encoders, model.fitted.members, strict=True)
    for weights, member, encoder, fitted in parts:
        if fitted is not None:
            reader = model.reader.with_encoder(encoder)
            yield weights, replace(model, engine=member.engine, fitted=fitted, reader=reader)
