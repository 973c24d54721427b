"""Error messages for unknown keywords."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from skmtl._suggestions import did_you_mean

# Names of parameters in other libraries.
_ROUNDS = ("n_estimators", "num_boost_round", "num_iterations", "iterations", "n_iter", "max_iter")
_EPOCHS = ("epochs", "n_epochs", "num_epochs", "max_iter", "n_iter")
_SYNONYMS = {
    "n_rounds": _ROUNDS,
    "max_epochs": _EPOCHS,
    "learning_rate": ("eta", "lr", "shrinkage"),
    "patience": ("early_stopping_rounds", "n_iter_no_change"),
    "n_jobs": ("num_threads", "n_threads", "nthread", "thread_count"),
    "random_state": ("seed", "random_seed"),
    "min_data_in_leaf": ("min_child_samples", "min_samples_leaf"),
}
# Parameters of some estimators, and what others do in their place.
_OF_NETWORKS = {
    "hashed_categories": (
        " Networks alone hash categories: take MultiTab(hashed_categories=...), also as a member "
        "of StackedTasks. Trees keep all categories that fit has seen, and linear models the 500 "
        "most frequent of each column."
    ),
}


def check_keywords(cls: type, keywords: Iterable[str]) -> None:
    """Raise a TypeError for a keyword that the constructor of a class does not accept."""
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    names = list(parameters)[1:]
    for keyword in keywords:
        if keyword not in names:
            raise TypeError(
                f"{cls.__name__} got an unexpected keyword argument {keyword!r}."
                + (
                    _OF_NETWORKS.get(keyword)
                    or _meant(keyword, names)
                    or did_you_mean(keyword, names)
                )
            )


def _meant(keyword: str, names: list[str]) -> str:
    for name, synonyms in _SYNONYMS.items():
        if name in names and keyword in synonyms:
            return f" It is called {name!r} here."
    return ""
