"""``skmtl fit``: the same model as in Python, and all mistakes are named before the work."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.files import read_header
from skmtl.tasks import Funnel, Quantile
from tests.cli.conftest import CONFIG
from tests.csv_files.test_rows import PACKERS

FEATURES = ["size", "city"]


def test_the_model_is_the_one_that_python_fits(folder, outcome):
    found = outcome()
    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_csv(folder / "test.csv")
    expected = skmtl.RMTGB(n_bags=1, n_rounds=5, random_state=0)
    expected.fit(train[FEATURES], train[["price", "sold"]])
    model = skmtl.load(folder / "model.skmtl")
    X = test[FEATURES]
    pd.testing.assert_frame_equal(model.predict(X), expected.predict(X), check_exact=True)
    scores = expected.score_tasks(X, test[["price", "sold"]])
    assert found["scores"] == pytest.approx(scores.to_dict())
    assert found["rows"] == {"train": 80, "test": 40}
    assert found["tasks"] == {"price": "regression", "sold": "binary"}
    assert found["bytes"] == (folder / "model.skmtl").stat().st_size
    assert found["output"] == str(folder / "model.skmtl")


def test_the_report_is_what_json_prints(folder, outcome):
    found = outcome(CONFIG.replace("[data]", 'report = "report.json"\n[data]', 1))
    assert json.loads((folder / "report.json").read_text()) == found


def test_the_text_has_the_scores(fit):
    code, out, err = fit()
    assert code == 0
    assert "RMTGB in " in out
    assert "  sold   binary        1.0000\n" in out
    assert "scores of 40 test rows" in out
    assert err.startswith("fitting RMTGB ...\nsaved ")


def test_a_funnel_is_read_from_the_columns_of_its_steps(folder, outcome):
    for name, read, write in (
        ("train.parquet", pd.read_parquet, pd.DataFrame.to_parquet),
        ("test.csv", pd.read_csv, lambda table, path: table.to_csv(path, index=False)),
    ):
        table = read(folder / name)
        click, buy = np.arange(len(table)) % 2, np.arange(len(table)) % 4 == 1
        write(table.assign(click=click, buy=buy.astype(int)), folder / name)
    kinds = '\n[tasks]\nshop = {kind = "funnel", steps = ["click", "buy"]}\n'
    found = outcome(CONFIG.replace('targets = ["price", "sold"]', 'targets = ["price"]') + kinds)
    assert found["tasks"] == {"price": "regression", "shop": "funnel"}
    assert list(found["scores"]) == ["price", "shop click", "shop buy"]
    assert skmtl.load(folder / "model.skmtl").tasks["shop"] == Funnel(("click", "buy"))
    found = outcome(CONFIG + kinds.replace("shop", 'buy = "binary"\nshop'))
    assert list(found["tasks"]) == ["price", "sold", "shop", "buy"]


def test_shares_are_read_from_the_columns_of_their_parts(folder, outcome):
    for name, read, write in (
        ("train.parquet", pd.read_parquet, pd.DataFrame.to_parquet),
        ("test.csv", pd.read_csv, lambda table, path: table.to_csv(path, index=False)),
    ):
        table = read(folder / name)
        us = np.arange(len(table)) % 3 / 4
        write(table.assign(us=us, eu=1 - us), folder / name)
    kinds = '\n[tasks]\nsales = {kind = "composition", parts = ["us", "eu"]}\n'
    found = outcome(CONFIG.replace('targets = ["price", "sold"]', 'targets = ["price"]') + kinds)
    assert found["tasks"] == {"price": "regression", "sales": "composition"}
    assert list(found["scores"]) == ["price", "sales us", "sales eu"]


def test_kinds_have_settings(folder, outcome):
    kinds = '\n[tasks]\nsold = "binary"\nprice = {kind = "quantile", quantiles = [0.2, 0.8]}\n'
    assert outcome(CONFIG + kinds)["tasks"] == {"price": "quantile", "sold": "binary"}
    assert skmtl.load(folder / "model.skmtl").tasks["price"] == Quantile((0.2, 0.8))


def test_weights_features_and_rows_that_stop_the_training(folder, outcome):
    config = """
    estimator = "RMTGBRegressor"
    output = "model.skmtl"
    data = {train = "train.parquet", eval = "test.csv", targets = "price", weight = "rows",
            features = ["size"]}
    parameters = {n_bags = 1, n_rounds = 30, patience = 2, random_state = 0}
    """.replace(",\n           ", ",")
    assert outcome(config)["rows"] == {"train": 80, "eval": 40}
    train, held = pd.read_parquet(folder / "train.parquet"), pd.read_csv(folder / "test.csv")
    expected = skmtl.RMTGBRegressor(n_bags=1, n_rounds=30, patience=2, random_state=0)
    expected.fit(
        train[["size"]],
        train["price"],
        train["rows"],
        eval_set=(held[["size"]], held["price"], held["rows"]),
    )
    found = skmtl.load(folder / "model.skmtl").predict(held[["size"]])
    assert found.shape == (40,)  # one target as text: a 1-D y
    np.testing.assert_array_equal(found, expected.predict(held[["size"]]))


def test_rows_that_stay_on_disk_give_the_same_model(folder, outcome):
    outcome()
    expected = read_header(folder / "model.skmtl")  # with the checksums of all other sections
    found = outcome(CONFIG.replace("[data]", "[data]\nstream = true", 1))
    streamed = read_header(folder / "model.skmtl")
    assert streamed.pop("fit_time") == pytest.approx(found["fit_seconds"], abs=0.002)
    assert expected.pop("fit_time") is not None
    assert streamed == expected
    assert found["rows"] == {"test": 40}


def test_long_data_have_scores_by_task(outcome):
    config = CONFIG.replace('"id", "shop", "rows"', '"id", "rows"').replace(
        'targets = ["price", "sold"]', 'targets = ["price"]'
    )
    config = config.replace('"id", "rows"', '"id", "rows", "sold"').replace(
        "n_bags", 'task_column = "shop"\nn_bags'
    )
    assert list(outcome(config)["scores"]) == ["north", "south"]


SURVIVAL = """
estimator = "MultiTabSurvival"
output = "model.skmtl"

[data]
train = "patients.csv"
test = "patients.csv"

[events.death]
event = "died"
time = "days"

[parameters]
n_bags = 1
max_epochs = 1
row_size = 4
random_state = 0
"""


def test_events_are_read_from_their_columns(folder, outcome):
    found = outcome(SURVIVAL)
    assert found["tasks"] == {"death": "survival"}
    assert 0 < found["scores"]["death"] < 1
    model = skmtl.load(folder / "model.skmtl")
    assert model.feature_names_in_.tolist() == ["size", "city"]


def test_several_files_are_one_table(folder, outcome):
    train = pd.read_parquet(folder / "train.parquet")
    for i in range(2):
        train[40 * i : 40 * i + 40].to_csv(folder / f"part-{i}.csv.gz", index=False)
    absolute = f'"{folder}/part-?.csv.gz"'
    for given in ('"part-*.csv.gz"', '["part-0.csv.gz", "part-1.csv.gz"]', absolute):
        assert outcome(CONFIG.replace('"train.parquet"', given))["rows"]["train"] == 80


@pytest.mark.parametrize(
    "train", ['["deep/rows.parquet", "deep/*"]', '["deep", "./deep/rows.parquet"]', '"deep/**"']
)
def test_rows_that_are_named_twice_are_read_once(folder, outcome, train):
    (folder / "deep").mkdir()
    (folder / "train.parquet").rename(folder / "deep" / "rows.parquet")
    (folder / "link.parquet").symlink_to(folder / "deep" / "rows.parquet")
    train = train.replace('["deep/', '["link.parquet", "deep/')
    config = CONFIG.replace('train = "train.parquet"', f"train = {train}")
    assert outcome(config)["rows"]["train"] == 80


def test_a_test_table_may_lack_what_is_dropped_and_be_in_another_order(folder, outcome):
    expected = outcome()["scores"]
    table = pd.read_csv(folder / "test.csv")[["sold", "city", "price", "size"]]
    table.to_csv(folder / "test.csv", index=False)
    assert outcome()["scores"] == expected


def test_a_test_table_without_a_feature_is_named_before_the_fit(folder, fit):
    pd.read_csv(folder / "test.csv").drop(columns="city").to_csv(folder / "test.csv", index=False)
    code, _, err = fit()
    assert code == 2
    assert "The table of 'test' has no column 'city'" in err
    assert "fitting" not in err


@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize("option", [[], ["--check"]])
def test_a_file_of_a_folder_that_lacks_a_feature_is_named(stream, option, folder, fit):
    frame = pd.read_parquet(folder / "train.parquet")
    (folder / "days").mkdir()
    frame[:40].drop(columns="city").to_parquet(folder / "days" / "0.parquet")
    frame[40:].to_parquet(folder / "days" / "1.parquet")
    of_folder = CONFIG.replace('"train.parquet"', f'"days"\nstream = {stream}')
    code, _, err = fit(of_folder, *option)
    assert code == 2
    assert "0.parquet' has no column 'city', which other files have" in err


def test_check_reads_no_row(folder, fit):
    table = bytearray((folder / "train.parquet").read_bytes())
    table[4:200] = bytes(196)  # before the footer
    (folder / "train.parquet").write_bytes(table)
    assert fit()[0] == 1
    code, out, _ = fit(CONFIG, "--check")
    right = f"{folder / 'fit.toml'} is valid, as far as one can tell without reading rows.\n"
    assert (code, out) == (0, right)
    assert not (folder / "model.skmtl").exists()


@pytest.mark.parametrize(("stream", "options"), [("true", []), ("false", ["--check"])])
def test_the_footers_of_a_folder_are_read_once(stream, options, folder, fit, monkeypatch):
    dataset = pytest.importorskip("pyarrow.dataset")
    frame = pd.read_parquet(folder / "train.parquet")
    (folder / "days").mkdir()
    for rows in (slice(40), slice(40, 80)):
        frame[rows].to_parquet(folder / "days" / f"{rows.stop}.parquet")
    opened, of_path = [], dataset.dataset

    def opening(path, *arguments, **settings):
        # A dataset keeps the footers that it has read.
        opened.append(path)
        return of_path(path, *arguments, **settings)

    monkeypatch.setattr(dataset, "dataset", opening)
    code, _, err = fit(CONFIG.replace('"train.parquet"', f'"days"\nstream = {stream}'), *options)
    assert code == 0, err
    assert opened == [folder / "days"]


def test_columns_are_those_that_are_read(folder, outcome):
    frame = pd.read_parquet(folder / "train.parquet")
    frame.set_index("id").to_parquet(folder / "train.parquet")
    (folder / "days").mkdir()
    for rows in (slice(40), slice(40, 80)):
        frame[rows].set_index("id").to_parquet(folder / "days" / f"{rows.stop}.parquet")
    (folder / "shop=1").mkdir()
    frame.set_index("id").to_parquet(folder / "shop=1" / "0.parquet")
    kept = CONFIG.replace('"id", ', "")
    files = ("train.parquet", "days", "shop=1/0.parquet")
    for config in (kept.replace("train.parquet", file) for file in files):
        outcome(config)
        assert skmtl.load(folder / "model.skmtl").feature_names_in_.tolist() == FEATURES


WRONG = {
    "estimator": (
        '"RMTGB"',
        '"RMTBG"',
        "'RMTBG' cannot be fitted by this command. Did you mean 'RMTGB'",
    ),
    "grouped": ('"RMTGB"', '"GroupedTasks"', "It wraps another estimator: fit it in Python"),
    "tuned": ('"RMTGB"', '"TunedThresholds"', "It wraps another estimator: fit it in Python"),
    "no estimator": ('estimator = "RMTGB"\n', "", "The configuration has no 'estimator'"),
    "no output": ('output = "model.skmtl"\n', "", "The configuration has no 'output'"),
    "folder": ('"model.skmtl"', '"no/model.skmtl"', "output: there is no folder"),
    "top": ("[data]", "[daat]", "unknown key 'daat'. Did you mean 'data'?"),
    "data": ("targets =", "target =", "[data] has the unknown key 'target'. Did you mean 'targ"),
    "parameter": ("n_bags", "n_bag", "[parameters] has the unknown key 'n_bag'. Did you mean 'n_"),
    "value": ("n_bags = 1", "n_bags = 0", "The parameter n_bags=0 of RMTGB must be a whole numb"),
    "no train": ('train = "train.parquet"\n', "", "[data] has no 'train'"),
    "file": ("train.parquet", "train.pq", "train = 'train.pq': there is no such file in "),
    "pattern": ("train.parquet", "t-*.csv", "train = 't-*.csv': there is no such file in "),
    "suffix": ('test = "test.csv"', 'test = "fit.toml"', "a table must be a Parquet file or a f"),
    "files": ('"train.parquet"', "[1]", "'train' must be a list of files, got [1]"),
    "report": ("[data]", "report = 1\n[data]", "'report' must be text, got 1"),
    "no targets": ('targets = ["price", "sold"]\n', "", "[data] has no 'targets'"),
    "twice": ('["price", "sold"]', '["price", "price"]', "'targets' must name columns, each onc"),
    "target": ('["price", "sold"]', '["prize"]', "has no column 'prize'. Did you mean 'price'?"),
    "drop": ('"id",', '"idd",', "has no column 'idd'. Did you mean 'id'?"),
    "stream": ("[data]", '[data]\nstream = "yes"', "'stream' must be true or false, got 'yes'"),
    "csv": ('train = "train.parquet"', 'train = "test.csv"\nstream = true', "takes one Parquet"),
    "feature": ("[data]", '[data]\nfeatures = ["sold"]', "'sold' is among the features, but also"),
    "events": (
        "[data]",
        '[events.death]\nevent = "a"\ntime = "b"\n[data]',
        "RMTGB does not accept [eve",
    ),
    "event": ("[data]", '[events.death]\nevent = "a"\ntme = "b"\n[data]', "unknown key 'tme'"),
    "no time": ("[data]", '[events.death]\nevent = "a"\n[data]', "event 'death' has no 'time'"),
    "kind": ("[data]", '[tasks]\nsold = "binarry"\n[data]', "unknown kind 'binarry'. Did you me"),
    "setting": (
        "[data]",
        '[tasks]\nprice = {kind = "quantile", levels = [1]}\n[data]',
        "The task 'price' of kind 'quantile' has the unknown key 'levels'",
    ),
    "levels": (
        "[data]",
        '[tasks]\nprice = {kind = "quantile", quantiles = [2.0]}\n[data]',
        "The task 'price': quantiles must lie strictly between 0 and 1",
    ),
    "no task": (
        "[data]",
        '[tasks]\nprize = "count"\n[data]',
        "'prize', which is not a target",
    ),
    "task": ("[parameters]", '[parameters]\ntask = "city"', "of long data is 'task_column'"),
    "task column": (
        "[parameters]",
        '[parameters]\ntask_column = "ctiy"',
        "has no column 'ctiy'. Did you mean 'ci",
    ),
    "group column": (
        "[parameters]",
        '[parameters]\nvalidation = "group"\ngroup_column = "ctiy"',
        "has no column 'ctiy'. Did you mean 'ci",
    ),
    "table": ("[parameters]", '[parameters]\ntasks = "count"', "it is a separate table"),
    "random state": ("random_state = 0", "random_state = 1.5", "parameter random_state=1.5 of "),
    "no header": ("test.csv", "none.csv", "none.csv does not start with a header in UTF-8"),
    "no text": ("test.csv", "latin.csv", "latin.csv does not start with a header in UTF-8"),
    "toml": ("[data]", "[data", "is not TOML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_and_nothing_is_fitted(name, folder, fit):
    right, wrong, message = WRONG[name]
    assert right in CONFIG
    code, out, err = fit(CONFIG.replace(right, wrong, 1), "--json")
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert json.loads(out) == {"error": err.removeprefix("skmtl: ").rstrip("\n"), "exit_code": 2}
    assert not (folder / "model.skmtl").exists()


@pytest.mark.parametrize("name", WRONG)
def test_check_finds_every_mistake(name, fit):
    right, wrong, message = WRONG[name]
    code, _, err = fit(CONFIG.replace(right, wrong, 1), "--check")
    assert code == 2
    assert message in err


@pytest.mark.parametrize("part", ["eval", "test"])
def test_check_finds_tables_that_lack_a_column(part, folder, fit):
    for name in ("a", "b"):
        table = pd.read_csv(folder / "test.csv")
        table.drop(columns=["city"] * (name == "b")).to_csv(folder / f"{name}.csv", index=False)
    config = CONFIG.replace('test = "test.csv"', f'{part} = "b.csv"')
    code, _, err = fit(config, "--check")
    assert code == 2 and f"The table of '{part}' has no column 'city'" in err
    code, _, err = fit(config.replace('"b.csv"', '["a.csv", "b.csv"]'), "--check")
    assert code == 2 and f"b.csv, unlike {folder / 'a.csv'}, has no column 'city'" in err


def test_no_configuration_is_a_usage_error(folder, capsys):
    assert skmtl.cli.main(["fit", str(folder / "none.toml")]) == 2
    assert "none.toml: No such file" in capsys.readouterr().err


def test_data_that_cannot_be_learnt_from_fail(folder, fit):
    frame = pd.read_parquet(folder / "train.parquet").assign(size=np.inf)
    frame.to_parquet(folder / "train.parquet")
    code, out, err = fit()
    assert (code, out) == (1, "")
    assert "infinity in the columns ['size']" in err
    assert "Traceback" not in err


CSV_CONFIG = """
estimator = "RMTGBRegressor"
output = "model.skmtl"

[data]
train = "{train}"
test = "test.csv"
targets = "price"
features = ["region", "code"]

[csv]
{csv}

[parameters]
n_bags = 1
n_rounds = 30
random_state = 0
"""


@pytest.fixture
def regions(folder):
    """300 rows whose prices follow from the words NA, EU and null, and from codes of digits."""
    table = pd.DataFrame({"region": ["NA", "EU", "null"] * 100, "code": ["01", "2", "x"] * 100})
    return table.assign(price=[1.0, 5.0, 9.0] * 100)


@pytest.mark.parametrize("quoting", [csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL])
def test_words_for_missing_that_are_categories(folder, outcome, regions, quoting):
    regions.to_csv(folder / "train.csv", index=False, quoting=quoting)
    regions[:2].to_csv(folder / "test.csv", index=False, quoting=quoting)  # codes are numbers
    own = "missing = ['-']" if quoting == csv.QUOTE_MINIMAL else ""
    found = outcome(CSV_CONFIG.format(train="train.csv", csv=own))
    model = skmtl.load(folder / "model.skmtl")
    expected = skmtl.RMTGBRegressor(n_bags=1, n_rounds=30, random_state=0)
    X = regions[["region", "code"]]
    expected.fit(X, regions["price"])
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert found["scores"]["price"] == expected.score(X[:2], regions["price"][:2])


@pytest.mark.filterwarnings("always")
def test_words_for_missing_are_said_where_a_text_loses_them(folder, fit, regions):
    regions.to_csv(folder / "train.csv", index=False)
    regions[:2].to_csv(folder / "test.csv", index=False)
    code, _, err = fit(CSV_CONFIG.format(train="train.csv", csv=""))
    assert code == 0 and "warning: In the text column 'region'" in err
    assert "'NA' (100), 'null' (100)" in err


def test_files_as_other_programs_write_them(folder, outcome, regions):
    table = regions.rename(columns={"region": "größe"})
    text = table.to_csv(index=False, sep=";", decimal=",").replace("NA", "-").encode("cp1252")
    (folder / "parts").mkdir()
    for name in ("a.csv.zst", "b.CSV.gz", "c.csv.zip"):
        pack = next(p for suffix, p in PACKERS.items() if name.endswith(suffix))
        (folder / "parts" / name).write_bytes(pack(text))
    (folder / "test.csv").write_bytes(text)
    csv_format = 'delimiter = ";"\ndecimal = ","\nencoding = "cp1252"\nmissing = ["-"]'
    config = CSV_CONFIG.format(train="parts", csv=csv_format).replace("region", "größe")
    found = outcome(config)
    assert found["rows"] == {"train": 900, "test": 300}
    assert found["scores"]["price"] > 0.9


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (
            "region,code,price\nEU,1,2\nEU,1\n",
            1,
            "Row 1 (from 0) of '{}' cannot be read: The row ",
        ),
        ('region,code,price\nEU,"1,2\nEU,1,3\n', 1, "Row 0 (from 0) of '{}' cannot be read: A qu"),
        ("region,code,price\nEU,1,2\nEU,1,x\n", 1, "Row 1 (from 0) of '{}' cannot be read: Colum"),
        ("region,code,price,code\nEU,1,2,3\n", 2, "test.csv has two columns 'code'. Rename one."),
    ],
)
def test_rows_of_a_csv_file_that_would_be_lost(folder, fit, regions, text, code, reason):
    regions.to_parquet(folder / "train.parquet")
    (folder / "test.csv").write_text(text)
    found, _, err = fit(CSV_CONFIG.format(train="train.parquet", csv=""))
    assert found == code and reason.format(folder / "test.csv") in err
    assert not (folder / "model.skmtl").exists()


def test_a_truncated_file_is_named(folder, fit, regions):
    data = gzip.compress(regions.to_csv(index=False).encode())
    (folder / "train.csv.gz").write_bytes(data[:-20])
    (folder / "test.csv").write_text(regions.to_csv(index=False))
    _, _, err = fit(CSV_CONFIG.format(train="train.csv.gz", csv=""))
    assert "train.csv.gz' cannot be read" in err


@pytest.mark.parametrize(
    ("csv_format", "reason"),
    [
        ("comma = 1", "[csv] has the unknown key 'comma'."),
        ("delimiter = 1", "[csv]: csv_delimiter must be one character, got 1."),
        ("missing = 'NA'", "[csv]: csv_missing must be a list of words, got 'NA'."),
        ("encoding = 'x'", "[csv]: csv_encoding must be an encoding that Python has"),
    ],
)
def test_formats_that_cannot_be(fit, csv_format, reason):
    code, _, err = fit(CSV_CONFIG.format(train="train.parquet", csv=csv_format))
    assert code == 2 and reason in err


def test_folders_that_are_no_single_table(folder, fit, regions):
    (folder / "parts" / "month=5").mkdir(parents=True)
    regions.to_csv(folder / "parts" / "month=5" / "a.csv")
    code, _, err = fit(CSV_CONFIG.format(train="parts", csv=""))
    assert code == 2 and "has columns in the names of its folders, such as month=5" in err
    regions.to_parquet(folder / "parts" / "b.parquet")
    code, _, err = fit(CSV_CONFIG.format(train="parts", csv=""))
    assert code == 2 and "has both CSV and Parquet files: name the files to read." in err
