"""Damaged or forged files, or those of later versions, raise a clear error."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile

import numpy as np
import pytest

import skmtl
from skmtl.files import FORMAT, ModelFileError, read_header

SECTIONS = ["header.json", "state.json", "arrays.npy", "boosters.txt"]


@pytest.fixture(scope="module")
def saved(case_of, tmp_path_factory):
    """A file with every section, and its contents by section."""
    path = tmp_path_factory.mktemp("models") / "model.skmtl"
    case_of("rmtgb")[0].save(path)
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "changed.skmtl"


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, sections, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in sections.items():
            archive.writestr(name, data)
    return path


def forge(saved, target, change, *, honest=True):
    """A file whose JSON `change` has altered, with checksums that suit it."""
    sections = contents(saved)
    header, state = (json.loads(sections[name]) for name in ("header.json", "state.json"))
    change(header, state)
    sections["state.json"] = json.dumps(state).encode()
    if honest and isinstance(header.get("sections"), dict):
        header["sections"]["state.json"] = {
            "bytes": len(sections["state.json"]),
            "sha256": hashlib.sha256(sections["state.json"]).hexdigest(),
        }
    sections["header.json"] = json.dumps(header).encode()
    return write(target, sections)


def test_all_sections_are_there(saved):
    assert list(contents(saved)) == SECTIONS
    assert read_header(saved)["format"] == FORMAT


@pytest.mark.parametrize("name", SECTIONS)
def test_flipped_bytes_of_a_section_are_found(name, saved, target):
    """In a zip that is sound, so that only the checksums of the header can tell."""
    sections = contents(saved)
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(sections[name]), 20):
        data = bytearray(sections[name])
        data[place] ^= 1 << int(rng.integers(8))
        write(target, sections | {name: bytes(data)})
        if name == "header.json":  # some of its letters are names in free text
            loads_or_refuses(target, saved)
            continue
        with pytest.raises(ModelFileError, match=f"checksum of its section '{name}'"):
            skmtl.load(target)


def loads_or_refuses(path, saved):
    try:
        model = skmtl.load(path)
    except ModelFileError as error:
        assert str(path) in str(error)
        return
    assert type(model) is type(skmtl.load(saved))


def test_flipped_bytes_of_the_file_raise_no_other_error(saved, target):
    raw = saved.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for place in np.concatenate([rng.integers(0, len(raw), 150), np.arange(-200, 0)]):
        data = bytearray(raw)
        data[place] ^= 1 << int(rng.integers(8))
        target.write_bytes(bytes(data))
        try:
            skmtl.load(target)  # a flipped date of the zip, say, does no harm
        except ModelFileError:
            refused += 1
    assert refused > 200


def test_truncated_files_are_refused(saved, target):
    raw = saved.read_bytes()
    for length in [0, 1, 4, 100, len(raw) // 2, len(raw) - 30, len(raw) - 1]:
        target.write_bytes(raw[:length])
        with pytest.raises(ModelFileError, match="cannot be read as a zip"):
            skmtl.load(target)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_removed_section_is_named(name, saved, target):
    sections = contents(saved)
    del sections[name]
    write(target, sections)
    with pytest.raises(ModelFileError, match=f"'{name}'"):
        skmtl.load(target)


@pytest.mark.parametrize("name", SECTIONS[1:])
def test_a_truncated_section_is_named(name, saved, target):
    sections = contents(saved)
    write(target, sections | {name: sections[name][:-1]})
    with pytest.raises(ModelFileError, match=f"section '{name}'"):
        skmtl.load(target)


@pytest.mark.parametrize("name", SECTIONS[1:])
def test_a_section_of_another_model_is_found(name, saved, target, case_of, tmp_path):
    case_of("rmtgb-long")[0].save(tmp_path / "other.skmtl")
    write(target, contents(saved) | {name: contents(tmp_path / "other.skmtl")[name]})
    with pytest.raises(ModelFileError, match=f"section '{name}'"):
        skmtl.load(target)


def test_swapped_sections_are_found(saved, target):
    sections = contents(saved)
    sections["arrays.npy"], sections["boosters.txt"] = (
        sections["boosters.txt"],
        sections["arrays.npy"],
    )
    with pytest.raises(ModelFileError, match=r"section 'arrays\.npy'"):
        skmtl.load(write(target, sections))


@pytest.mark.parametrize("name", ["../outside.json", "/etc/outside", "more.json", "state.json/"])
def test_sections_that_the_header_does_not_list_are_refused(name, saved, target, tmp_path):
    write(target, contents(saved) | {name: b"{}"})
    with pytest.raises(ModelFileError, match="does not list"):
        skmtl.load(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name]


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_section_that_is_there_twice_is_refused(saved, target):
    sections = contents(saved)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in [*sections.items(), ("state.json", b"{}")]:
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match="does not list"):
        skmtl.load(target)


def test_a_bomb_is_refused_before_it_is_unpacked(saved, target):
    sections = contents(saved) | {"arrays.npy": bytes(2**25)}
    write(target, sections)
    assert target.stat().st_size < 2**19
    with pytest.raises(ModelFileError, match=r"'arrays\.npy' claims 33,554,432 bytes, too many"):
        skmtl.load(target)


def test_many_members_are_refused_at_once(saved, target):
    sections = contents(saved)
    header = json.loads(sections["header.json"])
    empty = {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    more = {f"{number}.json": b"" for number in range(40_000)}
    header["sections"] |= dict.fromkeys(more, empty)
    write(target, sections | {"header.json": json.dumps(header).encode()} | more)
    with pytest.raises(ModelFileError, match="40,004 members"):
        skmtl.load(target)


def test_numbers_do_not_decide_what_is_allocated(case_of, target, tmp_path):
    """Sizes of a network that its weights do not have are refused before it is built."""
    case_of("multitab").model.save(tmp_path / "network.skmtl")
    sizes = {"row_size": 10**9, "tower_size": 10**8, "n_members": 10**9, "n_blocks": 10**9,
             "row_layers": 10**9, "n_groups": 10**9, "embedding_size": 10**8}  # fmt: skip

    def resize(name, size):
        def change(header, state):
            state["_fitted"]["state"]["description"]["state"]["config"]["state"][name] = size

        return change

    def many(header, state):
        state["_fitted"]["state"]["n_networks"] = 10**9

    for change in [*(resize(*item) for item in sizes.items()), many]:
        with pytest.raises(ModelFileError, match=r"weights|layers"):
            skmtl.load(forge(tmp_path / "network.skmtl", target, change))


def test_the_text_of_a_booster_is_read_once(saved, target):
    def change(header, state):
        state["task_set_"] = [{"$": "booster", "start": 0, "stop": 10**9}] * 2

    with pytest.raises(ModelFileError, match=r"LightGBM's text|read more than once"):
        skmtl.load(forge(saved, target, change))


def test_other_files_are_refused_and_pickles_are_not_run(target):
    for data in [b"", b"tree\n", pickle.dumps({"a": 1}), json.dumps({}).encode()]:
        target.write_bytes(data)
        with pytest.raises(ModelFileError, match="cannot be read as a zip"):
            skmtl.load(target)
    with pytest.raises(ModelFileError, match=r"not a model of skmtl: it has no 'header\.json'"):
        skmtl.load(write(target, {"data.pkl": b""}))


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        skmtl.load(tmp_path / "none.skmtl")
    with pytest.raises(IsADirectoryError):
        skmtl.load(tmp_path)


def test_a_later_format_asks_for_an_update(saved, target):
    def later(header, state):
        header["format"] = FORMAT + 1
        header["writer"] = {"skmtl": "9.1"}
        header["estimator"] = 3

    with pytest.raises(ModelFileError, match=r"format 2.*9\.1.*Update skmtl"):
        skmtl.load(forge(saved, target, later))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "1"), ("format", True), ("format", None), ("format", 0.5),
        ("estimator", 3), ("estimator", None), ("writer", []), ("parameters", []),
        ("parameters", None), ("schema", 1), ("sections", []), ("sections", {"state.json": 1}),
        ("sections", {"state.json": {"bytes": "1", "sha256": "0"}}),
        ("sections", {"state.json": {"bytes": 1, "sha256": 0}}),
        ("fit_time", "1"), ("fit_time", -0.5), ("fit_time", float("inf")), ("fit_time", True),
    ],
)  # fmt: skip
def test_a_header_of_the_wrong_types_is_refused(field, value, saved, target):
    def change(header, state):
        header[field] = value

    with pytest.raises(ModelFileError, match=r"header\.json"):
        skmtl.load(forge(saved, target, change, honest=False))


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000])
def test_a_header_that_is_no_json_object_is_refused(data, saved, target):
    write(target, contents(saved) | {"header.json": data})
    with pytest.raises(ModelFileError, match=r"header\.json"):
        skmtl.load(target)


@pytest.mark.parametrize("name", ["Popen", "os.system", "BaseEstimator", "builtins.eval", ""])
def test_an_unknown_class_is_never_built(name, saved, target):
    def change(header, state):
        header["estimator"] = name

    with pytest.raises(ModelFileError, match="none of those that a file may hold"):
        skmtl.load(forge(saved, target, change))


FORGED = [
    {"$": "object", "class": "Popen", "state": {}},
    {"$": "class", "name": "Popen"},
    {"$": "pickle", "hex": "80049531"},
    {"$": ["tuple"]},
    {"$": "object", "class": "TaskSet", "state": []},
    {"$": "object", "class": "TaskSet"},
    {"$": "array", "number": 10_000},
    {"$": "array", "number": -1},
    {"$": "booster", "start": 0, "stop": 50},
    {"$": "booster", "start": "a", "stop": None},
    {"$": "numpy_type", "name": "O"},
    {"$": "column", "dtype": "object", "values": []},
    {"$": "dict", "items": [[[], 1]]},
    {"$": "tuple", "values": 3},
    {"$": "index", "values": 3, "name": None},
]


@pytest.mark.parametrize("forged", FORGED, ids=str)
def test_a_forged_state_is_refused(forged, saved, target):
    def change(header, state):
        state["task_set_"] = forged

    with pytest.raises(ModelFileError, match=r"state\.json"):
        skmtl.load(forge(saved, target, change))


@pytest.mark.parametrize("estimator", ["RMTGB", "TaskSet", "Regression"])
def test_a_state_that_is_no_fitted_model_is_refused(estimator, saved, target):
    def change(header, state):
        header["estimator"], header["parameters"] = estimator, {}
        state.clear()

    with pytest.raises(ModelFileError, match=r"state\.json"):
        skmtl.load(forge(saved, target, change))


def test_a_parameter_that_this_version_does_not_know_is_named(saved, target):
    def change(header, state):
        header["parameters"]["n_moons"] = 3

    with pytest.raises(ModelFileError, match="n_moons"):
        skmtl.load(forge(saved, target, change))


def test_what_is_wrong_with_an_estimator_within_another_is_named(case_of, target, tmp_path):
    grouped = tmp_path / "grouped.skmtl"
    case_of("grouped-rmtgb").model.save(grouped)

    def unknown_parameter(header, state):
        header["parameters"]["estimator"]["parameters"]["n_moons"] = 3

    with pytest.raises(ModelFileError, match="n_moons"):
        skmtl.load(forge(grouped, target, unknown_parameter))

    def unknown_class(header, state):
        state["models_"][0]["class"] = "Popen"

    with pytest.raises(ModelFileError, match="'Popen' is none of those that a file may hold"):
        skmtl.load(forge(grouped, target, unknown_class))


def test_a_parameter_that_came_later_has_its_default(saved, target):
    def change(header, state):
        del header["parameters"]["unseen"]

    assert skmtl.load(forge(saved, target, change)).unseen == "shared"
