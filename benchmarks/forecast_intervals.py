"""Intervals of forecasts, and directions learnt beside values, on real panels.

::

    python -m benchmarks.forecast_intervals --sets carparts m4_weekly --what intervals
    python -m benchmarks.forecast_intervals --sets walmart beijing --what directions
    python -m benchmarks.forecast_intervals --report

Sets, windows and settings are those of `benchmarks.forecasting`, but the model is fitted once, at
the first cutoff of a set, and updated at the others.

*Intervals* of 80 % come from ``conformal=0.8``, from quantile tasks, from both together, and from
the seasonal naive forecast: plus and minus 1.28 times the root mean square of the seasonal
differences of the series, times the root of the number of seasons ahead. The table has their
coverage, by step as well, and the interval score relative to the mean size of the truth; smaller
is better.

*Directions* are `Change` of each target since the last value, learnt in the same model as the
values. The table has their AUC, and that of LightGBM's classifier with its defaults, fitted to the
same examples and features for each target; and WAPE of the values with and without them.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from benchmarks._arguments import parse_with_out
from benchmarks._data import loader_of
from benchmarks._results import add_rows
from benchmarks.forecasting import SETTINGS, make_model, panel_of, roles
from skmtl.panels import naive_errors, seasonal_naive
from skmtl.tasks import Change, Quantile

LEVEL = 0.8


class Recorder(TransformerMixin, BaseEstimator):
    """Passes a table on, and keeps it, so that another model can use the same features."""

    def fit(self, X: pd.DataFrame, y: pd.DataFrame) -> Recorder:
        self.X_, self.y_, self.asked_ = X, y, []
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        self.asked_.append(X)
        return X


def windows(name: str, model: Any) -> Iterator[tuple[Any, pd.DataFrame, pd.DataFrame]]:
    """The model with what is known at each cutoff, and the rows to forecast, X and y."""
    panel = panel_of(name, validation=False)
    spec, frame, known = panel.spec, panel.frame, None
    columns = [column for names in roles(spec).values() for column in np.atleast_1d(names)]
    truth = loader_of("timeseries").truth(panel)
    for cutoff in panel.cutoffs:
        is_past = frame[spec.time] <= cutoff
        if known is None:
            model.fit(frame.loc[is_past, columns], frame.loc[is_past, spec.targets])
        else:
            new = is_past & (frame[spec.time] > known)
            model.update(frame.loc[new, columns], frame.loc[new, spec.targets])
        known = cutoff
        rows = truth[truth["cutoff"] == cutoff]
        yield model, rows[columns], rows[spec.targets]


def naive_intervals(model: Any, X: pd.DataFrame, season: int) -> pd.DataFrame:
    """Limits of the seasonal naive forecast, with columns as of `predict_interval`."""
    history, limits = model.history_, {}
    codes, clock = history.ids.codes(X), history.clock.count(X[history.time])
    origins = history.panel.ends.max() + np.zeros_like(clock)
    n_seasons = -((origins - clock) // season)
    for place, name in enumerate(model.task_names_):
        middle = seasonal_naive(history.panel, place, codes, clock, origins, season)
        spread = np.sqrt(naive_errors(history.panel, place, season, 2))[codes]
        half = norm.ppf((1 + LEVEL) / 2) * spread * np.sqrt(n_seasons)
        limits |= {(name, "lower"): middle - half, (name, "upper"): middle + half}
    return pd.DataFrame(limits, index=X.index)


def interval_rows(name: str, most: int) -> list[dict[str, Any]]:
    """Coverage and interval score of each method and target."""
    spec = panel_of(name, validation=False).spec
    learnt = {"tasks": Quantile((0.1, 0.5, 0.9))}
    settings = {
        "conformal": {"conformal": LEVEL},
        "quantiles": learnt,
        "corrected quantiles": learnt | {"conformal": LEVEL},
    }
    methods = {
        method: make_model(name, "rmtgb", spec, most).set_params(**parameters)
        for method, parameters in settings.items()
    }
    scored: dict[tuple[str, str], list[pd.DataFrame]] = {}
    seconds = {}
    for method, model in methods.items():
        begin = time.process_time()
        for fitted, X, y in windows(name, model):
            answers = {method: fitted.predict_interval(X, level=LEVEL)}
            if method == "conformal":
                answers["seasonal naive"] = naive_intervals(fitted, X, spec.season)
            steps = fitted.history_.clock.count(X[spec.time]) - fitted.history_.panel.ends.max()
            for label, limits in answers.items():
                for target in spec.targets:
                    part = _scored(y[target], limits[target], steps)
                    scored.setdefault((label, target), []).append(part)
        seconds[method] = round(time.process_time() - begin, 1)
    return [
        {"set": name, "target": target, "method": method, "max_examples": most}
        | _summary(pd.concat(parts))
        | {"cpu_seconds": seconds.get(method)}
        for (method, target), parts in scored.items()
    ]


def _scored(truth: pd.Series, limits: pd.DataFrame, steps: np.ndarray) -> pd.DataFrame:
    low, high = limits["lower"].to_numpy(), limits["upper"].to_numpy()
    values = truth.to_numpy(dtype=np.float64)
    outside = np.maximum(low - values, 0) + np.maximum(values - high, 0)
    columns = {
        "step": steps,
        "size": np.abs(values),
        "inside": outside == 0,
        "score": high - low + 2 / (1 - LEVEL) * outside,
    }
    return pd.DataFrame(columns)[np.isfinite(values) & np.isfinite(low)]


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    by_step = rows.groupby("step")["inside"].mean()
    return {
        "coverage": rows["inside"].mean(),
        "lowest_of_steps": by_step.min(),
        "highest_of_steps": by_step.max(),
        "steps_within_2_points": (by_step - LEVEL).abs().le(0.02).mean(),
        "interval_score": rows["score"].sum() / rows["size"].sum(),
        "n": len(rows),
    }


def direction_rows(name: str, most: int) -> list[dict[str, Any]]:
    """AUC of directions, ours and LightGBM's, and WAPE with and without directions."""
    spec = panel_of(name, validation=False).spec
    directions = {f"{target} up": Change(target) for target in spec.targets}
    plain = make_model(name, "rmtgb", spec, most)
    both = make_model(name, "rmtgb", spec, most).set_params(derived=directions)
    both.set_params(estimator=make_pipeline(Recorder(), both.estimator))
    wape: dict[str, dict[str, float]] = {}
    chances, labels, asked = [], [], []
    for label, model in {"values": plain, "with directions": both}.items():
        errors, sizes = [], []
        for fitted, X, y in windows(name, model):
            if model is both:
                fitted.estimator_[0].asked_.clear()
            predicted = fitted.predict(X)[spec.targets]
            errors.append((predicted - y).abs().where(y.notna()).sum())
            sizes.append(y.abs().sum())
            if model is both:
                asked.append(pd.concat(fitted.estimator_[0].asked_))
                chances.append(fitted.predict_proba_frame(X))
                labels.append(fitted.derived_labels(X, y))
        wape[label] = (sum(errors) / sum(sizes)).to_dict()
    recorder, truth = both.estimator_[0], pd.concat(labels)
    ours, table = pd.concat(chances), pd.concat(asked)
    rows = []
    for target in spec.targets:
        up = f"{target} up"
        seen = truth[up].notna().to_numpy()
        is_up = truth[up][seen].astype(bool)
        other = _lightgbm(recorder.X_, recorder.y_[up], table[seen])
        rows.append(
            {
                "set": name,
                "target": target,
                "max_examples": most,
                "auc": roc_auc_score(is_up, ours[up, True][seen]),
                "auc_lightgbm": roc_auc_score(is_up, other),
                "wape": wape["values"][target],
                "wape_with_directions": wape["with directions"][target],
                "n": int(seen.sum()),
            }
        )
    return rows


def _lightgbm(X: pd.DataFrame, y: pd.Series, X_test: pd.DataFrame) -> np.ndarray:
    texts = [name for name in X if not pd.api.types.is_numeric_dtype(X[name].dtype)]
    kinds = {name: pd.CategoricalDtype(X[name].dropna().unique()) for name in texts}
    names = [f"f{place}" for place in range(X.shape[1])]  # LightGBM refuses some characters
    seen = y.notna().to_numpy()
    model = lightgbm.LGBMClassifier(n_jobs=1, verbose=-1, random_state=0)
    model.fit(X.astype(kinds).set_axis(names, axis=1)[seen], y[seen].astype(bool))
    return np.asarray(model.predict_proba(X_test.astype(kinds).set_axis(names, axis=1))[:, 1])


WHAT = {
    "intervals": (interval_rows, ["set", "target", "method", "max_examples"]),
    "directions": (direction_rows, ["set", "target", "max_examples"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[], choices=list(SETTINGS))
    parser.add_argument("--what", default="intervals", choices=list(WHAT))
    parser.add_argument("--max-examples", type=int, default=20_000)
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "forecast_intervals.csv")
    if arguments.what == "directions":
        arguments.out = arguments.out.with_name("forecast_directions.csv")
    warnings.simplefilter("ignore", ConvergenceWarning)
    measure, key = WHAT[arguments.what]
    for name in arguments.sets:
        rows = pd.DataFrame(measure(name, arguments.max_examples))
        print(rows.round(4).to_string(index=False), flush=True)
        add_rows(rows, arguments.out, key)
    if arguments.report:
        print(pd.read_csv(arguments.out).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
