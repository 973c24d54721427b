"""Hooks for forked processes, such as workers of a server."""

from __future__ import annotations

import os
from collections.abc import Callable


def after_fork(function: Callable[[], object]) -> None:
    """Call a function in every process that will be forked from this one.

    It is used to set the number of threads. OpenMP's threads do not survive a fork, but its
    library assumes that they do: a forked process that enters a parallel region waits for them
    forever. With one thread there are no parallel regions. Only the forked process is changed,
    which could not compute with more threads anyway.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
        os.register_at_fork(after_in_child=function)
