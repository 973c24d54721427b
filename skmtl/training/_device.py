"""Device and precision of computations."""

from __future__ import annotations

import contextlib
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the device with a name; "auto" is the first available of CUDA, MPS and CPU."""
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
    """Return the device of training if it is available, or else the CPU."""
    try:
        return resolve_device(device)
    except ValueError:
        return torch.device("cpu")


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager:
    """Return a context of mixed precision, with bfloat16 if requested or by "auto" on CUDA."""
    wanted = precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    if not wanted:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def summing_dtype(device: torch.device) -> torch.dtype:
    """Return the dtype for sums of losses, float64 if possible: labels may be as large as 1e9."""
    return torch.float32 if device.type == "mps" else torch.float64
