"""Plots of the effects of sharing, read back from the axes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skmtl import RMTGB
from skmtl.inspection import OutlierTasksDisplay, TaskContributionDisplay

BLOCKS = ["intercept", "shared", "partition", "task"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


class Boosted(BaseEstimator):
    """Has the attributes that the displays read."""

    def __init__(self, task_column="site", contributions_=None, outlier_score_=None, theta_=None):
        self.task_column = task_column
        self.contributions_ = contributions_
        self.outlier_score_ = outlier_score_
        self.theta_ = theta_

    def fit(self, X, y):
        return self

    def contributions(self, X):
        return self.contributions_


@pytest.fixture
def scored():
    score = pd.Series({"a": 0.2, "b": 0.95, "c": 0.6, 4: 0.1})
    theta = pd.Series({"a": -1.0, "b": 3.0, "c": 0.4, 4: -2.0})
    return Boosted(outlier_score_=score, theta_=theta)


X_LONG = pd.DataFrame({"site": ["a", "a", "b"], "x": [1.0, 2.0, 3.0]}, index=[7, 8, 9])
# Of site a the mean absolute values are 2, 1, 1; of b 0, 0, 5; of all rows 4/3, 2/3, 7/3.
LONG = pd.DataFrame(
    [[9.0, 1.0, -1.0, 1.0], [9.0, -3.0, 1.0, 1.0], [9.0, 0.0, 0.0, -5.0]],
    columns=BLOCKS,
    index=X_LONG.index,
)


def names(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_tasks_are_sorted_by_their_outlier_score(scored):
    display = OutlierTasksDisplay.from_estimator(scored)
    assert names(display) == ["b", "c", "a", "4"]
    assert_allclose(display.points_.get_offsets(), [[0.95, 0], [0.6, 1], [0.2, 2], [0.1, 3]])
    top, bottom = display.ax_.get_ylim()[::-1]
    assert top < bottom
    assert display.figure_ is display.ax_.figure


def test_outliers_lie_beyond_the_border_and_have_another_colour(scored):
    display = OutlierTasksDisplay.from_estimator(scored)
    assert_allclose(display.threshold_.get_xdata(), 0.5)
    colours = display.points_.get_facecolor()
    assert (colours[0] == colours[1]).all()
    assert (colours[2] == colours[3]).all()
    assert (colours[1] != colours[2]).any()
    assert display.ax_.get_title() == "2 of 4 tasks are outliers"


def test_theta_is_shown_on_request(scored):
    display = OutlierTasksDisplay.from_estimator(scored, values="theta")
    assert_allclose(np.asarray(display.points_.get_offsets())[:, 0], [3.0, 0.4, -1.0, -2.0])
    assert_allclose(display.threshold_.get_xdata(), 0.0)
    assert display.ax_.get_xlabel() == "theta"


def test_of_many_tasks_only_outliers_are_named():
    score = pd.Series(np.linspace(0, 0.52, 200), index=[f"t{i}" for i in range(200)])
    display = OutlierTasksDisplay(score).plot()
    assert names(display) == [f"t{i}" for i in range(199, 191, -1)]


def test_tasks_without_a_score_are_left_out():
    display = OutlierTasksDisplay({"a": np.nan, "b": 0.7}).plot()
    assert names(display) == ["b"]


def test_a_model_without_partition_is_an_error():
    with pytest.raises(ValueError, match="no block 'partition'"):
        OutlierTasksDisplay.from_estimator(Boosted(outlier_score_=pd.Series({"a": np.nan})))


def test_what_the_model_says_about_a_missing_partition_is_passed_on():
    class WithoutPartition(Boosted):
        outlier_score_ = property(lambda self: self.missing(), lambda self, value: None)

        def missing(self):
            raise AttributeError("set blocks to one with 'partition'")

    with pytest.raises(AttributeError, match="set blocks to one with 'partition'"):
        OutlierTasksDisplay.from_estimator(WithoutPartition())


def test_unknown_theta_is_an_error(scored):
    with pytest.raises(ValueError, match="needs the parameter theta"):
        OutlierTasksDisplay({"a": 0.1}).plot(values="theta")
    with pytest.raises(ValueError, match="values must be 'score' or 'theta', got 'logit'"):
        OutlierTasksDisplay.from_estimator(scored, values="logit")


def test_shares_are_mean_absolute_contributions_without_the_constant():
    display = TaskContributionDisplay.from_estimator(Boosted(contributions_=LONG), X_LONG)
    assert list(display.shares) == ["shared", "partition", "task"]
    assert display.shares.index.tolist() == ["all tasks", "b", "a"]
    assert_allclose(
        display.shares, np.array([[4 / 13, 2 / 13, 7 / 13], [0, 0, 1], [0.5, 0.25, 0.25]])
    )


def test_bars_stand_end_to_end_and_fill_the_axis():
    display = TaskContributionDisplay.from_estimator(Boosted(contributions_=LONG), X_LONG)
    assert names(display) == ["all tasks", "b", "a"]
    left = np.zeros(3)
    for block, bars in display.bars_.items():
        assert_allclose([bar.get_x() for bar in bars], left)
        assert_allclose([bar.get_width() for bar in bars], display.shares[block])
        left += display.shares[block].to_numpy()
    assert_allclose(left, 1.0)
    assert display.ax_.get_xlim() == (0, 1)
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["shared", "partition", "task"]


def test_chosen_tasks_are_shown_in_their_order():
    model = Boosted(contributions_=LONG)
    display = TaskContributionDisplay.from_estimator(model, X_LONG, tasks=["a", "b"])
    assert names(display) == ["a", "b"]
    with pytest.raises(
        ValueError, match=r"no row of X belongs to the tasks \['z'\].*\['b', 'a'\]"
    ):
        TaskContributionDisplay.from_estimator(model, X_LONG, tasks=["a", "z"])


def test_the_task_column_may_be_given_by_position():
    model = Boosted(task_column=1, contributions_=LONG.reset_index(drop=True))
    x = np.array([[1.0, 5], [2.0, 5], [3.0, 6]])
    assert TaskContributionDisplay.from_estimator(model, x).shares.index.tolist() == [
        "all tasks", 6.0, 5.0,
    ]  # fmt: skip


def test_in_wide_data_the_targets_are_the_tasks():
    wide = pd.concat(
        {"first": LONG.iloc[:2], "second": LONG.iloc[[2, 2]].set_axis([7, 8])}, axis=1
    )
    model = Boosted(task_column=None, contributions_=wide)
    shares = TaskContributionDisplay.from_estimator(model, X_LONG[["x"]].iloc[:2]).shares
    assert shares.index.tolist() == ["all tasks", "second", "first"]
    assert_allclose(shares, np.array([[0.25, 0.125, 0.625], [0, 0, 1], [0.5, 0.25, 0.25]]))


def test_a_single_wide_target_is_one_bar():
    model = Boosted(task_column=None, contributions_=LONG.iloc[:2])
    shares = TaskContributionDisplay.from_estimator(model, X_LONG[["x"]].iloc[:2]).shares
    assert_allclose(shares, np.array([[0.5, 0.25, 0.25]]))


def test_of_several_targets_of_long_data_one_is_shown():
    both = pd.concat({"first": LONG, "second": LONG[::-1].set_axis(LONG.index)}, axis=1)
    model = Boosted(contributions_=both)
    shares = TaskContributionDisplay.from_estimator(model, X_LONG, target="second").shares
    assert_allclose(shares.loc["a"], [1.5 / 5, 0.5 / 5, 3 / 5])
    with pytest.raises(ValueError, match=r"target=None is not a target.*\['first', 'second'\]"):
        TaskContributionDisplay.from_estimator(model, X_LONG)


def test_the_sizes_of_several_raw_scores_of_a_target_add_up():
    scores = pd.concat({("kind", 0): LONG, ("kind", 1): LONG * [1, 1, 1, 0]}, axis=1)
    shares = TaskContributionDisplay.from_estimator(Boosted(contributions_=scores), X_LONG).shares
    assert list(shares) == ["shared", "partition", "task"]
    assert_allclose(shares.loc["a"], [4 / 7, 2 / 7, 1 / 7])


def test_a_model_of_nothing_but_a_constant_has_no_shares():
    model = Boosted(contributions_=LONG * [1, 0, 0, 0])
    assert_allclose(TaskContributionDisplay.from_estimator(model, X_LONG).shares, 0.0)


@pytest.mark.parametrize("display", [OutlierTasksDisplay, TaskContributionDisplay])
def test_axes_and_style_can_be_given(display, scored):
    _, ax = pyplot.subplots()
    arguments = () if display is OutlierTasksDisplay else (X_LONG,)
    scored.contributions_ = LONG
    drawn = display.from_estimator(scored, *arguments, ax=ax, alpha=0.3)
    assert drawn.ax_ is ax
    artists = ax.collections if display is OutlierTasksDisplay else ax.patches
    assert {artist.get_alpha() for artist in artists} == {0.3}
    assert drawn.plot(ax=pyplot.subplots()[1]) is drawn


class Plain(BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self


@pytest.mark.parametrize(
    ("display", "arguments", "attribute"),
    [
        (OutlierTasksDisplay, (), "outlier_score_"),
        (TaskContributionDisplay, (X_LONG,), "contributions"),
    ],
)
def test_other_models_are_refused(display, arguments, attribute):
    with pytest.raises(TypeError, match=f"{attribute}.*RMTGB.*Plain"):
        display.from_estimator(Plain().fit(None, None), *arguments)
    with pytest.raises(NotFittedError):
        display.from_estimator(Plain(), *arguments)


def test_tasks_without_a_score_count():
    display = OutlierTasksDisplay({"a": 0.9, "b": 0.7, "c": 0.1, "d": np.nan, "e": np.nan}).plot()
    assert display.ax_.get_title() == "2 of 5 tasks are outliers; 2 have no score"
    model = Boosted(task_column=None, outlier_score_=pd.Series({"a": 0.9, "b": 0.2}))
    model.task_names_ = ["b", "other", "a"]
    display = OutlierTasksDisplay.from_estimator(model)
    assert display.ax_.get_title() == "1 of 3 tasks is an outlier; 1 has no score"
    assert names(display) == ["a", "b"]


def test_nearly_half_of_many_tasks_are_no_outliers():
    score = pd.Series(np.where(np.arange(72) < 33, 0.52, 0.4))
    assert OutlierTasksDisplay(score).plot().ax_.get_title() == "two groups of 39 and 33 tasks"
    score = pd.Series(np.where(np.arange(72) < 20, 0.52, 0.4))
    assert OutlierTasksDisplay(score).plot().ax_.get_title() == "20 of 72 tasks are outliers"


@pytest.mark.parametrize("n_tasks", [50, 72, 200, 2000])
@pytest.mark.parametrize("height", [None, 4.0])
def test_names_of_many_tasks_do_not_lie_on_each_other(n_tasks, height):
    ax = None if height is None else pyplot.subplots(figsize=(6, height))[1]
    score = pd.Series(np.linspace(1, 0, n_tasks), index=[f"task {i}" for i in range(n_tasks)])
    display = OutlierTasksDisplay(score).plot(ax=ax)
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert len(boxes) > 10
    overlap = [low.y1 - high.y0 for high, low in pairwise(boxes)]
    assert max(overlap) <= 2  # pixels of 100 in an inch


def test_a_target_with_a_model_of_its_own_shares_nothing():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 3)), columns=["x", "z", "w"])
    Y = pd.DataFrame(
        {
            "spend": X["x"] + 0.1 * rng.normal(size=150),
            "visits": 2 * X["x"] + 0.1 * rng.normal(size=150),
            "group": np.array(["a", "b", "c"])[np.digitize(X["x"], [-0.5, 0.5])],
        }
    )
    model = RMTGB(n_bags=1, n_rounds=10, blocks=("shared",), random_state=0).fit(X, Y)
    assert model.shared_targets_ == [["spend", "visits"], ["group"]]
    shares = TaskContributionDisplay.from_estimator(model, X).shares
    assert shares.loc["group"].to_dict() == {"shared": 0.0, "own model": 1.0}
    assert shares.loc["spend"].to_dict() == {"shared": 1.0, "own model": 0.0}
    assert shares.index[:2].tolist() == ["all tasks", "group"]
