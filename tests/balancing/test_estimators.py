"""The parameter `balance` of the estimators: what it takes, and what it leaves as it was."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV, KFold

import skmtl
from skmtl import MultiTab, MultiTabRegressor, MultiTabSurvival
from skmtl.balancing import (
    BALANCERS,
    FAMO,
    CAGrad,
    FixedWeights,
    GradientBalancer,
    PCGrad,
    RepMTL,
    SharpnessAware,
)
from skmtl.datasets import make_survival

SMALL = {
    "n_bags": 1,
    "max_epochs": 3,
    "row_size": 8,
    "n_members": 2,
    "embedding_size": 4,
    "tower_size": 4,
    "feedforward_size": 4,
    "batch_size": 32,
    "random_state": 0,
    "device": "cpu",
}


def mean_gradient(matrix):
    return matrix.mean(dim=0)


def name_of(balance):
    """The same in every process, unlike the text of a function."""
    return getattr(balance, "__name__", str(balance))


def make_data(n=96, seed=0):
    """Three targets, of which some labels are missing and one is almost absent."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    Y = pd.DataFrame({"sum": X.a + X.b, "sign": X.b > 0, "rare": X.c}).mask(
        rng.random((n, 3)) < [0.2, 0.2, 0.9]
    )
    return X, Y


def make_long(n=96):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"id": rng.choice(list("pqr"), n), "a": rng.normal(size=n)})
    return X, pd.Series(np.where(X.id == "p", -1.0, 1.0) * X.a, name="y")


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.network_.parameters()])


EVERY = [*BALANCERS, {"rare": 2.0}, [1, 2, 3], FAMO(learning_rate=0.1), mean_gradient]


def compares_gradients(balance):
    """Whether it matters where; the others take the same steps wherever."""
    balance = BALANCERS[balance] if isinstance(balance, str) else balance
    return isinstance(balance, GradientBalancer | SharpnessAware) or balance is mean_gradient


PLACES = [(balance, "representation") for balance in EVERY]
PLACES += [(balance, "trunk") for balance in EVERY if compares_gradients(balance)]


@pytest.mark.parametrize(("balance", "at"), PLACES, ids=name_of)
def test_every_balancer_learns_wide_data_and_again_the_same(balance, at):
    X, Y = make_data()
    model = MultiTab(balance=balance, balance_at=at, **SMALL).fit(X, Y)
    losses, weights = model.history_["loss"], weights_of(model)
    assert np.isfinite(losses).all()
    assert losses.iloc[-1] < losses.iloc[0]
    assert torch.equal(weights_of(model.fit(X, Y)), weights), "a refit starts over"


IN_LONG_DATA = [
    (balance, at) for balance, at in PLACES if balance not in ("rep_mtl", {"rare": 2.0})
]


@pytest.mark.parametrize(("balance", "at"), IN_LONG_DATA, ids=name_of)
def test_every_balancer_learns_long_data(balance, at):
    X, y = make_long()
    model = MultiTabRegressor(task_column="id", balance=balance, balance_at=at, **SMALL).fit(X, y)
    losses = model.history_["loss"]
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize("balance", BALANCERS)
def test_rows_of_weight_zero_have_no_say(balance):
    """Whatever their features and labels are, also in what balancers compare."""
    X, Y = make_data()
    rows = X.index < 48
    strange = pd.concat([X[:48], -X[48:]]), pd.concat([Y[:48], Y.shift(3)[48:]])
    settings = {"balance": balance, "early_stopping": False, "dropout": 0.0, **SMALL}
    settings |= {"numeric_embedding": "linear", "max_epochs": 1}
    one, other = (
        MultiTab(tasks={"sign": "binary"}, **settings).fit(*data, sample_weight=rows.astype(float))
        for data in ((X, Y), strange)
    )
    torch.testing.assert_close(weights_of(one), weights_of(other), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("balance", ["famo", "random", "gradvac", "sharpness_aware"])
def test_global_random_state_is_left_alone(balance):
    X, Y = make_data()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    MultiTab(balance=balance, **SMALL).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


def test_a_callable_may_draw_from_the_global_generator():
    def noisy(matrix):
        return matrix.sum(dim=0) * (1 + 0.1 * torch.rand(()))

    X, Y = make_data()
    before = torch.get_rng_state()
    one = MultiTab(balance=noisy, **SMALL).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert torch.equal(weights_of(one), weights_of(MultiTab(balance=noisy, **SMALL).fit(X, Y)))


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_a_callable_is_asked_about_the_tasks_that_a_batch_has_labels_of(at):
    """With a row of zeros for the others, no step would be as good as none for all."""
    X, Y = make_data()
    Y.loc[4:, "rare"] = np.nan
    Y.loc[:3, "rare"] = [0.0, 1.0, 2.0, 3.0]
    n_rows = set()

    def mgda(matrix):
        assert matrix.any(dim=1).all()
        n_rows.add(len(matrix))
        return BALANCERS["mgda"](matrix)

    settings = {"balance_at": at, "dropout": 0.0, **SMALL, "batch_size": 16}
    model = MultiTab(balance=mgda, **settings).fit(X, Y)
    assert n_rows == {2, 3}
    own = MultiTab(balance="mgda", **settings).fit(X, Y)
    torch.testing.assert_close(weights_of(model), weights_of(own), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_a_callable_whose_values_are_not_finite_is_to_blame(at):
    X, Y = make_data()
    with pytest.raises(ValueError, match=r"balance=.*values that are not finite"):
        MultiTab(balance=lambda matrix: matrix[0] * np.nan, balance_at=at, **SMALL).fit(X, Y)
    with pytest.raises(FloatingPointError, match="loss of task 'sum' is not finite"):
        MultiTab(balance=mean_gradient, balance_at=at, **SMALL, learning_rate=1e30).fit(X, Y)


def test_an_aggregator_of_torchjd_is_a_balancer():
    """One that draws by chance and one that remembers; each training has a copy of its own."""
    aggregation = pytest.importorskip("torchjd.aggregation")
    X, Y = make_data()
    before = torch.get_rng_state()
    for aggregator in (aggregation.PCGrad(), aggregation.GradVac()):
        model = MultiTab(balance=aggregator, **SMALL).fit(X, Y)
        weights = weights_of(model)
        torch.rand(7)
        assert torch.equal(weights_of(model.fit(X, Y)), weights)
    torch.set_rng_state(before)
    MultiTab(balance=aggregation.PCGrad(), **SMALL).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["AlignedMTL", "GradVac", "IMTLG", "MGDA", "PCGrad"])
@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_aggregators_weigh_as_they_combine(name, at):
    """One that is asked for weights, and one that is hidden in a function."""
    make = getattr(pytest.importorskip("torchjd.aggregation"), name)
    X, Y = make_data()
    settings = {"balance_at": at, **SMALL, "max_epochs": 1}
    aggregate = make()
    weighing = MultiTab(balance=make(), **settings).fit(X, Y)
    combining = MultiTab(balance=lambda matrix: aggregate(matrix), **settings).fit(X, Y)
    torch.testing.assert_close(weights_of(weighing), weights_of(combining), rtol=1e-3, atol=1e-4)


def test_an_aggregator_that_does_more_than_weigh_is_called():
    aggregation = pytest.importorskip("torchjd.aggregation")

    class Sized(aggregation.MGDA):
        def forward(self, matrix):
            sizes.append(matrix.shape)
            return super().forward(matrix)

    sizes = []
    X, Y = make_data()
    settings = SMALL | {"max_epochs": 1}
    called = MultiTab(balance=Sized(), **settings).fit(X, Y)
    assert sizes
    plain = MultiTab(balance=aggregation.MGDA(), **settings).fit(X, Y)
    torch.testing.assert_close(weights_of(called), weights_of(plain), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_the_sum_of_the_gradients_is_the_step_of_equal_weights(at):
    X, Y = make_data()
    equal = MultiTab(**SMALL).fit(X, Y)
    model = MultiTab(balance=lambda matrix: matrix.sum(dim=0), balance_at=at, **SMALL).fit(X, Y)
    torch.testing.assert_close(weights_of(model), weights_of(equal), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_ids_of_long_data_add_up_to_the_step_of_equal_weights(at):
    X, y = make_long()
    settings = {"task_column": "id", **SMALL}
    equal = MultiTabRegressor(**settings).fit(X, y)
    model = MultiTabRegressor(
        balance=lambda matrix: matrix.sum(dim=0), balance_at=at, **settings
    ).fit(X, y)
    torch.testing.assert_close(weights_of(model), weights_of(equal), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("at", ["representation", "trunk"])
@pytest.mark.parametrize("balance", [SharpnessAware(radius=0.0), RepMTL(0.0, 0.0)], ids=name_of)
def test_without_a_radius_or_a_penalty_it_is_the_step_of_equal_weights(balance, at):
    X, Y = make_data()
    settings = SMALL | {"dropout": 0.0}
    equal = MultiTab(**settings).fit(X, Y)
    model = MultiTab(balance=balance, balance_at=at, **settings).fit(X, Y)
    torch.testing.assert_close(weights_of(model), weights_of(equal), rtol=1e-3, atol=1e-3)


def test_fixed_weights_by_name_in_order_or_as_an_object_are_the_same():
    X, Y = make_data()
    models = [
        MultiTab(balance=balance, **SMALL).fit(X, Y)
        for balance in ({"sign": 3.0}, [1, 3, 1], np.array([1, 3, 1]), FixedWeights((1, 3, 1)))
    ]
    assert all(torch.equal(weights_of(model), weights_of(models[0])) for model in models)
    assert not torch.equal(weights_of(models[0]), weights_of(MultiTab(**SMALL).fit(X, Y)))


def test_a_weight_of_zero_is_a_task_that_is_not_learnt():
    X, Y = make_data()
    model = MultiTab(balance={"sum": 0.0}, **SMALL).fit(X, Y)
    other = MultiTab(balance={"sum": 0.0}, **SMALL).fit(X, Y.assign(sum=-Y["sum"]))
    for history in (model.history_, other.history_):
        assert history["loss[sum]"].iloc[-1] > 0.9 * history["loss[sum]"].iloc[0]
    assert "validation_loss[sum]" in model.history_


@pytest.mark.parametrize(
    "balance", ["famo", "dwa", "cagrad", "rep_mtl", mean_gradient], ids=name_of
)
@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_a_task_of_weight_zero_has_no_say(balance, at):
    """Whatever its labels are, the trunk and the other tasks come out the same."""
    X, Y = make_data()
    settings = {"balance": balance, "balance_at": at, "task_weight": {"sum": 0.0}} | SMALL
    settings["early_stopping"] = False  # which rows are held out depends on all labels
    one, other = (
        MultiTab(**settings).fit(X, labels) for labels in (Y, Y.assign(sum=Y["sum"] ** 2))
    )
    names = ["sign", "rare"]
    pd.testing.assert_frame_equal(one.predict(X)[names], other.predict(X)[names])


@pytest.mark.parametrize("balance", ["famo", "pcgrad", "rep_mtl", "sharpness_aware"])
def test_bags_warm_starts_bfloat16_and_pickles(balance):
    X, Y = make_data()
    model = MultiTab(
        balance=balance, warm_start=True, precision="bfloat16", **{**SMALL, "n_bags": 2}
    ).fit(X, Y)
    before = len(model.history_)
    model.set_params(balance="equal").fit(X, Y)
    assert len(model.history_) == 2 * before
    again = pickle.loads(pickle.dumps(model.set_params(balance=balance)))
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))
    assert again.balance == balance


def test_a_grid_search_over_balancers():
    X, Y = make_data()
    grid = {"balance": ["equal", "famo", "pcgrad", PCGrad()]}
    search = GridSearchCV(MultiTab(**SMALL), grid, cv=KFold(2)).fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert scores[2] == scores[3]
    assert len(set(scores)) == 3


def test_balancers_are_saved_with_the_model(tmp_path):
    X, Y = make_data()
    model = MultiTab(balance=CAGrad(c=0.3), **SMALL).fit(X, Y)
    for balance in [CAGrad(c=0.3), FixedWeights((1, 2, 3)), *BALANCERS.values()]:
        model.balance = balance
        model.save(tmp_path / "model.skmtl")
        again = skmtl.load(tmp_path / "model.skmtl")
        assert again.balance == balance
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))


def test_survival_tasks_are_balanced_as_well():
    X, y = make_survival(96, kind="several", random_state=0)
    for balance in ("famo", "pcgrad"):
        model = MultiTabSurvival(balance=balance, **SMALL).fit(X, y)
        assert np.isfinite(model.history_["loss"]).all()


@pytest.mark.parametrize(
    ("balance", "message"),
    [
        ("pcgard", r"balance='pcgard' of MultiTab must be one of 'equal', .*'pcgrad'"),
        (PCGrad, "an object of skmtl.balancing .not its class."),
        ([1.0, -1.0, 1.0], "balance has the weight -1 for 'sign'; weights must be finite and not"),
        (np.array([1, 1, np.nan]), "balance has the weight nan for 'rare'"),
        ({"sum": np.inf}, "balance has the weight inf for 'sum'"),
        ([1.0, "much"], "a mapping or sequence of weights"),
        ({"sum": "much"}, "a mapping or sequence of weights"),
        (3, "a callable from gradients"),
        (
            {"total": 1.0},
            r"balance names \['total'\], but the tasks are \['sum', 'sign', 'rare'\]",
        ),
        ([1.0, 2.0], "balance has 2 weights, but there are 3 tasks"),
        ([0.0, 0.0, 0.0], "positive for some task"),
        (FixedWeights((1.0, 2.0)), "FixedWeights has 2 weights, but there are 3 tasks"),
        (lambda matrix: matrix, r"must map gradients .* to .*, not"),
        (RepMTL, "an object of skmtl.balancing .not its class."),
    ],
)
def test_what_is_no_balancer_is_refused(balance, message):
    X, Y = make_data()
    with pytest.raises(ValueError, match=message):
        MultiTab(balance=balance, **SMALL).fit(X, Y)


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_a_callable_may_count_in_double_precision(at):
    X, Y = make_data()
    first, second = (
        MultiTab(balance=balance, balance_at=at, **SMALL).fit(X, Y).history_["loss"]
        for balance in (lambda matrix: matrix.sum(dim=0), lambda matrix: matrix.double().sum(0))
    )
    np.testing.assert_allclose(first, second, rtol=1e-3)


def test_ids_can_be_given_weights():
    X, y = make_long()
    model = MultiTabRegressor(task_column="id", balance={"p": 2.0}, **SMALL).fit(X, y)
    assert len(model.history_) == 3
    with pytest.raises(ValueError, match=r"balance names \['y'\], but the tasks are \['p', 'q'"):
        MultiTabRegressor(task_column="id", balance={"y": 2.0}, **SMALL).fit(X, y)


def test_one_target_of_long_data_has_no_rows_for_rep_mtl():
    X, y = make_long()
    with pytest.raises(ValueError, match="a row has a single task"):
        MultiTabRegressor(task_column="id", balance="rep_mtl", **SMALL).fit(X, y)
    both = pd.DataFrame({"y": y, "z": -y})
    model = MultiTabRegressor(task_column="id", balance="rep_mtl", **SMALL).fit(X, both)
    assert np.isfinite(model.history_["loss"]).all()
