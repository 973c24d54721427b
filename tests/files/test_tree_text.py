"""LightGBM's text is checked before LightGBM sees it: forged trees are refused."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from skmtl.files._tree_text import checked_tree_text


def grown(n_scores=1, **parameters):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    X[:, 2] = rng.integers(0, 9, 300)
    X[::9, 1] = np.nan
    steps = np.column_stack([X[:, 0] + 3 * (X[:, 2] % 3), X[:, 1]])[:, :n_scores]
    steps = np.nan_to_num(steps)
    settings = {"objective": "none", "verbosity": -1, "num_leaves": 6}
    settings |= {"num_class": n_scores, "min_data_per_group": 5, "cat_smooth": 1}
    data = lgb.Dataset(X, np.zeros(300), categorical_feature=[2])
    booster = lgb.Booster(settings | parameters, data)
    shape = (-1,) if n_scores == 1 else steps.shape
    for _ in range(3):
        booster.update(
            fobj=lambda scores, data: (steps.reshape(shape), np.ones(steps.shape).reshape(shape))
        )
    return booster.model_to_string(), X


@pytest.mark.parametrize(
    ("n_scores", "parameters"),
    [
        (1, {}),
        (2, {}),
        (1, {"monotone_constraints": [1, 0, 0]}),
        (1, {"interaction_constraints": [[0, 1], [2]], "extra_trees": True}),
        (2, {"min_data_in_leaf": 140}),  # trees of one leaf
    ],
)
def test_what_lightgbm_wrote_is_the_same_model(n_scores, parameters):
    text, X = grown(n_scores, **parameters)
    before, after = (lgb.Booster(model_str=t) for t in (text, checked_tree_text(text)))
    assert after.model_to_string() == before.model_to_string()
    assert after.params == before.params
    np.testing.assert_array_equal(after.predict(X), before.predict(X))


def test_the_text_of_a_checked_text_is_itself():
    once = checked_tree_text(grown()[0])
    assert checked_tree_text(once) == once


def line(text, name, number=0):
    """The n-th line of a name, with its value."""
    lines = [each for each in text.split("\n") if each.startswith(f"{name}=")]
    return lines[number]


TEXT = grown()[0]

EDITS = {
    "leaves": ("num_leaves", "num_leaves=7"),
    "many leaves": ("num_leaves", "num_leaves=2000000000"),
    "no leaf": ("num_leaves", "num_leaves=0"),
    "leaves below zero": ("num_leaves", "num_leaves=-1"),
    "a child behind the last": ("left_child", "left_child=1 2 3 99 -1"),
    "a leaf behind the last": ("left_child", "left_child=1 2 3 4 -99"),
    "a child of itself": ("left_child", "left_child=0 2 3 4 -1"),
    "a feature behind the last": ("split_feature", "split_feature=3 0 0 0 0"),
    "a feature before the first": ("split_feature", "split_feature=-1 0 0 0 0"),
    "too few splits": ("split_feature", "split_feature=0"),
    "too few leaves": ("leaf_value", "leaf_value=1 2"),
    "no leaves": ("leaf_value", "leaf_value="),
    "a leaf without an end": ("leaf_value", "leaf_value=inf 1 1 1 1 1"),
    "words for numbers": ("leaf_value", "leaf_value=a b c d e f"),
    "an underscore in a number": ("threshold", "threshold=1_0 1 1 1 1"),
    "linear leaves": ("is_linear", "is_linear=1"),
    "an unknown decision": ("decision_type", "decision_type=12 2 2 2 2"),
    "sets that are not there": ("num_cat", "num_cat=5"),
    "no set": ("num_cat", "num_cat=0"),
    "bits that are not there": ("cat_boundaries", "cat_boundaries=0 1000"),
    "many bits": ("cat_threshold", "cat_threshold=1 2 3 4"),
    "features": ("max_feature_idx", "max_feature_idx=2000000000"),
    "fewer features": ("feature_names", "feature_names=a b"),
    "ranges": ("feature_infos", "feature_infos=[0:1] [0:1"),
    "classes": ("num_class", "num_class=1000000"),
    "trees in a round": ("num_tree_per_iteration", "num_tree_per_iteration=2"),
    "no tree in a round": ("num_tree_per_iteration", "num_tree_per_iteration=0"),
    "a version": ("version", "version=v5"),
    "an objective": ("version", "version=v4\nobjective=multiclass num_class:3"),
    "an average": ("version", "version=v4\naverage_output"),
    "a line twice": ("num_class", "num_class=1\nnum_class=1"),
    "a number of a tree": ("Tree", "Tree=7"),
}


@pytest.mark.parametrize(("name", "forged"), EDITS.values(), ids=EDITS)
def test_a_forged_line_is_refused(name, forged):
    text = TEXT.replace(line(TEXT, name), forged, 1)
    assert text != TEXT
    with pytest.raises(ValueError, match=r"LightGBM's text|tree"):
        checked_tree_text(text)


def test_sizes_of_trees_are_written_anew():
    text = TEXT.replace(line(TEXT, "tree_sizes"), "tree_sizes=7 9999999 -3")
    assert checked_tree_text(text) == checked_tree_text(TEXT)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.7, 0.9])
def test_a_text_that_is_cut_short_is_refused(share):
    end = TEXT.index("\nend of parameters")
    with pytest.raises(ValueError, match=r"LightGBM's text|tree"):
        checked_tree_text(TEXT[: int(share * end)])


@pytest.mark.parametrize("parameter", ["[seed 1]", "seed: 1", '[seed: "]', "[: ]", "[seed:1]"])
def test_a_parameter_that_lightgbm_cannot_read_is_refused(parameter):
    with pytest.raises(ValueError, match="parameter"):
        checked_tree_text(TEXT.replace("[learning_rate: 0.1]", parameter))


def chain(n_leaves):
    """A tree that is as deep as it can be."""
    n_splits = n_leaves - 1
    fields = {
        "num_leaves": [n_leaves], "num_cat": [0], "split_feature": [0] * n_splits,
        "split_gain": [1] * n_splits, "threshold": [0] * n_splits, "decision_type": [2] * n_splits,
        "left_child": [*range(1, n_splits), -n_leaves],
        "right_child": [-1 - i for i in range(n_splits)],
        "leaf_value": [0] * n_leaves, "leaf_weight": [1] * n_leaves, "leaf_count": [1] * n_leaves,
        "internal_value": [0] * n_splits, "internal_weight": [1] * n_splits,
        "internal_count": [1] * n_splits, "is_linear": [0], "shrinkage": [1],
    }  # fmt: skip
    tree = "\n".join(f"{name}={' '.join(map(str, values))}" for name, values in fields.items())
    start, _, rest = TEXT.partition("\nTree=0\n")
    end = rest[rest.index("\nend of trees") :]
    return f"{start}\nTree=0\n{tree}\n\n{end}"


def test_a_tree_that_is_too_deep_for_the_stack_is_refused():
    booster = lgb.Booster(model_str=checked_tree_text(chain(2000)))
    booster.predict(np.zeros((1, 3)), pred_contrib=True)
    with pytest.raises(ValueError, match="more than 2000 levels"):
        checked_tree_text(chain(100_000))
