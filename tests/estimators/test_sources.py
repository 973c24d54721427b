"""Columns of several sources, each of which a row has or lacks as a whole."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl import MultiTab, MultiTabClassifier, MultiTabRegressor
from skmtl.export import to_onnx
from skmtl.histories import Histories
from skmtl.networks import SetAttention
from skmtl.tables import HashedCategories, ParquetTable

SMALL = {
    "n_bags": 1, "max_epochs": 3, "learning_rate": 0.02, "batch_size": 32, "row_size": 16,
    "n_members": 2, "embedding_size": 8, "device": "cpu", "random_state": 0,
}  # fmt: skip
SOURCES = {"labs": ["sodium", "blood"], "ecg": ["ecg"]}
SERIES = {"ecg": SetAttention(size=8, n_heads=2, hidden=8)}


def patients(n=90, seed=0):
    """Two sources, each absent from a third of the rows; numbers, text and histories."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.normal(60, 10, n),
            "sodium": rng.normal(140, 4, n),
            "blood": rng.choice(["A", "B", "0"], n),
            "ecg": Histories.from_list([rng.normal(size=5) for _ in range(n)]),
        }
    )
    Y = pd.DataFrame({"stay": X["sodium"] + X["age"] / 5, "died": X["blood"] == "A"})
    X.loc[rng.random(n) < 1 / 3, SOURCES["labs"]] = None
    X.loc[rng.random(n) < 1 / 3, "ecg"] = None
    Y.loc[::7, "stay"] = None
    return X, Y


@pytest.fixture(scope="module")
def data():
    return patients()


@pytest.fixture(scope="module")
def model(data):
    return MultiTab(sources=SOURCES, series=SERIES, **SMALL).fit(*data)


def shifted(n, absent, seed):
    """Classes that shift all columns, and a source that is absent by class with probabilities."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.5
    X = pd.DataFrame(rng.normal(size=(n, 4)) + 0.4 * np.where(y, 1, -1)[:, None])
    X.columns = ["age", "sex", "lab0", "lab1"]
    X.loc[rng.random(n) < np.where(y, *absent[::-1]), ["lab0", "lab1"]] = None
    return X, y


def test_a_source_that_is_absent_not_at_random_teaches_no_label():
    """Absent from 10 % of one class and 90 % of the other in training, the reverse later."""
    settings = {**SMALL, "max_epochs": 8}
    train = shifted(500, (0.1, 0.9), seed=0)
    X, y = shifted(1000, (0.9, 0.1), seed=10)
    scores, absent = {}, {}
    for name, sources in (("plain", None), ("sources", {"labs": ["lab0", "lab1"]})):
        model = MultiTabClassifier(sources=sources, **settings).fit(*train)
        scores[name] = roc_auc_score(y, model.predict_proba(X)[:, 1])
        hidden = X.assign(lab0=None, lab1=None).astype(float)
        with pytest.warns(UserWarning, match="'lab0' is missing in all 1,000 rows"):
            absent[name] = model.predict_proba(hidden)[:, 1]
    assert scores["plain"] < 0.5  # absence is taken for the label
    assert scores["sources"] > 0.7
    # By the other columns alone: half of all rows are of each class.
    assert absent["plain"].mean() > 0.75
    assert absent["sources"].mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("shown", [["labs"], ["ecg"], [], ["ecg", "labs"]])
def test_other_sources_are_as_if_their_columns_were_missing(shown, data, model):
    X, _ = data
    gone = [column for name, columns in SOURCES.items() if name not in shown for column in columns]
    some = model.predict(X.head(4), sources=shown)
    missing = X.copy()
    missing.loc[missing.index < 4, gone] = None
    pd.testing.assert_frame_equal(model.predict(missing.head(4)), some)
    assert np.array_equal(
        model.predict_proba(X.head(4), sources=shown)[0], model.predict_proba(missing.head(4))[0]
    )
    view = model.with_sources(shown)
    pd.testing.assert_frame_equal(view.predict(X.head(4)), some)
    for before, after in zip(
        model.predict_proba(missing.head(4)), view.predict_proba(X.head(4)), strict=True
    ):
        assert np.array_equal(before, after)
    if len(shown) < 2:
        assert not some.equals(model.predict(X.head(4)))


def test_sources_that_are_not_asked_for_cause_no_warning(data, model):
    X, Y = data
    model.predict(X, sources=[])
    model.with_sources([]).score_tasks(X, Y)
    with pytest.warns(UserWarning, match="'sodium' is missing in all 90 rows") as warned:
        model.predict(X.assign(sodium=np.nan, blood=None))
    assert warned[0].filename == __file__


@pytest.mark.parametrize("shown", [["labs"], ["ecg"], []])
def test_columns_of_hidden_sources_may_be_absent(shown, data, model):
    X, Y = data
    gone = [column for name, columns in SOURCES.items() if name not in shown for column in columns]
    rest = X.drop(columns=gone)
    expected = model.predict(X, sources=shown)
    pd.testing.assert_frame_equal(model.predict(rest, sources=shown), expected)
    pd.testing.assert_frame_equal(model.predict(rest.iloc[:, ::-1], sources=shown), expected)
    view = model.with_sources(shown)
    assert view.score_tasks(rest, Y).equals(view.score_tasks(X, Y))
    with pytest.raises(ValueError, match="yet now missing"):
        model.predict(rest)
    with pytest.raises(ValueError, match="yet now missing:\n- age"):
        model.predict(X[["ecg"]], sources=["ecg"])
    with pytest.raises(ValueError, match="unseen at fit time:\n- new"):
        model.predict(rest.assign(new=1), sources=shown)


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_tables_to_score_may_lack_hidden_columns(end, data, model, tmp_path):
    """Files with and without these columns, in one job; a CSV file cannot hold histories."""
    X, _ = data
    shown = model.with_sources(["labs"])
    rest = X.drop(columns="ecg").assign(row=range(len(X)))
    lab_free = rest.drop(columns=["sodium", "blood"])
    scores = skmtl.score_frame(shown, rest, keep=["row"])
    complete = rest.assign(ecg=X["ecg"])
    pd.testing.assert_frame_equal(scores, skmtl.score_frame(shown, complete, keep=["row"]))
    for name, rows in {"a": rest[:50], "b": rest[50:]}.items():
        rows = rows.assign(ecg=X["ecg"]) if end == "parquet" and name == "b" else rows
        getattr(rows, f"to_{end}")(tmp_path / f"{name}.{end}", index=False)
    files = [tmp_path / f"{name}.{end}" for name in "ab"]
    report = skmtl.score_files(shown, files, tmp_path / "scores", keep=["row"])
    assert report.n_rows == len(X)
    written = pd.read_parquet(tmp_path / "scores")
    written = written.sort_values("row", key=lambda row: row.astype(int))
    np.testing.assert_allclose(written["stay_prediction"], scores["stay_prediction"], rtol=1e-5)
    # What is read must be there, and so must what is kept.
    getattr(lab_free, f"to_{end}")(tmp_path / f"c.{end}", index=False)
    for needed, view in ((r"\['sodium', 'blood'\]", shown), (r"\['sodium'", model)):
        with pytest.raises(ValueError, match=f"no columns {needed}"):
            skmtl.score_files(view, tmp_path / f"c.{end}", tmp_path / "none")
        with pytest.raises(ValueError, match=f"no columns {needed}"):
            skmtl.score_frame(view, lab_free)
    with pytest.raises(ValueError, match=r"no columns \['ecg'\]"):
        skmtl.score_frame(shown, rest, keep=["ecg"])


def test_values_of_hidden_sources_change_nothing(data, model):
    X, _ = data
    other = X.assign(sodium=X["sodium"] * 3, blood="B")
    pd.testing.assert_frame_equal(
        model.predict(other, sources=["ecg"]), model.predict(X, sources=["ecg"])
    )
    assert not model.predict(other).equals(model.predict(X))


def test_a_row_depends_on_itself_alone(data, model):
    X, _ = data
    together = model.predict(X)
    for row in (0, 1, 2, 3, 40):
        np.testing.assert_allclose(
            model.predict(X.iloc[[row]])["stay"], together["stay"].iloc[[row]], rtol=1e-5
        )


def test_missing_labels_have_no_influence(data):
    X, Y = data
    known = Y.assign(stay=Y["stay"].fillna(1e6), died=Y["died"])
    weight = np.column_stack([Y["stay"].notna(), np.ones(len(Y))])
    model = MultiTab(sources=SOURCES, series=SERIES, **SMALL)
    pd.testing.assert_frame_equal(
        clone(model).fit(X, Y).predict(X), clone(model).fit(X, known, weight).predict(X)
    )


def test_files_hold_the_sources(data, model):
    X, _ = data
    for estimator in (model, model.with_sources(["labs"])):
        file = io.BytesIO()
        estimator.save(file)
        file.seek(0)
        pd.testing.assert_frame_equal(skmtl.load(file).predict(X), estimator.predict(X))
    assert model.predict(X).equals(model.predict(X, sources=["labs", "ecg"]))


def test_a_view_is_fitted_with_all_sources_again(data, model):
    X, Y = data
    again = model.with_sources(["labs"]).fit(X, Y)
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))


def test_a_view_starts_over_where_the_model_would_go_on(data):
    X, Y = data
    X = X.drop(columns="ecg")
    model = MultiTab(sources={"labs": SOURCES["labs"]}, warm_start=True, **SMALL).fit(X, Y)
    again = model.with_sources([]).fit(X, Y)
    assert model.warm_start
    fresh = clone(model).fit(X, Y)
    pd.testing.assert_frame_equal(again.predict(X), fresh.predict(X))


def test_pipelines_searches_and_tables_on_disk(data, tmp_path):
    X, Y = data
    X = X.drop(columns="ecg")
    estimator = MultiTab(sources={"labs": ["sodium", "blood"]}, **SMALL)
    pipeline = make_pipeline(FunctionTransformer(), estimator)
    search = GridSearchCV(pipeline, {"multitab__source_dropout": [0.3, 0.6]}, cv=KFold(2))
    search.fit(X, Y)
    best = search.best_estimator_
    assert not best.predict(X, sources=[]).equals(best.predict(X))
    X.assign(**Y).to_parquet(tmp_path / "rows.parquet")
    table = ParquetTable(tmp_path / "rows.parquet", rows_in_memory=64)
    stored = estimator.fit(table, list(Y))
    assert np.isfinite(stored.predict(X, sources=[])["stay"]).all()
    skmtl.score_frame(stored.with_sources([]), X)
    with pytest.raises(TypeError, match=r"sources \['labs'\].*score_files"):
        to_onnx(stored)


def test_gaps_within_a_source_are_imputed_if_there_were_none():
    """A missing cell of a present source says nothing that could have been learnt."""
    X, _ = patients()
    X = X.drop(columns="ecg")
    y = X["sodium"].fillna(140) + X["age"]
    model = MultiTabRegressor(sources={"labs": ["sodium", "blood"]}, **SMALL).fit(X, y)
    rows = X.dropna().head(4)
    median = X["sodium"].median()
    imputed = model.predict(rows.assign(sodium=np.nan))
    np.testing.assert_allclose(imputed, model.predict(rows.assign(sodium=median)), rtol=0.02)


def test_numbers_for_columns_of_arrays():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = X[:, 2].copy()
    X[::3, 2:] = np.nan
    model = MultiTabRegressor(sources={"b": [2, 3]}, **SMALL).fit(X, y)
    changed = X.copy()
    changed[:, 2:] = np.nan
    assert np.array_equal(model.predict(X[:4], sources=[]), model.predict(changed[:4]))


def test_ids_that_are_hashed_beside_and_within_a_source():
    X, Y = patients(60)
    X = X.drop(columns="ecg").assign(ward=[f"w{row % 12}" for row in range(60)])
    hashed = HashedCategories(n_rows=32, columns=["ward", "blood"])
    settings = SMALL | {"hashed_categories": hashed, "row_mixing": "stem"}
    for columns in (["sodium"], ["sodium", "ward"]):
        model = MultiTab(sources={"labs": columns}, **settings).fit(X, Y)
        missing = X.head(4).assign(**dict.fromkeys(columns))
        pd.testing.assert_frame_equal(model.predict(X.head(4), sources=[]), model.predict(missing))


def test_a_fit_goes_on_with_the_same_sources(data):
    X, Y = data
    X = X.drop(columns="ecg")
    model = MultiTab(sources={"labs": ["sodium", "blood"]}, warm_start=True, **SMALL)
    model.fit(X, Y).fit(X, Y)
    assert model.n_epochs_ == 6
    model.set_params(sources={"labs": ["sodium"]})
    with pytest.raises(ValueError, match="had sources="):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"labs": ["sodum"]}, r"sources\['labs'\] names the column 'sodum'.*mean 'sodium'"),
        ({"labs": ["sodium"], "all": ["age", "sodium"]}, "'sodium' twice, in 'labs' and 'all'"),
        ({"labs": ["sodium", "sodium"]}, "'sodium' twice, in 'labs' and 'labs'"),
        ({"labs": []}, r"sources\['labs'\] has no columns"),
        ({"labs": "sodium"}, "mapping of names to lists of columns"),
        (["sodium"], "mapping of names to lists of columns"),
        ({"labs": [["sodium"]]}, "mapping of names to lists of columns"),
    ],
)
def test_impossible_sources_are_refused(sources, message, data):
    X, Y = data
    with pytest.raises(ValueError, match=message):
        MultiTab(sources=sources, **SMALL).fit(X.drop(columns="ecg"), Y)


def test_other_settings_are_refused(data, model):
    X, Y = data
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match="source_dropout"):
            MultiTab(sources=SOURCES, source_dropout=share).fit(X, Y)
    with pytest.raises(ValueError, match="sample_context='memory' keeps rows"):
        MultiTab(sources={"labs": ["sodium"]}, sample_context="memory").fit(X, Y)
    with pytest.raises(ValueError, match=r"no source 'lab'.*mean 'labs'"):
        model.predict(X, sources=["lab"])
    with pytest.raises(ValueError, match=r"sources='labs' must be a list of \['labs', 'ecg'\]"):
        model.predict(X, sources="labs")
    plain = MultiTabRegressor(**SMALL).fit(X[["age"]], Y["stay"])
    with pytest.raises(ValueError, match="fitted without sources"):
        plain.predict(X[["age"]], sources=["labs"])


def test_all_rows_with_a_set_of_sources_count_the_same():
    """Exactly: what is hidden from a row, times its weight, does not depend on what it lacks."""
    from skmtl.engines.network._hidden_sources import HiddenSources
    from skmtl.networks import PRESENT_SOURCES, Batch
    from skmtl.training import Samples

    n, share = 40_000, 0.3
    patterns = torch.tensor([[True, True], [True, False], [False, False]])
    present = patterns.repeat(n, 1)
    batch = Batch(torch.zeros(3 * n, 0), torch.zeros(3 * n, 0), extras={PRESENT_SOURCES: present})
    samples = Samples(batch, torch.zeros(3 * n, 1), torch.ones(3 * n, 1))
    equal = SimpleNamespace(weights=lambda some: torch.ones(len(some), 2, 1))
    rows = HiddenSources(samples, share, equal)
    assert rows.mean_weight().item() == pytest.approx((1 + 0.3 + 0.09) / 3)
    counts = {}
    for samples in rows.batches(3 * n, torch.Generator().manual_seed(0)):
        shown = samples.inputs.extras[PRESENT_SOURCES]
        # Weights tell the patterns apart, whatever the order of rows.
        for pattern, weight in zip(patterns.tolist(), (1.0, 0.3, 0.09), strict=True):
            of_pattern = torch.isclose(samples.weight[:, 0], torch.tensor(weight))
            for asked in patterns.tolist():
                is_asked = (shown == torch.tensor(asked)).all(dim=1)
                counts[str(pattern), str(asked)] = weight * (of_pattern & is_asked).sum() / n
    expected = {str([True, True]): 0.49, str([True, False]): 0.21, str([False, False]): 0.09}
    for (pattern, asked), count in counts.items():
        can = pattern >= asked or asked == str([False, False])
        assert count == pytest.approx(expected[asked] if can else 0, abs=0.01), (pattern, asked)
