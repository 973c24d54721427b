"""What torch leaves in the process when it trains."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

_FOLDER = "TORCHINDUCTOR_CACHE_DIR"


@contextmanager
def without_traces() -> Iterator[None]:
    """Leave the environment and the filters of warnings of the host program as they are.

    Compiling imports torch's compiler, which names a folder for compiled code in the environment
    and adds filters of warnings. So does a part of torch that asks for gradients of several values
    at once, as balancers do. Compiling names the folder once more; whoever compiles later gets the
    same one without it.
    """
    is_named = _FOLDER in os.environ
    try:
        if "torch._dynamo" not in sys.modules:
            with warnings.catch_warnings():
                import_module("torch._dynamo")
        yield
    finally:
        if not is_named:
            os.environ.pop(_FOLDER, None)
