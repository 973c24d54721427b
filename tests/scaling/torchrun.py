"""Scripts that several processes run together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def torchrun(script: Path, *arguments: str, folder: Path, processes: int = 2) -> None:
    """Run a script in `folder` as torchrun does, with gloo on this machine."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*command, f"--nproc_per_node={processes}", str(script), *arguments],
        cwd=folder,
        env=os.environ | own,
        check=True,
        timeout=240,
    )
