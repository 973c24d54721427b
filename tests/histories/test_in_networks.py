"""Columns of histories as direct input of networks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl import MultiTab, MultiTabClassifier, MultiTabRegressor, MultiTabSurvival, StackedTasks
from skmtl.export import onnx_inputs, to_onnx
from skmtl.histories import EventReader, Histories
from skmtl.networks import DualFrequency, SetAttention, TemporalConvolutions
from skmtl.tables import HashedCategories, ParquetTable
from skmtl.tasks import EventTimes
from tests.histories.stays import events, order_of_two, stays

SMALL = {
    "n_bags": 1, "row_size": 16, "n_members": 2, "batch_size": 32, "random_state": 0,
    "device": "cpu",
}  # fmt: skip
ENCODERS = {
    "events": SetAttention(size=8, n_heads=2, hidden=16),
    "tcn": TemporalConvolutions(channels=8, max_steps=24),
    "wavelet": DualFrequency(channels=8, n_heads=2, max_steps=24),
    "crossed": DualFrequency(channels=8, n_heads=2, max_steps=24, n_tokens=1, cross="variables"),
}


def labels(X):
    """Return the number of events, and whether it is large."""
    size = X["vitals"].array.n_events.astype(float)
    return pd.DataFrame({"size": size, "large": size > 3})


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request):
    return ENCODERS[request.param]


@pytest.fixture(scope="module")
def X():
    frame = stays(60, end=48.0)
    return frame.assign(ward=["a", "b", None] * 20)


@pytest.fixture(scope="module")
def model(encoder, X):
    model = MultiTab(series={"vitals": encoder}, max_epochs=2, **SMALL)
    return model.fit(X, labels(X))


def test_the_order_of_two_events_is_found(encoder):
    X, first = order_of_two(140)
    Y = pd.DataFrame({"first": first, "noise": X["noise"]})
    options = SMALL | {"early_stopping": False, "learning_rate": 0.02, "max_epochs": 15}
    model = MultiTab(series={"events": encoder}, **options).fit(X[:100], Y[:100])
    predicted = model.predict(X[100:])
    assert (predicted["first"] == Y["first"][100:]).mean() > 0.95
    assert np.corrcoef(predicted["noise"], Y["noise"][100:])[0, 1] > 0.9
    importances = model.feature_importances_by_task_
    assert importances.idxmax(axis=1).to_dict() == {"first": "events", "noise": "noise"}
    without = MultiTab(**options | {"max_epochs": 5}).fit(X[["noise"]][:100], Y[:100])
    assert (without.predict(X[["noise"]][100:])["first"] == Y["first"][100:]).mean() < 0.75


def test_a_delay_between_two_events_is_found():
    rng = np.random.default_rng(0)
    first, delay = rng.uniform(0, 20, 200), rng.uniform(0, 16, 200)
    times = np.stack([first, first + delay], axis=1).ravel()
    table = pd.DataFrame({"time": times, "code": ["dose", "relief"] * 200})
    table["subject_id"] = np.repeat(range(200), 2)
    X = pd.DataFrame({"events": Histories.from_events(table, range(200), value=None, end=40.0)})
    Y = pd.DataFrame({"delay": delay, "late": delay > 8})
    options = SMALL | {"early_stopping": False, "learning_rate": 0.02, "max_epochs": 20}
    model = MultiTab(series={"events": ENCODERS["events"]}, **options).fit(X[:150], Y[:150])
    predicted = model.predict(X[150:])
    assert (predicted["late"] == Y["late"][150:]).mean() > 0.85
    assert np.corrcoef(predicted["delay"], Y["delay"][150:])[0, 1] > 0.8


def test_convolutions_find_the_delay_of_one_series_behind_another():
    rng = np.random.default_rng(0)
    leader = rng.normal(size=(160, 24))
    late = np.arange(160) % 2 == 0
    follower = np.where(late[:, None], np.roll(leader, 3, axis=1), np.roll(leader, 1, axis=1))
    X = pd.DataFrame({"pair": Histories.from_array(np.stack([leader, follower], axis=1))})
    Y = pd.DataFrame({"late": late, "steps": np.where(late, 3.0, 1.0)})
    options = SMALL | {"early_stopping": False, "learning_rate": 0.02, "max_epochs": 20}
    model = MultiTab(series={"pair": ENCODERS["tcn"]}, **options).fit(X[:120], Y[:120])
    assert (model.predict(X[120:])["late"] == late[120:]).mean() > 0.9


def test_convolutions_find_a_frequency():
    rng = np.random.default_rng(0)
    fast = np.arange(150) % 2 == 0
    phase = rng.uniform(0, 2 * np.pi, (150, 1))
    waves = np.sin(np.arange(30) * np.where(fast, 1.5, 0.75)[:, None] + phase)
    X = pd.DataFrame({"sensor": Histories.from_array(waves + rng.normal(0, 0.3, waves.shape))})
    Y = pd.DataFrame({"fast": fast, "speed": np.where(fast, 1.5, 0.75)})
    settings = TemporalConvolutions(channels=8, n_tokens=1)
    options = SMALL | {"early_stopping": False, "learning_rate": 0.02, "max_epochs": 15}
    model = MultiTab(series={"sensor": settings}, **options).fit(X[:100], Y[:100])
    assert (model.predict(X[100:])["fast"] == fast[100:]).mean() > 0.95


def test_two_bands_find_a_burst_in_one_of_them():
    rng = np.random.default_rng(0)
    n, length = 240, 24
    burst = np.arange(n) % 2 == 0
    level = rng.normal(0, 1, (n, 1)) + np.cumsum(rng.normal(0, 0.2, (n, length)), axis=1)
    place = np.arange(length) - rng.integers(0, length - 10, (n, 1))
    fast = np.where((place >= 0) & (place < 10), (-1.0) ** np.arange(length), 0.0)
    X = pd.DataFrame({"price": Histories.from_array(level + burst[:, None] * fast)})
    Y = pd.DataFrame({"burst": burst, "last": level[:, -1]})
    settings = DualFrequency(channels=8, n_heads=2, levels=1)
    options = SMALL | {"early_stopping": False, "learning_rate": 0.01, "batch_size": 64}
    model = MultiTab(series={"price": settings}, max_epochs=40, **options)
    predicted = model.fit(X[:180], Y[:180]).predict(X[180:])
    assert (predicted["burst"] == burst[180:]).mean() > 0.9
    assert np.corrcoef(predicted["last"], Y["last"][180:])[0, 1] > 0.9


def test_a_row_depends_on_itself_alone(model, X):
    together = model.predict(X)["size"].to_numpy()
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_array_equal(model.predict(X.iloc[order])["size"], together[order])
    alone = [model.predict(X.iloc[i : i + 1])["size"].iloc[0] for i in range(0, 60, 7)]
    np.testing.assert_allclose(alone, together[::7], rtol=1e-5)
    long = stays(2).assign(ward="a", vitals=Histories([X["vitals"].array[0]] * 2))
    long.loc[1, "vitals"] = Histories.from_array(np.ones((1, 1, 3000)), variables=["HR"])[0]
    long["age"] = X["age"].iloc[0]
    np.testing.assert_allclose(model.predict(long)["size"].iloc[0], together[0], rtol=1e-5)


def test_events_are_a_set(model, X):
    table = events(60)
    vitals = Histories.from_events(table.sample(frac=1, random_state=1), X.index, end=48.0)
    predicted = model.predict(X.assign(vitals=vitals))
    pd.testing.assert_frame_equal(predicted, model.predict(X), check_exact=False, rtol=1e-4)


def test_a_shared_past_says_the_same_as_a_copy(model, X):
    until = X["vitals"].array.until(20.0)
    copied = Histories(list(until))
    pd.testing.assert_frame_equal(
        model.predict(X.assign(vitals=until)), model.predict(X.assign(vitals=copied))
    )


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(pd.NA, id="missing"),
        pytest.param(Histories.from_list([[]])[0], id="empty"),
        pytest.param(Histories.from_list([[3.0]], variables=["HR"])[0], id="one event"),
        pytest.param(
            Histories.from_list([[3.0] * 3], variables=["HR"], times=[[1.0] * 3])[0], id="ties"
        ),
        pytest.param(
            Histories.from_list([[3.0, np.nan]], variables=["SBP"], times=[[-9.0, -3.0]])[0],
            id="negative times",
        ),
        pytest.param(
            Histories.from_events(
                pd.DataFrame(
                    {"subject_id": 0, "time": [1.0], "code": "HR", "numeric_value": None}
                ),
                [0],
            )[0],
            id="no value",
        ),
        pytest.param(
            Histories.from_list([[1e30, -1e30]], variables=["HR"], times=[[0.0, 1e6]])[0],
            id="huge",
        ),
    ],
)
def test_strange_histories_are_answered(model, X, cell):
    strange = X.head(3).copy()
    strange["vitals"] = Histories([cell, X["vitals"].array[1], cell])
    predicted = model.predict(strange)
    assert np.isfinite(predicted["size"]).all()
    np.testing.assert_allclose(predicted["size"][1], model.predict(X)["size"][1], rtol=1e-5)


def test_a_new_variable_is_named_and_left_out(model, X):
    table = pd.concat([events(60), events(60).head(9).assign(code="pulse oximetry")])
    strange = X.assign(vitals=Histories.from_events(table, X.index, end=48.0))
    with pytest.warns(UserWarning, match=r"'vitals' has variables .*\['pulse oximetry'\]"):
        predicted = model.predict(strange)
    pd.testing.assert_frame_equal(predicted, model.predict(X))


def test_another_clock_is_refused(model, X):
    dates = events(60).assign(time=pd.Timestamp("2020-01-01"))
    with pytest.raises(ValueError, match=r"'vitals' are of another clock"):
        model.predict(X.assign(vitals=Histories.from_events(dates, X.index)))


def test_infinity_is_refused_with_its_variable(model, X):
    cell = skmtl.histories.EventHistory(
        np.array([1.0]), np.array([0]), np.array([np.inf]), ("SBP",)
    )
    with pytest.raises(ValueError, match=r"'vitals' has infinite values of the variable 'SBP'"):
        model.predict(X.head(1).assign(vitals=Histories([cell])))


@pytest.mark.parametrize("times", [[2.0, 1.0], [1.0, 9.0], [1.0, np.nan], [np.nan, 1.0]])
def test_events_out_of_order_or_after_the_end_are_refused(times):
    cell = skmtl.histories.EventHistory(
        np.array(times), np.array([0, 0]), np.array([1.0, 2.0]), ("SBP",), end=5.0
    )
    column = pd.Series(Histories([cell, *stays(3)["vitals"]]), name="vitals")
    reader = EventReader().fit(column[1:])
    with pytest.raises(ValueError, match="'vitals' has events that are later than the end"):
        reader.transform(column)


def test_missing_labels_and_unlabelled_rows_have_no_influence(encoder, X):
    model = MultiTab(series={"vitals": encoder}, max_epochs=2, early_stopping=False, **SMALL)
    Y = labels(X)
    Y.loc[::3, "size"] = np.nan
    other = Y.copy()
    for of_both in (Y, other):
        of_both["none"] = 1.0 + np.arange(60) % 2
    first = model.fit(X, Y).predict(X)
    weights = np.ones((60, 3))
    weights[::3, 0] = 0.0
    other.loc[::3, "size"] = 1e6
    second = clone(model).fit(X, other, sample_weight=weights).predict(X)
    pd.testing.assert_frame_equal(first, second)


def test_save_and_load(model, X, tmp_path):
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    assert loaded.series == model.series


def test_scores_of_parquet_files_and_of_polars(model, X, tmp_path):
    X.to_parquet(tmp_path / "stays.parquet")
    skmtl.score_files(model, tmp_path / "stays.parquet", tmp_path / "scores")
    scores = pd.read_parquet(tmp_path / "scores")
    expected = skmtl.score_frame(model, X)
    np.testing.assert_allclose(scores["size_prediction"], expected["size_prediction"], rtol=1e-6)
    table = pl.read_parquet(tmp_path / "stays.parquet")
    for same in (model, clone(model).fit(table, labels(X))):
        sizes = same.predict(table)["size"]
        np.testing.assert_allclose(sizes, expected["size_prediction"], rtol=1e-6)


def test_in_a_search_and_behind_a_transformer(X):
    model = MultiTab(series={"vitals": "events"}, max_epochs=1, **SMALL)
    columns = make_column_transformer(
        (FunctionTransformer(feature_names_out="one-to-one"), ["age"]),
        ("passthrough", ["vitals"]),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    grid = {"multitab__series": [{"vitals": encoder} for encoder in ENCODERS.values()]}
    search = GridSearchCV(make_pipeline(columns, model), grid, cv=KFold(2))
    assert len(search.fit(X, labels(X)).predict(X)) == 60


def test_histories_alone_are_enough(encoder, X):
    model = MultiTabRegressor(series={"vitals": encoder}, max_epochs=1, **SMALL)
    assert model.fit(X[["vitals"]], np.arange(60.0)).predict(X[["vitals"]]).shape == (60,)


def test_every_estimator_of_the_network_reads_histories(encoder, X):
    options = {"series": {"vitals": encoder}, "max_epochs": 1} | SMALL
    late = np.arange(60) % 2 == 0
    assert MultiTabClassifier(**options).fit(X, late).predict_proba(X).shape == (60, 2)
    times = EventTimes(late, 1.0 + np.arange(60.0))
    curves = MultiTabSurvival(**options).fit(X, times)
    assert len(curves.predict(X)) == 60


def test_events_of_rows_without_weight_are_not_learnt(X):
    table = X.copy()
    weight = np.ones(60)
    weight[:5] = 0.0
    table["vitals"] = Histories(
        [Histories.from_list([[1e9]], variables=["x"])[0]] * 5 + list(X["vitals"].array[5:])
    )
    reader = EventReader().fit(table["vitals"], None, weight)
    other = EventReader().fit(X["vitals"][5:])
    assert reader.variables_ == other.variables_
    assert (reader.span_, reader.step_) == (other.span_, other.step_)
    np.testing.assert_array_equal(reader.scaler_.half_center_, other.scaler_.half_center_)


def test_a_row_of_weight_two_is_one_given_twice(X):
    weight = np.where(np.arange(60) < 30, 2.0, 1.0)
    twice = pd.concat([X["vitals"], X["vitals"][:30]])
    weighted, repeated = EventReader().fit(X["vitals"], None, weight), EventReader().fit(twice)
    np.testing.assert_allclose(weighted.scaler_.half_scale_, repeated.scaler_.half_scale_)
    np.testing.assert_allclose(weighted.scaler_.half_center_, repeated.scaler_.half_center_)


def test_attention_sums_up_the_tokens_of_a_history(model, X):
    shares = model.attention(X)
    assert shares.columns.tolist() == ["age", "vitals", "ward"]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-6)


def test_beside_hashed_categories(X, tmp_path):
    hashed = HashedCategories(n_rows=64, min_count=1, columns=["ward"])
    series = {"vitals": ENCODERS["events"]}
    model = MultiTab(series=series, hashed_categories=hashed, max_epochs=2, **SMALL)
    model.fit(X, labels(X)).save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X), check_exact=True)
    assert model.feature_importances_by_task_.columns.tolist() == X.columns.tolist()


@pytest.mark.parametrize(
    "settings", [{"hashed_categories": HashedCategories(columns=["ward"])}, {}]
)
def test_a_warm_start_refuses_what_it_cannot_widen(X, settings):
    features = X[["ward"]] if settings else X
    settings = settings or {"series": {"vitals": ENCODERS["events"]}}
    model = MultiTab(warm_start=True, max_epochs=1, **settings, **SMALL)
    model.fit(features, labels(X)).fit(features, labels(X))
    with pytest.raises(ValueError, match=r"has the tasks \['late'\], which the model was not"):
        model.fit(features, labels(X).assign(late=np.arange(60.0)))


@pytest.mark.parametrize("wrong", ["vitals", {"vitals": "evens"}, {"vitals": SetAttention}, 3])
def test_wrong_settings_are_refused_before_the_data_are_read(wrong):
    with pytest.raises(ValueError, match=r"series=.* must be None, or a mapping of columns to"):
        MultiTab(series=wrong).fit(None, None)


@pytest.mark.parametrize(
    ("encoder", "settings"),
    [
        (SetAttention, {"size": 0}),
        (SetAttention, {"size": 6}),
        (SetAttention, {"n_heads": 1.5}),
        (SetAttention, {"hidden": True}),
        (SetAttention, {"by_text": "yes"}),
        (TemporalConvolutions, {"every": 0.0}),
        (TemporalConvolutions, {"every": "h"}),
        (TemporalConvolutions, {"kernel_size": 1}),
        (TemporalConvolutions, {"n_blocks": "all"}),
        (TemporalConvolutions, {"n_blocks": 40}),
        (TemporalConvolutions, {"max_steps": 2.0}),
        (TemporalConvolutions, {"max_steps": 10**6}),
        (DualFrequency, {"levels": 17}),
        (DualFrequency, {"channels": 6}),
        (DualFrequency, {"cross": "stock"}),
    ],
)
def test_wrong_settings_of_an_encoder(encoder, settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"{encoder.__name__}: {name}="):
        encoder(**settings)


def test_what_cannot_be_done_is_refused_by_name(model, X, tmp_path):
    Y, named = labels(X), {"series": {"vitals": "events"}}
    with pytest.raises(ValueError, match=r"Column 'vitals' .*MultiTab\(series="):
        MultiTab().fit(X, Y)
    with pytest.raises(ValueError, match=r"series names the column 'vitls'.*mean 'vitals'"):
        MultiTab(series={"vitls": "events"}).fit(X, Y)
    with pytest.raises(ValueError, match=r"Column 'age' of X does not hold histories"):
        MultiTab(series={"age": "events"}).fit(X[["age"]], Y)
    with pytest.raises(ValueError, match="'vitals' has no events in the training rows"):
        MultiTab(**named).fit(X.assign(vitals=Histories.from_list([[]] * 60)), Y)
    with pytest.raises(ValueError, match="sample_context='memory' stores rows"):
        MultiTab(sample_context="memory", **named).fit(X, Y)
    with pytest.raises(ValueError, match="holds histories"):
        members = [("network", MultiTab(**named)), ("trees", skmtl.RMTGB())]
        StackedTasks(estimators=members).fit(X, Y)
    for function in (to_onnx, lambda model: onnx_inputs(model, X)):
        with pytest.raises(TypeError, match=r"\['vitals'\] are histories.*ONNX"):
            function(model)
    X.assign(**Y).to_parquet(tmp_path / "stays.parquet")
    with pytest.raises(ValueError, match="learns from tables in memory"):
        MultiTab(**named).fit(ParquetTable(tmp_path / "stays.parquet"), list(Y))
    X.drop(columns="vitals").assign(vitals=1).to_csv(tmp_path / "stays.csv", index=False)
    with pytest.raises(ValueError, match=r"'vitals' is a column of histories.*CSV"):
        skmtl.score_files(model, tmp_path / "stays.csv", tmp_path / "scores")
    X.assign(vitals=1.0).to_parquet(tmp_path / "numbers.parquet")
    with pytest.raises(ValueError, match=r"'vitals' .* has numbers .* fitted on histories"):
        skmtl.score_files(model, tmp_path / "numbers.parquet", tmp_path / "scores")
