"""Parameters are declared, described and checked once, whichever class they come from."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import typing
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from skmtl import (
    RMTGB,
    GroupedTasks,
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
)
from skmtl.models import MultiTaskEstimator
from skmtl.models._docstrings import Docstring

ANY = {
    "task_column": None, "task_weight": None, "n_bags": "auto", "early_stopping": True,
    "validation": "random", "group_column": None, "time_column": None, "random_state": None,
    "rater_column": None, "constant_targets": "warn", "verbose": 0,
}  # fmt: skip
NETWORK = ANY | {
    "balance": "equal", "balance_at": "representation", "n_blocks": 1, "n_heads": 4,
    "embedding_size": "auto", "feedforward_size": 64, "attention_dropout": 0.0, "dropout": 0.1,
    "mask": "both", "feature_attention": False, "task_token": "multi",
    "numeric_embedding": "piecewise_linear", "n_bins": "auto", "row_mixing": "ensemble",
    "row_size": 256, "row_layers": 2, "n_members": 4, "tower_size": "auto",
    "sample_context": None, "context_size": 64, "linear_path": None, "series": None,
    "hashed_categories": None, "sources": None, "source_dropout": 0.5,
    "learning_rate": 5e-3, "schedule": "constant",
    "weight_decay": 3e-2, "gradient_clip": 1.0, "averaging": 0.99, "batch_size": "auto",
    "max_epochs": 200, "max_time": None, "validation_fraction": 0.15, "patience": "auto",
    "device": "auto", "n_jobs": None, "precision": "auto", "compile": False,
    "min_category_rows": "auto", "warm_start": False,
}  # fmt: skip
BOOSTING = ANY | {
    "blocks": "auto", "n_rounds": "auto", "learning_rate": "auto", "num_leaves": "auto",
    "min_data_in_leaf": "auto", "monotone_constraints": None, "lightgbm_params": None,
    "validation_fraction": 0.2, "patience": "auto", "unseen": "shared", "n_jobs": None,
}  # fmt: skip
LINEAR = ANY | {
    "penalty": "auto", "alpha": "auto", "similarity": "auto", "validation_fraction": 0.2,
}  # fmt: skip
EVENTS = {
    "events": None, "cuts": "auto", "interpolation": "hazard", "horizons": None,
    "censoring_weights": False, "weight_column": None,
}  # fmt: skip
DEFAULTS: dict[type, dict[str, Any]] = {
    MultiTabRegressor: NETWORK | {"tasks": None},
    MultiTabClassifier: NETWORK | {"tasks": None},
    MultiTab: NETWORK | {"tasks": None},
    MultiTabSurvival: NETWORK | EVENTS | {"head": "hazard"},
    RMTGBRegressor: BOOSTING | {"tasks": None},
    RMTGBClassifier: BOOSTING | {"tasks": None},
    RMTGB: BOOSTING | {"tasks": None},
    RMTGBSurvival: BOOSTING | EVENTS,
    MultiTaskLinearRegressor: LINEAR | {"tasks": None},
    MultiTaskLinearClassifier: LINEAR | {"tasks": None},
    MultiTaskLinear: LINEAR | {"tasks": None},
    MultiTaskLinearSurvival: LINEAR | EVENTS | {"head": "hazard"},
}
NETWORKS = [cls for cls in DEFAULTS if "max_epochs" in DEFAULTS[cls]]

every_estimator = pytest.mark.parametrize("cls", DEFAULTS)


@every_estimator
def test_the_signature_has_all_parameters_by_keyword_with_their_defaults(cls):
    signature = inspect.signature(cls)
    assert {name: p.default for name, p in signature.parameters.items()} == DEFAULTS[cls]
    assert {p.kind for p in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@every_estimator
def test_the_types_of_inherited_parameters_can_be_resolved(cls):
    assert set(typing.get_type_hints(cls.__init__)) - {"return"} == set(DEFAULTS[cls])


@every_estimator
def test_scikit_learn_reads_sets_and_clones_the_parameters(cls):
    assert cls().get_params() == DEFAULTS[cls]
    changed = {name: object() for name in DEFAULTS[cls]}
    assert cls(**changed).get_params() == changed
    assert cls().set_params(**changed).get_params() == changed
    model = cls(task_column="shop", task_weight=[1.0, 2.0])
    assert clone(model).get_params() == model.get_params()


@every_estimator
def test_estimators_are_compared_by_identity_and_shown_by_scikit_learn(cls):
    assert cls() != cls()
    assert len({cls(), cls()}) == 2
    assert repr(cls(n_bags=3)) == f"{cls.__name__}(n_bags=3)"
    assert cls._repr_html_ is not None


@every_estimator
def test_five_classes_of_ours_are_enough(cls):
    assert len([base for base in cls.__mro__ if base.__module__.startswith("skmtl.")]) <= 5


@every_estimator
def test_every_parameter_is_described_once_with_its_default(cls):
    entries = Docstring.of(cls).entries("Parameters")
    assert set(entries) == set(DEFAULTS[cls])
    for name, text in entries.items():
        default = re.search(r"default=(.+)$", text.splitlines()[0])
        assert default, name
        assert eval(default[1], {}) == DEFAULTS[cls][name], name


def sources_of(cls: type) -> dict[str, str]:
    """The classes that describe a parameter of the class or its bases, by parameter and text."""
    return {
        f"{base.__name__}.{name}": text
        for base in cls.__mro__
        if base.__module__.startswith("skmtl.")
        for name, text in Docstring.of(base).entries("Parameters").items()
    }


def test_no_text_of_a_parameter_is_written_twice():
    from skmtl.models import _shared_docs
    from skmtl.models.multitab import MultiTabEstimator
    from skmtl.models.rmtgb import RMTGBEstimator

    shared = [c for c in vars(_shared_docs).values() if inspect.isclass(c)]
    texts: dict[str, str] = {}
    for cls in [MultiTabEstimator, RMTGBEstimator, *shared]:
        texts |= sources_of(cls)
    sentences = [
        (key, sentence)
        for key, text in texts.items()
        for sentence in re.split(r"[.:;]\s+", " ".join(text.split("\n", 1)[-1].split()))
        if len(sentence) > 60 and not key.endswith("TargetDocs.tasks")
    ]
    seen: dict[str, str] = {}
    twice = [(seen[s], key) for key, s in sentences if seen.setdefault(s, key) != key]
    assert twice == []


@every_estimator
def test_the_sections_are_in_the_order_of_numpydoc(cls):
    headings = re.findall(r"^(\w[\w ]*)\n-{3,}$", inspect.getdoc(cls) or "", re.MULTILINE)
    assert headings == [
        "Parameters", "Attributes", "See Also", "Notes", "References", "Examples",
    ]  # fmt: skip


def test_engines_describe_what_they_decide_differently():
    for cls, start in [(MultiTab, '"auto" is 4 up to 5,000'), (RMTGB, '"auto" is 5 up to 50,000')]:
        assert start in Docstring.of(cls).entries("Parameters")["n_bags"]


REFUSED: list[tuple[type, dict[str, Any], str]] = [
    (MultiTab, {"balance": "best"}, "balance='best' of MultiTab must be one of 'equal', "),
    (MultiTab, {"balance": []}, r"balance=\[\] .* object of skmtl.balancing \(not its class\)"),
    (
        MultiTab,
        {"learning_rate": 0},
        r"learning_rate=0 of MultiTab must be .* in \(0, inf\)",
    ),
    (MultiTab, {"max_epochs": 2.5}, "max_epochs=2.5 .* be a whole number of at least 1"),
    (MultiTab, {"max_epochs": True}, "max_epochs=True .* be a whole number of at least 1"),
    (MultiTab, {"n_blocks": -1}, "n_blocks=-1 .* be a whole number of at least 0"),
    (MultiTab, {"batch_size": "big"}, "batch_size='big' .* number of at least 1 or 'auto'"),
    (MultiTab, {"dropout": 1.0}, r"dropout=1.0 .* be a number in \[0, 0.99\]"),
    (MultiTab, {"mask": None}, "mask=None .* be one of 'none', 'task_to_task', "),
    (MultiTab, {"early_stopping": "yes"}, "early_stopping='yes' .* be True or False"),
    (MultiTab, {"max_time": -1}, r"max_time=-1 .* be a number in \(0, inf\) or None"),
    (MultiTab, {"validation_fraction": 0.6}, r"validation_fraction=0.6 .* in \(0, 0.5\]"),
    (MultiTab, {"random_state": -1}, "random_state=-1 .* or a numpy RandomState"),
    (MultiTab, {"sample_context": "rows"}, "'rows' .* be one of None, 'prototypes', 'memory'"),
    (MultiTab, {"embedding_size": 6, "n_heads": 4}, "embedding_size=6 .* multiple of n_heads=4"),
    (
        MultiTab,
        {"sample_context": "memory", "row_mixing": "none"},
        "sample_context='memory' is read by the row path",
    ),
    (MultiTabSurvival, {"head": "cox"}, "head='cox' of MultiTabSurvival must be one of 'hazard'"),
    (MultiTabSurvival, {"censoring_weights": 1}, "censoring_weights=1 .* be True or False"),
    (RMTGBSurvival, {"censoring_weights": 1}, "censoring_weights=1 .* be True or False"),
    (
        RMTGB,
        {"n_rounds": {"pooled": 5}},
        "n_rounds={'pooled': 5} .*mapping of linear, shared",
    ),
    (RMTGB, {"n_rounds": -1}, "n_rounds=-1 .* whole number of at least 0"),
    (RMTGB, {"learning_rate": {"task": 0}}, r"{'task': 0} .* be a number in \(0, inf\)"),
    (RMTGB, {"num_leaves": 1}, "num_leaves=1 .* number of at least 2"),
    (RMTGB, {"min_data_in_leaf": 0}, "min_data_in_leaf=0 .* at least 1"),
    (RMTGB, {"patience": 0}, "patience=0 .* at least 1"),
    (RMTGB, {"n_bags": 0}, "n_bags=0 of RMTGB must be .* at least 1 or 'auto'"),
    (RMTGB, {"n_jobs": 0}, "n_jobs=0 .* be a whole number other than 0"),
    (RMTGB, {"unseen": "mean"}, "unseen='mean' .* be one of 'shared', 'error'"),
    (RMTGB, {"blocks": ("shard",)}, "blocks names 'shard'.*Did you mean 'shared'"),
    (RMTGB, {"blocks": ("task", "task")}, r"\('task', 'task'\) names a block twice"),
    (RMTGB, {"blocks": ()}, r"sequence of names out of .*got \(\)"),
    (RMTGB, {"blocks": "shared"}, "'auto' or a sequence .*got 'shared'"),
    (RMTGB, {"blocks": ("signature",)}, "column of X with the task in `task_column`"),
    (RMTGB, {"lightgbm_params": {"eta": 0.1}}, "'eta': set the parameter 'learning_rate'"),
    (RMTGB, {"lightgbm_params": {"max_bins_": 5}}, "'max_bins_', which LightGBM .*'max_bins'"),
    (RMTGB, {"lightgbm_params": {"boosting": "dart"}}, "boosting='dart', which does not work"),
    (RMTGB, {"lightgbm_params": ["max_bin"]}, r"be a mapping .*\['max_bin'\]"),
    # how rows are held out
    (RMTGB, {"validation": "last"}, "validation='last' .* 'group', 'time' or a splitter of"),
    (RMTGB, {"validation": GroupKFold}, "validation=<class .* 'time' or a splitter of"),
    (RMTGB, {"validation": "time"}, "validation='time' .* name it in time_column"),
    (MultiTab, {"validation": "time"}, "validation='time' .* name it in time_column"),
    (MultiTab, {"group_column": "id"}, "group_column='id' has no effect .* validation='group'"),
]


@pytest.mark.parametrize(("cls", "parameters", "message"), REFUSED)
def test_a_parameter_that_cannot_be_used_is_named(cls, parameters, message):
    with pytest.raises(ValueError, match=message):
        cls(**parameters).check_parameters()


ACCEPTED = [
    {},
    {"validation": "group", "group_column": "patient"},
    {"validation": "time", "time_column": 0},
    {"validation": "group", "group_column": "patient", "time_column": "day"},
    {"validation": GroupKFold(3)},
    {"validation": GroupKFold(3), "group_column": "patient", "time_column": "day"},
]


@every_estimator
@pytest.mark.parametrize("parameters", ACCEPTED)
def test_what_can_be_used_is_accepted(cls, parameters):
    cls(**parameters).check_parameters()


def test_a_subclass_may_replace_the_check_of_its_base():
    from skmtl.models._checks import one_of

    class Fixed(MultiTaskEstimator):
        _parameter_checks: typing.ClassVar = {"n_bags": one_of(7)}

    Fixed(n_bags=7).check_parameters()
    with pytest.raises(ValueError, match="n_bags='auto' of Fixed must be 7"):
        Fixed().check_parameters()


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_network_continues_only_with_the_architecture_it_has(cls):
    shaping = cls()._shaping_parameters()
    training = {"learning_rate", "max_epochs", "random_state", "balance", "validation"}
    assert {"task_column", "n_bags", "row_size", "sample_context"} <= set(shaping)
    assert not training & set(shaping)
    assert ("tasks" in shaping) == (cls is not MultiTabSurvival)


SNIPPET = """
from skmtl import MultiTabRegressor, RMTGBSurvival
MultiTabRegressor(task_column="shop", max_epochs=5, tasks="count").set_params(n_bags=1)
RMTGBSurvival(cuts=4, unseen="error", n_rounds={"task": 3})
MultiTabRegressor(max_epoch=5)
MultiTabRegressor("count")
MultiTabRegressor(mask="all")
RMTGBSurvival(tasks="survival")
"""
# Reads only the modules that declare parameters.
CONFIG = """
[mypy]
follow_imports = skip
[mypy-skmtl,skmtl.estimators.*,skmtl.models.*,skmtl.networks.*]
follow_imports = silent
[mypy-torch.*,sklearn.*,pandas.*,numpy.*,scipy.*,lightgbm.*,joblib.*]
follow_imports = skip
follow_imports_for_stubs = True
ignore_missing_imports = True
"""


@pytest.mark.slow
def test_a_type_checker_knows_every_parameter(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "snippet.py").write_text(SNIPPET)
    (tmp_path / "mypy.ini").write_text(CONFIG)
    options = ["--config-file", tmp_path / "mypy.ini", "--cache-dir", tmp_path / "cache"]
    command = [sys.executable, "-m", "mypy", *options, tmp_path / "snippet.py"]
    result = subprocess.run(command, capture_output=True, text=True)
    lines = re.findall(r"snippet.py:(\d+): error: .*\[([\w-]+)\]", result.stdout)
    assert lines == [
        ("5", "call-arg"), ("6", "call-arg"), ("7", "arg-type"), ("8", "call-arg"),
    ], result.stdout  # fmt: skip


def test_networks_do_not_import_lightgbm():
    code = "import sys, skmtl.models.multitab; print('lightgbm' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "False\n", result.stderr


@pytest.mark.parametrize(
    ("cls", "keyword", "words"),
    [
        (RMTGB, "n_estimators", r"^RMTGB got .* 'n_estimators'\. It is called 'n_rounds' here"),
        (RMTGBSurvival, "eta", "RMTGBSurvival got .* called 'learning_rate'"),
        (MultiTab, "epochs", "MultiTab got .* called 'max_epochs'"),
        (MultiTabRegressor, "drop_out", "MultiTabRegressor got .* Did you mean 'dropout'"),
        (GroupedTasks, "group", "GroupedTasks got .* Did you mean 'groups'"),
        (RMTGBClassifier, "hashed_categories", "take MultiTab\\(hashed_categories=...\\)"),
        (MultiTaskLinear, "hashed_categories", "take MultiTab\\(hashed_categories=...\\)"),
        (RMTGBClassifier, "zzz", "RMTGBClassifier got an unexpected keyword argument 'zzz'.$"),
    ],
)
def test_a_wrong_keyword_is_answered_with_the_right_one(cls, keyword, words):
    with pytest.raises(TypeError, match=words):
        cls(**{keyword: 3})
