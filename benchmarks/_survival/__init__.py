"""Survival models with a common interface, their evaluation, and reports.

A model learns from features and labels (`event` 0 censored or 1..K the cause, `duration`), and
answers with a risk and a curve of incidence for each cause. Every one of them is run untuned;
those that need a validation part take 20 % of their training rows.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from benchmarks._survival._peer import Peer

# Name, the file and the function that make it, and the package that it needs.
_PEERS: dict[str, tuple[str, str, str | None]] = {
    "multitab": ("_ours", "multitab", None),
    "rmtgb": ("_ours", "rmtgb", None),
    "linear": ("_ours", "linear", None),
    "stacked": ("_ours", "stacked", None),
    "constant": ("_ours", "Constant", None),
    "cox": ("_scikit_survival", "cox", "sksurv"),
    "forest": ("_scikit_survival", "forest", "sksurv"),
    "boosting": ("_scikit_survival", "boosting", "sksurv"),
    "xgboost_cox": ("_xgboost", "cox", "xgboost"),
    "xgboost_aft": ("_xgboost", "aft", "xgboost"),
    "deepsurv": ("_pycox", "deepsurv", "pycox"),
    "coxtime": ("_pycox", "coxtime", "pycox"),
    "logistic_hazard": ("_pycox", "logistic_hazard", "pycox"),
    "deephit": ("_pycox", "DeepHit", "pycox"),
    "torchsurv_cox": ("_torchsurv", "cox", "torchsurv"),
    "survival_boost": ("_hazardous", "SurvivalBoostPeer", "hazardous"),
}


def names() -> list[str]:
    return list(_PEERS)


def missing_package(name: str) -> str | None:
    """Return the package that a model needs if it is not installed."""
    package = _PEERS[name][2]
    return package if package is not None and find_spec(package) is None else None


def make_peer(name: str) -> Peer:
    file, function, _ = _PEERS[name]
    make: Callable[[], Peer] = getattr(import_module(f"benchmarks._survival.{file}"), function)
    return make()
