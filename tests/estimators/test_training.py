"""When training stops, what it keeps, and what callbacks see of it."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skmtl.metrics import make_multitask_scorer, task_scorers


class Recorder:
    """Keeps what each epoch reports; `stop` or `interrupt` after so many epochs."""

    def __init__(self, stop=None, interrupt=None, interrupt_before=None):
        self.stop, self.interrupt, self.interrupt_before = stop, interrupt, interrupt_before
        self.reports, self.begun, self.calls = [], 0, []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun += context.task_name == "epoch"
        if self.begun == self.interrupt_before:
            raise KeyboardInterrupt

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return False
        self.reports.append(estimator.last_epoch_)
        if len(self.reports) == self.interrupt:
            raise KeyboardInterrupt
        return len(self.reports) == self.stop


def test_history_tells_every_epoch(small, table):
    model = small.mixed().fit(*table)
    history = model.history_
    assert history.index.tolist() == list(range(6))
    assert model.n_epochs_ == 6
    losses = history[[f"loss[{name}]" for name in table.Y]]
    np.testing.assert_allclose(history["loss"], losses.mean(axis=1))
    losses = history[[f"validation_loss[{name}]" for name in table.Y]]
    np.testing.assert_allclose(history["validation_loss"], losses.mean(axis=1))
    assert model.best_epoch_ == history["objective"].idxmin()
    assert (history["learning_rate"] == 0.03).all()
    assert history["seconds"].is_monotonic_increasing
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_the_weights_of_the_best_epoch_are_kept(small, table):
    """Scored on the validation rows, the model has the loss of the epoch that it kept."""
    y = table.X["size"]
    held_out = table.X[160:], y[160:]
    model = small.regressor(max_epochs=40, learning_rate=0.2, averaging=0.0)
    model.fit(table.X[:160], y[:160], eval_set=held_out)
    losses = model.history_["validation_loss"]
    assert model.best_epoch_ == losses.idxmin() < losses.index[-1]
    error = (model.predict(held_out[0]) - held_out[1]) / y[:160].std(ddof=0)
    assert 0.5 * np.mean(error**2) == pytest.approx(losses.min(), rel=1e-4)


def test_training_stops_when_patience_is_over(small, table):
    noise = np.random.default_rng(0).normal(size=240)
    model = small.regressor(max_epochs=60, patience=3, learning_rate=0.1).fit(table.X, noise)
    assert model.n_epochs_ == model.best_epoch_ + 1 + 3 < 60


def test_without_early_stopping_all_rows_are_learnt_from_to_the_end(small, table):
    model = small.mixed(early_stopping=False).fit(*table)
    assert model.n_epochs_ == 6
    assert model.best_epoch_ == 5
    assert not any("validation" in column for column in model.history_)


def test_cosine_schedule_falls_to_zero(small, table):
    rate = small.mixed(schedule="cosine", max_epochs=8).fit(*table).history_["learning_rate"]
    assert rate.is_monotonic_decreasing
    assert rate.iloc[0] > 0.028
    assert rate.iloc[-1] < 0.003


def test_max_time_ends_after_the_epoch_at_work(small, table):
    started = time.monotonic()
    model = small.mixed(max_epochs=10**6, max_time=0.2, patience=10**6).fit(*table)
    assert 1 <= model.n_epochs_ < 10**5
    assert time.monotonic() - started < 10
    assert small.mixed(max_epochs=50, max_time=1e-9).fit(*table).n_epochs_ == 1


def test_max_time_is_shared_by_the_networks_of_a_bag(small, table, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("skmtl.training._loop.time.monotonic", lambda: float(next(clock)))
    model = small.mixed(n_bags=3, max_epochs=40, max_time=30.0, patience=40).fit(*table)
    epochs = model.history_["bag"].value_counts()
    assert len(epochs) == 3
    # A second passes whenever somebody looks at the clock, at least once in an epoch.
    assert epochs.max() <= 2 * epochs.min()
    assert epochs.sum() <= 30


def test_every_network_of_a_bag_has_its_history(small, table):
    model = small.mixed(n_bags=2, max_epochs=3).fit(*table)
    assert model.history_["bag"].tolist() == [0, 0, 0, 1, 1, 1]
    assert model.n_epochs_ == 6
    first, second = model.history_["validation_loss"].to_numpy().reshape(2, 3)
    assert (first != second).all()


@pytest.mark.parametrize("n_bags", [1, 2])
def test_warm_start_goes_on(n_bags, small, table):
    model = small.mixed(warm_start=True, n_bags=n_bags, max_epochs=4).fit(*table)
    first = model.history_
    model.fit(*table)
    assert model.n_epochs_ == 2 * len(first)
    assert model.history_.loc[model.history_["bag"] == 0].index.tolist() == list(range(8))
    losses = model.history_.query("bag == 0")["loss"]
    np.testing.assert_array_equal(losses[:4], first.query("bag == 0")["loss"])
    # A new start would be at the loss of the first epoch again.
    assert losses[4] < 0.8 * losses[0]


def test_going_on_keeps_a_good_network_until_a_better_one_is_found(small, table):
    judged = (table.X, table.Y)
    model = small.mixed(warm_start=True, max_epochs=20).fit(*table, eval_set=judged)
    good, best = model.predict(table.X), model.best_epoch_
    model.set_params(learning_rate=10.0, max_epochs=3).fit(*table, eval_set=judged)
    pd.testing.assert_frame_equal(model.predict(table.X), good, check_exact=True)
    assert model.best_epoch_ == best and len(model.history_) == model.n_epochs_


def test_without_warm_start_every_fit_is_a_new_one(small, table):
    model = small.mixed().fit(*table)
    first = model.predict(table.X)
    pd.testing.assert_frame_equal(model.fit(*table).predict(table.X), first, check_exact=True)
    assert model.n_epochs_ == 6


@pytest.mark.filterwarnings("ignore:X has columns without any value")
def test_going_on_with_new_rows(small, table):
    model = small.mixed(warm_start=True).fit(table.X[:120], table.Y[:120])
    before = model.score(table.X[120:], table.Y[120:])
    model.fit(table.X[120:].assign(city="Rome"), table.Y[120:])
    assert model.score(table.X[120:].assign(city="Rome"), table.Y[120:]) > before - 0.2
    assert model.n_epochs_ == 12


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [("row_size", 16, 32), ("n_bags", 1, 2), ("tasks", {"grade": "ordinal"}, None)],
)
def test_going_on_with_another_shape_is_refused(name, before, now, small, table):
    model = small.mixed(**{"warm_start": True, "max_epochs": 1, name: before}).fit(*table)
    expected = model.predict(table.X)
    with pytest.raises(ValueError, match=f"had {name}={before!r}.*; now it is {now!r}. Set it"):
        model.set_params(**{name: now}).fit(*table)
    pd.testing.assert_frame_equal(model.predict(table.X), expected)
    model.set_params(warm_start=False).fit(*table)
    # What does not shape the network may change on the way.
    model.set_params(warm_start=True, learning_rate=1e-4, max_epochs=2).fit(*table)
    assert (model.history_.query("bag == 0")["learning_rate"].iloc[-2:] == 1e-4).all()


EVAL_SETS = {
    "tuple": lambda X, Y: (X, Y),
    "weights": lambda X, Y: (X, Y, np.ones(len(Y))),
    "list of one": lambda X, Y: [(X, Y)],
    "other order of tasks": lambda X, Y: (X, Y[["grade", "sold", "price"]]),
}


@pytest.mark.parametrize("form", EVAL_SETS)
def test_eval_set_decides_when_to_stop(form, small, table):
    held_out = EVAL_SETS[form](table.X[200:], table.Y[200:])
    model = small.mixed().fit(table.X[:200], table.Y[:200], eval_set=held_out)
    same = small.mixed().fit(table.X[:200], table.Y[:200], eval_set=(table.X[200:], table.Y[200:]))
    np.testing.assert_allclose(
        model.history_["validation_loss"], same.history_["validation_loss"], rtol=1e-6
    )
    # What is held out is not learnt from, and all else is.
    alone = small.mixed(early_stopping=False).fit(table.X[:200], table.Y[:200])
    np.testing.assert_array_equal(model.history_["loss"], alone.history_["loss"])


def test_eval_set_may_be_a_single_row_and_lack_labels(small, table):
    row = table.Y["price"].notna().argmax()
    Y = table.Y.assign(sold=None)
    held_out = table.X.iloc[[row]], Y.iloc[[row]]
    history = small.mixed().fit(*table, eval_set=held_out).history_
    assert history["validation_loss[sold]"].isna().all()
    assert history["validation_loss[price]"].notna().all()
    assert history["objective"].notna().all()


def test_too_few_labels_to_spare_any_for_validation(small, table):
    y = pd.Series(np.arange(240.0), table.X.index).where(np.arange(240) < 3)
    model = small.regressor().fit(table.X, y)
    assert "validation_loss" not in model.history_
    assert np.isfinite(model.predict(table.X)).all()


def test_rows_without_a_label_that_counts_are_not_held_out(small, table):
    Y = table.Y[["price"]].assign(
        few=pd.Series(np.arange(240.0), table.X.index).where(np.arange(240) < 2)
    )
    history = small.mixed(task_weight={"price": 0.0}).fit(table.X, Y).history_
    assert "validation_loss" not in history


def test_whole_numbers_that_occur_once_are_held_out_like_others(small, table):
    """Each is a number to predict, not a class that must be learnt."""
    counts = pd.Series(np.random.default_rng(0).permutation(90), index=table.X.index[:90])
    model = small.regressor(max_epochs=1).fit(table.X[:90], counts)
    assert model.history_["validation_loss"].notna().all()


def test_a_task_of_weight_zero_is_not_learnt(small, table):
    Y = table.Y[["price"]].assign(twin=table.Y["price"])
    model = small.mixed(task_weight={"twin": 0.0}, max_epochs=15).fit(table.X, Y)
    scores = model.score_tasks(table.X, Y)
    assert scores["price"] > 0.6
    assert scores["twin"] < 0.3


@pytest.mark.parametrize(
    "form",
    [
        [3.0, 1.0, 1.0],
        {"price": 3.0},
        np.array([6.0, 2.0, 2.0]),
        pd.Series({"sold": 2.0, "price": 6.0, "grade": 2.0}),
    ],
)
def test_task_weights_in_any_form(form, small, table):
    expected = small.mixed(task_weight={"price": 3.0, "sold": 1.0}).fit(*table)
    model = small.mixed(task_weight=form).fit(*table)
    np.testing.assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-5)
    plain = small.mixed().fit(*table)
    assert (plain.history_["loss"] != expected.history_["loss"]).any()


def test_a_callback_sees_every_epoch(small, table):
    recorder = Recorder()
    model = small.mixed().set_callbacks(recorder).fit(*table)
    assert recorder.calls == ["setup", "teardown"]
    assert recorder.begun == len(recorder.reports) == 6
    for name in ["loss", "validation_loss", "objective"]:
        seen = [report[name] for report in recorder.reports]
        np.testing.assert_array_equal(seen, model.history_[name])
    assert [report["epoch"] for report in recorder.reports] == list(range(6))
    small.mixed(early_stopping=False).set_callbacks(recorder).fit(*table)
    assert recorder.reports[-1]["validation_loss"] is None


def test_a_callback_may_stop_the_training(small, table):
    model = small.mixed(max_epochs=30).set_callbacks(Recorder(stop=3)).fit(*table)
    assert model.n_epochs_ == 3
    expected = small.mixed(max_epochs=3).fit(*table).predict(table.X)
    pd.testing.assert_frame_equal(model.predict(table.X), expected, check_exact=True)


def test_an_interrupt_keeps_the_best_with_a_warning(small, table):
    recorder = Recorder(interrupt=3)
    model = small.mixed(max_epochs=30).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted in epoch 3; the best weights so far"):
        model.fit(*table)
    assert model.n_epochs_ == 3
    assert recorder.calls == ["setup", "teardown"]
    expected = small.mixed(max_epochs=3).fit(*table).predict(table.X)
    pd.testing.assert_frame_equal(model.predict(table.X), expected, check_exact=True)


def test_an_interrupt_of_a_bag_keeps_the_networks_that_are_ready(small, table):
    model = small.mixed(n_bags=3).set_callbacks(Recorder(interrupt_before=7))
    with pytest.warns(UserWarning, match="interrupted: 1 networks are kept"):
        model.fit(*table)
    assert set(model.history_["bag"]) == {0}
    assert np.isfinite(model.predict(table.X)["price"]).all()


def test_an_interrupt_before_anything_is_learnt_is_passed_on(small, table):
    model = small.mixed().set_callbacks(Recorder(interrupt_before=1))
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table)
    with pytest.raises(NotFittedError):
        model.predict(table.X)
    again = small.mixed().fit(table.X, table.X["size"]).set_callbacks(Recorder(interrupt_before=1))
    with pytest.raises(KeyboardInterrupt):
        again.fit(*table)
    with pytest.raises(NotFittedError):  # rather than an answer of the network before
        again.predict(table.X)


@pytest.mark.parametrize("epoch", [1, 3, 7])
def test_an_interrupt_of_going_on_keeps_all_networks(epoch, small, table):
    """In the first epoch of a network, within it, and between two networks."""
    model = small.mixed(n_bags=3, warm_start=True).fit(*table)
    before = model.predict(table.X)
    model.set_callbacks(Recorder(interrupt_before=epoch))
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(*table)
    assert len(model.network_) == 3
    assert set(model.history_["bag"]) == {0, 1, 2}
    assert model.n_epochs_ == 3 * 6 + epoch - 1
    if epoch == 1:
        pd.testing.assert_frame_equal(model.predict(table.X), before, check_exact=True)


class Fitted(Recorder):
    """Predicts with the model as of each epoch."""

    def __init__(self, X):
        super().__init__()
        self.X, self.predictions = X, []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.predictions.append(fitted_estimator.predict(self.X)["price"].to_numpy())


def test_a_callback_gets_a_model_as_of_the_epoch(small, table):
    watcher = Fitted(table.X)
    model = small.mixed(averaging=0.0, n_bags=1).set_callbacks(watcher).fit(*table)
    assert len(watcher.predictions) == 6 + 1
    assert not np.array_equal(watcher.predictions[0], watcher.predictions[1])
    final = model.predict(table.X)["price"]
    np.testing.assert_array_equal(watcher.predictions[-1], final)
    np.testing.assert_array_equal(watcher.predictions[model.best_epoch_], final)


def test_watching_does_not_change_the_model(small, table):
    expected = small.mixed().fit(*table).predict(table.X)
    watched = small.mixed().set_callbacks(Fitted(table.X)).fit(*table)
    pd.testing.assert_frame_equal(watched.predict(table.X), expected, check_exact=True)


@pytest.mark.parametrize("scoring", [task_scorers(), {"mean": make_multitask_scorer()}])
def test_scoring_monitor_scores_every_epoch(scoring, small, table):
    monitor = ScoringMonitor(scoring=scoring)
    model = small.mixed().set_callbacks(monitor).fit(*table)
    log = monitor.get_logs().data_as_pandas
    scores = log.loc[log["task_name"] == "epoch"].iloc[:, -1]
    assert len(scores) == model.n_epochs_
    assert scores.iloc[-1] > scores.iloc[0]


def test_progress_bar(small, table, capsys):
    small.mixed().set_callbacks(ProgressBar()).fit(*table)
    assert "MultiTab - fit" in capsys.readouterr().out


def test_progress_bar_of_a_grid_search(small, table, capsys):
    search = GridSearchCV(small.mixed(max_epochs=2), {"row_size": [4, 8]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*table)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert shown.count("MultiTab - fit") >= 4
    assert hasattr(search, "best_estimator_")


def test_training_on_another_precision(small, table):
    expected = small.mixed(max_epochs=12).fit(*table)
    coarse = small.mixed(max_epochs=12, precision="bfloat16").fit(*table)
    assert coarse.score(*table) > expected.score(*table) - 0.1
    assert all(weight.dtype == torch.float32 for weight in coarse.network_.parameters())
