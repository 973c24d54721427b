"""Where to compute, and in which precision."""

from __future__ import annotations

import contextlib
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def resolve_device(device: str | torch.device) -> torch.device:
    """The device that a name stands for; "auto" takes CUDA, then MPS, then the CPU."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Use device='auto' or 'cpu'."
        ) from None
    return resolved


def scoring_device(device: str | torch.device) -> torch.device:
    """Where to score: the device of training, or the CPU where that one is not there."""
    try:
        return resolve_device(device)
    except ValueError:
        return torch.device("cpu")


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager:
    """bfloat16 on CUDA with "auto" or wherever it is asked for; else float32."""
    wanted = precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    if not wanted:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def summing_dtype(device: torch.device) -> torch.dtype:
    """What losses of many rows are summed in: a label of a billion must not hide the others."""
    return torch.float32 if device.type == "mps" else torch.float64
