"""The number of threads of torch."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from skmtl._forks import after_fork

_is_forked = False


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Set torch's number of threads for the current Python thread only.

    ``torch.set_num_threads`` would also change the initial number of other threads, which belong
    to the host program. A forked process always computes with one thread. If torch's libraries
    lack the functions, as on Windows, nothing is changed.
    """
    before = torch.get_num_threads()  # the first call in a thread fixes its number
    if _LOCAL is None or _is_forked or before == n_threads:
        yield
        return
    of_mkl = _LOCAL.set(n_threads, n_threads)
    try:
        yield
    finally:
        _LOCAL.set(before, of_mkl)


class _ThreadLocal:
    """Functions of OpenMP and MKL in torch's libraries that set the number for one thread."""

    def __init__(self) -> None:
        name = "libtorch_cpu.dylib" if sys.platform == "darwin" else "libtorch_cpu.so"
        library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / name))
        self._of_openmp = library.omp_set_num_threads
        # Builds for other processors have no MKL.
        self._of_mkl = getattr(library, "MKL_Set_Num_Threads_Local", lambda number: 0)

    def set(self, of_openmp: int, of_mkl: int) -> int:
        """Set both numbers; return the previous one of MKL, 0 if MKL follows OpenMP."""
        self._of_openmp(of_openmp)
        return int(self._of_mkl(of_mkl))


def _thread_local() -> _ThreadLocal | None:
    try:
        return _ThreadLocal()
    except (OSError, AttributeError):
        return None


_LOCAL = _thread_local()


def _compute_alone() -> None:
    global _is_forked
    _is_forked = True
    torch.set_num_threads(1)


after_fork(_compute_alone)
