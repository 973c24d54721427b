"""Model cards and reports: every task is named, names are escaped, nothing is read elsewhere."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import d2_log_loss_score, roc_auc_score
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl.cli import main
from skmtl.histories import Histories, SeriesSummary
from skmtl.metrics import read_scored
from skmtl.reports import html_report, model_card
from skmtl.reports._evaluation import calibration_table, coverage_table, score_table
from skmtl.tasks import Funnel

EVIL = "<script>alert(1)</script> | $x_{"
VOID = {"meta", "br", "img", "path", "use", "rect", "stop"}


def linear(**more):
    return skmtl.MultiTaskLinear(penalty="ridge", random_state=0, **more)


@pytest.fixture(scope="module")
def data():
    """Targets of all kinds but times to events, with gaps."""
    rng = np.random.default_rng(0)
    n_rows = 240
    X = pd.DataFrame({"a": rng.normal(size=n_rows), EVIL: rng.choice(["x", "y"], n_rows)})
    noisy = X["a"] + rng.normal(size=n_rows)
    Y = pd.DataFrame(
        {
            "size": noisy,
            "middle": noisy,
            "visits": rng.poisson(np.exp(X["a"] / 2)),
            EVIL: noisy > 0,
            "colour": np.where(noisy > 1, "red", np.where(noisy > 0, "green", "blue")),
            "grade": pd.cut(noisy, [-9, -1, 1, 9], labels=["low", "mid", "top"]),
            "click": noisy > -0.5,
        }
    )
    Y["buy"] = Y["click"] & (noisy > 0.5)
    Y.loc[:30, ["size", "colour"]] = None
    return X, Y


@pytest.fixture(scope="module")
def model(data):
    X, Y = data
    kinds = {"middle": "quantile", "visits": "count"}
    return linear(tasks=kinds).fit(X[:160], Y[:160])


@pytest.fixture(scope="module")
def held_out(data):
    X, Y = data
    return X[160:].assign(a=X["a"][160:].where(X.index[160:] > 200)), Y[160:]


@pytest.fixture(scope="module")
def page(model, held_out):
    return html_report(model, *held_out)


class Page(HTMLParser):
    """Checks that tags are closed in order; keeps text and attributes."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.attributes, self.tags = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_the_page_is_well_formed_and_reads_nothing_from_elsewhere(page):
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert "link" not in parsed.tags
    links = [v for name, v in parsed.attributes if name in ("src", "href", "xlink:href")]
    assert all(value.startswith(("#", "data:image/png;")) for value in links)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_the_page_names_every_task_and_column(page, model):
    text = " ".join(Page(page).text)
    for name in [*model.task_names_, *model.feature_names_in_]:
        assert str(name) in text
    assert "<script>" not in page
    for heading in ("Scores", "Calibration", "Importance of the features", "Drift"):
        assert f"<h2>{heading}</h2>" in page


def test_drift_is_against_the_rows_of_fit(page):
    drift = page[page.index("<h2>Drift</h2>") :]
    assert "1 of 2 columns differ by more than 5%" in drift
    first = re.search(r"<tbody>.*?</tr>", drift, re.DOTALL)[0]
    assert re.findall(r"<td>(.*?)</td>", first) == ["0.512", "0.000", "0.000", "0.000"]


def test_scores_are_those_of_the_model_within_their_intervals(model, held_out):
    table = score_table(read_scored(model, *held_out))
    X, Y = held_out
    expected, chances = model.score_tasks(X, Y), model.predict_proba_frame(X)
    for name in (EVIL, "click", "buy"):
        expected[name] = roc_auc_score(Y[name], chances[name][True])
    for name in ("colour", "grade"):
        classes = chances[name].columns.tolist()
        seen = Y[name].notna()
        expected[name] = d2_log_loss_score(
            [classes.index(label) for label in Y[name][seen]],
            chances[name][seen],
            labels=[0, 1, 2],
        )
    assert_allclose(table["score"], expected)
    assert table["metric"].to_dict() == {
        **dict.fromkeys(("size", "middle", "visits"), "R2"),
        **dict.fromkeys((EVIL, "click", "buy"), "ROC AUC"),
        **dict.fromkeys(("colour", "grade"), "D2 of log loss"),
    }
    assert (table["low"] < table["score"]).all()
    assert (table["score"] < table["high"]).all()
    assert table.loc[EVIL, "baseline"] == 0.5
    assert table.loc["size", "baseline"] == 0
    assert table["labels"].tolist() == held_out[1].notna().sum().tolist()


def test_the_interval_of_a_share_is_that_of_the_binomial(data):
    """Accuracy p of n rows: half a width of 1.96 times the root of p (1 - p) / n."""
    X, Y = data
    model = linear().fit(X, Y[[EVIL]])
    rare = np.flatnonzero(~Y[EVIL].astype(bool))[9:]  # of a class with 9 labels there is no AUC
    X, Y = X.drop(X.index[rare]), Y.drop(Y.index[rare])
    row = score_table(read_scored(model, X, Y[[EVIL]])).iloc[0]
    late = Y[EVIL].mean()
    assert (row["metric"], row["baseline"]) == ("accuracy", pytest.approx(max(late, 1 - late)))
    half = 1.96 * np.sqrt(row["score"] * (1 - row["score"]) / len(X))
    assert (row["high"] - row["low"]) / 2 == pytest.approx(half, rel=0.35)


def test_calibration_compares_shares_and_quantiles(model, held_out):
    X, Y = held_out
    tasks = read_scored(model, X, Y)
    table = calibration_table(tasks)[EVIL]
    assert table["labels"].sum() == len(X)
    position = list(model.predict_proba_frame(X).columns.get_level_values(0)).index(EVIL)
    probability = model.predict_proba_frame(X).to_numpy()[:, position + 1]
    weights = table["labels"]
    assert np.average(table["predicted"], weights=weights) == pytest.approx(probability.mean())
    assert np.average(table["observed"], weights=weights) == pytest.approx(Y[EVIL].mean())
    below = coverage_table(model, X, tasks)
    quantiles = model.predict_quantiles(X)["middle"]
    assert below["labels below"].tolist() == [
        (Y["middle"] <= quantiles[level]).mean() for level in (0.1, 0.5, 0.9)
    ]


def test_the_card_has_the_known_headings_and_every_task(model, held_out):
    card = model_card(model, *held_out)
    assert card.startswith("---\nlibrary_name: skmtl\n")
    headings = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert headings == [
        "Model Details", "Intended Use", "Training Data", "Evaluation Data",
        "Metrics and Quantitative Analyses", "Ethical Considerations",
        "Caveats and Recommendations",
    ]  # fmt: skip
    rows = [line for line in card.splitlines() if line.startswith("| ")]
    for name in map(str, model.task_names_):
        cell = name.replace("<", "&lt;").replace(">", "&gt;").replace("|", "\\|")
        assert sum(line.startswith(f"| {cell} |") for line in rows) == 2, name
    assert "| 160 |" in card
    assert f"skmtl {skmtl.__version__}" in card
    assert "Not measured." in model_card(model)
    with pytest.raises(ValueError, match="pass both or neither"):
        model_card(model, held_out[0])


def test_sharing_is_told_where_the_model_knows_it(data):
    X, Y = data
    grouped = skmtl.GroupedTasks(linear(), groups=[["size"], ["visits", "buy"]])
    card = model_card(grouped.fit(X, Y[["size", "visits", "buy"]]))
    assert "## Sharing" in card
    assert "Learnt together: size \\| visits, buy" in card


def test_long_data_funnels_and_times_to_events_have_both(data):
    X, Y = data
    long = linear(task_column=EVIL).fit(X, Y["size"])
    card = model_card(long, X, Y["size"])
    by_id = long.score_tasks(X, Y["size"])
    assert f"| x size | R2 | {by_id['x']:.3f} |" in card
    assert f"| y size | R2 | {by_id['y']:.3f} |" in card
    funnel = linear(tasks={"deal": Funnel(("click", "buy"))}).fit(X, Y[["click", "buy"]])
    assert "deal buy" in model_card(funnel, X, Y[["click", "buy"]])
    X, y = skmtl.datasets.make_survival(80, random_state=0)
    survival = skmtl.MultiTaskLinearSurvival(random_state=0).fit(X, y)
    assert "concordance" in model_card(survival, X, y)


def test_a_model_in_a_pipeline_has_both():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"sensor": Histories.from_array(rng.normal(size=(60, 8)))})
    y = pd.Series([np.mean(cell.value) for cell in X["sensor"]], name="level")
    pipeline = make_pipeline(SeriesSummary(statistics=["mean"]), linear()).fit(X, y)
    table = pipeline[0].transform(X)
    pages = html_report(pipeline, X, y), html_report(pipeline[-1], table, y)
    one, other = (re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL) for page in pages)
    assert one == other
    assert model_card(pipeline, X, y) == model_card(pipeline[-1], table, y)
    assert model_card(pipeline) == model_card(pipeline[-1])


def test_the_commands_write_them(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, Y = data
    linear().fit(X, Y[["size", "colour"]]).save("model.skmtl")
    X.assign(order=1).join(Y.drop(columns=EVIL)).to_parquet("rows.parquet")
    assert main(["report", "model.skmtl", "rows.parquet"]) == 0
    text = " ".join(Page((tmp_path / "report.html").read_text()).text)
    assert "240 rows" in text
    assert main(["card", "model.skmtl", "rows.parquet", "--out", "CARD.md"]) == 0
    assert "| colour | D2 of log loss |" in (tmp_path / "CARD.md").read_text()
    capsys.readouterr()
    assert main(["card", "model.skmtl"]) == 0
    assert capsys.readouterr().out.startswith("---\n")
    X.to_parquet("bare.parquet")
    assert main(["report", "model.skmtl", "bare.parquet"]) == 2
    assert "no column of labels" in capsys.readouterr().err
    X_survival, y = skmtl.datasets.make_survival(80, random_state=0)
    skmtl.MultiTaskLinearSurvival(random_state=0).fit(X_survival, y).save("survival.skmtl")
    X_survival.join(y).to_parquet("stays.parquet")
    assert main(["card", "survival.skmtl", "stays.parquet"]) == 0
    assert "| event | concordance |" in capsys.readouterr().out
    Y.to_parquet("labels.parquet")
    assert main(["report", "model.skmtl", "labels.parquet"]) == 2
    assert "has no column 'a'" in capsys.readouterr().err


def test_without_matplotlib_the_extra_is_named(model, held_out, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"skmtl\[plot\]"):
        html_report(model, *held_out)
