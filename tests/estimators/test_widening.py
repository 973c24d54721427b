"""Networks that go on with targets, categories and columns that they were not trained on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import MultiTab, MultiTabClassifier, MultiTabRegressor, MultiTabSurvival
from skmtl.datasets import make_survival
from skmtl.networks import Experts, FeatureGates, TaskEmbeddings
from skmtl.tasks import Funnel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORK = {
    "n_bags": 1, "max_epochs": 4, "row_size": 16, "n_members": 2, "embedding_size": 4,
    "n_heads": 2, "learning_rate": 0.02, "random_state": 0,
}  # fmt: skip
# Nothing is learnt in such steps.
STILL = {"warm_start": True, "learning_rate": 1e-30, "max_epochs": 1, "weight_decay": 0.0}
NETWORKS = {
    "default": {},
    "none": {"row_mixing": "none"},
    "linear": {"row_mixing": "linear"},
    "mlp": {"row_mixing": "mlp"},
    "periodic": {"numeric_embedding": "periodic", "task_token": "single"},
    "line": {"linear_path": "ridge"},
    "memory": {"sample_context": "memory", "context_size": 8},
    "prototypes": {"sample_context": "prototypes", "n_bags": 2},
}


def table(n=240, cities=("Bern", "Rome")):
    rng = np.random.default_rng(n)
    X = pd.DataFrame({"x": rng.normal(size=n), "city": rng.choice(cities, n), "z": rng.random(n)})
    X.loc[::11, "x"] = np.nan
    spend = X["x"].fillna(0) + (X["city"] == "Oslo") * 3
    grade = np.where(X["z"] > 0.6, "high", np.where(X["z"] > 0.3, "mid", "low"))
    Y = pd.DataFrame({"spend": spend, "late": spend > 0, "grade": grade})
    Y.loc[::7, "spend"] = np.nan
    return X, Y.assign(visits=rng.poisson(np.exp(X["z"])))


X, Y = table()


def proba(model, X):
    """Everything that is predicted of the first two targets."""
    return np.column_stack([model.predict(X)["spend"], *(p for p in model.predict_proba(X)[:1])])


@pytest.mark.parametrize("name", NETWORKS)
def test_known_targets_are_predicted_as_before(name):
    model = MultiTab(**NETWORK | NETWORKS[name]).fit(X, Y[["spend", "late"]])
    before = proba(model, X)
    model.set_params(**STILL).fit(X, Y)
    assert model.task_kinds_ == {
        "spend": "regression", "late": "binary", "grade": "multiclass", "visits": "regression",
    }  # fmt: skip
    np.testing.assert_allclose(proba(model, X), before, rtol=1e-5, atol=1e-6)


EXPERTS = {
    "experts": {"row_mixing": Experts(shared=1, own=1, task_inputs=(TaskEmbeddings(),))},
    "gates": {"row_mixing": Experts(shared=1, own=1, task_inputs=(FeatureGates(),))},
}


@pytest.mark.parametrize("name", [*NETWORKS, *EXPERTS])
def test_new_categories_are_predicted_as_unknown_ones_until_they_are_learnt(name):
    model = MultiTab(**NETWORK | (NETWORKS | EXPERTS)[name]).fit(X, Y[["spend", "late"]])
    later, labels = table(200, ("Athens", "Bern", "Oslo", "Rome"))
    before = proba(model, later)
    model.set_params(**STILL).fit(later, labels[["spend", "late"]])
    np.testing.assert_allclose(proba(model, later), before, rtol=1e-5, atol=1e-6)
    known = model._reader.encoder.categories_["city"]
    assert known.tolist() == ["Bern", "Rome", "Athens", "Oslo"]
    assert model.__skmtl_fitted__().ask(later).cell_counts().unknown.tolist() == [0, 0, 0]


def with_columns(X):
    """A number and a category more, not behind the others."""
    rng = np.random.default_rng(1)
    wide = X.assign(kind=rng.choice(["u", "v"], len(X)))
    wide.insert(1, "new", rng.normal(size=len(X)))
    return wide[["kind", *wide.columns[:-1]]]


@pytest.mark.parametrize("name", NETWORKS)
def test_new_columns_leave_the_weights_of_others_as_they_are(name):
    model = MultiTab(**NETWORK | NETWORKS[name]).fit(X, Y[["spend", "late"]])
    before, network = model.predict(X)["spend"], next(iter(model.network_))
    kept = {part: values.clone() for part, values in network.state_dict().items()}
    model.set_params(**STILL).fit(with_columns(X), Y[["spend", "late"]])
    assert model.feature_names_in_.tolist() == ["kind", "x", "new", "city", "z"]
    after, network = model.predict(with_columns(X))["spend"], next(iter(model.network_))
    # Attention alone has a share for them.
    assert np.corrcoef(before, after)[0, 1] > 0.95
    wide = network.state_dict()
    for same in (part for part in kept if wide[part].shape == kept[part].shape):
        if same != "towers.used":
            np.testing.assert_allclose(wide[same], kept[same], rtol=1e-6, err_msg=same)
    np.testing.assert_array_equal(
        wide["tokens.numeric.slope"][[0, 2]], kept["tokens.numeric.slope"]
    )
    np.testing.assert_array_equal(wide["tokens.numeric.slope"][1], 0)
    np.testing.assert_array_equal(wide["tokens.categories"][4:], kept["tokens.categories"])
    np.testing.assert_array_equal(wide["tokens.categories"][:4], 0)
    if name == "line":  # of the new number, of the mark where it is missing, of the new category
        np.testing.assert_array_equal(wide["line.start"][[1, 4, 6, 7, 8, 9]], 0)


def test_a_new_column_is_learnt(tmp_path):
    model = MultiTab(**NETWORK).fit(X, Y[["spend"]])
    later, labels = table(300, ("Bern", "Oslo"))
    wide = with_columns(later)
    spend = labels["spend"] + 2 * wide["new"] + (wide["kind"] == "u")
    labels = labels.assign(spend=spend)[["spend", "late"]]
    model.set_params(warm_start=True, max_epochs=15).fit(wide, labels)
    assert model.score_tasks(wide, labels)["spend"] > 0.8
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(wide), model.predict(wide))
    assert model.attention(wide).columns.tolist() == wide.columns.tolist()
    with pytest.raises(ValueError, match="yet now missing"):
        model.predict(later)


def test_columns_that_cannot_be_added():
    model = MultiTab(**NETWORK | {"max_epochs": 1}).fit(X, Y[["spend"]])
    before = model.predict(X)
    model.set_params(warm_start=True)
    wide = with_columns(X)
    for bad, message in (
        (wide.drop(columns="x"), "yet now missing:.*- x"),
        (wide.assign(x="text"), r"\['x'\] of X held numbers at fit"),
        (wide.assign(new=np.inf), "infinity in the columns"),
    ):
        with pytest.raises(ValueError, match=f"(?s){message}"):
            model.fit(bad, Y[["spend"]])
        pd.testing.assert_frame_equal(model.predict(X), before)
    model = MultiTab(**NETWORK | EXPERTS["gates"] | {"max_epochs": 1}).fit(X, Y[["spend", "late"]])
    with pytest.raises(ValueError, match=r"cannot widen the part .* with row_mixing=Experts"):
        model.set_params(warm_start=True).fit(wide, Y[["spend", "late"]])
    ids = X.assign(shop=np.where(np.arange(len(X)) % 2, "a", "b"))[["x", "z", "shop"]]
    model = MultiTab(task_column=2, warm_start=True, **NETWORK | {"max_epochs": 1})
    model.fit(ids, Y[["spend"]])
    ids.insert(1, "city", X["city"])
    with pytest.raises(ValueError, match="task_column=2 is 'city' now, and was 'shop'"):
        model.fit(ids[["x", "z", "city", "shop"]], Y[["spend"]])


def test_arrays_have_new_columns_behind_the_others():
    numbers = X[["x", "z"]].to_numpy()
    model = MultiTabRegressor(**NETWORK).fit(numbers, Y["visits"])
    before = model.predict(numbers)
    wide = np.column_stack([numbers, X["z"] ** 2])
    after = model.set_params(**STILL).fit(wide, Y["visits"]).predict(wide)
    assert after.shape == before.shape
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_what_is_new_is_learnt_and_files_keep_it(tmp_path):
    model = MultiTab(**NETWORK).fit(X, Y[["spend", "late"]])
    later, labels = table(300, ("Bern", "Oslo", "Rome"))
    model.set_params(warm_start=True, max_epochs=15, tasks={"visits": "count"}).fit(later, labels)
    test, truth = table(300, ("Bern", "Oslo", "Rome"))
    scores = model.score_tasks(test, truth)
    assert scores["spend"] > 0.8 and scores["grade"] > 0.8
    assert model.task_kinds_["visits"] == "count"
    oslo = test["city"] == "Oslo"
    assert model.score_tasks(test[oslo], truth[oslo])["spend"] > 0.5
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(test), model.predict(test))
    history = model.history_
    assert history["loss[grade]"].isna().sum() == 4
    assert history["loss"].notna().all()
    again = loaded.fit(later, labels)
    assert again.n_epochs_ > model.n_epochs_


def test_month_by_month():
    """A target, a category and rows each month, in steps that change nothing."""
    model = MultiTab(**NETWORK).fit(X, Y[["spend"]])
    before = model.predict(X)["spend"]
    model.set_params(**STILL)
    for targets, cities in ((["spend", "late"], ("Bern", "Oslo")), (list(Y), ("Paris", "Rome"))):
        later, labels = table(100, cities)
        model.fit(later, labels[targets])
    np.testing.assert_allclose(model.predict(X)["spend"], before, rtol=1e-5, atol=1e-6)
    assert model.task_names_ == list(Y)


def test_a_new_target_starts_at_its_mean():
    model = MultiTab(**NETWORK).fit(X, Y[["spend"]])
    model.set_params(**STILL).fit(X, Y[["spend"]].assign(price=1e6 + Y["visits"]))
    assert abs(model.predict(X)["price"] - 1e6).max() < 20


def test_targets_of_several_columns_and_in_any_order():
    steps = pd.DataFrame({"click": Y["late"], "buy": Y["late"] & (X["z"] > 0.5)}).astype(int)
    model = MultiTab(**NETWORK).fit(X, Y[["spend", "late"]])
    before = proba(model, X)
    kinds = {"shop": Funnel(("click", "buy"))}
    model.set_params(**STILL, tasks=kinds).fit(X, steps.join(Y[["late", "spend"]]))
    assert model.task_names_ == ["spend", "late", "shop"]
    np.testing.assert_allclose(proba(model, X), before, rtol=1e-5, atol=1e-6)


def test_arrays_and_weights_by_label():
    model = MultiTabRegressor(**NETWORK).fit(X, Y[["spend"]].to_numpy())
    before = model.predict(X)
    weight = np.column_stack([np.ones(len(X)), np.arange(len(X)) % 2])
    model.set_params(**STILL).fit(X, Y[["spend", "visits"]].to_numpy(), weight)
    after = model.predict(X)
    assert after.shape == (len(X), 2)
    np.testing.assert_allclose(after[:, :1], before, rtol=1e-5, atol=1e-6)
    odd = Y["visits"][1::2].mean()
    assert abs(after[:, 1].mean() - odd) < 1


def test_one_target_without_an_axis_becomes_two():
    model = MultiTabRegressor(**NETWORK).fit(X, Y["visits"])
    before = model.predict(X)
    after = model.set_params(**STILL).fit(X, Y[["visits", "spend"]]).predict(X)
    np.testing.assert_allclose(after[:, 0], before, rtol=1e-5, atol=1e-6)


def test_long_data():
    ids = X.assign(shop=np.where(np.arange(len(X)) % 2, "a", "b"))
    model = MultiTab(task_column="shop", **NETWORK).fit(ids, Y[["spend"]])
    before = model.predict(ids)["spend"]
    model.set_params(**STILL).fit(ids, Y[["spend", "late"]])
    np.testing.assert_allclose(model.predict(ids)["spend"], before, rtol=1e-5, atol=1e-6)


def test_new_ids_of_long_data_are_warned_of():
    ids = X.assign(shop=np.where(np.arange(len(X)) % 2, "a", "b"))
    model = MultiTab(task_column="shop", **NETWORK | {"max_epochs": 1}).fit(ids, Y[["spend"]])
    with pytest.warns(UserWarning, match=r"'shop' has 1 ids .*\['c'\].*warm_start=False"):
        model.set_params(**STILL).fit(ids.replace({"shop": {"b": "c"}}), Y[["spend"]])


def test_arrays_go_on_where_a_frame_was_learnt():
    numbers = X[["x", "z"]]
    model = MultiTab(**NETWORK | {"max_epochs": 1}).fit(numbers, Y[["spend"]])
    before = model.predict(numbers)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.set_params(**STILL).fit(numbers.to_numpy(), Y[["spend"]])
    np.testing.assert_allclose(model.predict(numbers), before, rtol=1e-5, atol=1e-6)


def test_held_out_rows_of_the_user_know_what_is_new():
    model = MultiTab(**NETWORK).fit(X, Y[["spend"]])
    later, labels = table(150, ("Oslo", "Rome"))
    model.set_params(warm_start=True).fit(later, labels, eval_set=(later, labels))
    assert model.task_names_ == list(Y)


@pytest.mark.parametrize(
    ("model", "first", "then", "more", "message"),
    [
        (MultiTab(), list(Y), ["spend"], {}, "but the model was fitted on"),
        (MultiTab(tasks={"late": "binary"}), ["late"], list(Y), {"tasks": None}, "had tasks="),
        (
            MultiTab(),
            ["visits"],
            list(Y),
            {"tasks": {"visits": "count"}},
            "'visits' was learnt as",
        ),
        (MultiTabRegressor(), ["visits"], ["visits", "grade"], {}, "'grade' has labels that are"),
        (
            MultiTab(row_mixing=Experts(shared=1, own=1)),
            ["spend"],
            ["spend", "late"],
            {},
            "cannot add a target to a network with row_mixing=",
        ),
    ],
)
def test_what_cannot_be_widened_is_named(model, first, then, more, message):
    model.set_params(**NETWORK | {"max_epochs": 1}).fit(X, Y[first])
    before = model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.set_params(warm_start=True, **more).fit(X, Y[then])
    np.testing.assert_array_equal(model.predict(X), before)


def test_new_classes_and_new_events_are_refused():
    model = MultiTabClassifier(**NETWORK).fit(X, Y[["late", "grade"]])
    with pytest.raises(ValueError, match="'grade' has the label 'top'"):
        model.set_params(warm_start=True).fit(X, Y[["late"]].assign(grade="top"))
    rows, y = make_survival(60, random_state=0)
    y = y.rename(columns={"duration": "time"})
    model = MultiTabSurvival(**NETWORK | {"max_epochs": 1}).fit(rows, y.add_prefix("a_"))
    both = y.add_prefix("a_").join(y.add_prefix("b_"))
    with pytest.raises(ValueError, match=r"\['a', 'b'\], but the model was fitted on \['a'\]"):
        model.set_params(warm_start=True).fit(rows, both)
