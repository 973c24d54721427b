"""Concatenated arrays, each in numpy's .npy format."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
from numpy.lib import format as npy

# Booleans, numbers, text, bytes, dates and durations; no objects, which would be pickles.
KINDS = "biufcUSMm"


def write_array(stream: BytesIO, array: np.ndarray) -> None:
    """Append an array to a stream, of one of the `KINDS`."""
    npy.write_array(stream, array, version=(1, 0), allow_pickle=False)


def read_arrays(data: bytes) -> list[np.ndarray]:
    """Return all arrays of a stream.

    Raises
    ------
    ValueError, tokenize.TokenError
        If an array has another dtype, is longer than the data, or has an invalid header.
    """
    stream = BytesIO(data)
    arrays = []
    while stream.tell() < len(data):
        start = stream.tell()
        if npy.read_magic(stream) != (1, 0):
            raise ValueError(f"the array at byte {start} has an unknown version of .npy")
        shape, _, dtype = npy.read_array_header_1_0(stream)
        if dtype.kind not in KINDS:
            raise ValueError(f"the array at byte {start} has the dtype {dtype}")
        # numpy would allocate the memory before it notices that there are too few bytes.
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > len(data):
            raise ValueError(f"the array at byte {start} claims the shape {shape}")
        stream.seek(start)
        arrays.append(npy.read_array(stream, allow_pickle=False))
    return arrays
