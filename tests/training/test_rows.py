"""Rows as tensors, and scoring them piece by piece."""

from __future__ import annotations

import itertools

import pytest
import torch

from skmtl.training import Inputs, Samples, TrainingOptions, in_batches

N_ROWS = 10


def inputs(group=None):
    numeric = torch.arange(2.0 * N_ROWS).view(N_ROWS, 2)
    return Inputs(numeric, torch.arange(N_ROWS)[:, None], group)


@pytest.mark.parametrize("group", [None, torch.arange(N_ROWS)])
@pytest.mark.parametrize("rows", [slice(2, 5), torch.tensor([7, 0, 3])])
def test_take_picks_the_same_rows_of_everything(rows, group):
    taken = inputs(group).take(rows)
    assert len(taken) == 3
    expected = torch.arange(N_ROWS)[rows]
    assert torch.equal(taken.codes[:, 0], expected)
    assert torch.equal(taken.numeric[:, 0], 2.0 * expected)
    assert taken.group is None if group is None else torch.equal(taken.group, expected)


def test_samples_keep_their_labels():
    both = inputs()
    samples = Samples(both.numeric, both.codes, None, both.numeric + 1, both.numeric + 2)
    taken = samples.take(slice(4, 6)).to(torch.device("cpu"))
    assert isinstance(taken, Samples)
    assert taken.group is None
    assert torch.equal(taken.target, samples.target[4:6])
    assert torch.equal(taken.weight, samples.weight[4:6])


@pytest.mark.parametrize("rows", [1, 3, 5, 10, 99])
def test_in_batches_gives_every_row_once_and_in_order(rows):
    n_calls = []

    def double(part):
        n_calls.append(len(part))
        assert part.group is None
        assert part.codes.shape == (len(part), 1)
        return 2 * part.numeric

    assert torch.equal(in_batches(double, inputs(), rows), 2 * inputs().numeric)
    assert len(n_calls) == -(-N_ROWS // rows)


def test_in_batches_takes_the_group_along():
    group = torch.arange(N_ROWS)
    found = in_batches(lambda part: part.numeric[:, 0] + part.group, inputs(group), 3)
    assert torch.equal(found, 3.0 * group)


def test_in_batches_keeps_no_graph():
    weight = torch.ones(2, requires_grad=True)
    assert not in_batches(lambda part: part.numeric * weight, inputs(), 3).requires_grad


def test_batch_size_follows_from_the_number_of_rows():
    """Powers of two from 32 to 1,024, in proportion to the number of rows in between."""
    sizes = [TrainingOptions().rows_per_step(10 * 2**k) for k in range(18)]
    assert sizes[0] == 32
    assert sizes[-1] == 1024
    steps = {high / low for low, high in itertools.pairwise(sizes)}
    assert steps == {1.0, 2.0}
    between = [k for k, size in enumerate(sizes) if 32 < size < 1024]
    assert [sizes[k] for k in between] == [64, 128, 256, 512]


def test_batch_size_of_the_user_stands():
    assert TrainingOptions(batch_size=7).rows_per_step(10**6) == 7
