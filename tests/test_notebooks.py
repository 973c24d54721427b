"""The notebooks run, and what they show is kept with them.

Here they run on models that are hardly fitted: what is kept shows how well they do.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 500_000  # bytes: outputs are small pictures and short tables

# Runs before the first cell.
SMALL_MODELS = """
import functools
import skmtl

MOST = {"max_epochs": 2, "n_rounds": 10, "n_bags": 1, "row_size": 16, "n_members": 2}

def bounded(init):
    @functools.wraps(init)
    def small(self, *arguments, **parameters):
        init(self, *arguments, **parameters)
        for name in MOST.keys() & vars(self).keys():
            value = getattr(self, name)
            setattr(self, name, min(value, MOST[name]) if isinstance(value, int) else MOST[name])
    return small

for name in skmtl.__all__:
    public = getattr(skmtl, name)
    if isinstance(public, type):
        public.__init__ = bounded(public.__init__)
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


@pytest.mark.slow
@every_notebook
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # keeps pictures
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SMALL_MODELS))
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    pictures = [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert pictures
