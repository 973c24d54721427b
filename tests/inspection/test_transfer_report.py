"""Each task with the others, alone, and by LightGBM alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from matplotlib import pyplot
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from scipy import stats
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import RMTGB, MultiTab, MultiTabSurvival, RMTGBClassifier, RMTGBRegressor
from skmtl.balancing import FixedWeights
from skmtl.datasets import make_survival, make_task_groups
from skmtl.inspection import TransferReportDisplay, transfer_report
from skmtl.model_selection import MultiTaskStratifiedKFold
from skmtl.tasks import Quantile, Regression

QUICK = {"n_bags": 1, "n_rounds": 20, "learning_rate": 0.2, "random_state": 0}
SHARED = QUICK | {"blocks": ("shared",)}
NETWORK = {
    "n_bags": 1,
    "max_epochs": 15,
    "row_size": 16,
    "batch_size": 32,
    "n_members": 2,
    "learning_rate": 0.03,
    "random_state": 0,
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def linear_table(n=60, n_tasks=2):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    Y = X.to_numpy() @ rng.normal(size=(3, n_tasks)) + 0.3 * rng.normal(size=(n, n_tasks))
    return X, pd.DataFrame(Y, columns=[f"t{i}" for i in range(n_tasks)])


@pytest.fixture(scope="module")
def hurtful():
    """Return a report in which the third task has the opposite sign."""
    X, Y = make_task_groups(300, groups=(0, 0, 0), sign=(1, 1, -1), random_state=0)
    return transfer_report(RMTGBRegressor(**SHARED), X, Y, cv=3, random_state=0)


def test_a_model_that_shares_nothing_is_neutral_in_every_task():
    X, Y = linear_table()
    report = transfer_report(Ridge(), X, Y, cv=3, lightgbm=False, random_state=0)
    assert_allclose(report.table["difference"], 0, atol=1e-12)
    assert set(report.table["verdict"]) == {"neutral"}
    assert_allclose(report.gain["alone"], 0, atol=1e-9)


def test_the_harm_that_an_adversarial_task_does_is_found():
    X, Y = make_task_groups(300, groups=(0, 0, 0), sign=(1, 1, -1), random_state=1)
    report = transfer_report(RMTGBRegressor(**SHARED), X, Y, cv=3, lightgbm=False, random_state=1)
    assert report.table.loc["task_2", "verdict"] == "hurts"
    assert report.gain["alone"] < 0


@pytest.mark.parametrize(
    "planted",
    [{"noise": (0.05, 1)}, {"scale": (1, 1000)}],
    ids=["an easy task drowns a hard one", "other scales"],
)
def test_the_harm_that_strangers_do_to_each_other_is_found(planted):
    X, Y = make_task_groups(400, groups=(0, 1), random_state=0, **planted)
    report = transfer_report(RMTGBRegressor(**SHARED), X, Y, cv=3, lightgbm=False, random_state=0)
    assert report.table["verdict"].tolist() == ["hurts", "hurts"]


def test_what_a_task_of_few_labels_gains_is_found():
    X, Y = make_task_groups(
        2000,
        groups=(0, 0),
        common_weight=1,
        noise=0.3,
        missing=(0, 0.93),
        length_scale=1.5,
        random_state=0,
    )
    report = transfer_report(RMTGBRegressor(**SHARED), X, Y, lightgbm=False, random_state=0)
    assert report.table.loc["task_1", "verdict"] == "gains"
    assert (report.table["verdict"] != "hurts").all()


def test_long_data_have_a_row_per_id():
    X, y = make_task_groups(
        150, groups=(0, 0, 0), sign=(1, 1, -1), layout="long", kind="binary", random_state=0
    )
    model = RMTGBClassifier(task_column="task", **SHARED)
    table = transfer_report(model, X, y, cv=3, scoring="roc_auc", random_state=0).table
    assert table.index.tolist() == ["task_0", "task_1", "task_2"]
    assert table.loc["task_2", "verdict"] == "hurts"
    assert table.loc["task_2", "joint"] < 0.4 < 0.7 < table.loc["task_2", "alone"]
    assert table.loc["task_2", "lightgbm"] > 0.7
    assert set(table["kind"]) == {"binary"}


def test_the_interval_is_that_of_the_corrected_resampled_t_test(hurtful):
    scores = hurtful.scores[hurtful.scores["task"] == "task_0"]
    wide = scores.pivot(index="split", columns="model", values="score")
    assert len(wide) == 6  # three folds, twice
    difference = wide["joint"] - wide["alone"]
    half = stats.t.ppf(0.975, 5) * np.sqrt((1 / 6 + 1 / 2) * difference.var(ddof=1))
    row = hurtful.table.loc["task_0"]
    assert_allclose(row["difference"], difference.mean())
    assert_allclose([row["low"], row["high"]], difference.mean() + np.array([-half, half]))


def test_scores_are_those_of_models_fitted_by_hand():
    X, Y = linear_table()
    cv = MultiTaskStratifiedKFold(2, random_state=0)
    report = transfer_report(LinearRegression(), X, Y, cv=cv, lightgbm=False)
    by_hand = [
        LinearRegression().fit(X.iloc[a], Y["t1"].iloc[a]).score(X.iloc[b], Y["t1"].iloc[b])
        for a, b in cv.split(X, Y)
    ]
    assert_allclose(report.table.loc["t1", ["joint", "alone"]].astype(float), np.mean(by_hand))


def test_kinds_missing_labels_weights_and_metrics_by_task():
    rng = np.random.default_rng(0)
    n = 240
    X = pd.DataFrame({"x": rng.normal(size=n), "city": rng.choice(["Bern", "Rome", None], n)})
    signal = X["x"] + (X["city"] == "Rome")
    Y = pd.DataFrame(
        {
            "spend": signal + 0.3 * rng.normal(size=n),
            "visits": rng.poisson(np.exp(signal)),
            "sold": np.where(signal + 0.3 * rng.normal(size=n) > 0, "yes", "no"),
            "grade": pd.Categorical(np.digitize(signal, [0, 1]), ordered=True),
            "sum": 100 * signal,
        }
    ).mask(rng.random((n, 5)) < 0.2)
    tasks = {"visits": "count", "sum": Quantile((0.1, 0.6)), "spend": Regression("huber")}
    model = RMTGB(tasks=tasks, task_weight={"spend": 2.0}, **SHARED)
    report = transfer_report(
        model,
        X,
        Y,
        cv=2,
        n_repeats=1,
        sample_weight=rng.uniform(0.5, 2, n),
        scoring={"visits": "d2_poisson", "sold": "roc_auc", "grade": "accuracy"},
        random_state=0,
    )
    table = report.table
    assert table["kind"].tolist() == ["regression", "count", "binary", "ordinal", "quantile"]
    assert table["metric"].tolist() == ["r2", "d2_poisson", "roc_auc", "accuracy", "r2"]
    # Every way to model has learnt every kind.
    assert (table[["joint", "alone", "lightgbm"]].to_numpy() > 0.3).all()
    assert report.cost["n_models"].to_dict() == {"joint": 1, "alone": 5, "lightgbm": 5}
    assert (report.cost[["fit_seconds", "size_bytes"]] > 0).all(axis=None)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    X, Y = linear_table(80)
    Y.iloc[60:] = 100.0
    weight = np.repeat([1.0, 0.0], [60, 20])
    splits = [(np.r_[0:30, 60:70], np.r_[30:60, 70:80]), (np.r_[30:60, 70:80], np.r_[0:30, 60:70])]
    few = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    model = make_pipeline(StandardScaler(with_mean=False, with_std=False), LinearRegression())
    weighted = transfer_report(model, X, Y, cv=splits, sample_weight=weight, lightgbm=False)
    without = transfer_report(model, X[:60], Y[:60], cv=few, lightgbm=False)
    assert_allclose(weighted.table["joint"], without.table["joint"])
    assert_allclose(weighted.table["alone"], without.table["alone"])


def test_a_pipeline_in_parallel_is_the_same_as_in_one_thread():
    X, Y = linear_table()
    model = make_pipeline(
        StandardScaler().set_output(transform="pandas"), RMTGBRegressor(**SHARED)
    )
    tables = []
    for n_jobs in (None, 2):
        with parallel_config("threading"):
            report = transfer_report(model, X, Y, cv=2, n_repeats=1, n_jobs=n_jobs, random_state=0)
        tables.append(report.table)
    assert_frame_equal(*tables)


def test_a_network_can_be_compared():
    X, Y = make_task_groups(150, groups=(0, 0), missing=(0, 0.8), random_state=0)
    table = transfer_report(
        MultiTab(**NETWORK), X, Y, cv=2, n_repeats=1, lightgbm=False, random_state=0
    ).table
    assert table.loc["task_1", "difference"] > 0


def scores_with(balance):
    """Scores of networks for three tasks."""
    X, Y = linear_table(n_tasks=3)
    model = MultiTab(balance=balance, **NETWORK | {"max_epochs": 1})
    report = transfer_report(model, X, Y, cv=2, n_repeats=1, lightgbm=False, random_state=0)
    return report.scores


@pytest.fixture(scope="module")
def scores_of_equal_weights():
    return scores_with("equal")


@pytest.mark.parametrize(
    "balance",
    [{"t1": 3.0}, [1.0, 3.0, 1.0], np.array([1, 3, 1]), FixedWeights((1, 3, 1))],
    ids=["mapping", "list", "array", "object"],
)
def test_weights_of_the_balance_go_with_their_tasks(balance, scores_of_equal_weights):
    scores, plain = scores_with(balance), scores_of_equal_weights
    alone = scores["model"] == "alone"
    assert_allclose(scores.loc[alone, "score"], plain.loc[alone, "score"], rtol=1e-4)
    assert (scores.loc[~alone, "score"] != plain.loc[~alone, "score"]).all()


@pytest.mark.parametrize("balance", [{"task_1": 3.0}, [1.0, 3.0]], ids=["mapping", "list"])
def test_weights_of_the_balance_go_with_their_ids(balance):
    X, y = make_task_groups(40, groups=(0, 0), layout="long", random_state=0)
    model = MultiTab(task_column="task", balance=balance, **NETWORK | {"max_epochs": 1})
    report = transfer_report(model, X, y, cv=2, n_repeats=1, lightgbm=False, random_state=0)
    assert report.scores["score"].notna().all()


@pytest.mark.parametrize(
    ("balance", "message"),
    [
        ({"t7": 2.0}, r"balance names \['t7'\], but the tasks are \['t0', 't1'\]"),
        ([1.0, 2.0, 3.0], "balance has 3 weights, but there are 2 tasks"),
        (FixedWeights((1.0, 2.0, 3.0)), "FixedWeights has 3 weights, but there are 2 tasks"),
    ],
    ids=["unknown", "list", "object"],
)
def test_weights_that_suit_no_task_are_refused(balance, message):
    X, Y = linear_table()
    with pytest.raises(ValueError, match=message):
        transfer_report(MultiTab(balance=balance, **NETWORK), X, Y)


def test_events_are_compared_but_not_with_lightgbm():
    X, y = make_survival(120, kind="several", missing=0.2, random_state=0)
    model = MultiTabSurvival(**NETWORK | {"max_epochs": 3})
    report = transfer_report(model, X, y, cv=2, n_repeats=1, random_state=0)
    assert "unknown over lightgbm" in str(report)
    assert "+nan" not in str(report)
    table = report.table
    assert table.index.tolist() == ["event_0", "event_1"]
    assert table["lightgbm"].isna().all()
    assert table["lightgbm_verdict"].tolist() == ["unknown"] * 2
    assert table[["joint", "alone"]].notna().all(axis=None)


def test_a_splitter_gets_its_groups():
    X, Y = linear_table(40)
    days = np.repeat(np.arange(4), 10)
    report = transfer_report(Ridge(), X, Y, cv=GroupKFold(4), groups=days, lightgbm=False)
    assert report.scores["split"].nunique() == 4


def test_splits_may_be_given_as_masks():
    X, Y = linear_table(40)
    first = np.arange(40) < 20
    tables = [
        transfer_report(Ridge(), X, Y, cv=halves, lightgbm=False).table
        for halves in (
            [(first, ~first), (~first, first)],
            [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))],
        )
    ]
    pd.testing.assert_frame_equal(*tables)


def test_it_prints_what_it_found(hurtful):
    text, html = str(hurtful), hurtful._repr_html_()
    for word in ("hurts", "95 % interval", "Multi-task gain", "fit, seconds", "task_2"):
        assert word in text
        assert word in html
    assert repr(hurtful) == text


def test_the_gain_is_that_of_the_mean_scores(hurtful):
    table = hurtful.table
    for model in ("alone", "lightgbm"):
        relative = (table["joint"] - table[model]) / table[model].abs()
        assert_allclose(hurtful.gain[model], 100 * relative.mean())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Y": linear_table(n_tasks=1)[1]}, "only one task"),
        ({"scoring": "rocauc"}, "Unknown metric 'rocauc'"),
        ({"scoring": {"t9": "r2"}}, r"names the tasks \['t9'\]"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"confidence": "95 %"}, "confidence must lie between 0 and 1"),
        ({"n_repeats": 0}, "n_repeats must be a whole number of at least 1, got 0"),
        ({"n_repeats": 1.5}, "n_repeats must be a whole number of at least 1, got 1.5"),
        ({"groups": np.arange(60)}, r"groups are for a splitter .* GroupKFold\(5\)"),
        ({"cv": [(np.arange(30), np.arange(30, 60))]}, "at least two are needed"),
        ({"cv": 2 * [(np.arange(30), np.arange(30, 61))]}, "row 60, but there are rows 0 to 59"),
        ({"cv": 2 * [(np.arange(30), np.arange(0))]}, "cv must yield positions of rows"),
        ({"cv": 2 * [(np.arange(30), list("ab"))]}, "cv must yield positions of rows"),
        ({"X": linear_table(50)[0]}, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message):
    X, Y = linear_table()
    arguments = {"X": X, "Y": Y} | change
    with pytest.raises(ValueError, match=message):
        transfer_report(Ridge(), **arguments)


def test_a_task_that_a_split_cannot_teach_is_named():
    X, Y = linear_table()
    Y.loc[Y.index[30:], "t1"] = np.nan
    halves = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    with pytest.raises(ValueError, match="'t1'"):
        transfer_report(RMTGBRegressor(**SHARED), X, Y, cv=halves)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_a_target_that_is_constant_in_the_training_rows_is_predicted_by_its_constant(loss):
    X, Y = linear_table()
    Y["t1"] = 3.1
    model = RMTGBRegressor(tasks={"t1": Regression(loss)}, **SHARED | {"n_rounds": 3})
    settings = {"n_repeats": 1, "scoring": "neg_mean_absolute_error", "random_state": 0}
    assert transfer_report(model, X, Y, cv=2, **settings).table.loc["t1", "lightgbm"] == 0
    Y.loc[:29, "t1"] += np.arange(30)
    halves = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    scores = transfer_report(model, X, Y, cv=halves, **settings).scores
    scores = scores[(scores["model"] == "lightgbm") & (scores["task"] == "t1")]
    assert_allclose(scores.set_index("split").loc[1, "score"], -np.mean(np.arange(30)))


@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
@pytest.mark.parametrize("task", [None, "id"], ids=["wide", "long"])
def test_a_task_with_fewer_labels_than_folds_is_unknown(task):
    X, Y = linear_table(n_tasks=3)
    Y.loc[3:, "t2"] = np.nan
    if task is not None:
        Y = Y.melt(var_name="id", value_name="y").dropna()
        X, Y = X.iloc[Y.index % 60].assign(id=Y["id"].to_numpy()), Y["y"]
    model = RMTGBRegressor(task_column=task, **SHARED | {"n_rounds": 3})
    table = transfer_report(model, X, Y, n_repeats=1, random_state=0).table
    assert table["verdict"].eq("unknown").tolist() == [False, False, True]
    assert table["lightgbm_verdict"].eq("unknown").tolist() == [False, False, True]
    assert table.loc["t2", ["joint", "alone", "lightgbm"]].isna().all()


def test_the_picture_shows_the_differences_the_worst_first(hurtful):
    display = TransferReportDisplay.from_report(hurtful)
    order = hurtful.table["difference"].sort_values()
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == order.index.tolist()
    assert_allclose(np.asarray(display.points_.get_offsets())[:, 0], order)
    ends = np.array([segment[:, 0] for segment in display.intervals_.get_segments()])
    assert_allclose(ends, hurtful.table.loc[order.index, ["low", "high"]])
    assert "hurts 3" in display.ax_.get_title()


def test_the_picture_against_lightgbm_needs_the_comparison(hurtful):
    display = TransferReportDisplay.from_report(hurtful, against="lightgbm", alpha=0.5)
    assert "LightGBM" in display.ax_.get_xlabel()
    assert display.points_.get_alpha() == 0.5
    X, Y = linear_table()
    own = TransferReportDisplay.from_estimator(
        Ridge(), X, Y, cv=2, n_repeats=1, lightgbm=False, ax=pyplot.subplots()[1]
    )
    with pytest.raises(ValueError, match="lightgbm=True"):
        own.plot(against="lightgbm")
    with pytest.raises(ValueError, match="against must be"):
        own.plot(against="xgboost")


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error"])
def test_a_wide_interval_around_zero_is_unclear(scoring):
    X, Y = linear_table()
    rng = np.random.default_rng(0)
    Y = Y + rng.normal(scale=3, size=Y.shape)
    asked = {"cv": 3, "n_repeats": 1, "scoring": scoring, "random_state": 0}
    words = set()
    for margin in (0, 1e6):
        report = transfer_report(RMTGBRegressor(**SHARED), X, Y, margin=margin, **asked)
        for prefix, level in (("", "neutral"), ("lightgbm_", "level")):
            other = report.table["lightgbm" if prefix else "alone"]
            for task, row in report.table.iterrows():
                low, high = row[f"{prefix}low"], row[f"{prefix}high"]
                unit = 1 if scoring == "r2" else abs(other[task])
                if low < -1e-10 and high > 1e-10:
                    narrow = max(-low, high) <= margin * unit
                    assert row[f"{prefix}verdict"] == (level if narrow else "unclear")
                words.add(row[f"{prefix}verdict"])
        unclear = (report.table["verdict"] == "unclear").sum()
        title = TransferReportDisplay.from_report(report).ax_.get_title()
        assert title.endswith(f", unclear in {unclear}") == (unclear > 0)
    assert {"unclear", "level"} <= words
    with pytest.raises(ValueError, match="margin must be a number from 0, got -1"):
        transfer_report(Ridge(), X, Y, margin=-1)
