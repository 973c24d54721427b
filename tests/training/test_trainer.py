"""The training loop, on a network with one number per task whose training is predictable."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from skmtl.balancing import GeometricMean, Uncertainty
from skmtl.networks import Batch, MultiTabConfig, MultiTabNet, initialise
from skmtl.tasks import TaskSet, number_kind
from skmtl.training import Samples, Trainer, TrainingOptions


class Constant(nn.Module):
    """Predict one learnt number per task. `on_forward(self)` may interfere."""

    def __init__(self, n_tasks, on_forward=None):
        super().__init__()
        self.register_buffer("base_scores", torch.zeros(n_tasks))
        self.bias = nn.Parameter(torch.zeros(n_tasks))
        self.on_forward = on_forward

    def forward(self, batch):
        scores = (self.base_scores + self.bias).expand(len(batch), 1, -1)
        return scores if self.on_forward is None else self.on_forward(self, scores)


class Recorder:
    """A monitor that records its calls and may follow a script."""

    def __init__(self, on_begin=lambda number: None, on_end=lambda epoch: False):
        self.calls, self.epochs = [], []
        self.on_begin, self.on_end = on_begin, on_end

    def begin(self, number):
        self.calls.append(("begin", number))
        self.on_begin(number)

    def end(self, epoch, network):
        self.network = network
        self.calls.append(("end", epoch.number))
        self.epochs.append(epoch)
        return self.on_end(epoch)


def task_set(n_tasks=1, kinds=None):
    Y = pd.DataFrame({name: [0.0, 2.0, 4.0] for name in "abc"[:n_tasks]})
    return TaskSet.fit(Y, infer=number_kind, tasks=kinds)


def samples(targets, n_rows=8, weight=1.0):
    """Create rows without features; all rows of a task have the same target."""
    target = torch.tensor(targets).expand(n_rows, -1).contiguous()
    weights = torch.tensor(weight).expand(n_rows, target.shape[1]).contiguous()
    nothing = Batch(torch.empty(n_rows, 0), torch.empty(n_rows, 0, dtype=torch.long))
    return Samples(nothing, target, weights)


def trainer_of(network, tasks, *, task_weight=None, history=(), seed=0, **options):
    settings = {"max_epochs": 10, "learning_rate": 0.1, "averaging": 0.0, "batch_size": 8}
    weight = torch.ones(len(tasks)) if task_weight is None else torch.tensor(task_weight)
    return Trainer(
        network=network,
        tasks=tasks,
        options=TrainingOptions(**{**settings, **options}),
        task_weight=weight,
        generator=torch.Generator().manual_seed(seed),
        history=list(history),
    )


def train_towards(target, validation, *, monitor=None, network=None, **options):
    """Train a network with one task from 0 towards `target`, by about 0.1 per epoch."""
    network = network or Constant(1)
    monitor = monitor or Recorder()
    trainer = trainer_of(network, task_set(), **options)
    trainer.fit(samples([target]), None if validation is None else samples([validation]), monitor)
    return network, trainer, monitor


def test_early_stopping_keeps_the_best_weights():
    """The validation labels are 1, which the network passes on its way to 10."""
    biases = []

    def note(epoch):
        biases.append(monitor.network().bias.item())
        return False

    network, tasks, monitor = Constant(1), task_set(), Recorder(on_end=note)
    trainer = trainer_of(network, tasks, max_epochs=100, patience=3)
    trainer.fit(samples([10.0]), samples([1.0]), monitor)
    objectives = [epoch.objective for epoch in trainer.history]
    best = int(np.argmin(objectives))
    assert biases[best] == pytest.approx(1.0, abs=0.06)
    assert network.bias.item() == biases[best]
    assert len(trainer.history) == best + 1 + 3, "three epochs without improvement end it"
    assert biases[-1] > 1.2
    improved = [epoch.number for epoch in trainer.history if epoch.improved]
    assert improved == list(range(best + 1))


@pytest.mark.parametrize(
    ("best_epoch", "objective", "n_samples", "expected"),
    [
        (0, 1.0, 800, 12),  # nothing was better than the weights of a warm start
        (1, 0.7, 800, 3),  # 25 steps per epoch
        (5, 0.7, 800, 3),
        (9, 0.7, 800, 5),
        (60, 0.7, 800, 12),
        (5, 0.1, 800, 5),  # nearly learnt
        (1, 0.7, 320, 6),  # 10 steps per epoch
        (1, 0.7, 100, 12),  # 4 steps per epoch
        (1, 0.7, 10**6, 3),
    ],
)
def test_patience_grows_with_the_epochs_to_the_best_one(
    best_epoch, objective, n_samples, expected
):
    assert TrainingOptions().patience_after(best_epoch, objective, n_samples) == expected
    assert TrainingOptions(patience=7).patience_after(best_epoch, objective, n_samples) == 7


def test_patience_is_short_where_the_first_epochs_were_best():
    """The validation labels equal the best constant, and training moves away from it."""
    network, tasks = Constant(1), task_set()
    trainer = trainer_of(network, tasks, max_epochs=100, batch_size=1)
    rows = samples([10.0], n_rows=60)
    trainer.fit(rows, samples([0.1]), Recorder())
    assert len(trainer.history) == 1 + 3


def test_without_validation_the_last_weights_are_kept():
    network, trainer, _ = train_towards(10.0, None, max_epochs=7)
    assert len(trainer.history) == 7
    assert network.bias.item() == pytest.approx(0.7, abs=0.01)
    assert all(epoch.validation_losses is None for epoch in trainer.history)
    assert all(epoch.improved for epoch in trainer.history)


def test_the_monitor_is_told_of_every_epoch_in_order():
    _, trainer, monitor = train_towards(10.0, 10.0, max_epochs=3)
    assert monitor.calls == [(word, n) for n in range(3) for word in ("begin", "end")]
    assert monitor.epochs == trainer.history
    seconds = [epoch.seconds for epoch in trainer.history]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0


def test_the_monitor_may_stop():
    monitor = Recorder(on_end=lambda epoch: epoch.number == 4)
    network, trainer, _ = train_towards(10.0, 10.0, monitor=monitor, max_epochs=50)
    assert len(trainer.history) == 5
    assert network.bias.item() == pytest.approx(0.5, abs=0.01)


def test_max_time_ends_training_after_the_epoch_that_passed_it(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("skmtl.training._loop.time.monotonic", lambda: float(next(clock)))
    _, trainer, _ = train_towards(10.0, None, max_epochs=50, max_time=1e-9)
    assert len(trainer.history) == 1
    _, trainer, _ = train_towards(10.0, None, max_epochs=50, max_time=20.0)
    assert 1 < len(trainer.history) < 50


def test_no_time_limit_by_default():
    _, trainer, _ = train_towards(10.0, None, max_epochs=30)
    assert len(trainer.history) == 30


def interrupt_at(number):
    def act(at):
        if getattr(at, "number", at) == number:
            raise KeyboardInterrupt
        return False

    return act


@pytest.mark.parametrize("when", ["on_begin", "on_end"])
def test_an_interrupt_keeps_the_best_so_far_with_a_warning(when):
    monitor = Recorder(**{when: interrupt_at(14)})
    with pytest.warns(UserWarning, match=r"interrupted in epoch 1[45]; the best weights"):
        network, trainer, _ = train_towards(
            10.0, 1.0, monitor=monitor, max_epochs=100, patience=99
        )
    assert network.bias.item() == pytest.approx(1.0, abs=0.06)
    assert len(trainer.history) == (14 if when == "on_begin" else 15)
    assert not network.training


def test_an_interrupt_within_an_epoch_keeps_the_best_so_far():
    steps = itertools.count()

    def interfere(network, scores):
        if network.training and next(steps) == 5:
            raise KeyboardInterrupt
        return scores

    network = Constant(1, interfere)
    with pytest.warns(UserWarning, match=r"interrupted in epoch 5"):
        _, trainer, _ = train_towards(10.0, 10.0, network=network, max_epochs=100)
    assert len(trainer.history) == 5
    assert network.bias.item() == pytest.approx(0.5, abs=0.01)
    assert not network.training


def test_an_interrupt_before_anything_was_learnt_is_an_interrupt():
    with pytest.raises(KeyboardInterrupt):
        train_towards(10.0, 10.0, monitor=Recorder(on_begin=interrupt_at(0)))


def poisoned(task, epoch, value):
    """A network with broken training scores of one task in one epoch, with a step per epoch."""
    steps = itertools.count()

    def interfere(network, scores):
        if not network.training or next(steps) != epoch:
            return scores
        broken = torch.zeros_like(scores)
        broken[..., task] = value
        return scores + broken

    return Constant(3, interfere)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize(("task", "name"), [(0, "a"), (1, "b"), (2, "c")])
def test_a_loss_that_is_not_finite_names_the_task_and_the_epoch(task, name, value):
    network, data = poisoned(task, 4, value), samples([1.0, 1.0, 1.0])
    trainer = trainer_of(network, task_set(3))
    expected = rf"loss of task '{name}' is not finite in epoch 4\. Lower learning_rate"
    with pytest.raises(FloatingPointError, match=expected):
        trainer.fit(data, data, Recorder())
    assert not network.training
    assert len(trainer.history) == 4


def test_all_tasks_whose_loss_is_not_finite_are_named():
    network, data = poisoned(slice(1, 3), 0, torch.nan), samples([1.0, 1.0, 1.0])
    with pytest.raises(FloatingPointError, match=r"task 'b' .* epoch 0 \(nor are those of \['c'"):
        trainer_of(network, task_set(3)).fit(data, None, Recorder())


def learning_rates(max_epochs, n_steps=1, history=(), **options):
    trainer = trainer_of(
        Constant(1), task_set(), max_epochs=max_epochs, history=history, **options
    )
    trainer.fit(samples([10.0], n_rows=8 * n_steps), None, Recorder())
    return np.array([epoch.learning_rate for epoch in trainer.history])


def test_constant_schedule():
    assert learning_rates(5).tolist() == [0.1] * 5


def test_cosine_schedule_runs_from_the_learning_rate_to_almost_nothing():
    """The learning rate of an epoch is that of its last step."""
    done = np.arange(8) / 8
    np.testing.assert_allclose(
        learning_rates(8, schedule="cosine"), 0.1 * 0.5 * (1 + np.cos(np.pi * done))
    )
    fine = learning_rates(8, n_steps=10, schedule="cosine")
    assert fine[0] == pytest.approx(0.1, rel=0.04)
    assert 0 < fine[-1] < 0.1 * 1e-3
    assert (np.diff(fine) < 0).all()


def test_training_goes_on_from_an_earlier_history():
    first = trainer_of(Constant(1), task_set(), max_epochs=3)
    first.fit(samples([10.0]), None, Recorder())
    second = trainer_of(first.network, task_set(), max_epochs=2, history=first.history)
    second.fit(samples([10.0]), None, Recorder())
    assert [epoch.number for epoch in second.history] == [0, 1, 2, 3, 4]
    assert second.history[:3] == first.history
    assert first.network.bias.item() == pytest.approx(0.5, abs=0.01)


def test_a_second_fit_has_a_cosine_schedule_of_its_own():
    first = trainer_of(Constant(1), task_set(), max_epochs=4, schedule="cosine")
    first.fit(samples([10.0]), None, Recorder())
    again = learning_rates(4, history=first.history, schedule="cosine")
    np.testing.assert_allclose(again[4:], again[:4])


def test_losses_are_means_over_the_labels_that_are_there():
    """This holds for any batch size; with a learning rate of zero nothing else changes them."""
    data = samples([1.0, 3.0], n_rows=20)
    data.target[:4] = torch.tensor([2.0, 5.0])
    data.weight[4:14, 0] = 0.0
    data.weight[:2, 1] = 3.0
    loss = 0.5 * data.target**2
    expected = (loss * data.weight).sum(dim=0) / data.weight.sum(dim=0)
    for batch_size in (1, 3, 20):
        trainer = trainer_of(
            Constant(2), task_set(2), max_epochs=1, learning_rate=0.0, batch_size=batch_size
        )
        trainer.fit(data, data, Recorder())
        (epoch,) = trainer.history
        assert epoch.losses == pytest.approx(expected.tolist())
        assert epoch.validation_losses == pytest.approx(expected.tolist())


def test_the_objective_is_relative_to_the_best_constant():
    """A task with large losses has no more weight than others."""
    network = Constant(2)
    network.base_scores += torch.tensor([1.0, -1.0])
    trainer = trainer_of(network, task_set(2), max_epochs=2, learning_rate=0.0)
    trainer.fit(samples([0.0, 0.0]), samples([3.0, 70.0]), Recorder())
    assert [epoch.objective for epoch in trainer.history] == pytest.approx([1.0, 1.0])
    assert [epoch.improved for epoch in trainer.history] == [True, False]


@pytest.mark.parametrize("balance", [GeometricMean(), Uncertainty()])
def test_balancers_of_the_product_stop_by_the_geometric_mean(balance):
    """Losses are 1/100 and 1 times the best constant's; the first task has twice the weight."""
    network = Constant(2)
    network.base_scores += torch.tensor([10.0, 10.0])
    network.bias.data.copy_(torch.tensor([9.0, 0.0]))
    trainer = trainer_of(
        network, task_set(2), task_weight=[2.0, 1.0], max_epochs=1, learning_rate=0.0,
        balance=balance,
    )  # fmt: skip
    trainer.fit(samples([20.0, 20.0]), samples([20.0, 20.0]), Recorder())
    assert trainer.history[0].objective == pytest.approx(0.01 ** (2 / 3))


def test_a_task_that_is_learnt_does_not_hold_up_the_end():
    """Its loss decreases a hundredfold, which is less in absolute terms than that of the other."""
    network = Constant(2)
    network.base_scores += torch.tensor([1.0, 1.0])

    def drift(epoch):
        with torch.no_grad():
            network.bias.copy_(
                torch.tensor([1.0 - 1e-3 * 0.1**epoch.number, -0.01 * epoch.number])
            )

    trainer = trainer_of(
        network, task_set(2), max_epochs=3, learning_rate=0.0, balance=GeometricMean()
    )
    trainer.fit(samples([2.0, 2.0]), samples([2.0, 2.0]), Recorder(on_end=drift))
    losses = [epoch.validation_losses[0] for epoch in trainer.history]
    assert losses[1] > 50 * losses[2] > 0
    assert [epoch.improved for epoch in trainer.history] == [True, True, False]


def test_task_weights_decide_what_is_learnt_and_when_to_stop():
    network = Constant(2)
    trainer = trainer_of(network, task_set(2), task_weight=[1.0, 0.0], max_epochs=3)
    trainer.fit(samples([5.0, 5.0]), samples([5.0, -5.0]), Recorder())
    assert network.bias[0].item() == pytest.approx(0.3, abs=0.01)
    assert network.bias[1].item() == 0.0
    first = trainer.history[0]
    assert first.objective == pytest.approx(first.validation_losses[0] / 12.5)


def test_a_task_without_a_validation_label_has_no_say():
    network = Constant(2)
    validation = samples([5.0, 5.0])
    validation.weight[:, 1] = 0.0
    trainer = trainer_of(network, task_set(2), max_epochs=3)
    trainer.fit(samples([5.0, 5.0]), validation, Recorder())
    assert all(epoch.improved for epoch in trainer.history)
    last = trainer.history[-1]
    assert np.isnan(last.validation_losses[1])
    assert last.objective == pytest.approx(last.validation_losses[0] / 12.5)
    assert network.bias[1].item() == pytest.approx(0.3, abs=0.01)


def test_a_validation_loss_that_explodes_names_task_and_epoch():
    scorings = itertools.count()

    def interfere(network, scores):
        if network.training or next(scorings) < 2:
            return scores
        return torch.stack([scores[..., 0], scores[..., 1] + torch.inf], dim=-1)

    network = Constant(2, interfere)
    trainer = trainer_of(network, task_set(2), max_epochs=5)
    with pytest.raises(FloatingPointError, match="task 'b' is not finite in epoch 2"):
        trainer.fit(samples([5.0, 5.0]), samples([5.0, 5.0]), Recorder())


def test_averaging_keeps_the_mean_of_the_weights():
    network = Constant(1)
    raw = []
    monitor = Recorder(on_end=lambda epoch: raw.append(network.bias.item()))
    trainer = trainer_of(network, task_set(), max_epochs=40, averaging=0.9)
    trainer.fit(samples([50.0]), None, monitor)
    # Every step advances by 0.1; the mean covers several steps, but not all.
    assert 0.2 < raw[-1] - network.bias.item() < 1.0


def test_gradients_are_clipped():
    """AdamW is invariant to a constant scale of the gradient, but not to a single large batch."""

    def last_step(clip):
        network = Constant(1)
        biases = []
        monitor = Recorder(on_end=lambda epoch: biases.append(network.bias.item()))
        data = samples([0.01])
        first = itertools.count()

        def interfere(own, scores):
            return scores * 1e4 if own.training and next(first) == 3 else scores

        network.on_forward = interfere
        trainer = trainer_of(network, task_set(), max_epochs=5, gradient_clip=clip)
        trainer.fit(data, None, monitor)
        return abs(biases[4] - biases[3])

    assert last_step(1e9) > 1.5 * last_step(1e-3)


def test_bfloat16_reaches_the_network_only_where_it_is_asked_for():
    for precision, expected in [("auto", False), ("float32", False), ("bfloat16", True)]:
        seen = []

        def note(network, scores, seen=seen):
            seen.append((network.training, torch.is_autocast_enabled("cpu")))
            return scores

        data = samples([1.0])
        trainer = trainer_of(Constant(1, note), task_set(), max_epochs=2, precision=precision)
        trainer.fit(data, data, Recorder())
        assert set(seen) == {(True, expected), (False, expected)}


# With a real network: randomness and learning.


def real_network(seed=0, **switches):
    config = MultiTabConfig(
        cardinalities=(),
        n_scores=(1, 1, 2),
        row_size=16,
        n_members=2,
        embedding_size=4,
        **switches,
    )
    bins = [torch.linspace(-2, 2, 5)] * 2
    network = MultiTabNet(config, bins, torch.zeros(4))
    initialise(network, torch.Generator().manual_seed(seed))
    return network


@pytest.fixture(scope="module")
def real_data():
    """Create two numbers and three classes that depend on two features; 1/3 of labels missing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 2)).astype(np.float32)
    Y = pd.DataFrame(
        {
            "sum": X.sum(axis=1),
            "product": X[:, 0] * X[:, 1],
            "class": pd.cut(X[:, 0], [-9, -0.4, 0.4, 9], labels=["low", "mid", "high"]),
        }
    ).mask(rng.random((240, 3)) < 1 / 3)
    Y["class"] = Y["class"].astype(pd.CategoricalDtype(["low", "mid", "high"], ordered=True))
    tasks = TaskSet.fit(Y, infer=number_kind, tasks={"class": "ordinal"})
    labels = tasks.encode(Y)
    data = Samples(
        Batch(torch.from_numpy(X), torch.empty(240, 0, dtype=torch.long)),
        torch.from_numpy(labels.target.astype(np.float32)),
        torch.from_numpy(labels.mask.astype(np.float32)),
    )
    return tasks, data


def train(real_data, *, data=None, seed=0, network=None, **options):
    tasks, own = real_data
    data = own if data is None else data
    network = network or real_network(dropout=0.1)
    settings = {"max_epochs": 3, "learning_rate": 5e-3, "batch_size": 32, "averaging": 0.9}
    trainer = trainer_of(network, tasks, seed=seed, **{**settings, **options})
    trainer.fit(data.take(slice(0, 180)), data.take(slice(180, None)), Recorder())
    return torch.cat([p.detach().flatten() for p in network.parameters()]), trainer


def test_training_learns_every_task(real_data):
    _, trainer = train(real_data, max_epochs=20, learning_rate=1e-2)
    first, best = trainer.history[0], min(trainer.history, key=lambda epoch: epoch.objective)
    assert best.objective < 0.3
    for before, after in zip(first.validation_losses, best.validation_losses, strict=True):
        assert after < 0.5 * before


def test_the_seed_decides_training(real_data):
    one, _ = train(real_data)
    torch.rand(3)  # whatever the host program draws
    twin, _ = train(real_data)
    other, _ = train(real_data, seed=1)
    assert torch.equal(one, twin)
    assert not torch.equal(one, other)


def test_global_random_state_is_left_alone(real_data):
    of_torch, of_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    train(real_data, network=real_network(dropout=0.3, attention_dropout=0.3))
    assert torch.equal(torch.get_rng_state(), of_torch)
    np.testing.assert_array_equal(np.random.get_state()[1], of_numpy)


def test_thread_count_and_default_dtype_are_left_alone(real_data):
    before = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    train(real_data, max_epochs=1)
    assert (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()) == before


def test_placeholders_of_missing_labels_change_nothing(real_data):
    _, data = real_data
    # 2 is also a class, so that it would be a valid label of every kind.
    target = torch.where(data.weight > 0, data.target, 2.0)
    assert not torch.equal(target, data.target)
    strange = Samples(data.inputs, target, data.weight)
    one, trainer = train(real_data)
    other, trainer_of_strange = train(real_data, data=strange)
    assert torch.equal(one, other)
    assert [e.losses for e in trainer.history] == [e.losses for e in trainer_of_strange.history]
    assert trainer.history[-1].objective == trainer_of_strange.history[-1].objective


def test_the_network_is_left_ready_to_score(real_data):
    network = real_network(dropout=0.5)
    train(real_data, network=network)
    _, data = real_data
    assert not network.training
    with torch.no_grad():
        one, twin = (network(data.inputs) for _ in range(2))
    assert torch.equal(one, twin)
