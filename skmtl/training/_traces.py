"""Side effects of torch on the host process."""

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
    """Restore the environment variables and warning filters of the host program.

    Torch's compiler sets an environment variable for its cache folder and adds warning filters
    when it is imported. It is imported by compilation, and by computing gradients of several
    values at once, as balancers do. Compilation also sets the variable. Later compilations find
    the same folder without it.
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
