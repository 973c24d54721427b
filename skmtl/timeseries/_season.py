"""The season of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import layers


def forecasting_layer(model: Any) -> Any:
    """Return the forecaster inside searches and pipelines, or None."""
    return next((layer for layer in layers(model) if hasattr(layer, "season")), None)


def first_season(model: Any) -> int:
    """Return the first season of a model in steps, or 1."""
    season: Any = getattr(forecasting_layer(model), "season", None)
    seasons = list(season) if pd.api.types.is_list_like(season) else [season]
    return int(seasons[0]) if seasons and isinstance(seasons[0], int | np.integer) else 1
