"""Similarity of tasks: by steps of a network, by models, by labels."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skmtl import (
    RMTGB,
    GroupedTasks,
    MultiTab,
    MultiTabClassifier,
    MultiTabRegressor,
    MultiTabSurvival,
    RMTGBRegressor,
)
from skmtl.datasets import make_survival, make_task_groups
from skmtl.inspection import (
    TaskAffinityDisplay,
    cross_task_errors,
    select_sources,
    suggest_groups,
    task_affinity,
    transfer_report,
)

NETWORK = {"n_bags": 1, "max_epochs": 12, "learning_rate": 0.01, "random_state": 0}
BRIEF = NETWORK | {"max_epochs": 2, "row_size": 8}
BOOSTING = {"n_bags": 1, "n_rounds": 40, "learning_rate": 0.1, "random_state": 0}
PLANTED = [["task_0", "task_1"], ["task_2", "task_3"]]
DIFFICULTIES = {
    "plain": {},
    "easy and hard": {"noise": (0.1, 0.7, 0.1, 0.7), "n_samples": 800},
    "few labels": {"missing": (0, 0.9, 0, 0.9), "n_samples": 800},
    "opposite signs": {"sign": (1, -1, 1, -1)},
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def grouped():
    X, Y = make_task_groups(500, groups=(0, 1, 0, 1), common_weight=1, noise=0.3, random_state=0)
    return task_affinity(MultiTabRegressor(**NETWORK), X, Y)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_steps_for_a_task_gain_those_of_its_group_most(difficulty):
    planted = {"n_samples": 500, "groups": (0, 0, 1, 1), "common_weight": 0.95}
    X, Y = make_task_groups(random_state=0, **planted | DIFFICULTIES[difficulty])
    found = task_affinity(MultiTabRegressor(**NETWORK), X, Y)
    (a, b), (c, d) = PLANTED
    within = (found.affinity.loc[a, b] + found.affinity.loc[c, d]) / 2
    assert within > found.affinity.loc[[a, b], [c, d]].to_numpy().mean()
    assert suggest_groups(found, n_groups=2) == PLANTED


def test_groups_of_long_tasks_are_found_by_steps():
    X, y = make_task_groups(
        150, groups=(0, 0, 1, 1), common_weight=1, layout="long", noise=0.3, random_state=0
    )
    found = task_affinity(MultiTabRegressor(task_column="task", **NETWORK), X, y)
    assert suggest_groups(found, n_groups=2) == PLANTED
    assert found.label_correlation is None


def test_tasks_that_are_the_same_gain_each_other_and_strangers_do_not():
    X, Y = make_task_groups(400, groups=(0, 1), random_state=0)
    Y = Y.assign(again=Y["task_0"])
    found = task_affinity(MultiTabRegressor(**NETWORK), X, Y)
    gains = found.lookahead
    assert gains.loc["task_0", "again"] > 3 * abs(gains.loc["task_0", "task_1"])
    assert gains.loc["again", "again"] > 0
    assert found.cosine.loc["task_0", "again"] > 3 * abs(found.cosine.loc["task_0", "task_1"])
    assert_allclose(np.diag(found.cosine), 1, atol=1e-6)
    assert suggest_groups(found) == [["task_0", "again"], ["task_1"]]


def test_units_and_rows_without_labels_do_not_matter():
    X, Y = make_task_groups(200, groups=(0, 0, 1), missing=0.3, random_state=0)
    model = MultiTabRegressor(**BRIEF)
    plain = task_affinity(model, X, Y)
    assert_frame_equal(task_affinity(model, X, 1000 * Y - 5).lookahead, plain.lookahead, rtol=0.01)


def test_the_same_seed_gives_the_same_and_the_estimator_stays_unfitted():
    X, Y = make_task_groups(100, groups=(0, 1), random_state=0)
    model = MultiTabRegressor(**BRIEF)
    first, second = (task_affinity(model, X, Y, every=2) for _ in range(2))
    assert_frame_equal(first.lookahead, second.lookahead)
    assert not hasattr(model, "network_")
    with pytest.raises(ValueError, match="not fitted"):
        check_is_fitted(model)


def test_fewer_looks_take_fewer_steps():
    X, Y = make_task_groups(200, groups=(0, 1), random_state=0)
    looks = [task_affinity(MultiTabRegressor(**BRIEF), X, Y, every=k).n_looks for k in (1, 3, 10)]
    assert looks == [10, 2, 2]  # of two epochs of five steps


def test_pipelines_balancers_and_weights_go_with_it():
    X, Y = make_task_groups(100, groups=(0, 0), random_state=0)
    scaled = StandardScaler(with_mean=False, with_std=False).set_output(transform="pandas")
    model = MultiTabRegressor(balance="pcgrad", **BRIEF)
    weight = np.repeat([1.0, 2.0], 50)
    direct = task_affinity(model, X, Y, sample_weight=weight)
    piped = task_affinity(make_pipeline(scaled, model), X, Y, sample_weight=weight)
    assert_frame_equal(piped.lookahead, direct.lookahead)
    assert not direct.lookahead.equals(task_affinity(model, X, Y).lookahead)


def test_boosting_uses_models_on_other_tasks():
    X, Y = make_task_groups(300, groups=(0, 0, 0), sign=(1, 1, -1), random_state=0)
    model = RMTGBRegressor(blocks=("shared",), **BOOSTING)
    found = task_affinity(model, X, Y, random_state=0)
    expected = cross_task_errors(model, X, Y, random_state=0)
    assert_frame_equal(found.cross_task_errors, expected.errors)
    assert_frame_equal(found.affinity, expected.affinity)
    assert found.lookahead is None and found.cosine is None
    assert suggest_groups(found) == [["task_0", "task_1"], ["task_2"]]
    assert_frame_equal(found.label_correlation, Y.corr())


def test_correlations_are_those_of_the_rows_with_both_labels():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    Y = pd.DataFrame(X @ rng.normal(size=(2, 3)), columns=list("abc"))
    Y = Y.mask(rng.random(Y.shape) < 0.4)
    Y.loc[Y["a"].notna(), "c"] = np.nan  # never together
    found = task_affinity(LinearRegression(), X, Y[["b"]].fillna(0).assign(c=1.0), cv=2)
    assert np.isnan(found.label_correlation.loc["b", "c"])  # a constant
    found = task_affinity(RMTGBRegressor(**BOOSTING), X, Y, cv=2, random_state=0)
    assert_allclose(found.label_correlation.loc["a", "b"], Y["a"].corr(Y["b"]))
    assert np.isnan(found.label_correlation.loc["a", "c"])


def test_correlations_of_classes():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    Y = pd.DataFrame(
        {
            "number": x,
            "sign": np.where(x > 0, "yes", "no"),
            "rank": pd.Categorical(np.digitize(x, [-1, 0, 1]), ordered=True),
            "part": np.array(["low", "mid", "high"])[np.digitize(x, [-0.5, 0.5])],
        }
    )
    found = task_affinity(RMTGB(**BOOSTING), x[:, None], Y, cv=2, random_state=0)
    correlation = found.label_correlation
    assert_allclose(correlation.loc["number", "sign"], np.corrcoef(x, x > 0)[0, 1])
    ranks = Y["rank"].astype(float)
    assert_allclose(correlation.loc["rank", "number"], np.corrcoef(x, ranks)[0, 1])
    # With several classes, the root of the share that their means explain.
    means = Y.groupby("part")["number"].transform("mean")
    assert_allclose(correlation.loc["part", "number"], means.std() / Y["number"].std())
    assert_allclose(correlation, correlation.T)
    assert_allclose(np.diag(correlation), 1)


def test_kinds_may_be_mixed_and_events_have_steps_but_no_correlation():
    X, Y = make_task_groups(150, groups=(0, 0), kind=("regression", "binary"), random_state=0)
    found = task_affinity(MultiTab(**BRIEF), X, Y)
    assert found.label_correlation.loc["task_0", "task_1"] > 0.4
    X, y = make_survival(80, kind="several", random_state=0)
    found = task_affinity(MultiTabSurvival(**BRIEF), X, y, every=2)
    assert found.lookahead.columns.tolist() == ["event_0", "event_1"]
    assert found.lookahead.notna().all(axis=None)
    assert np.isnan(found.label_correlation.loc["event_0", "event_1"])


def test_ids_that_end_up_in_the_validation_rows_have_a_place():
    X, y = make_task_groups(30, groups=(0, 0, 0), layout="long", kind="binary", random_state=0)
    X, y = X[:62], y[:62]  # two rows of the last id
    model = MultiTabClassifier(task_column="task", validation_fraction=0.4, **BRIEF)
    found = task_affinity(model, X, y, every=1)
    assert found.lookahead.shape == (3, 3)
    assert found.lookahead.loc["task_0", "task_1"] != 0


def test_it_prints_what_it_found(grouped):
    text, html = str(grouped), grouped._repr_html_()
    groups = "Groups: task_0, task_2 | task_1, task_3"
    for word in ("Affinity of 4 tasks", "12 comparisons", groups):
        assert word in text
        assert word in html
    assert repr(grouped) == text


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": 1}, ValueError, "only one task"),
        ({"every": 0}, ValueError, "every == 0"),
        ({"every": 2.5}, TypeError, "every must be an instance of int"),
        ({"rows": 40}, ValueError, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_measured_is_refused(change, error, message):
    X, Y = make_task_groups(50, groups=(0, 1), random_state=0)
    X, Y = X[: change.pop("rows", 50)], Y.iloc[:, : change.pop("Y", 2)]
    with pytest.raises(error, match=message):
        task_affinity(MultiTabRegressor(**BRIEF), X, Y, **change)


def test_a_search_over_a_network_is_refused_before_the_work():
    X, Y = make_task_groups(50, groups=(0, 1), random_state=0)
    search = GridSearchCV(MultiTabRegressor(**BRIEF), {"dropout": [0.0]})
    with pytest.raises(TypeError, match=r"GridSearchCV fits copies.*best_estimator_"):
        task_affinity(search, X, Y)


@pytest.mark.parametrize(
    "ask",
    [
        task_affinity,
        partial(transfer_report, cv=2),
        partial(select_sources, target="task_0"),
        lambda model, X, Y: GroupedTasks(model).fit(X, Y),
    ],
    ids=["task_affinity", "transfer_report", "select_sources", "GroupedTasks"],
)
@pytest.mark.parametrize(
    "model",
    [RMTGBRegressor(**BOOSTING), MultiTabRegressor(**BRIEF), LinearRegression()],
    ids=["boosting", "network", "linear"],
)
def test_a_task_without_a_label_is_named(ask, model):
    X, Y = make_task_groups(60, groups=(0, 0), random_state=0)
    with pytest.raises(ValueError, match=r"^Task 'none' has no observed label"):
        ask(model, X, Y.assign(none=np.nan))


def test_the_picture_has_groups_side_by_side(grouped):
    display = TaskAffinityDisplay.from_affinity(grouped)
    places = [display.order_.index(name) for name in ("task_0", "task_2")]
    assert abs(places[0] - places[1]) == 1
    assert display.groups_ == suggest_groups(grouped)
    expected = grouped.affinity.loc[display.order_, display.order_]
    assert_allclose(display.image_.get_array(), expected)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == display.order_
    assert len(display.ax_.patches) == 2
    assert {text.get_text() for text in display.ax_.texts} >= {"1.00"}


def test_any_table_can_be_drawn_that_is_there(grouped):
    ax = pyplot.subplots()[1]
    display = TaskAffinityDisplay.from_affinity(grouped, values="lookahead", ax=ax, cmap="viridis")
    assert display.ax_ is ax
    assert display.image_.get_cmap().name == "viridis"
    expected = 1000 * grouped.lookahead.loc[display.order_, display.order_]
    assert_allclose(display.image_.get_array(), expected)
    assert "thousandths" in display.image_.colorbar.ax.get_ylabel()
    assert display.ax_.get_xlabel() != display.ax_.get_ylabel()
    with pytest.raises(ValueError, match=r"has no 'cross_task_errors'; it has \['affinity'"):
        display.plot(values="cross_task_errors")
    with pytest.raises(ValueError, match="values must be one of"):
        display.plot(values="gains")


def test_a_picture_is_drawn_of_many_tasks_and_of_what_is_unknown():
    X, Y = make_survival(60, kind="several", random_state=0)
    display = TaskAffinityDisplay.from_estimator(
        MultiTabSurvival(**BRIEF), X, Y, every=2, values="label_correlation"
    )
    assert np.isnan(display.image_.get_array()).any() or display.image_.get_array().mask.any()
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    Y = X @ rng.normal(size=(3, 51))
    many = TaskAffinityDisplay.from_estimator(LinearRegression(), X, Y, cv=2, random_state=0)
    assert len(many.ax_.get_yticklabels()) == 50
    assert not many.ax_.texts
