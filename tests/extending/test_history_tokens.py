"""A way to read histories from outside of skmtl, in MultiTab."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import skmtl
from skmtl import MultiTabRegressor
from skmtl.files import storable
from skmtl.networks import Linear
from tests.histories.stays import stays


class Counted(nn.Module):
    """A token from the number of events of each row."""

    def __init__(self, size):
        super().__init__()
        self.map = Linear(1, size)

    def forward(self, events):
        row = events.flat().row
        counts = torch.zeros(len(events)).index_add(0, row, torch.ones(len(row)))
        return self.map(counts[:, None])[:, None]


@storable
@dataclass(frozen=True)
class EventCounts:
    most: int = 10

    def check(self):
        if self.most < 1:
            raise ValueError("most must be positive.")

    def n_tokens_for(self, shape):
        return 1

    def build(self, shape, size, dropout):
        return Counted(size)


def test_it_is_fitted_saved_and_loaded(tmp_path):
    X = stays(60)
    count = X["vitals"].array.n_events
    options = {"n_bags": 1, "row_size": 16, "learning_rate": 0.02, "early_stopping": False}
    model = MultiTabRegressor(
        series={"vitals": EventCounts()}, max_epochs=30, random_state=0, device="cpu", **options
    )
    predicted = model.fit(X, count).predict(X)
    assert np.corrcoef(predicted, count)[0, 1] > 0.99
    model.save(tmp_path / "model.skmtl")
    np.testing.assert_array_equal(skmtl.load(tmp_path / "model.skmtl").predict(X), predicted)


def test_its_settings_are_checked_with_those_of_the_estimator():
    with pytest.raises(ValueError, match="most must be positive"):
        MultiTabRegressor(series={"vitals": EventCounts(0)}).fit(None, None)
