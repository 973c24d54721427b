"""The notebooks run, and what they show is kept with them.

Here they run on models that are hardly fitted: what is kept shows how well they do.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 500_000  # bytes: outputs are small pictures and short tables

# Nothing of the notebook before is left but what is imported.
FIRST_CELL = """
%reset -f
%cd {folder}
import tests.small_models
tests.small_models.bound_models()
"""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@every_notebook
def test_a_notebook_is_kept_as_it_ran_from_top_to_bottom(path):
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert path.stat().st_size < LARGEST
    streams = [o.name for cell in cells for o in cell.outputs if o.output_type == "stream"]
    assert "stderr" not in streams, "a warning was printed"


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all notebooks, which then load the libraries once."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # keeps pictures
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    manager = AsyncKernelManager(kernel_name="python3")
    run_sync(manager.start_kernel)(env=os.environ | variables)
    yield manager
    run_sync(manager.shutdown_kernel)(now=True)


@pytest.mark.slow
@every_notebook
def test_a_notebook_runs(path, kernel, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST_CELL.format(folder=tmp_path)))
    client = NotebookClient(notebook, km=kernel, timeout=600)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()
    pictures = [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert pictures
