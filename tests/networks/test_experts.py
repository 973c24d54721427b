"""Mixtures of experts: which expert depends on what, and which one is trained by which task."""

from __future__ import annotations

import pytest
import torch

from skmtl.networks import Experts, FeatureGates, NetworkOutput, SharedOutput, TaskEmbeddings, TopK

N_TASKS = 3
N_ROWS = 9


def experts(**settings):
    return {"row_mixing": Experts(size=10, **settings)}


def uses(network, batch):
    return network.rows.use(network.row_input(batch))


@torch.no_grad()
def test_one_expert_is_the_plain_row_path(make_network, make_rows):
    plain = make_network(row_layers=3)
    network = make_network(row_layers=3, **experts(shared=1, own=0, activation="relu"))
    weights = plain.state_dict()
    rows = {name: weights.pop(name) for name in list(weights) if name.startswith("rows.")}
    bank = network.rows.levels[0].shared.layers
    network.load_state_dict(weights, strict=False)
    bank[0].weight.copy_(rows["rows.first.weight"].T)
    bank[0].scale.copy_(rows["rows.split_scale"])
    bank[0].bias.copy_(
        rows["rows.split_bias"] + rows["rows.first.bias"] * rows["rows.split_scale"]
    )
    for number, layer in enumerate(bank[1:]):
        layer.weight.copy_(rows[f"rows.layers.{number}.weight"])
        layer.scale.copy_(rows[f"rows.layers.{number}.scale"])
        layer.bias.copy_(rows[f"rows.layers.{number}.bias"])
    batch = make_rows(N_ROWS)
    torch.testing.assert_close(network(batch), plain(batch), rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shared": 1, "own": 0},
        {"shared": 0, "own": 2},
        {"n_levels": 3},
        {"gate": "token", "others": "detached"},
        {"n_levels": 2, "groups": ((2, 0), (1,)), "others": "detached"},
        {"shared": 3, "routing": TopK(k=2)},
    ],
)
def test_a_task_reads_shares_of_its_experts(settings, make_network, make_rows):
    network = make_network(**experts(**settings))
    mixing = network.config.row_mixing
    use = uses(network, make_rows(N_ROWS))
    assert use.shape == (N_ROWS, N_TASKS, mixing.shared + N_TASKS * mixing.own)
    assert (use >= 0).all()
    torch.testing.assert_close(use.sum(dim=-1), torch.ones(N_ROWS, N_TASKS))
    if mixing.others == "hidden":
        own = use[..., mixing.shared :].unflatten(-1, (N_TASKS, mixing.own))
        others = ~torch.eye(N_TASKS, dtype=torch.bool)
        assert own[:, others].abs().sum() == 0


@torch.no_grad()
def test_a_row_reads_as_many_experts_as_it_may(make_network, make_rows):
    use = uses(make_network(**experts(shared=5, own=0, routing=TopK(k=2), gate="token")),
               make_rows(N_ROWS))  # fmt: skip
    assert (use > 0).sum(dim=-1).eq(2).all()


@pytest.mark.parametrize("others", ["hidden", "detached"])
def test_own_experts_learn_from_their_task_alone(others, make_network, make_rows):
    network, batch = make_network(**experts(others=others)), make_rows(N_ROWS)
    bank = network.rows.levels[0].own.layers[0].weight
    for task, part in enumerate(network.config.n_scores):
        start = sum(network.config.n_scores[:task])
        scores = network(batch)[..., start : start + part]
        (gradient,) = torch.autograd.grad(scores.square().sum(), bank)
        learns = gradient.abs().amax(dim=(1, 2, 3)) > 0
        assert learns.tolist() == [other == task for other in range(N_TASKS)]


@torch.no_grad()
def test_detached_experts_of_other_tasks_are_read(make_network, make_rows):
    network, batch = make_network(**experts(others="detached")), make_rows(N_ROWS)
    before = network(batch)
    network.rows.levels[0].own.layers[0].weight[2] += 1.0
    after = network(batch)
    assert ((after - before).abs().amax(dim=(0, 1)) > 1e-4).all()


@torch.no_grad()
def test_groups_share_the_experts_of_the_first_level(make_network, make_rows):
    network = make_network(**experts(shared=0, own=1, n_levels=2, groups=((2, 0), (1,))))
    batch = make_rows(N_ROWS)
    first, last = network.rows.levels
    assert len(first.own.layers[0].weight) == 2
    assert len(last.own.layers[0].weight) == N_TASKS
    before = network.represent(batch)[0]
    first.own.layers[0].weight[0] += 1.0
    moved = (network.represent(batch)[0] - before).abs().amax(dim=(1, 2, 3)) > 1e-5
    assert moved.tolist() == [True, False, True]


@torch.no_grad()
def test_task_inputs_change_nothing_to_begin_with(make_network, make_rows):
    plain, batch = make_network(**experts()), make_rows(N_ROWS)
    network = make_network(**experts(task_inputs=(FeatureGates(), TaskEmbeddings())))
    network.load_state_dict(plain.state_dict(), strict=False)
    gates, embeddings = network.rows.task_inputs
    for parameter in (gates.excite, gates.bias, embeddings.categories):
        parameter.fill_(parameter.initial[0])
    torch.testing.assert_close(network(batch), plain(batch))


@torch.no_grad()
def test_a_feature_that_is_shut_out_is_not_read(make_network, make_rows):
    network = make_network(**experts(shared=0, own=1, task_inputs=(FeatureGates(),)))
    gates = network.rows.task_inputs[0]
    gates.excite.zero_()
    gates.bias.zero_()
    gates.bias[1, 0, 2] = -50.0
    batch = make_rows(N_ROWS)
    before = network.represent(batch)[0]
    batch.numeric[:, 2] += 1.0
    moved = (network.represent(batch)[0] - before).abs().amax(dim=(1, 2, 3)) > 1e-5
    assert moved.tolist() == [True, False, True]


def test_the_load_balance_is_a_loss_of_training_alone(make_network, make_rows):
    network = make_network(**experts(shared=4, own=0, routing=TopK(k=2, load_balance=0.5)))
    batch = make_rows(200)
    assert torch.is_tensor(network(batch))
    network.train()
    output = network(batch)
    assert isinstance(output, NetworkOutput)
    assert isinstance(network.represent(batch), SharedOutput)
    weights = uses(network, batch).mean(dim=0)
    expected = 0.5 * (weights.var(dim=1, correction=0) / weights.mean(dim=1) ** 2).mean()
    torch.testing.assert_close(output.auxiliary["load_balance"], expected)
    network.rows.levels[0].gates.weight.data.zero_()
    network.rows.levels[0].gates.routing = TopK(k=4, load_balance=0.5)
    network.rows.levels[0].gates.bias.data.zero_()
    assert float(network(batch).auxiliary["load_balance"].detach()) == pytest.approx(0, abs=1e-6)


def test_every_parameter_of_experts_learns(make_network, make_rows):
    network = make_network(
        **experts(n_levels=2, others="detached", task_inputs=(FeatureGates(), TaskEmbeddings()))
    )
    network(make_rows(60)).pow(2).sum().backward()
    still = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or parameter.grad.abs().max() == 0
    ]
    assert still == []


@torch.no_grad()
@pytest.mark.parametrize("n_groups", [0, 4])
def test_the_mean_use_of_the_rows_that_are_shown_is_kept(n_groups, make_network, make_rows):
    network = make_network(n_groups=n_groups, **experts(task_inputs=(FeatureGates(),)))
    batch = make_rows(3000)
    if n_groups:
        object.__setattr__(batch, "group", torch.arange(3000) % 3)
    network.after_training(batch)
    use = uses(network, batch)
    if not n_groups:
        torch.testing.assert_close(network.rows.mean_use[0], use.mean(dim=0))
        return
    for group in range(3):
        torch.testing.assert_close(network.rows.mean_use[group], use[group::3].mean(dim=0))
    assert network.rows.mean_use[3].abs().sum() == 0
    assert network.rows.mean_gates.shape == (4, N_TASKS, 5)


REFUSED = [
    ({"shared": -1}, "shared=-1 must be a whole number of at least 0"),
    ({"own": True}, "own=True must be a whole number"),
    ({"shared": 0, "own": 0}, "leave no expert"),
    ({"n_levels": 0}, "n_levels=0 must be a whole number of at least 1"),
    ({"size": "big"}, "size='big' must be a whole number"),
    ({"gate": "rows"}, "gate='rows' must be one of 'row', 'token'"),
    ({"others": None}, "others=None must be one of"),
    ({"own": 0, "others": "detached"}, "needs own experts, but own=0"),
    ({"routing": 2}, "routing=2 must be a TopK object"),
    ({"shared": 2, "own": 1, "routing": TopK(k=3)}, "leaves out none of the 3 experts"),
    ({"task_inputs": FeatureGates()}, "must be a tuple of FeatureGates"),
    ({"task_inputs": (FeatureGates,)}, "must be a tuple of FeatureGates"),
    ({"own": 0, "task_inputs": (FeatureGates(),)}, "inputs of own experts, but own=0"),
    ({"groups": [["a"]]}, "Set n_levels=2"),
    ({"groups": ["ab", "c"], "n_levels": 2}, "sequence of non-empty sequences of names"),
    ({"activation": "swish"}, "activation='swish' must be one of"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Experts(**settings)


@pytest.mark.parametrize("settings", [{"k": 0}, {"k": 1.5}, {"load_balance": -1.0}])
def test_top_k_refuses(settings):
    with pytest.raises(ValueError, match=rf"TopK: {next(iter(settings))}="):
        TopK(**settings)


def test_feature_gates_refuse():
    with pytest.raises(ValueError, match="FeatureGates: hidden=0"):
        FeatureGates(hidden=0)


def test_groups_name_every_target_once():
    mixing = Experts(n_levels=2, groups=[["a", "constant"], ["b"], ["all constant"]])
    assert mixing.resolved(["b", "a"], 256).groups == ((1,), (0,))
    with pytest.raises(ValueError, match="no group has 'c'"):
        mixing.resolved(["a", "c"], 256)
    with pytest.raises(ValueError, match="'a' is in several groups"):
        Experts(n_levels=2, groups=[["a"], ["a", "b"]]).resolved(["a", "b"], 256)


@pytest.mark.parametrize(("n_tasks", "size"), [(1, 256), (2, 256), (8, 102), (538, 16)])
def test_experts_are_narrower_where_there_are_many(n_tasks, size):
    assert Experts().resolved(list(range(n_tasks)), 256).size == size


def test_names_stand_for_settings():
    for name in ("mmoe", "ple", "home", "stem"):
        assert isinstance(Experts.named(name), Experts)
    with pytest.raises(ValueError, match="'moe' must be one of 'mmoe'"):
        Experts.named("moe")
