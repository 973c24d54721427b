"""Files of earlier versions load and predict what they did."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import skmtl
from skmtl.files import read_header
from tests.files.cases import CASES, CORPUS, Case, answers, plain

FILES = sorted(CORPUS.glob("*.skmtl"))


def test_every_case_has_a_file():
    assert {path.stem for path in FILES} >= set(CASES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_the_corpus_predicts_what_it_did(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    X = pd.DataFrame(**expected["X"])
    model = skmtl.load(path)
    found = plain(answers(Case(model, X)))
    assert found.keys() == expected["answers"].keys()
    for name, answer in expected["answers"].items():
        assert_close(found[name], answer)
    assert not hasattr(model, "history_") or len(model.history_) > 0
    assert read_header(path)["estimator"] == type(model).__name__


def assert_close(found, expected):
    """Other machines round differently in the last bits of float32."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for mine, theirs in zip(found, expected, strict=True):
            assert_close(mine, theirs)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    else:
        assert found == expected
