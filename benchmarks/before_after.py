"""Compare the speed of this checkout with that of another one, in one run.

::

    python -m benchmarks.before_after --old ../skmtl-before
    python -m benchmarks.before_after --old ../skmtl-before --only fit score_frame --rounds 9

Each checkout has its own process, with one thread; the two take turns, job by job, so that
whatever else the machine does slows both alike. The numbers are medians of CPU seconds and their
ratio, new to old: below 1 this checkout is faster. What is measured: fits of small models, with
wide and long data; `predict` and `score_frame` of 100,000 rows; `predict` of a single row;
`score_tasks` of long data with many ids, for which the other checkout may be given fewer, as the
seconds are those of each 1,000 ids; ``import skmtl`` in a new process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks._timing import measured_in_turns

ROOT = Path(__file__).parents[1]
IMPORT = "import skmtl"
CODE = f"import time; s = time.process_time(); {IMPORT}; print(time.process_time() - s)"


class Checkout:
    """A process that does jobs with the skmtl of a checkout.

    Parameters
    ----------
    path : Path
    n_ids : int
        Of the long data that `score_tasks` scores.

    Attributes
    ----------
    jobs : list of str
    """

    def __init__(self, path: Path, n_ids: int) -> None:
        self.path = path.resolve()
        self._environment = os.environ | {"PYTHONPATH": str(self.path), "OMP_NUM_THREADS": "1"}
        script = Path(__file__).with_name("_checkout.py")
        # -P keeps the folder of the script off the module path.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script), str(self.path), str(n_ids)],
            cwd=self.path,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.jobs = [*self._answer().split("\t"), IMPORT]

    def seconds(self, job: str) -> float:
        """Run a job again, and return its CPU seconds."""
        if job == IMPORT:
            return self._import_seconds()
        assert self._process.stdin is not None
        print(job, file=self._process.stdin, flush=True)
        return float(self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"The process of {self.path} ended: see above.")
        return answer.strip()

    def _import_seconds(self) -> float:
        command = [sys.executable, "-P", "-c", CODE]
        found = subprocess.run(
            command, cwd=self.path, env=self._environment, stdout=subprocess.PIPE, check=True
        )
        return float(found.stdout)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", type=Path, required=True, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the names of jobs")
    parser.add_argument("--ids", type=int, default=4000, help="ids for score_tasks")
    parser.add_argument("--old-ids", type=int, default=400, help="the same for the other checkout")
    return parser.parse_args()


def compare(old: Checkout, new: Checkout, only: list[str], rounds: int) -> Iterator[str]:
    """Yield lines of the report as soon as they are known."""
    yield f"{'median CPU seconds':45} {'old':>10} {'new':>10} {'ratio':>7}"
    for job in new.jobs:
        if not any(part in job for part in only):
            continue
        seconds = measured_in_turns(
            {"old": partial(old.seconds, job), "new": partial(new.seconds, job)}, rounds
        )
        before, after = (float(np.median(seconds[name])) for name in ("old", "new"))
        yield f"{job:45} {before:10.5f} {after:10.5f} {after / before:7.3f}"


def main() -> None:
    arguments = parse()
    old, new = Checkout(arguments.old, arguments.old_ids), Checkout(ROOT, arguments.ids)
    for line in compare(old, new, arguments.only, arguments.rounds):
        print(line, flush=True)
    old.close()
    new.close()


if __name__ == "__main__":
    main()
