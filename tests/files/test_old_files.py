"""Files of earlier versions load, and their models answer what they did.

Processors round differently, in float32 and in float64. On a machine like the one that made the
records, ``SKMTL_EXACT=1`` asks for the same answers to the last bit, and for the same ONNX graphs
where onnx has the version that it had then.
"""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest

import skmtl
from skmtl.files import read_header
from tests.files import recorded
from tests.files.make_corpus import CASES, CORPUS

FILES = sorted(CORPUS.glob("*.skmtl"))
EXACT = os.environ.get("SKMTL_EXACT") == "1"
# Shares of the spread of the answers. With torch's kernels for the oldest processors networks
# differed by 6e-6 at most. Boosting differed by 2e-15 with those of numpy and its BLAS, and on
# another processor by 2e-12.
NETWORK_TOLERANCE, BOOSTING_TOLERANCE = 1e-5, 1e-11


def test_every_case_has_a_file():
    assert {path.stem for path in FILES} >= set(CASES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_old_file_answers_what_it_did(path):
    record = recorded.read(path.with_suffix(".npz"))
    model = skmtl.load(path)
    assert read_header(path)["estimator"] == type(model).__name__
    now = recorded.answers(model, record["X"], record["times"])
    recorded.assert_same(now, record["answers"], tolerance_of(model), path.stem)


def tolerance_of(model):
    if EXACT:
        return 0
    members = getattr(model, "members_", {"estimator": getattr(model, "estimator_", model)})
    models = getattr(model, "models_", list(members.values()))
    has_network = any(hasattr(each, "network_") for each in models)
    return NETWORK_TOLERANCE if has_network else BOOSTING_TOLERANCE


@pytest.mark.skipif(not EXACT, reason="graphs are compared if SKMTL_EXACT=1")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_old_file_gives_the_onnx_graph_that_it_did(path):
    record = recorded.read(path.with_suffix(".npz"))
    if record["onnx"] is None:
        pytest.skip("models made of others, with hashed categories or sources are not exported")
    if record["versions"]["onnx"] != version("onnx"):
        pytest.skip(f"the graph was made with onnx {record['versions']['onnx']}")
    assert recorded.onnx_hash(skmtl.load(path)) == record["onnx"]
