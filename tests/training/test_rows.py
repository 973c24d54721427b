"""Rows as tensors, and scoring them in blocks."""

from __future__ import annotations

import itertools

import pytest
import torch

from skmtl.networks import Batch, concatenated
from skmtl.training import Samples, TrainingOptions, in_batches

N_ROWS = 10


def rows(group=None):
    numeric = torch.arange(2.0 * N_ROWS).view(N_ROWS, 2)
    number = torch.arange(N_ROWS)
    series = number[:, None, None].expand(-1, 4, 3)
    return Batch(numeric, number[:, None], group, {"series": series})


@pytest.mark.parametrize("group", [None, torch.arange(N_ROWS)])
@pytest.mark.parametrize("chosen", [slice(2, 5), torch.tensor([7, 0, 3])])
def test_take_picks_the_same_rows_of_everything(chosen, group):
    taken = rows(group).take(chosen)
    assert len(taken) == 3
    expected = torch.arange(N_ROWS)[chosen]
    assert torch.equal(taken.codes[:, 0], expected)
    assert torch.equal(taken.numeric[:, 0], 2.0 * expected)
    assert torch.equal(taken.extras["series"][:, 1, 2], expected)
    assert taken.group is None if group is None else torch.equal(taken.group, expected)


@pytest.mark.parametrize("group", [None, torch.arange(N_ROWS)])
def test_halves_are_put_together_again(group):
    halves = [rows(group).take(slice(4)), rows(group).take(slice(4, None))]
    whole = concatenated(halves)
    assert torch.equal(whole.numeric, rows().numeric)
    assert torch.equal(whole.codes, rows().codes)
    assert torch.equal(whole.extras["series"], rows().extras["series"])
    assert whole.group is None if group is None else torch.equal(whole.group, group)


def test_extras_have_an_entry_for_each_row():
    with pytest.raises(ValueError, match=r"extra 'series' has 4 rows, but the batch has 10"):
        Batch(rows().numeric, rows().codes, extras={"series": torch.zeros(4, 2)})


def test_samples_keep_their_labels():
    batch = rows()
    samples = Samples(batch, batch.numeric + 1, batch.numeric + 2)
    taken = samples.take(slice(4, 6)).to(torch.device("cpu"))
    assert isinstance(taken, Samples)
    assert torch.equal(taken.inputs.numeric, batch.numeric[4:6])
    assert torch.equal(taken.target, samples.target[4:6])
    assert torch.equal(taken.weight, samples.weight[4:6])


@pytest.mark.parametrize("size", [1, 3, 5, 10, 99])
def test_in_batches_gives_every_row_once_and_in_order(size):
    n_calls = []

    def double(part):
        n_calls.append(len(part))
        assert part.group is None
        assert part.codes.shape == (len(part), 1)
        assert part.extras["series"].shape == (len(part), 4, 3)
        return 2 * part.numeric

    assert torch.equal(in_batches(double, rows(), size), 2 * rows().numeric)
    assert len(n_calls) == -(-N_ROWS // size)


def test_in_batches_takes_the_group_along():
    group = torch.arange(N_ROWS)
    found = in_batches(lambda part: part.numeric[:, 0] + part.group, rows(group), 3)
    assert torch.equal(found, 3.0 * group)


def test_in_batches_keeps_no_graph():
    weight = torch.ones(2, requires_grad=True)
    assert not in_batches(lambda part: part.numeric * weight, rows(), 3).requires_grad


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
