"""Tasks unlike the others are found, and have a high outlier score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGBRegressor
from skmtl.datasets import make_outlier_tasks

SEEDS = range(20)


def planted(seed, **settings):
    return make_outlier_tasks(scenario=4, random_state=seed, return_truth=True, **settings)


def wrong_seeds(make_model, seeds, **settings):
    """Seeds whose outlier tasks are not exactly those with a score above one half."""
    wrong = []
    for seed in seeds:
        X, y, truth = planted(seed, **settings)
        score = make_model(seed).fit(X, y).outlier_score_
        assert list(score.index) == list(truth.outlier.index)
        if not ((score > 0.5) == truth.outlier).all():
            wrong.append(seed)
    return wrong


@pytest.mark.parametrize("n_rounds", [3, 30])
def test_planted_outlier_tasks_are_found_by_the_partition_of_every_seed(n_rounds, boosted):
    def model(seed):
        return boosted.regressor(
            task_column="task", blocks=("partition",), n_rounds=n_rounds, early_stopping=False
        )

    assert wrong_seeds(model, SEEDS) == []


def test_planted_outlier_tasks_are_found_whichever_blocks_are_chosen(boosted):
    def model(seed):
        return boosted.regressor(task_column="task", n_rounds=20)

    assert wrong_seeds(model, SEEDS[:5]) == []


@pytest.mark.slow
def test_planted_outlier_tasks_are_found_by_default():
    # One bag and one seed: the rounds of all sequences take seconds.
    def model(seed):
        return RMTGBRegressor(task_column="task", n_bags=1, random_state=seed)

    # A signature does best, which leaves the partition behind it no groups.
    assert wrong_seeds(model, [3]) == []


def test_outlier_tasks_are_found_in_classes(boosted):
    def model(seed):
        return boosted.classifier(task_column="task", blocks=("partition",), early_stopping=False)

    assert wrong_seeds(model, range(5), kind="binary") == []


def test_outlier_tasks_of_any_size_are_found(boosted):
    def model(seed):
        return boosted.regressor(task_column="task", blocks=("partition",), early_stopping=False)

    sizes = [60, 600, 150, 300, 90, 300, 1200, 300]
    assert wrong_seeds(model, range(5), n_samples=sizes, n_tasks=8) == []


def test_theta_is_the_logit_of_the_score(boosted):
    X, y, _ = planted(0, n_samples=80)
    model = boosted.regressor(task_column="task", blocks=("shared", "partition")).fit(X, y)
    np.testing.assert_allclose(model.outlier_score_, 1 / (1 + np.exp(-model.theta_)))
    assert model.outlier_score_.index.name == "task"


def test_the_outlier_trees_serve_the_outlier_tasks(boosted):
    """The prediction of an outlier task changes little where the ordinary tasks' labels do."""
    X, y, truth = planted(0)
    settings = {
        "task_column": "task",
        "blocks": ("partition",),
        "early_stopping": False,
        "n_rounds": 100,
    }
    model = boosted.regressor(**settings).fit(X, y)
    assert (model.score_tasks(X, y) > 0.8).all()
    pooled = boosted.regressor(**settings | {"blocks": ("shared",)}).fit(X, y)
    outliers = truth.outlier.index[truth.outlier]
    assert (pooled.score_tasks(X, y)[outliers] < model.score_tasks(X, y)[outliers] - 0.2).all()


def test_the_score_is_that_of_a_sequence_without_signature_where_there_is_one(boosted):
    X, y, truth = planted(2)
    settings = {"task_column": "task", "n_rounds": 400}
    model = boosted.regressor(blocks=("signature", "partition"), **settings).fit(X, y)
    found = (model.outlier_score_ > 0.5) == truth.outlier
    assert not found.all(), "the signature has told them apart"
    chosen = boosted.regressor(**settings).fit(X, y)
    assert ("signature", "partition", "task") in set(chosen.selection_["blocks"])
    assert ((chosen.outlier_score_ > 0.5) == truth.outlier).all()


def test_wide_tasks_have_scores_by_target(boosted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    usual = X[:, 0] + np.sin(2 * X[:, 1])
    Y = pd.DataFrame({f"t{i}": usual + 0.1 * rng.normal(size=300) for i in range(5)})
    Y["odd"] = X[:, 2] - X[:, 0]
    model = boosted.regressor(blocks=("partition",)).fit(X, Y)
    assert model.outlier_score_.index.tolist() == list(Y.columns)
    assert model.outlier_score_.idxmax() == "odd"
    assert (model.outlier_score_ > 0.5).sum() == 1


def test_several_targets_of_long_data_have_scores_by_target_and_id(boosted, long_table):
    model = boosted.mixed(task_column="shop", blocks=("partition",)).fit(*long_table)
    score = model.outlier_score_
    assert score.index.names == ["target", "shop"]
    assert score.groupby("target", sort=False).idxmax().tolist() == [
        ("price", "west"),
        ("sold", "west"),
    ]


def test_without_a_partition_there_is_no_score(boosted, long_table):
    model = boosted.mixed(task_column="shop", blocks=("shared",)).fit(*long_table)
    assert not hasattr(model, "outlier_score_")
    with pytest.raises(AttributeError, match="Set blocks to one that has it"):
        _ = model.theta_
