"""Devices by name, and precision."""

from __future__ import annotations

import pytest
import torch

from skmtl.training import autocast, resolve_device, scoring_device

needs_no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


def test_auto_takes_the_best_device_there_is():
    if torch.cuda.is_available():
        expected = "cuda"
    else:
        expected = "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == expected


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_a_device_by_name_or_as_it_is(device):
    assert resolve_device(device) == torch.device("cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "", "cpu:x", "banana:0"])
def test_what_is_no_device_here_is_named_in_the_error(device):
    with pytest.raises(ValueError, match=rf"device={device!r} cannot be used.*'auto' or 'cpu'"):
        resolve_device(device)


@needs_no_cuda
def test_a_device_that_is_absent_is_an_error_in_fit_and_the_cpu_in_scoring():
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used here"):
        resolve_device("cuda")
    assert scoring_device("cuda") == torch.device("cpu")


def test_scoring_device_is_that_of_training_where_it_is_there():
    assert scoring_device("auto") == resolve_device("auto")
    assert scoring_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16)],
)
def test_precision_on_the_cpu(precision, dtype):
    weight = torch.ones(2, 2)
    with autocast(torch.device("cpu"), precision):
        assert (weight @ weight).dtype == dtype
    assert (weight @ weight).dtype == torch.float32
