"""What "auto" means for a table of some size."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from lightgbm.basic import _ConfigAliases

from skmtl import RMTGB, MultiTab
from skmtl.boosting import (
    BLOCKS,
    LONG_SEQUENCES,
    TREE_BLOCKS,
    WIDE_SEQUENCES,
    Pool,
    Segment,
)
from skmtl.engines.boosting import check_lightgbm_params, constraint_signs
from skmtl.engines.network import MultiTabDescription, n_networks, resolve_balance
from skmtl.tables import EncodedTable, TreeEncoder, quantile_bins
from skmtl.tasks import Binary, EventTimes, Regression, Survival

RNG = np.random.default_rng(0)
NUMBER = Regression().fit(pd.Series([1.0, 2.0, 4.0]), task="price")
CLASS = Binary().fit(pd.Series(["no", "yes"]), task="sold")
TIMES = pd.Series(EventTimes(RNG.random(200) < 0.6, RNG.exponential(size=200)))
HAZARD = Survival(cuts=4).fit(TIMES, task="death")


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(2, 4), (5_000, 4), (5_001, 2), (20_000, 2), (20_001, 1)]
)
def test_networks_are_several_where_rows_are_few(n_rows, expected):
    assert n_networks("auto", n_rows) == expected
    assert n_networks(3, n_rows) == 3


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(2, 5), (50_000, 5), (50_001, 2), (200_000, 2), (200_001, 1)]
)
def test_boosted_models_are_several_where_rows_are_few(n_rows, expected):
    assert RMTGB()._boosting_settings().n_bags(n_rows, 1) == expected
    assert RMTGB(n_bags=3)._boosting_settings().n_bags(n_rows, 1) == 3


@pytest.mark.parametrize(
    ("n_rows", "n_targets", "expected"),
    [(9_900, 50, 5), (9_800, 51, 5), (9_900, 51, 2), (1_000, 2_000, 2), (1_000, 2_001, 1)],
)
def test_boosted_models_are_fewer_where_labels_are_many(n_rows, n_targets, expected):
    assert RMTGB()._boosting_settings().n_bags(n_rows, n_targets) == expected
    assert RMTGB(n_bags=3)._boosting_settings().n_bags(n_rows, n_targets) == 3


@pytest.mark.parametrize(("n_rows", "expected"), [(50, 4), (1_500, 15), (20_000, 48)])
def test_bins_grow_with_the_rows(n_rows, expected):
    assert MultiTab()._architecture().resolved_n_bins(n_rows) == expected
    assert MultiTab(n_bins=7)._architecture().resolved_n_bins(n_rows) == 7


@pytest.mark.parametrize(
    ("n_features", "n_heads", "expected"),
    [(64, 4, 16), (65, 4, 8), (256, 4, 8), (257, 4, 4), (10, 3, 15), (300, 8, 8)],
)
def test_tokens_get_shorter_with_the_features_and_divide_into_heads(n_features, n_heads, expected):
    settings = MultiTab(n_heads=n_heads)._architecture()
    assert settings.resolved_embedding_size(n_features) == expected


@pytest.mark.parametrize(("n_tasks", "expected"), [(1, 32), (4, 32), (10, 12), (500, 8)])
def test_towers_get_narrower_with_the_tasks(n_tasks, expected):
    assert MultiTab()._architecture().resolved_tower_size(n_tasks) == expected
    assert MultiTab(tower_size=20)._architecture().resolved_tower_size(n_tasks) == 20


def test_a_network_is_made_from_its_description():
    settings = MultiTab(
        task_token="single", context_size=6, sample_context="memory", row_size=8, dropout=0.2
    )._architecture()
    heads = [NUMBER, CLASS, HAZARD]
    table = EncodedTable(
        np.linspace(0, 1, 120, dtype=np.float32).reshape(40, 3), np.ones((40, 2), dtype=np.int64)
    )
    encoder = SimpleNamespace(numeric_=[0, 1, 2], cardinalities_=[4, 5], hashing_=None)
    config = settings.config(encoder, heads, [0, 1, 2], 7)
    assert (config.cardinalities, config.n_groups) == ((4, 5), 7)
    assert config.n_scores == (1, 1, HAZARD.n_scores)
    assert config.n_series == (0, 0, HAZARD.n_series)
    assert (config.embedding_size, config.tower_size) == (16, 32)
    assert (config.single_token, config.n_slots, config.dropout) == (True, 6, 0.2)
    base_scores = np.arange(HAZARD.n_scores + 2, dtype=np.float64)
    memory = (table.numeric[:6], table.codes[:6])
    bins = quantile_bins(table.numeric, 4)
    network = MultiTabDescription(config, base_scores, bins, memory).build()
    assert network.config == config
    torch.testing.assert_close(network.base_scores, torch.arange(len(base_scores)).float())
    assert network.memory_codes.shape == (6, 2)


def pool(heads, n_tasks=2, is_long=False):
    return Pool(
        segments=[Segment(head, slice(0, 1)) for head in heads],
        task=np.zeros(1, dtype=int),
        target=np.zeros((1, 1)),
        weight=np.ones(1),
        row=None,
        n_rows=1,
        names=list(range(n_tasks)),
        is_long=is_long,
    )


WIDE, LONG, TIMED = pool([NUMBER, NUMBER]), pool([NUMBER], 3, is_long=True), pool([HAZARD])
ENCODER = TreeEncoder().fit(pd.DataFrame({"size": [1.0, 2.0], "city": ["Bern", "Lyon"]}))


@pytest.mark.parametrize(
    ("table", "validated", "expected"),
    [
        (WIDE, True, WIDE_SEQUENCES),
        (LONG, True, LONG_SEQUENCES),
        (LONG, False, (("shared", "partition", "task"),)),
        (pool([NUMBER], 1), True, (("shared",), ("linear", "shared"))),
        (pool([NUMBER], 1), False, (("shared",),)),
    ],
)
def test_sequences_are_chosen_from_where_rows_are_held_out(table, validated, expected):
    assert RMTGB()._boosting_settings().sequences(table, validated=validated) == expected
    settings = RMTGB(blocks=["task"])._boosting_settings()
    assert settings.sequences(table, validated=validated) == (("task",),)


def options(table, n_rows=5_000, n_targets=2, validated=True, **parameters):
    settings = RMTGB(**parameters)._boosting_settings()
    return settings.options(table, n_rows, n_targets, validated=validated, seed=3, encoder=ENCODER)


def of_blocks(resolved, name):
    return [resolved.parameters[block][name] for block in TREE_BLOCKS]


def test_trees_are_small_and_grow_with_the_rows():
    assert of_blocks(options(WIDE), "num_leaves") == [8, 8, 8, 3]
    assert of_blocks(options(WIDE, 20_001), "num_leaves") == [16, 16, 16, 6]
    assert of_blocks(options(WIDE, 100_001), "num_leaves") == [32, 32, 32, 12]
    assert of_blocks(options(WIDE), "min_data_in_leaf") == [20, 20, 20, 5]
    assert of_blocks(options(WIDE, 31), "min_data_in_leaf") == [3, 3, 3, 3]
    assert of_blocks(options(WIDE, 2), "min_data_in_leaf") == [1, 1, 1, 1]
    assert of_blocks(options(WIDE), "learning_rate") == [0.05, 0.05, 0.05, 0.1]


def test_hazards_have_their_own_trees_and_patience():
    resolved = options(TIMED)
    assert of_blocks(resolved, "num_leaves") == [4, 4, 4, 3]
    assert of_blocks(resolved, "learning_rate") == [0.1] * 4
    assert of_blocks(resolved, "extra_trees") == [True] * 4
    assert (resolved.patience, options(WIDE).patience) == (15, 30)
    assert options(TIMED, patience=4).patience == 4
    plain = options(TIMED, lightgbm_params={"extra_trees": False, "lambda_l2": 1.0})
    assert of_blocks(plain, "extra_trees") == [False] * 4
    assert of_blocks(plain, "lambda_l2") == [1.0] * 4
    assert "extra_trees" not in options(WIDE).parameters["task"]


def test_trees_of_many_targets_take_larger_steps_on_fewer_bins():
    assert options(WIDE, n_targets=50) == options(WIDE)
    many = options(WIDE, n_targets=51)
    assert of_blocks(many, "learning_rate") == [0.1, 0.1, 0.1, 0.2]
    assert of_blocks(many, "max_bin") == [63] * 4
    assert options(WIDE, n_targets=51, validated=False) == options(WIDE, validated=False)
    hazards = options(TIMED, n_targets=51)
    assert of_blocks(hazards, "learning_rate") == of_blocks(options(TIMED), "learning_rate")
    chosen = options(WIDE, n_targets=51, learning_rate=0.03, lightgbm_params={"max_bins": 127})
    assert of_blocks(chosen, "learning_rate") == [0.03] * 4
    assert of_blocks(chosen, "max_bin") == [127] * 4


def test_lines_of_many_targets_are_limited_by_rows_and_time():
    def lines(n_targets, n_rows, n_features):
        many = pool([NUMBER] * n_targets, n_targets)
        many = replace(many, task=np.zeros(n_targets * n_rows, dtype=int), n_rows=n_rows)
        sequences = (
            RMTGB()._boosting_settings().sequences(many, validated=True, n_features=n_features)
        )
        return ("linear", "partition", "task") in sequences

    assert lines(2, 2**12, 2**11) and not lines(2, 2**12 + 1, 2**11)  # labels times features
    assert lines(2_000, 400, 50)
    assert not lines(500, 3_000, 300)  # time
    assert not lines(51, 10_000, 2_000)  # rows times features


def test_rounds_are_many_where_rows_are_held_out():
    line = {"linear": 1}
    assert options(WIDE).n_rounds == dict.fromkeys(BLOCKS, 2000) | line
    assert options(WIDE, validated=False).n_rounds == dict.fromkeys(BLOCKS, 100) | line
    chosen = options(WIDE, n_rounds={"task": 7}).n_rounds
    assert chosen == dict.fromkeys(BLOCKS, 2000) | line | {"task": 7}


def test_one_value_is_for_all_blocks_and_a_mapping_for_some():
    assert of_blocks(options(WIDE, num_leaves=5), "num_leaves") == [5] * 4
    assert of_blocks(options(WIDE, learning_rate={"task": 0.3}), "learning_rate")[3] == 0.3
    assert of_blocks(options(WIDE, learning_rate={"task": 0.3}), "learning_rate")[0] == 0.05


def test_lightgbm_is_told_seed_threads_and_constraints():
    resolved = options(WIDE, n_jobs=2, monotone_constraints={"size": 1})
    assert resolved.n_jobs == 2
    assert resolved.parameters["shared"] == {
        "num_threads": 2, "seed": 3, "deterministic": True, "force_row_wise": True,
        "min_sum_hessian_in_leaf": 1e-3,
        "monotone_constraints": [1, 0], "learning_rate": 0.05, "num_leaves": 8,
        "min_data_in_leaf": 20,
    }  # fmt: skip
    assert "monotone_constraints" not in options(WIDE).parameters["shared"]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"c": 1}, r"constraints names \['c'\], but the features are \['size', 'city'\]"),
        ({"city": -1}, "-1 for 'city', whose categories have no order"),
        ([1], "has 1 entries, but there are 2 features besides the task column"),
        ({"size": 2}, "2 for 'size'; pass 1"),
        (1, "must be a mapping of features"),
    ],
)
def test_a_constraint_that_cannot_be_is_refused(constraints, message):
    with pytest.raises(ValueError, match=message):
        constraint_signs(constraints, ENCODER)


@pytest.mark.parametrize(
    ("balance", "message"),
    [
        ({"rent": 1.0}, r"balance names \['rent'\], but the tasks are \['price', 'sold'\]"),
        ([1.0], "balance has 1 weights, but there are 2 tasks"),
        ({"sold": -1.0}, "balance has the weight -1 for 'sold'"),
        ([1.0, np.inf], "balance has the weight inf for 'sold'"),
    ],
)
def test_weights_that_do_not_suit_the_tasks_are_refused(balance, message):
    with pytest.raises(ValueError, match=message):
        resolve_balance(balance, ["price", "sold"], ["price"])


def test_training_options_are_those_of_the_estimator():
    resolved = MultiTab(
        balance={"sold": 3.0}, max_epochs=7, balance_at="trunk", precision="bfloat16", patience=2
    )._training_options(["price", "sold"], ["price", "sold"])
    assert resolved.balance.weights == (1.0, 3.0)
    assert (resolved.max_epochs, resolved.balance_at, resolved.patience) == (7, "trunk", 2)
    assert (resolved.max_time, resolved.precision) == (np.inf, "bfloat16")
    assert MultiTab(max_time=5)._training_options([], []).max_time == 5


# LightGBM's parameters that reach trees, which grow from derivatives; all others must be refused.
PASSED_ON = {
    "bagging_seed", "bin_construct_sample_cnt", "cat_l2",
    "cat_smooth", "cegb_penalty_feature_coupled", "cegb_penalty_feature_lazy",
    "cegb_penalty_split", "cegb_tradeoff", "data_random_seed", "data_sample_strategy",
    "deterministic", "device_type", "enable_bundle", "extra_trees",
    "feature_contri", "feature_fraction", "feature_fraction_bynode", "feature_fraction_seed",
    "force_col_wise", "force_row_wise", "forcedbins_filename", "forcedsplits_filename",
    "gpu_device_id", "gpu_device_id_list", "gpu_platform_id", "gpu_use_dp",
    "histogram_pool_size", "interaction_constraints", "is_enable_sparse", "lambda_l1",
    "lambda_l2", "max_bin", "max_bin_by_feature", "max_cat_threshold", "max_cat_to_onehot",
    "max_delta_step", "max_depth", "min_data_in_bin", "min_data_per_group", "min_gain_to_split",
    "min_sum_hessian_in_leaf", "monotone_constraints_method", "monotone_penalty", "num_gpu",
    "path_smooth", "use_missing", "use_quantized_grad", "zero_as_missing",
}  # fmt: skip


def test_every_parameter_of_lightgbm_is_passed_on_or_refused():
    refused, passed_on = set(), set()
    for name, aliases in _ConfigAliases._get_all_param_aliases().items():
        for alias in {name, *aliases}:
            try:
                check_lightgbm_params({alias: "strange"})
                passed_on.add(name)
            except ValueError as error:
                assert repr(alias) in str(error) or f"{alias}=" in str(error)
                refused.add(name)
    assert not refused & passed_on  # whatever the alias
    # Those that later versions of LightGBM may add are looked at one by one.
    assert passed_on == PASSED_ON


@pytest.mark.parametrize(
    ("alone", "together"),
    [
        ({"subsample": 0.5}, {"subsample_freq": 1}),
        ({"bagging_fraction": 0.5, "bagging_freq": 0}, {"bagging_freq": 5}),
        ({"bagging_freq": 1}, {"bagging": 0.5}),
        ({"top_rate": 0.3}, {"data_sample_strategy": "goss"}),
        ({"extra_seed": 3}, {"extra_tree": True}),
        ({"stochastic_rounding": True}, {"use_quantized_grad": True}),
    ],
)
def test_a_parameter_without_effect_unless_another_is_set_is_refused(alone, together):
    name = next(iter(alone))
    with pytest.raises(ValueError, match=rf"has '{name}', which has no effect without '\w+': add"):
        check_lightgbm_params(alone)
    check_lightgbm_params(alone | together)


@pytest.mark.parametrize("off", [{"bagging_fraction": 1.0}, {"bagging_freq": 0}])
def test_a_parameter_that_is_switched_off_is_accepted(off):
    check_lightgbm_params(off)


@pytest.mark.parametrize("name", ["class_weight", "pos_weight", "scale_pos_weight"])
def test_weights_of_classes_are_refused_with_the_kind_that_has_them(name):
    with pytest.raises(ValueError, match=rf"'{name}', .*Binary\(class_weight='balanced'\)"):
        check_lightgbm_params({name: 2.0})


def test_an_alias_takes_the_place_of_a_default():
    chosen = options(TIMED, lightgbm_params={"extra_tree": False, "reg_lambda": 2.0})
    parameters = chosen.parameters["shared"]
    assert parameters["extra_trees"] is False
    assert parameters["lambda_l2"] == 2.0
    assert not {"extra_tree", "reg_lambda"} & set(parameters)
