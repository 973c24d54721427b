"""A fitted model may be asked by many threads at a time, and answers each as if it were alone."""

from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from skmtl.engines.network import FittedNetworks
from skmtl.training import torch_threads
from tests.files import recorded
from tests.files.cases import fitted

N_THREADS = 8
NAMES = [
    "rmtgb", "rmtgb-long", "rmtgb-several", "rmtgb-classifier", "multitab", "multitab-long",
    "survival-competing", "grouped-rmtgb", "grouped-multitab-long",
]  # fmt: skip


@pytest.fixture
def hasty_switches():
    """Let Python change threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def questions(name):
    model, X = fitted(name)
    model = pickle.loads(pickle.dumps(model))  # what is made with the first call is made again
    asked = recorded.questions(model, X, recorded.times_of(model))
    if hasattr(model, "staged_predict"):
        asked["staged_predict"] = lambda: list(model.staged_predict(X))
        asked["staged_predict of one row"] = lambda: list(model.staged_predict(X[:1]))
    asked["pickle"] = lambda: pickle.loads(pickle.dumps(model)).predict(X)
    return asked


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_what_it_is_alone(name, hasty_switches):
    alone = {what: ask() for what, ask in questions(name).items()}
    asked = questions(name)
    order = np.random.default_rng(0).permutation(list(asked) * 4)
    with ThreadPoolExecutor(N_THREADS) as threads:
        answers = threads.map(lambda what: asked[what](), order)
        for what, answer in zip(order, answers, strict=True):
            recorded.assert_same(answer, alone[what], 0, f"{name}: {what}")


def test_networks_move_to_another_device_as_a_copy():
    """Whoever computes with them where they are goes on."""
    networks = fitted("multitab").model._fitted
    moved = copy.copy(networks)
    assert isinstance(moved, FittedNetworks)
    before = moved.networks
    after = moved.on(torch.device("meta"))
    assert {p.device.type for p in before.parameters()} == {"cpu"}
    assert {p.device.type for p in after.parameters()} == {"meta"}
    assert moved.on(torch.device("meta")) is after
    assert moved.networks is after


def seen_by_a_new_thread():
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(torch.get_num_threads).result()


@pytest.mark.skipif(sys.platform == "win32", reason="torch_threads changes nothing there")
def test_a_number_of_threads_is_that_of_one_thread_and_for_a_while():
    before = torch.get_num_threads(), seen_by_a_new_thread()

    def within(number):
        for _ in range(50):
            with torch_threads(number):
                assert torch.get_num_threads() == number
        return torch.get_num_threads()

    with torch_threads(before[0] + 2):
        assert torch.get_num_threads() == before[0] + 2
        assert seen_by_a_new_thread() == before[1]
        with ThreadPoolExecutor(N_THREADS) as threads:
            after = list(threads.map(within, [1, 2, 3, 4] * 4))
        assert set(after) == {before[1]}
        with pytest.raises(KeyError), torch_threads(1):
            raise KeyError
        assert torch.get_num_threads() == before[0] + 2
    assert (torch.get_num_threads(), seen_by_a_new_thread()) == before
