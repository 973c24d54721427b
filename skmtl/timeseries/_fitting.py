"""The fit of the model within a forecaster."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from sklearn.base import clone

from skmtl.answers import last_step, unfitted_model
from skmtl.tasks import Kind
from skmtl.timeseries._examples import Examples


def with_tasks(estimator: Any, kinds: Mapping[Hashable, Kind]) -> Any:
    """A copy of an estimator that is told what the targets are, if it can be told."""
    copied = clone(estimator)
    model = last_step(copied)
    if "tasks" in model.get_params(deep=False):
        said = model.tasks if isinstance(model.tasks, Mapping) else {}
        model.set_params(tasks={name: said.get(name, kind) for name, kind in kinds.items()})
    return copied


def fit_within(estimator: Any, examples: Examples) -> Any:
    """Fit an estimator, alone or at the end of a pipeline, to examples."""
    keywords: dict[str, Any] = {}
    if (examples.weight != 1).any():
        keywords["sample_weight"] = examples.weight
    holds_out_rows = (
        unfitted_model(estimator) is not None
        and getattr(last_step(estimator), "validation", None) == "random"
        and getattr(last_step(estimator), "early_stopping", False)
    )
    if holds_out_rows:
        keywords["groups"] = examples.groups
    if hasattr(estimator, "steps"):
        step = estimator.steps[-1][0]
        keywords = {f"{step}__{name}": value for name, value in keywords.items()}
    return estimator.fit(examples.X, examples.y, **keywords)
