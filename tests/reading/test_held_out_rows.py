"""Groups and validation rows passed to `fit`, and warnings about rows that are too similar."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.reading import Validation, repeated_pair

MODELS = {
    "network": MultiTab(max_epochs=2, row_size=4, n_members=1, n_bags=1, random_state=0),
    "boosting": RMTGB(n_rounds=20, n_bags=1, blocks=("shared",), random_state=0),
}


@pytest.fixture(params=MODELS)
def model(request):
    return sklearn.clone(MODELS[request.param])


def visits(n_patients=40, n_visits=5, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), n_visits)
    traits = rng.normal(size=(n_patients, 4))[patient]
    X = pd.DataFrame(traits + noise * rng.normal(size=traits.shape), columns=list("abcd"))
    Y = pd.DataFrame({"pressure": X["a"] * 5 + 100, "ill": X["b"] > 0})
    return X, Y, patient


@pytest.fixture
def splits(monkeypatch):
    """The splits of every fit."""
    made, inner = [], Validation.splits

    def watched(self, *args, **settings):
        made.extend(inner(self, *args, **settings))
        return made

    monkeypatch.setattr(Validation, "splits", watched)
    return made


@pytest.mark.parametrize("validation", ["random", "group", GroupKFold(5)], ids=str)
def test_groups_of_fit_are_held_out_whole(validation, model, splits):
    X, Y, patient = visits()
    model.set_params(validation=validation).fit(X, Y, groups=patient)
    ((training, held_out),) = splits
    assert len(held_out)
    assert not set(patient[training]) & set(patient[held_out])


def test_groups_are_those_of_the_group_column(model):
    X, Y, patient = visits()
    given = sklearn.clone(model).fit(X, Y, groups=patient)
    model.set_params(validation="group", group_column="patient")
    named = model.fit(X.assign(patient=patient), Y)
    expected = named.predict(X.assign(patient=patient))
    pd.testing.assert_frame_equal(given.predict(X), expected)
    with pytest.raises(ValueError, match="not both"):
        model.fit(X.assign(patient=patient), Y, groups=patient)


def test_groups_go_through_metadata_routing(model, splits):
    X, Y, patient = visits()
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), model)
        cross_validate(pipe, X, Y, cv=GroupKFold(2), params={"groups": patient})
    assert len(splits) == 2
    for test, (training, held_out) in enumerate(splits):
        rows = [train for train, _ in GroupKFold(2).split(X, Y, patient)][test]
        assert not set(patient[rows][training]) & set(patient[rows][held_out])


def test_groups_must_suit(model, tmp_path):
    X, Y, patient = visits()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, Y, groups=patient[1:])
    with pytest.raises(ValueError, match="have no group"):
        model.fit(X, Y, groups=np.where(patient == 3, np.nan, patient))
    with pytest.raises(ValueError, match="group_column, or pass groups= to fit"):
        model.set_params(validation="group").fit(X, Y)
    X.join(Y).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=r"name the column .* in group_column"):
        model.fit(tmp_path, ["pressure", "ill"], groups=patient)


def test_both_forms_of_validation_rows_are_the_same(model):
    X, Y, _ = visits()
    weight = np.linspace(1, 2, 50)
    rows, rest = (X.tail(50), Y.tail(50)), (X.head(150), Y.head(150))
    one = sklearn.clone(model).fit(*rest, eval_set=(*rows, weight))
    other = model.fit(*rest, X_val=rows[0], y_val=rows[1], sample_weight_val=weight)
    pd.testing.assert_frame_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"X_val": 1}, "y_val is missing"),
        ({"y_val": 1}, "X_val is missing"),
        ({"sample_weight_val": 1}, "X_val is missing"),
        ({"X_val": 1, "y_val": 1, "eval_set": (1, 1)}, "not both"),
    ],
)
def test_validation_rows_in_part(arguments, words, model):
    X, Y, _ = visits()
    with pytest.raises(ValueError, match=words):
        model.fit(X, Y, **arguments)


@pytest.mark.parametrize("as_frames", [True, False])
def test_a_pipeline_transforms_validation_rows(as_frames, model):
    X, Y, _ = visits()
    X = X * 50 + 200
    scaler = StandardScaler().set_output(transform="pandas" if as_frames else "default")
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(scaler, model, transform_input=["X_val"])
        pipe.fit(X.head(150), Y.head(150), X_val=X.tail(50), y_val=Y.tail(50))
    scaled = sklearn.clone(scaler).fit(X.head(150))
    by_hand = sklearn.clone(model).fit(
        scaled.transform(X.head(150)),
        Y.head(150),
        eval_set=(scaled.transform(X.tail(50)), Y.tail(50)),
    )
    expected = by_hand.predict(scaled.transform(X))
    np.testing.assert_allclose(pipe.predict(X)["pressure"], expected["pressure"])


def test_validation_rows_that_a_pipeline_left_out_are_told(model):
    X, Y, _ = visits()
    X = X * 50 + 200
    raw = {f"{type(model).__name__.lower()}__eval_set": (X.tail(50), Y.tail(50))}
    with pytest.raises(ValueError, match=r"eval_set.*have none.*transform_input=\['X_val'\]"):
        make_pipeline(StandardScaler(), model).fit(X, Y, **raw)
    raw = {next(iter(raw)): (X.tail(50).to_numpy(), Y.tail(50))}
    with pytest.warns(UserWarning, match=r"column 0 is outside .*transform_input=\['X_val'\]"):
        make_pipeline(StandardScaler(), model).fit(X, Y, **raw)


def test_labels_that_were_transformed_are_told(model):
    X, Y, _ = visits()
    moved = Y.assign(pressure=(Y["pressure"] - 100) / 5)
    with pytest.warns(UserWarning, match="target 'pressure' is outside"):
        model.fit(X, Y, X_val=X, y_val=moved)


# rows and columns that are too alike or too different


IDS = {
    "text": [f"P-{i:04}" for i in range(200)],
    "category": pd.Categorical([f"P-{i:04}" for i in range(200)]),
    "row number": np.random.default_rng(0).permutation(200) + 1000,
}


@pytest.mark.parametrize("form", IDS)
def test_a_column_with_a_different_value_in_every_row_is_told(form, model):
    X, Y, patient = visits()
    with pytest.warns(UserWarning, match=r"Column 'visit' of X has a different value in every"):
        model.fit(X.assign(visit=IDS[form]), Y, groups=patient)


def test_whole_numbers_with_gaps_are_an_id_by_their_name():
    X, Y, patient = visits()
    numbers = np.random.default_rng(0).permutation(200) ** 2
    boosting = sklearn.clone(MODELS["boosting"])
    for name in ("patient_id", "visitId", "ID"):
        with pytest.warns(UserWarning, match=f"Column {name!r}"):
            boosting.fit(X.assign(**{name: numbers}), Y, groups=patient)
    boosting.fit(X.assign(income=numbers), Y, groups=patient)  # warnings are errors here


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_near_copies_are_told_unless_whole_groups_are_held_out(noise, model):
    X, Y, patient = visits(noise=noise)
    with pytest.warns(UserWarning, match=r"(near copies|repeat together).*groups=.*group_column="):
        model.fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y, groups=patient)
        model.fit(X, Y, eval_set=(X.head(20), Y.head(20)))


LINEAR = MultiTaskLinear(penalty="ridge", random_state=0)


def trials(n_places=12, n_rows=600, decimals=1, seed=0):
    """Return yields of varieties at places whose weather is known."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, n_places, n_rows)
    weather = np.round(rng.normal([15, 80], [4, 20], size=(n_places, 2)), decimals)[place]
    X = pd.DataFrame(weather, columns=["warmth", "rain"])
    X["variety"] = pd.Categorical(rng.integers(0, 200, n_rows).astype(str))
    X["seed_size"] = rng.normal(size=n_rows)
    X["plants"] = rng.integers(20, 60, n_rows)
    effects = rng.normal(size=(n_places, 2))[place] + X[["seed_size"]].to_numpy()
    return X, pd.DataFrame(effects, columns=["grain", "straw"]), place


@pytest.mark.parametrize("engine", [*MODELS.values(), LINEAR], ids=lambda m: type(m).__name__)
def test_numbers_that_repeat_together_are_named_with_a_remedy_that_helps(engine, splits):
    X, Y, place = trials()
    with pytest.warns(UserWarning, match=r"'warmth' and 'rain' .*: 12 pairs.*validation='group'"):
        sklearn.clone(engine).fit(X, Y)
    splits.clear()
    model = sklearn.clone(engine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y, groups=X.groupby(["warmth", "rain"], dropna=False).ngroup())
    for training, held_out in splits:
        assert not set(place[training]) & set(place[held_out])


@pytest.mark.parametrize("decimals", [0, 1, 4])
@pytest.mark.parametrize("n_places", [12, 30, 60])
def test_places_are_found_however_their_weather_is_rounded(n_places, decimals):
    X, _, place = trials(n_places, 1500, decimals)
    pair = repeated_pair(X)
    assert set(pair.columns) == {"warmth", "rain"}
    assert 0.8 * n_places <= pair.n_groups <= n_places
    X["rain"] = X["rain"].where(place != 0)  # a station that was out of order
    assert set(repeated_pair(X).columns) == {"warmth", "rain"}


def test_places_that_are_the_tasks_are_no_surprise():
    X, _, place = trials()
    assert repeated_pair(X, pd.Series(place)) is None


PAIRS_OF_NO_PLACE = {
    "independent": lambda rng, a: rng.integers(0, 30, len(a)),
    "another unit": lambda rng, a: a * 1.8 + 32,
    "a coarser number": lambda rng, a: a % 7,
    "a copy with gaps": lambda rng, a: np.where(rng.uniform(size=len(a)) < 0.05, np.nan, a),
    "correlated": lambda rng, a: a + rng.integers(-3, 4, len(a)),
    "mostly equal": lambda rng, a: np.where(a < 12, a, a[::-1] // 5),
}


@pytest.mark.parametrize("relation", PAIRS_OF_NO_PLACE)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), n_rows=st.integers(200, 3000))
def test_numbers_that_only_depend_on_each_other_are_no_places(relation, seed, n_rows):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 20, n_rows)
    X = pd.DataFrame({"a": a, "b": PAIRS_OF_NO_PLACE[relation](rng, a)})
    assert repeated_pair(X) is None


@pytest.mark.parametrize("n_features", [1, 2, 30])
@pytest.mark.parametrize("seed", range(3))
def test_rows_by_chance_are_no_copies(n_features, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(np.exp(rng.normal(size=(300, n_features))))
    X[n_features] = rng.integers(0, 3, 300)  # equal values of few are no copies
    sklearn.clone(MODELS["boosting"]).fit(X, X[[0]] * 2)


@pytest.mark.parametrize("factor", [1j, pd.Timedelta(days=1)])
def test_columns_that_no_model_reads_are_named(factor):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(150, 3)), columns=list("abc"))
    X["d"] = X["c"] * factor
    with pytest.raises(ValueError, match=r"olumn 'd' of X"):
        MultiTaskLinear(penalty="ridge").fit(X, X[["a"]])
