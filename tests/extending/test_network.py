"""A network from outside of skmtl has all that those of skmtl have."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from torch import nn

import skmtl
from skmtl.balancing import BALANCERS
from skmtl.engines.network import Planned
from skmtl.inspection import task_affinity
from skmtl.networks import parameter
from tests.extending.network import SharedBottom, SharedBottomNet, SharedBottomPlan

QUICK = {"max_epochs": 3, "n_bags": 1, "size": 6, "random_state": 0}


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(96, 3)), columns=list("abc"))
    X["d"] = rng.choice(["x", "y", None], 96)
    Y = pd.DataFrame({"sum": X["a"] + X["b"], "sign": X["a"] > 0, "third": X["c"]})
    Y.loc[:20, "third"] = None
    return X, Y


@pytest.fixture(scope="module")
def long():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 2)), columns=list("ab"))
    X["shop"] = rng.choice(["p", "q", "r"], 120)
    return X, X["a"] + X["shop"].map({"p": 0.0, "q": 2.0, "r": 4.0})


def test_it_learns_wide_data_of_mixed_kinds(wide):
    X, Y = wide
    model = SharedBottom(max_epochs=40, n_bags=1, learning_rate=0.02, random_state=0).fit(X, Y)
    assert model.task_kinds_ == {"sum": "regression", "sign": "binary", "third": "regression"}
    assert model.predict(X).columns.tolist() == ["sum", "sign", "third"]
    assert (model.score_tasks(X, Y) > 0.6).all()
    strange = X.head(2).assign(d="never seen", a=None)
    assert model.predict(strange)["sum"].notna().all()


def test_it_learns_long_data_and_predicts_unseen_tasks(long):
    X, y = long
    model = SharedBottom(
        task_column="shop", max_epochs=40, n_bags=1, learning_rate=0.02, random_state=0
    ).fit(X, y)
    assert (model.score_tasks(X, y) > 0.6).all()
    seen = model.predict(X.head(3).assign(shop="new"))
    assert seen.notna().all(axis=None)


@pytest.mark.parametrize("at", ["representation", "trunk"])
@pytest.mark.parametrize("name", BALANCERS)
@pytest.mark.parametrize("form", ["wide", "long"])
def test_every_balancer_trains_it(name, at, form, request):
    X, y = request.getfixturevalue(form)
    if form == "long":  # of two targets, for methods that compare the tasks of a row
        y = pd.DataFrame({"u": y, "v": -X["a"]})
    model = SharedBottom(
        task_column=None if form == "wide" else "shop", balance=name, balance_at=at, **QUICK
    ).fit(X, y)
    assert np.isfinite(model.history_["loss"]).all()
    assert (model.history_["loss"].iloc[-1]) < model.history_["loss"].iloc[0]


@pytest.mark.parametrize("balance", ["equal", "pcgrad", "uncertainty"])
def test_its_auxiliary_loss_is_in_the_history_and_lowered(balance, wide):
    free = SharedBottom(balance=balance, **QUICK | {"max_epochs": 15}).fit(*wide)
    sparse = SharedBottom(balance=balance, sparsity=10.0, **QUICK | {"max_epochs": 15}).fit(*wide)
    assert (free.history_["auxiliary[sparsity]"] == 0).all()
    losses = sparse.history_["auxiliary[sparsity]"]
    assert losses.iloc[-1] < 0.5 * losses.iloc[0]


@pytest.mark.parametrize("form", ["wide", "long"])
def test_the_affinity_of_its_tasks_is_measured_in_training(form, request):
    X, y = request.getfixturevalue(form)
    model = SharedBottom(task_column=None if form == "wide" else "shop", **QUICK)
    seen = task_affinity(model, X, y)
    assert seen.n_looks > 0
    assert seen.affinity.columns.tolist() == (list(y) if form == "wide" else ["p", "q", "r"])


def test_a_file_holds_it(wide, tmp_path):
    X, Y = wide
    model = SharedBottom(**QUICK).fit(X, Y)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    pd.testing.assert_frame_equal(loaded.history_, model.history_)
    assert loaded.get_params() == model.get_params()


def test_it_is_searched_and_cloned(wide):
    search = GridSearchCV(SharedBottom(**QUICK), {"size": [4, 8]}, cv=KFold(2)).fit(*wide)
    assert np.isfinite(search.best_score_)
    network = next(iter(search.best_estimator_.network_))
    assert network.trunk.bias.shape == (search.best_params_["size"],)
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


def test_its_parameters_are_checked(wide):
    with pytest.raises(ValueError, match=r"size=0 of SharedBottom must be a whole number"):
        SharedBottom(size=0).fit(*wide)
    with pytest.raises(TypeError, match="sizes"):
        SharedBottom(sizes=3)


def test_warm_start_keeps_its_shape(wide):
    model = SharedBottom(warm_start=True, **QUICK).fit(*wide)
    assert model.fit(*wide).n_epochs_ == 6
    with pytest.raises(ValueError, match=r"size=6; now it is 8"):
        model.set_params(size=8).fit(*wide)


class Changed(SharedBottomPlan):
    """A plan of another network."""

    def __init__(self, net, **fields):
        super().__init__(**fields)
        object.__setattr__(self, "net", net)

    def build(self):
        return self.net(self)


def of_network(net, **parameters):
    """SharedBottom with another module."""

    class Other(SharedBottom):
        def _architecture(self):
            return Planned(partial(Changed, net), {"size": self.size, "sparsity": self.sparsity})

    return Other(**QUICK | parameters)


class EncoderNet(SharedBottomNet):
    """Layers of torch's that draw in many ways."""

    def __init__(self, plan, dropout=0.0):
        super().__init__(plan)
        self.shift = parameter(plan.size, bound=1.0)
        self.encoder = nn.TransformerEncoderLayer(plan.size, 2, 8, dropout, batch_first=True)
        self.recurrent = nn.GRU(plan.size, plan.size, batch_first=True)
        self.extra = nn.init.orthogonal_(nn.Parameter(torch.empty(plan.size, plan.size)))

    def represent(self, batch):
        tokens = self.encoder(self.tokens(batch.numeric, batch.codes) + self.shift)
        return (self.recurrent(tokens)[0][:, -1][None] @ self.extra,)


class DropoutNet(EncoderNet):
    def __init__(self, plan):
        super().__init__(plan, dropout=0.1)


class GlobalNet(SharedBottomNet):
    def __init__(self, plan):
        super().__init__(plan)
        self.extra = nn.Parameter(torch.rand(3))


def test_layers_of_torch_draw_from_random_state_alone(wide):
    X, Y = wide
    before = torch.get_rng_state()
    first, same = (of_network(EncoderNet).fit(X, Y).predict(X) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    other_host = of_network(EncoderNet).fit(X, Y).predict(X)
    torch.set_rng_state(before)
    pd.testing.assert_frame_equal(first, same)
    pd.testing.assert_frame_equal(first, other_host)
    another = of_network(EncoderNet, random_state=1).fit(X, Y).predict(X)
    assert not np.allclose(first["sum"], another["sum"])


def test_layers_of_torch_are_kept_in_copies(wide):
    X, Y = wide
    model = of_network(EncoderNet).fit(X, Y)
    before = torch.get_rng_state()
    copied = copy.deepcopy(model)
    assert torch.equal(torch.get_rng_state(), before)
    pd.testing.assert_frame_equal(copied.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (DropoutNet, r"DropoutNet draws from torch's global .* Use skmtl\.networks\.Dropout"),
        (GlobalNet, r"aten\.rand\.default draws from torch's global .* does not take a generator"),
    ],
)
def test_draws_from_the_global_state_are_refused(net, message, wide):
    before = torch.get_rng_state()
    with pytest.raises(TypeError, match=message):
        of_network(net).fit(*wide)
    assert torch.equal(torch.get_rng_state(), before)


class BlindNet(SharedBottomNet):
    """A network of long data that does not say how many task ids there are."""

    def __init__(self, plan):
        super().__init__(plan)
        del self.n_groups


def test_targets_are_balanced_where_the_network_knows_no_ids(long):
    X, y = long
    Y = pd.DataFrame({"u": y, "v": -y})
    model = of_network(BlindNet, task_column="shop", balance={"u": 0.0, "v": 1.0}).fit(X, Y)
    assert np.isfinite(model.history_["loss"]).all()
    with pytest.raises(ValueError, match=r"has no task ids.*n_groups"):
        task_affinity(of_network(BlindNet, task_column="shop"), X, y)


def test_it_is_exported_as_a_graph(wide, long):
    pytest.importorskip("onnxscript", reason='needs the extra "onnx"')
    from tests.export.graphs import assert_same_outputs

    assert_same_outputs(SharedBottom(**QUICK).fit(*wide), wide[0])
    assert_same_outputs(SharedBottom(task_column="shop", **QUICK).fit(*long), long[0])
