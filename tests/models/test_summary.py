"""What a fitted model says of itself: summary, HTML, printed lines, and the header of its file."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl.cli import main
from skmtl.files import read_header
from skmtl.reports import model_card
from skmtl.timeseries import Forecaster
from tests.files.cases import CORPUS

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=200), EVIL: rng.choice(["x", "y"], 200)})
    Y = pd.DataFrame({"noise": rng.normal(size=200), EVIL: X["a"] > 0, "same": 3.0})
    Y.loc[:19, "noise"] = np.nan
    return X, Y


def linear(**more):
    return skmtl.MultiTaskLinear(random_state=0, **more)


NETWORK = {"max_epochs": 2, "n_bags": 1, "row_size": 8, "n_members": 1, "random_state": 0}
BOOSTING = {"n_rounds": 5, "n_bags": 1, "random_state": 0}
ESTIMATORS = {
    "linear": linear,
    "boosting": lambda: skmtl.RMTGB(**BOOSTING),
    "network": lambda: skmtl.MultiTab(**NETWORK),
    "stack": lambda: skmtl.StackedTasks(estimators=[("line", linear(penalty="ridge"))], n_bags=2),
    "grouped": lambda: skmtl.GroupedTasks(linear(), groups="alone"),
    "calibrated": lambda: skmtl.CalibratedTasks(linear(), cv=2),
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request, data):
    estimator = ESTIMATORS[request.param]()
    with pytest.warns(UserWarning, match="same"):
        return fitted_in_its_time(estimator, *data)


def fitted_in_its_time(estimator, X, y):
    """Fit, and compare the time that the model reports with that of a clock outside."""
    begun = time.perf_counter()
    estimator.fit(X, y)
    elapsed = time.perf_counter() - begun
    assert 0.5 * elapsed < estimator.fit_time_ <= elapsed
    return estimator


def test_the_summary_has_kinds_labels_and_losses(fitted, data, tmp_path):
    summary = fitted.summary()
    assert summary.tasks["kind"].to_dict() == fitted.task_kinds_
    assert summary.tasks["labels"].tolist() == [180, 200, 200]
    assert summary.tasks.loc[EVIL, "classes"] == "False, True"
    losses = summary.tasks["validation_loss"]
    assert losses["noise"] > 0.8
    assert losses[EVIL] < losses["noise"]
    assert np.isnan(losses["same"])
    assert (summary.n_features, summary.n_rows) == (2, 200)
    assert summary.seconds == fitted.fit_time_
    assert min(summary.sizes.values()) > 0
    fitted.save(tmp_path / "model.skmtl")
    assert summary.n_bytes == (tmp_path / "model.skmtl").stat().st_size
    for part in (type(fitted).__name__, "noise", "180", "training"):
        assert part in str(summary)


def test_a_file_keeps_the_facts_and_inspect_prints_them(fitted, tmp_path, capsys):
    path = tmp_path / "model.skmtl"
    fitted.save(path)
    again = skmtl.load(path).summary()
    pd.testing.assert_frame_equal(again.tasks, fitted.summary().tasks)
    assert again.seconds == round(fitted.fit_time_, 3)
    schema = read_header(path)["schema"]
    assert [task["n_labels"] for task in schema["tasks"]] == [180, 200, 200]
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"noise +regression +180 labels, validation loss [01]\.\d\d\d", text)
    assert re.search(r"fit +200 rows; \w+ \d", text)
    assert re.search(rf"training +{again.seconds:.1f} s\n", text)
    assert f"- Training time: {again.seconds:.1f} s\n" in model_card(skmtl.load(path))


def test_files_of_equal_fits_differ_only_in_the_time(fitted, data, tmp_path):
    """The time of a model inside another one is not in the sections either."""
    path = tmp_path / "model.skmtl"
    headers = []
    for seconds in (1.25, 60.0):
        fitted.fit_time_ = seconds
        for part in (*getattr(fitted, "models_", []), getattr(fitted, "estimator_", fitted)):
            part.fit_time_ = seconds
        fitted.save(path)
        headers.append(read_header(path))
        assert skmtl.load(path).fit_time_ == headers[-1].pop("fit_time") == seconds
    assert headers[0] == headers[1]


def test_files_and_pickles_of_earlier_versions_have_no_time(capsys):
    path = CORPUS / "rmtgb.skmtl"
    model = skmtl.load(path)
    assert model.fit_time_ is None
    assert "training     unknown" in str(model.summary())
    assert "- Training time: unknown\n" in model_card(model)
    assert main(["inspect", str(path)]) == 0
    assert "training    unknown\n" in capsys.readouterr().out
    del model.fit_time_
    assert model.summary().seconds is None


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def test_the_html_shows_tasks_and_escapes_their_names(fitted):
    page = fitted._repr_html_()
    assert "alert(1)" in page
    assert EVIL not in page
    text = " ".join(Page(page).text)
    assert "regression" in text
    assert "180" in text
    assert fitted._repr_mimebundle_()["text/html"].count("validation_loss") == 1


def test_before_fit_and_in_pipelines_it_is_the_diagram_of_scikit_learn(data):
    assert "validation_loss" not in linear()._repr_html_()
    pipeline = make_pipeline(FunctionTransformer(), linear(constant_targets="warn"))
    with pytest.warns(UserWarning, match="same"):
        page = pipeline.fit(*data)._repr_html_()
    assert "MultiTaskLinear" in page
    assert EVIL not in page


@pytest.mark.parametrize(
    ("name", "pattern", "n_lines"),
    [
        ("network", r"\[MultiTab\] bag 0, epoch \d: loss \d.*, validation loss \d", 2),
        ("boosting", r"\[RMTGB\] bag 0, epoch \d, [\w+]+: loss", None),
        ("linear", r"\[MultiTaskLinear\] bag \d+, epoch \d+: loss", None),
        ("stack", r"\[StackedTasks\] member line, bag \d+, epoch \d+: loss", None),
    ],
)
def test_verbose_prints_a_line_for_each_epoch(name, pattern, n_lines, data, capsys):
    X, Y = data
    model = ESTIMATORS[name]()
    model.fit(X, Y[["noise"]])
    assert capsys.readouterr().out == ""
    model.set_params(verbose=1).fit(X, Y[["noise"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert n_lines in (None, len(lines))
    assert all(re.match(pattern, line) for line in lines), lines
    with pytest.raises(ValueError, match="verbose"):
        model.set_params(verbose=-1).fit(X, Y[["noise"]])


def test_long_data_survival_and_panels_have_a_summary(data):
    X, Y = data
    long = linear(task_column=EVIL).fit(X, Y["noise"])
    assert long.summary().tasks["labels"].tolist() == [180]
    grouped = skmtl.GroupedTasks(linear(task_column=EVIL), groups="alone").fit(X, Y["noise"])
    assert grouped.summary().tasks["labels"].tolist() == [180]
    assert grouped.summary().n_rows == 180
    survival = skmtl.MultiTaskLinearSurvival(random_state=0)
    fitted_in_its_time(survival, *skmtl.datasets.make_survival(80, random_state=0))
    assert survival.summary().tasks["labels"].tolist() == [80]
    days = pd.DataFrame({"day": range(40)})
    sales = pd.DataFrame({"sales": np.arange(40.0) % 4})
    panel = Forecaster(linear(), time="day", lags=4, random_state=0)
    fitted_in_its_time(panel, days, sales)
    assert panel.summary().tasks["kind"].to_dict() == {"sales": "regression"}
    assert "sales" in panel._repr_html_()


def test_models_of_earlier_versions_have_no_losses(data):
    model = linear().fit(data[0], data[1][["noise"]])
    del model._fit_record
    tasks = model.summary().tasks
    assert tasks[["labels", "validation_loss"]].isna().all(axis=None)
    assert "regression" in model._repr_html_()
