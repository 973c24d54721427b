"""Scores a folder in processes that are killed, until one comes to the end.

``python -m tests.scoring.killed FOLDER N_KILLS SEED [rename]`` prints how many were killed at
work. They are forked from this process, so that each begins at once, and killed after random
times; with "rename" before or after a file gets its name, at one renaming after the other.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet  # noqa: F401 - imported once, and not in every process

import skmtl
import skmtl.estimators
import skmtl.scoring._run

OPTIONS = {
    "keep": ["id"], "on_error": "quarantine", "part_rows": 100, "batch_rows": 50,
    "csv_types": {"id": "int64"},
}  # fmt: skip


def score(folder: Path, before: Callable[[], None]) -> int:
    """Score in a separate process, and return its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            before()
            slowly = (lambda _: time.sleep(0.001)) if before is nothing else False
            skmtl.score_files(
                folder / "model.skmtl", folder / "in", folder / "out", progress=slowly, **OPTIONS
            )
            code = 0
        finally:
            os._exit(code)
    return child


def nothing() -> None: ...


def killed_at_renaming(number: int) -> Callable[[], None]:
    """Have the process killed before (even) or after (odd) one of its renamings."""

    def arrange() -> None:
        rename, seen = os.replace, [0]

        def deadly(*names: str) -> None:
            mine = seen[0] == number // 2
            seen[0] += 1
            if mine and number % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            rename(*names)
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)

        os.replace = deadly

    return arrange


def ended(child: int) -> bool:
    """Whether a process finished; False if it was killed."""
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("scoring failed")
    return not os.WIFSIGNALED(status)


def main(folder: Path, n_kills: int, seed: int, at_renamings: bool) -> None:
    rng = random.Random(seed)
    skmtl.load(folder / "model.skmtl")  # imports here what every process needs
    started = time.monotonic()
    child = score(folder.with_name("unharmed"), nothing)
    assert ended(child)
    seconds = time.monotonic() - started
    n_killed = 0
    while n_killed < n_kills:
        if at_renamings:
            child = score(folder, killed_at_renaming(n_killed % 6))
        else:
            child = score(folder, nothing)
            time.sleep(rng.uniform(0, seconds / 5))  # several are needed for the work
            os.kill(child, signal.SIGKILL)
        if ended(child):  # faster than the kill: once more from the beginning
            shutil.rmtree(folder / "out")
        else:
            n_killed += 1
    assert ended(score(folder, nothing))
    print(n_killed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), "rename" in sys.argv[4:])
