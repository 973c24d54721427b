"""Docstrings say what the signatures say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import skmtl
from skmtl import (
    RMTGB,
    FacetedRasch,
    MultiTab,
    MultiTabClassifier,
    MultiTabRegressor,
    MultiTabSurvival,
    MultiTaskLinear,
    MultiTaskLinearClassifier,
    MultiTaskLinearRegressor,
    MultiTaskLinearSurvival,
    RMTGBClassifier,
    RMTGBRegressor,
    RMTGBSurvival,
    StackedTasks,
)

# With the parameters of a quick fit.
NETWORK = {"max_epochs": 1, "row_size": 4, "n_members": 1}
BOOSTING = {"n_rounds": 1, "n_bags": 1, "blocks": ("partition",)}
LINEAR = [
    MultiTaskLinear, MultiTaskLinearClassifier, MultiTaskLinearRegressor, MultiTaskLinearSurvival,
]  # fmt: skip
QUICK: dict[type, dict[str, Any]] = (
    dict.fromkeys([MultiTab, MultiTabClassifier, MultiTabRegressor, MultiTabSurvival], NETWORK)
    | dict.fromkeys([RMTGB, RMTGBClassifier, RMTGBRegressor, RMTGBSurvival], BOOSTING)
    | {cls: {} for cls in LINEAR}
    | {FacetedRasch: {"rater_column": 0}}
    | {StackedTasks: {"estimators": [("linear", MultiTaskLinear())], "n_bags": 2}}
)
ESTIMATORS = list(QUICK)
# What every section of an underlined heading holds: the text up to the next one.
SECTION = r"^{}\n-{{3,}}\n(.*?)(?=^\w[\w ]*\n-{{3,}}\n|\Z)"
# "a, b : int, default=3" without indentation begins an item.
ITEM = re.compile(r"^(\*{0,2}\w+(?:, \w+)*)(?: : (.*))?$", re.MULTILINE)
DEFAULT = re.compile(r"default=(.+)$")


def section(thing: Any, heading: str) -> dict[str, str]:
    """Items of a docstring's section, by name, with the words about their type."""
    text = inspect.getdoc(thing) or ""
    found = re.search(SECTION.format(heading), text, re.MULTILINE | re.DOTALL)
    items = ITEM.findall(found[1]) if found else []
    return {name: words for names, words in items for name in names.split(", ")}


def has_words(thing: Any) -> bool:
    """Exceptions and aliases of types have no signature."""
    if inspect.isclass(thing):
        return not issubclass(thing, Exception)
    return inspect.isroutine(thing)


def public_objects() -> Iterator[tuple[str, Any]]:
    """Public classes and functions, and the public methods of the estimators, by name."""
    for name in skmtl.__all__:
        thing = getattr(skmtl, name)
        if inspect.ismodule(thing):
            members = {member: getattr(thing, member) for member in thing.__all__}
            yield from ((f"{name}.{m}", each) for m, each in members.items() if has_words(each))
        else:
            yield name, thing
    for cls in ESTIMATORS:
        for name, method in inspect.getmembers(cls, callable):
            if not name.startswith("_") and method.__module__.startswith("skmtl."):
                yield f"{cls.__name__}.{name}", method


def with_parameters() -> list[Any]:
    """Those whose parameters need words: one may be explained by the summary."""
    return [
        pytest.param(thing, id=name)
        for name, thing in public_objects()
        if len(parameters(thing)) > 1 or section(thing, "Parameters")
    ]


def documented_parameters(thing: Any) -> dict[str, str]:
    """The fields of a dataclass may be its attributes."""
    return section(thing, "Parameters") or section(thing, "Attributes")


def parameters(thing: Callable) -> dict[str, inspect.Parameter]:
    prefix = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return {
        prefix.get(parameter.kind, "") + name: parameter
        for name, parameter in inspect.signature(thing).parameters.items()
        if name != "self"
    }


@pytest.mark.parametrize("thing", with_parameters())
def test_the_parameters_are_those_of_the_signature(thing):
    # Docstrings begin with what a class declares itself, signatures with what it inherits.
    assert sorted(documented_parameters(thing)) == sorted(parameters(thing))


@pytest.mark.parametrize("thing", with_parameters())
def test_documented_defaults_are_those_of_the_signature(thing):
    signature = parameters(thing)
    for name, words in documented_parameters(thing).items():
        written = DEFAULT.search(words)
        if written:
            value = eval(written[1], {"__builtins__": {}}, {"None": None})
            assert value == signature[name].default, f"default of {name}"
        else:
            default = signature[name].default
            assert default is inspect.Parameter.empty or "optional" in words or default is None


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_of_an_estimator_states_its_default(cls):
    without = [n for n, words in section(cls, "Parameters").items() if "default=" not in words]
    assert without == []


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_the_attributes_exist_after_fit_and_public_ones_are_documented(cls):
    X = np.arange(40.0).reshape(20, 2)
    y = (
        {"event": X[:, 0] > 20, "duration": X[:, 1]}
        if "Survival" in cls.__name__
        else X[:, :1] > 20
    )
    model = cls(**QUICK[cls]).fit(X, y)
    documented = set(section(cls, "Attributes"))
    names = (n for n in dir(model) if n.endswith("_") and not n.startswith("_"))
    fitted = {n for n in names if hasattr(model, n)}
    if cls in (MultiTab, RMTGB, MultiTaskLinear, StackedTasks):  # this y has no time to an event
        documented -= {"unique_times_", "follow_up_"}
    if cls is not FacetedRasch:  # these fits have no column of raters
        documented -= {"severity_"}
    assert documented - {"feature_names_in_"} == fitted - {"task_set_"}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_the_sections_are_in_the_order_of_numpydoc(cls):
    headings = re.findall(r"^(\w[\w ]*)\n-{3,}$", inspect.getdoc(cls), re.MULTILINE)
    assert headings == [
        "Parameters", "Attributes", "See Also", "Notes", "References", "Examples",
    ]  # fmt: skip
