"""The fits of the model inside a forecaster."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from sklearn.base import clone

from skmtl.answers import last_step, pipeline_steps, unfitted_model
from skmtl.panels import Moments
from skmtl.tasks import refuse_residuals
from skmtl.timeseries._conformal import ConformalQuantiles, learn_quantiles
from skmtl.timeseries._examples import Examples, ExampleSettings
from skmtl.timeseries._forecast_model import ForecastModel
from skmtl.timeseries._numbers import as_numbers
from skmtl.timeseries._preparation import Prepared
from skmtl.timeseries._recipe import Recipe


def fit_panel(
    estimator: Any,
    prepared: Prepared,
    sample_weight: np.ndarray | None,
    settings: ExampleSettings,
    rng: np.random.Generator,
    end: int | None = None,
) -> Any:
    """Fit a copy of an estimator to examples of a panel, up to a time.

    Parameters
    ----------
    estimator : estimator
    prepared : Prepared
    sample_weight : ndarray of float64, shape (n_rows,), or None
    settings : ExampleSettings
    rng : Generator
    end : int or None
    """
    recipe, layout = prepared.recipe, prepared.recipe.layout
    if recipe.hurdles and unfitted_model(estimator) is None:
        raise ValueError(
            f"The hurdles {list(recipe.hurdles)} need an estimator of skmtl, because their "
            "amounts are missing where the target is zero."
        )
    examples = layout.examples(prepared, sample_weight, settings, rng, end)
    return fit_within(with_tasks(estimator, recipe), examples)


def fit_conformal(
    estimator: Any,
    prepared: Prepared,
    sample_weight: np.ndarray | None,
    settings: ExampleSettings,
    rng: np.random.Generator,
    levels: tuple[float, ...],
) -> ConformalQuantiles:
    """Return quantiles of the errors on the last steps of a model fitted to all earlier steps.

    The last steps are four horizons, but at most a quarter of the time span of the panel, or one
    horizon if that is longer.

    Raises
    ------
    ValueError
        If the panel is too short.
    """
    recipe, history, panel = prepared.recipe, prepared.history, prepared.history.panel
    last = int(recipe.label_ends(history).max())
    n_steps = last - int(panel.clock.min()) + 1
    if n_steps < 2 * recipe.horizon:
        raise ValueError(
            f"conformal intervals of horizon={recipe.horizon} steps need a panel of at least "
            f"{2 * recipe.horizon} steps, but it has {n_steps}."
        )
    end = last - min(4 * recipe.horizon, max(n_steps // 4, recipe.horizon))
    fitted = fit_panel(estimator, prepared, sample_weight, settings, rng, end)
    places = np.flatnonzero((panel.clock > end) & (panel.clock <= last))
    pairs = np.arange(len(places) * recipe.horizon)
    steps = pairs % recipe.horizon + 1
    places = places[pairs // recipe.horizon]
    seen = panel.clock[places] - steps >= end
    places, steps = _some(places[seen], steps[seen], settings.most, rng)
    clock = panel.clock[places]
    rows = prepared.order[places]
    answers = ForecastModel(fitted, recipe, history).ask_moments(
        Moments(panel.codes[places], clock, clock - steps),
        prepared.frame.iloc[rows],
        recipe.known_ahead(prepared.frame, history),
    )
    labels = prepared.labels.iloc[rows]
    errors: dict[Hashable, np.ndarray] = {}
    of_quantiles: dict[Hashable, dict[float, np.ndarray]] = {}
    for name in recipe.targets.numbers:
        truth, (_, scale) = as_numbers(labels[name]), answers.units[name]
        learnt = recipe.targets.kinds[name].quantile_levels
        if learnt:
            of_quantiles[name] = {
                level: (truth - values) / scale
                for level, values in zip(learnt, answers.quantiles(name).T, strict=True)
            }
        else:
            errors[name] = (truth - answers.predictions[name]) / scale
    return learn_quantiles(errors, of_quantiles, steps, levels, recipe.horizon)


def _some(
    places: np.ndarray, steps: np.ndarray, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    if len(places) <= most:
        return places, steps
    drawn = rng.choice(len(places), most, replace=False)
    return places[drawn], steps[drawn]


def with_tasks(estimator: Any, recipe: Recipe) -> Any:
    """Clone an estimator, and set the kinds of the targets if it has such a parameter."""
    copied = clone(estimator)
    model = last_step(copied)
    if "tasks" in model.get_params(deep=False):
        refuse_residuals(model.tasks, "a forecaster")
        said = model.tasks if isinstance(model.tasks, Mapping) else {}
        kinds = {name: said.get(name, kind) for name, kind in recipe.kinds.items()}
        model.set_params(tasks=recipe.layout.kinds(kinds, recipe.horizon))
    return copied


def fit_within(estimator: Any, examples: Examples) -> Any:
    """Fit an estimator, alone or at the end of a pipeline, to examples.

    Raises
    ------
    ValueError
        If an estimator of another package would have to learn without labels, or from weights
        for each label.
    """
    is_ours = unfitted_model(estimator) is not None
    if is_ours:
        weight = examples.weight.by_task()
    else:
        examples = examples.complete()
        weight = examples.weight.by_scale
        if weight.ndim == 2:
            raise ValueError(
                "sample_weight has unequal weights for the steps of an example, which "
                f"{type(last_step(estimator)).__name__} cannot take. Use steps='feature', or an "
                "estimator of skmtl."
            )
    keywords: dict[str, Any] = {}
    if (weight != 1).any():
        keywords["sample_weight"] = weight
    holds_out_rows = (
        is_ours
        and getattr(last_step(estimator), "validation", None) == "random"
        and getattr(last_step(estimator), "early_stopping", False)
    )
    if holds_out_rows:
        keywords["groups"] = examples.groups
    if steps := pipeline_steps(estimator):
        step, _ = steps[-1]
        keywords = {f"{step}__{name}": value for name, value in keywords.items()}
    y: Any = examples.y
    if not is_ours and y.shape[1] == 1:
        y = y.iloc[:, 0]  # estimators of scikit-learn for one target warn of a y with a column
    return estimator.fit(examples.X, y, **keywords)
