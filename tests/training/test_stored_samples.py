"""Batches of rows that are stored in files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmtl.networks import Batch
from skmtl.training import SampleFiles, Samples, StoredSamples


def numbered(n):
    """Create rows with their number in every array."""
    number = torch.arange(n)
    inputs = Batch(
        number[:, None].float().repeat(1, 2),
        number[:, None].clone(),
        number.clone(),
        {"series": number[:, None, None].double().repeat(1, 3, 2), "even/odd": number % 2 == 0},
    )
    return Samples(inputs, number[:, None].float().clone(), (number[:, None] % 3).float())


def stored(folder, samples, left_out, rows_in_memory, chunk=50):
    files = SampleFiles(folder)
    for start in range(0, len(samples), chunk):
        files.append(samples.take(slice(start, start + chunk)))
    held_out = samples.take(torch.from_numpy(left_out))
    return StoredSamples(files, left_out, held_out, samples, rows_in_memory)


def assert_same(samples, others):
    for name in ("target", "weight"):
        assert_equal(getattr(samples, name), getattr(others, name))
    for name in ("numeric", "codes", "group"):
        assert_equal(getattr(samples.inputs, name), getattr(others.inputs, name))
    assert list(samples.inputs.extras) == list(others.inputs.extras)
    for name, tensor in samples.inputs.extras.items():
        assert_equal(tensor, others.inputs.extras[name])


def assert_equal(tensor, other):
    assert tensor.dtype == other.dtype
    assert torch.equal(tensor, other)


def generator():
    return torch.Generator().manual_seed(0)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 400),
    rows_in_memory=st.integers(2, 500),
    size=st.integers(1, 64),
    data=st.data(),
)
def test_an_epoch_holds_every_row_once_and_never_more_than_the_buffer(
    n, rows_in_memory, size, data
):
    left_out = np.array(sorted(data.draw(st.sets(st.integers(0, n - 1), max_size=n // 2))))
    left_out = left_out.astype(np.int64)
    with tempfile.TemporaryDirectory() as folder:
        samples = numbered(n)
        rows = stored(Path(folder), samples, left_out, rows_in_memory)
        order = generator()
        epochs = [list(rows.batches(size, order)) for _ in range(2)]
        kept = np.setdiff1d(np.arange(n), left_out)
        torch.testing.assert_close(rows.mean_weight(), samples.weight[kept].mean(dim=0))
        own = samples.take(torch.from_numpy(kept)).mean_weight_by_group(n)
        torch.testing.assert_close(rows.mean_weight_by_group(n), own)
    assert len(rows) == len(kept)
    for batches in epochs:
        group = torch.cat([batch.inputs.group for batch in batches])
        assert sorted(group.tolist()) == kept.tolist()
        for batch in batches:
            assert len(batch) <= 2 * size
            assert_same(batch, numbered(n).take(batch.inputs.group))


def test_rows_that_fit_come_in_the_order_that_they_have_in_memory(tmp_path):
    samples, left_out = numbered(300), np.array([3, 250])
    rows = stored(tmp_path, samples, left_out, rows_in_memory=300)
    kept = samples.take(torch.from_numpy(np.setdiff1d(np.arange(300), left_out)))
    pairs = zip(rows.batches(32, generator()), kept.batches(32, generator()), strict=True)
    assert all(torch.equal(one.inputs.group, other.inputs.group) for one, other in pairs)


def test_a_buffer_mixes_rows_from_the_whole_table(tmp_path):
    rows = stored(tmp_path, numbered(4000), np.arange(0), rows_in_memory=1000)
    first = next(iter(rows.batches(500, generator()))).inputs.group
    assert np.histogram(first, bins=4, range=(0, 4000))[0].min() > 50
    order = generator()
    one, other = (next(iter(rows.batches(500, order))).inputs.group for _ in "ab")
    assert not torch.equal(one, other)


def test_rows_without_a_known_group_are_summed_apart(tmp_path):
    samples = numbered(6)
    inputs = replace(samples.inputs, group=torch.tensor([2, -1, 0, -1, 2, 0]))
    samples = replace(samples, inputs=inputs)
    rows = stored(tmp_path, samples, np.array([5]), rows_in_memory=6, chunk=2)
    expected = torch.tensor([2.0, 0.0, 1.0, 0.0, 1.0]) / 5
    torch.testing.assert_close(rows.mean_weight_by_group(4)[:, 0], expected)


def test_rows_with_other_tensors_than_those_before_are_refused(tmp_path):
    files = SampleFiles(tmp_path)
    files.append(numbered(3))
    without = replace(numbered(3).inputs, extras={})
    with pytest.raises(ValueError, match=r"follow rows with .*'extra:series': \(3, 2\)"):
        files.append(replace(numbered(3), inputs=without))
