"""The plot of a training, read back from the axes."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from skmtl import RMTGB, MultiTab
from skmtl.inspection import HistoryDisplay

X = pd.DataFrame({"hour": range(40)})
Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 20})
SMALL = {"max_epochs": 3, "row_size": 8, "n_members": 1, "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def model():
    return MultiTab(n_bags=2, **SMALL).fit(X, Y)


def test_lines_are_the_history_and_points_the_epochs_kept(model):
    display = HistoryDisplay.from_estimator(model)
    for bag, line in enumerate(display.lines_["validation_loss"]):
        epochs = model.history_[model.history_["bag"] == bag]
        assert_allclose(line.get_ydata(), epochs["validation_loss"])
        kept = epochs["objective"].idxmin()
        assert_allclose(display.kept_.get_offsets()[bag], [kept, epochs["validation_loss"][kept]])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "held-out rows", "kept"]


def test_one_target(model):
    display = HistoryDisplay.from_estimator(model, target="late", ax=pyplot.subplots()[1])
    first = model.history_[model.history_["bag"] == 0]
    assert_allclose(display.lines_["loss"][0].get_ydata(), first["loss[late]"])
    with pytest.raises(ValueError, match=r"\['delay', 'late'\]"):
        HistoryDisplay.from_estimator(model, target="lat")


def test_without_held_out_rows_nothing_is_marked():
    model = MultiTab(early_stopping=False, **SMALL).fit(X, Y)
    display = HistoryDisplay.from_estimator(model)
    assert display.kept_ is None
    assert list(display.lines_) == ["loss"]


def test_models_without_epochs_are_refused():
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(MultiTab())
    with pytest.raises(TypeError, match="RMTGB lacks"):
        HistoryDisplay.from_estimator(RMTGB(n_rounds=2, n_bags=1).fit(X, Y))
