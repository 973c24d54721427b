"""The progress bar with losses, and scikit-learn's own."""

from __future__ import annotations

import pickle
import re
import sys

import numpy as np
import pytest
import rich
import sklearn.callback
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTabRegressor
from skmtl.callbacks import ProgressBar
from skmtl.engines.network import MultiTabDescription, MultiTabSettings
from skmtl.networks import MultiTabNet, NetworkOutput


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return X, X[:, :2] + 0.1 * rng.normal(size=(60, 2))


@pytest.fixture(autouse=True)
def wide_console():
    """Wide enough for every name to be written out."""
    rich.reconfigure(width=120)
    yield
    rich.reconfigure()


def small(**parameters) -> MultiTabRegressor:
    settings = {"max_epochs": 4, "row_size": 8, "n_members": 2, "random_state": 0}
    return MultiTabRegressor(**settings | parameters)


def lines_of(output: str, name: str) -> list[str]:
    """The final lines of the bars called `name`; output that is no terminal has each once."""
    return [line for line in output.splitlines() if line.strip().startswith(name)]


def test_a_fit_shows_its_losses_and_the_best_epoch(data, capsys):
    model = small(n_bags=1, max_epochs=30, learning_rate=0.05, patience=2)
    model.set_callbacks(ProgressBar()).fit(*data)
    (line,) = lines_of(capsys.readouterr().out, "MultiTabRegressor")
    losses = model.history_.iloc[-1]
    best = model.history_.loc[model.best_epoch_, "validation_loss"]
    assert model.n_epochs_ < 30, "it should have stopped early, which the bar shows as done"
    assert "100%" in line
    assert f"loss {losses['loss']:.3g} val {losses['validation_loss']:.3g}" in line
    assert line.rstrip().endswith(f"best {best:.3g} @{model.best_epoch_}")


def test_each_network_of_a_bag_has_a_best_epoch_of_its_own(data, capsys):
    model = small(n_bags=2).set_callbacks(ProgressBar()).fit(*data)
    (line,) = lines_of(capsys.readouterr().out, "MultiTabRegressor")
    second = model.history_[model.history_["bag"] == 1]
    best = second.loc[second["objective"].idxmin()]
    assert f"bag 1 loss {second['loss'].iloc[-1]:.3g} " in line
    assert line.rstrip().endswith(f"best {best['validation_loss']:.3g} @{best.name}")


def test_without_validation_there_is_no_best_epoch(data, capsys):
    model = small(early_stopping=False).set_callbacks(ProgressBar()).fit(*data)
    (line,) = lines_of(capsys.readouterr().out, "MultiTabRegressor")
    assert line.rstrip().endswith(f"loss {model.history_['loss'].iloc[-1]:.3g}")


class LoadedNet(MultiTabNet):
    """Returns a loss beside those of the tasks."""

    def forward(self, batch):
        scores = super().forward(batch)
        return NetworkOutput(scores, {"load": 2 + 0 * scores.mean()})


class LoadedDescription(MultiTabDescription):
    def build(self):
        network = super().build()
        network.__class__ = LoadedNet
        return network


class LoadedSettings(MultiTabSettings):
    def describe(self, *arguments):
        return LoadedDescription(**vars(super().describe(*arguments)))


class Loaded(MultiTabRegressor):
    def _architecture(self):
        return LoadedSettings(**vars(super()._architecture()))


def test_auxiliary_losses_are_shown_and_stand_in_the_history(data, capsys):
    settings = {"max_epochs": 2, "n_bags": 1, "row_size": 8, "random_state": 0}
    model = Loaded(**settings).set_callbacks(ProgressBar()).fit(*data)
    (line,) = lines_of(capsys.readouterr().out, "Loaded")
    assert re.search(r"val \S+ load 2 best", line)
    assert model.history_["auxiliary[load]"].tolist() == [2.0, 2.0]
    assert model.last_epoch_["auxiliary"] == {"load": 2.0}
    plain = MultiTabRegressor(**settings).fit(*data)
    np.testing.assert_array_equal(model.predict(data[0]), plain.predict(data[0]))
    assert not [name for name in plain.history_ if name.startswith("auxiliary")]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_fit_of_a_grid_search_over_a_pipeline_shows_its_losses(data, capsys, n_jobs):
    pipeline = make_pipeline(StandardScaler(), small())
    grid = {"multitabregressor__dropout": [0.0, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs)
    search.set_callbacks(ProgressBar()).fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    output = capsys.readouterr().out
    fits = lines_of(output, "MultiTabRegressor #1")
    assert len(fits) == 2 * 2 + 1
    assert all(re.search(r"100%.* loss \S+ val \S+ best \S+ @\d", line) for line in fits)
    assert sorted(re.findall(r"Pipeline #\d", output)) == [
        "Pipeline #0", "Pipeline #1", "Pipeline #1", "Pipeline #2", "Pipeline #3",
    ]  # fmt: skip
    # The refit is not part of the search: it stands below it, one level further out.
    assert re.search(r"^GridSearchCV.*^  search #0.*^    Pipeline.*^  Pipeline #1.*", output,
                     re.MULTILINE | re.DOTALL)  # fmt: skip


def test_the_depth_limits_which_estimators_get_bars(data, capsys):
    search = GridSearchCV(small(), {"dropout": [0.0]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=0)).fit(*data)
    output = capsys.readouterr().out
    assert lines_of(output, "GridSearchCV")
    assert not lines_of(output, "MultiTabRegressor")


def test_estimators_that_report_no_losses_get_a_bar_alone(data, capsys):
    X, Y = data
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.set_callbacks(ProgressBar()).fit(X, Y[:, 0] > 0)
    output = capsys.readouterr().out
    assert "100%" in lines_of(output, "LogisticRegression")[0]
    assert "loss" not in output


def test_in_a_low_terminal_finished_fits_make_room(data, capsys):
    search = GridSearchCV(small(max_epochs=1), {"dropout": [0.0, 0.1, 0.2]}, cv=3)
    rich.reconfigure(force_terminal=True, width=120, height=6)
    search.set_callbacks(ProgressBar()).fit(*data)
    last_frame = capsys.readouterr().out.rpartition("\x1b[2K")[2]
    assert last_frame.count("%") == 5, "six lines, of which the cursor needs one"


def test_a_progress_bar_does_not_change_the_model(data):
    X, Y = data
    watched = small().set_callbacks(ProgressBar()).fit(X, Y)
    np.testing.assert_array_equal(watched.predict(X), small().fit(X, Y).predict(X))


def test_a_bar_serves_several_fits_and_survives_pickling(data, capsys):
    model = pickle.loads(pickle.dumps(small().set_callbacks(ProgressBar()).fit(*data)))
    capsys.readouterr()
    model.fit(*data).fit(*data)
    assert len(lines_of(capsys.readouterr().out, "MultiTabRegressor")) == 2


def test_a_notebook_without_ipywidgets_gets_a_plain_bar(data, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # cannot be imported
    rich.reconfigure(width=120, force_jupyter=True)
    small(n_bags=1).set_callbacks(ProgressBar()).fit(*data)
    (line,) = lines_of(capsys.readouterr().out, "MultiTabRegressor")
    assert "100%" in line


def test_a_fit_that_fails_closes_its_display(data, capsys):
    class Failing(sklearn.callback.ProgressBar):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        small().set_callbacks(ProgressBar(), Failing()).fit(*data)
    capsys.readouterr()
    small().set_callbacks(ProgressBar()).fit(*data)
    assert len(lines_of(capsys.readouterr().out, "MultiTabRegressor")) == 1


def test_a_wrong_depth_is_an_error():
    with pytest.raises(ValueError, match="max_propagation_depth"):
        ProgressBar(max_propagation_depth=-1)


def test_scikit_learns_own_progress_bar_shows_the_fit(data, capsys):
    small().set_callbacks(sklearn.callback.ProgressBar()).fit(*data)
    assert "MultiTabRegressor - fit" in lines_of(capsys.readouterr().out, "MultiTabRegressor")[0]


def test_the_report_of_an_epoch_is_that_of_the_history(data):
    class Recorder:
        def __init__(self):
            self.epochs = []

        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                self.epochs.append(estimator.last_epoch_)

    recorder = Recorder()
    model = small().set_callbacks(recorder).fit(*data)
    for name in ("bag", "loss", "validation_loss", "objective"):
        assert [epoch[name] for epoch in recorder.epochs] == model.history_[name].tolist()
    assert [epoch["epoch"] for epoch in recorder.epochs] == model.history_.index.tolist()
    for bag, own in model.history_.groupby("bag"):
        improved = [e["epoch"] for e in recorder.epochs if e["bag"] == bag and e["improved"]]
        assert improved[-1] == own["objective"].idxmin()
