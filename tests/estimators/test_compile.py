"""Training with torch.compile, which takes minutes on a CPU: SKMTL_COMPILE=1 turns this on."""

from __future__ import annotations

import os
import pickle

import pandas as pd
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("SKMTL_COMPILE" not in os.environ, reason="SKMTL_COMPILE is not set"),
    # torch's own code: a compiled searchsorted gets a transposed tensor, which is slower.
    pytest.mark.filterwarnings("ignore:torch.searchsorted"),
]


@pytest.mark.parametrize("task", [None, "city"])
def test_compiling_changes_nothing_but_the_rounding(task, small, table):
    plain = small.mixed(task_column=task, max_epochs=2).fit(*table)
    compiled = small.mixed(task_column=task, max_epochs=2, compile=True).fit(*table)
    expected = plain.predict(table.X)
    for model in [compiled, pickle.loads(pickle.dumps(compiled))]:
        pd.testing.assert_frame_equal(model.predict(table.X), expected, rtol=1e-2, atol=1e-2)
