"""A balancer from outside of skmtl is given as an object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import MultiTab
from skmtl.balancing import StatelessGradientBalancer
from skmtl.files import storable


@storable
@dataclass(frozen=True)
class EqualLengths(StatelessGradientBalancer):
    """Every gradient counts as if it had the length `length`."""

    length: float = 1.0

    def weights(self, gram):
        return self.length / np.sqrt(gram.diagonal())


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_it_balances_and_is_kept_in_files(at, tmp_path):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(96, 2)), columns=["a", "b"])
    Y = pd.DataFrame({"u": X["a"], "v": X["a"] > X["b"]})
    settings = {"max_epochs": 3, "n_bags": 1, "row_size": 6, "n_members": 1, "random_state": 0}
    model = MultiTab(balance=EqualLengths(2.0), balance_at=at, **settings).fit(X, Y)
    assert not model.predict(X).equals(MultiTab(**settings).fit(X, Y).predict(X))
    model.save(tmp_path / "model.skmtl")
    assert skmtl.load(tmp_path / "model.skmtl").balance == EqualLengths(2.0)
