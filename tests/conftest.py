"""Settings of the test process."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

# On a busy machine an example takes longer than hypothesis allows, which is no fault.
settings.register_profile("skmtl", deadline=None)
settings.load_profile("skmtl")

# Before torch and matplotlib are imported. Test workers already use every core; more threads in
# each of them made a grid search thirty times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the garbage collector from thousands of tests and modules, which are no garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
