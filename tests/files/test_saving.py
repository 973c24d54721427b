"""What `save` writes, and what it refuses to."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

import skmtl
from skmtl.files import ModelFileError, read_header
from skmtl.tasks import Regression
from tests.files.cases import table


class MyKind(Regression):
    name = "mine"


def mean_gradient(matrix):
    return matrix.mean(dim=0)


class MyEstimator(skmtl.RMTGB):
    pass


def fitted(cls=skmtl.RMTGB, **parameters):
    X, Y = table()
    return cls(n_rounds=1, n_bags=1, **parameters).fit(X, Y[["price", "sold"]])


def test_the_header_says_what_the_model_reads_and_predicts(case_of, tmp_path):
    case_of("rmtgb")[0].save(tmp_path / "model.skmtl")
    header = read_header(tmp_path / "model.skmtl")
    assert list(header) == [
        "format",
        "writer",
        "estimator",
        "parameters",
        "fit_time",
        "schema",
        "sections",
    ]
    assert header["estimator"] == "RMTGB"
    assert header["writer"]["skmtl"] == skmtl.__version__
    assert header["parameters"]["n_rounds"] == 3
    assert header["schema"]["task_column"] is None
    assert header["schema"]["features"][3] == {"name": "colour", "kind": "categorical"}
    sold = dict(header["schema"]["tasks"][2])
    assert 0 < sold.pop("validation_loss") < 1
    assert sold == {"name": "sold", "kind": "binary", "classes": ["no", "yes"], "n_labels": 62}
    with zipfile.ZipFile(tmp_path / "model.skmtl") as archive:
        assert json.loads(archive.read("header.json")) == header
        assert archive.testzip() is None
        text = archive.read("boosters.txt")
    assert text.startswith(b"tree\n")


def test_before_fit_there_is_nothing_to_save(tmp_path):
    with pytest.raises(NotFittedError):
        skmtl.MultiTab().save(tmp_path / "model.skmtl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("state", [np.random.RandomState(0), np.random.mtrand._rand])
def test_a_generator_as_random_state_is_named(state, tmp_path):
    model = fitted(random_state=state)
    with pytest.raises(TypeError, match=r"'random_state' of RMTGB.*RandomState.*=None"):
        model.save(tmp_path / "model.skmtl")
    model.set_params(random_state=None).save(tmp_path / "model.skmtl")


def test_a_parameter_that_no_file_keeps_can_be_set_to_what_the_message_says(tmp_path):
    X, Y = table()
    model = skmtl.MultiTab(balance=mean_gradient, n_bags=1, max_epochs=1, row_size=8)
    model.fit(X, Y[["price", "sold"]])
    with pytest.raises(TypeError, match=r"'balance' of MultiTab.*set_params\(balance='equal'\)"):
        model.save(tmp_path / "model.skmtl")
    model.set_params(balance="equal").save(tmp_path / "model.skmtl")


def test_a_kind_of_the_users_own_is_named(tmp_path):
    model = fitted(tasks={"price": MyKind()})
    with pytest.raises(TypeError, match=r"'tasks' of RMTGB\['price'\].*MyKind"):
        model.save(tmp_path / "model.skmtl")


def test_an_estimator_of_the_users_own_is_named(tmp_path):
    with pytest.raises(TypeError, match="MyEstimator is not a class of skmtl"):
        fitted(MyEstimator).save(tmp_path / "model.skmtl")


def test_groups_say_what_their_models_read_and_predict(case_of, tmp_path):
    case_of("grouped-rmtgb").model.save(tmp_path / "model.skmtl")
    header = read_header(tmp_path / "model.skmtl")
    assert header["estimator"] == "GroupedTasks"
    assert header["parameters"]["estimator"]["class"] == "RMTGB"
    assert header["schema"]["features"][3] == {"name": "colour", "kind": "categorical"}
    kinds = {task["name"]: task["kind"] for task in header["schema"]["tasks"]}
    assert kinds == {"price": "regression", "visits": "regression", "sold": "binary"}
    assert header["schema"]["tasks"][2]["classes"] == ["no", "yes"]


def test_estimators_of_other_packages_are_named(tmp_path):
    X, Y = table()
    model = skmtl.GroupedTasks(Ridge(), groups="alone")
    model.fit(X[["size"]], Y[["price", "delay"]].fillna(0))
    with pytest.raises(TypeError, match=r"'estimator' of GroupedTasks.*Ridge.*use pickle or jobl"):
        model.save(tmp_path / "model.skmtl")
    assert not list(tmp_path.iterdir())


def test_places_where_no_file_can_be_are_named(case_of, tmp_path):
    model = case_of("rmtgb").model
    with pytest.raises(FileNotFoundError, match=r"no folder '.*none' to save into"):
        model.save(tmp_path / "none" / "model.skmtl")
    with pytest.raises(IsADirectoryError, match=r"is a folder\. Pass the name"):
        model.save(tmp_path)


def test_a_file_that_was_there_is_replaced_only_by_a_complete_one(tmp_path, monkeypatch):
    path = tmp_path / "model.skmtl"
    path.write_bytes(b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            fitted().save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    fitted().save(path)
    assert list(tmp_path.iterdir()) == [path]
    assert skmtl.load(str(path)).task_names_ == ["price", "sold"]


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "releases").mkdir()
    link = tmp_path / "current.skmtl"
    link.symlink_to(tmp_path / "releases" / "one.skmtl")
    fitted().save(link)
    assert link.is_symlink()
    assert skmtl.load(tmp_path / "releases" / "one.skmtl").task_names_ == ["price", "sold"]


def test_what_shrinks_beyond_measure_is_stored_as_it_is_and_loads(tmp_path):
    """So that no file that was saved is taken for a bomb."""
    model = fitted()
    model.extra_ = np.zeros(1_000_000)
    model.save(tmp_path / "model.skmtl")
    with zipfile.ZipFile(tmp_path / "model.skmtl") as archive:
        assert archive.getinfo("arrays.npy").compress_type == zipfile.ZIP_STORED
    assert skmtl.load(tmp_path / "model.skmtl").extra_.sum() == 0


class OneWay(io.RawIOBase):
    """A stream that can be written and read, but not searched, such as a pipe."""

    def __init__(self, data=b""):
        self._data = io.BytesIO(data)

    def writable(self):
        return True

    def readable(self):
        return True

    def write(self, data):
        return self._data.write(data)

    def readinto(self, buffer):
        return self._data.readinto(buffer)

    def getvalue(self):
        return self._data.getvalue()


@pytest.mark.parametrize("stream", [io.BytesIO, OneWay])
def test_an_open_file_holds_the_same_bytes_as_one_of_a_name(case_of, stream, tmp_path):
    model, X = case_of("rmtgb")
    model.save(tmp_path / "model.skmtl")
    opened = stream()
    model.save(opened)
    assert not opened.closed and opened.getvalue() == (tmp_path / "model.skmtl").read_bytes()
    again = skmtl.load(stream(opened.getvalue()))
    assert again.predict(X).equals(model.predict(X))
    assert read_header(stream(opened.getvalue()))["estimator"] == "RMTGB"


def test_a_model_in_the_middle_of_an_open_file(case_of):
    model, X = case_of("rmtgb")
    opened = io.BytesIO()
    opened.write(b"before")
    model.save(opened)
    opened.seek(len(b"before"))
    assert skmtl.load(opened).predict(X).equals(model.predict(X))


def test_files_that_are_no_place_for_a_model(case_of, tmp_path):
    model, _ = case_of("rmtgb")
    for place in (io.StringIO(), None, 7):
        with pytest.raises(TypeError, match="a path, or a file that is open in binary mode"):
            model.save(place)
        with pytest.raises(TypeError, match="a path, or a file that is open in binary mode"):
            skmtl.load(place)
    with pytest.raises(ModelFileError, match="cannot be read as a zip"):
        skmtl.load(io.BytesIO(b"no model"))
