"""Settings of the test process."""

from __future__ import annotations

import os

# Before torch and matplotlib are imported. Test workers already use every core; more threads in
# each of them made a grid search thirty times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
