"""The checksum that identifies a model."""

from __future__ import annotations

import copy

import pytest

from skmtl.scoring._model import checksum
from tests.files.cases import fitted


@pytest.mark.parametrize("name", ["grouped-rmtgb", "grouped-multitab-long"])
def test_threads_of_models_within_a_model_do_not_count(name):
    model = fitted(name).model
    other = copy.deepcopy(model)
    for part in (other, other.estimator, *other.models_):
        part.set_params(n_jobs=2)
    assert checksum(other) == checksum(model)
    other.estimator.set_params(random_state=7)
    assert checksum(other) != checksum(model)
