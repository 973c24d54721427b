"""Variables by the text of their names, for sources with other schemas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import skmtl
from skmtl import MultiTab
from skmtl.histories import EventReader, Histories
from skmtl.networks import HistoryShape, SetAttention, initialise

OF_A = ["creatinine mg", "sodium mmol/l", "Heart rate"]
OF_B = ["Creatinine", "sodium", "heart_rate (bpm)"]
OPTIONS = {
    "n_bags": 1, "row_size": 16, "n_members": 2, "batch_size": 32, "learning_rate": 0.02,
    "max_epochs": 15, "early_stopping": False, "random_state": 0, "device": "cpu",
}  # fmt: skip


def stays(values, names):
    """Return rows with three values of each variable."""
    return pd.DataFrame({"events": Histories.from_array(values, variables=names)})


@pytest.fixture(scope="module")
def data():
    values = np.random.default_rng(0).normal(size=(180, 3, 3))
    Y = pd.DataFrame({"kidney": values[:, 0, -1] * 3, "fast": values[:, 2].mean(axis=1) > 0})
    return values, Y


def fitted(data, **settings):
    values, Y = data
    encoder = SetAttention(size=8, n_heads=2, hidden=16, event_dropout=0.0, **settings)
    return MultiTab(series={"events": encoder}, **OPTIONS).fit(stays(values[:120], OF_A), Y[:120])


@pytest.fixture(scope="module")
def model(data):
    return fitted(data, by_text=True)


def scores(model, data, names):
    values, Y = data[0][120:], data[1][120:]
    predicted = model.predict(stays(values, names)).set_index(Y.index)
    error = ((predicted["kidney"] - Y["kidney"]) ** 2).mean()
    return 1 - error / Y["kidney"].var(), (predicted["fast"] == Y["fast"]).mean()


def test_a_source_with_other_names_is_understood(data, model):
    with pytest.warns(UserWarning, match=r"'Creatinine' as 'creatinine mg', 'heart_rate \(bpm\)'"):
        r2, accuracy = scores(model, data, OF_B)
    assert r2 > 0.8
    assert accuracy > 0.8
    assert (r2, accuracy) == scores(model, data, OF_A)


def test_without_text_it_is_not(data):
    by_name = fitted(data)
    assert scores(by_name, data, OF_A)[0] > 0.8
    with pytest.warns(UserWarning, match=r"not seen in fit and are ignored: \['Creatinine'"):
        assert scores(by_name, data, OF_B)[0] < 0.1


@pytest.mark.parametrize("name", ["creative", "HR", "C-reactive protein", "###"])
def test_other_names_are_ignored(data, model, name):
    values = data[0][:3]
    more = np.concatenate([values, 9 + values[:, :1]], axis=1)
    with pytest.warns(UserWarning, match="were not seen in fit and are ignored"):
        predicted = model.predict(stays(more, [*OF_A, name]))
    pd.testing.assert_frame_equal(predicted, model.predict(stays(values, OF_A)))


def test_the_most_similar_name_is_taken():
    names = ["systolic blood pressure", "diastolic blood pressure"]
    column = pd.Series(Histories.from_array(np.ones((2, 2, 3)), variables=names), name="x")
    reader = EventReader(by_text=True).fit(column)
    other = Histories.from_array(np.ones((1, 1, 3)), variables=["blood pressure (systolic)"])
    with pytest.warns(UserWarning, match="as 'systolic blood pressure'"):
        codes = reader.transform(pd.Series(other, name="x")).variable
    assert {reader.variables_[code] for code in codes} == {"systolic blood pressure"}


def test_similar_names_have_similar_embeddings():
    shape = HistoryShape(3, 4.0, 1.0, ("creatinine mg", "Creatinine", "sodium"))
    layer = SetAttention(by_text=True, hidden=256).build(shape, 8, 0.0)
    initialise(layer, torch.Generator().manual_seed(0))
    with torch.no_grad():
        near, _, far = torch.corrcoef(layer.names())[[0, 0, 0], [1, 0, 2]]
    assert near > 0.8
    assert abs(far) < 0.3


def test_names_are_kept_in_files(data, model, tmp_path):
    model.save(tmp_path / "model.skmtl")
    X = stays(data[0][:5], OF_B)
    with pytest.warns(UserWarning, match="are read as"):
        expected, loaded = model.predict(X), skmtl.load(tmp_path / "model.skmtl").predict(X)
    pd.testing.assert_frame_equal(loaded, expected)
