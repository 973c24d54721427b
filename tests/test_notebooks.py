"""The notebooks run, and what they show is stored with them.

By default they run with small models, as a check of their code. With ``SKMTL_NOTEBOOKS=whole``
they run as they are, and what they show is compared with what is stored; ``.ci/run`` does so in a
step of its own, and sets ``SKMTL_NOTEBOOKS=later`` before the other tests.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from tests.stored_outputs import agree, differences

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 500_000  # bytes: outputs are small pictures and short tables

MODE = os.environ.get("SKMTL_NOTEBOOKS", "small")

# Nothing of the notebook before is left but what is imported.
FIRST_CELL = "%reset -f\n%cd {folder}"
SMALL_MODELS = "\nimport tests.small_models\ntests.small_models.bound_models()"

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


@contextmanager
def started_kernel():
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # keeps pictures
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    manager = AsyncKernelManager(kernel_name="python3")
    run_sync(manager.start_kernel)(env=os.environ | variables)
    try:
        yield manager
    finally:
        run_sync(manager.shutdown_kernel)(now=True)


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all notebooks, which then load the libraries once."""
    with started_kernel() as manager:
        yield manager


@pytest.fixture
def fresh_kernel():
    """Settings of matplotlib and of warnings are those of the notebook alone."""
    with started_kernel() as manager:
        yield manager


def run(path, kernel, folder, more=""):
    """The notebook with new outputs."""
    notebook = nbformat.read(path, as_version=4)
    first = FIRST_CELL.format(folder=folder) + more
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    client = NotebookClient(notebook, km=kernel, timeout=600, record_timing=False)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()
    del notebook.cells[0]
    return notebook


@pytest.mark.slow
@pytest.mark.skipif(MODE != "small", reason=f"SKMTL_NOTEBOOKS={MODE}")
@every_notebook
def test_a_notebook_runs(path, kernel, tmp_path):
    notebook = run(path, kernel, tmp_path, SMALL_MODELS)
    pictures = [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert pictures


@pytest.mark.slow
@pytest.mark.skipif(MODE != "whole", reason=f"SKMTL_NOTEBOOKS={MODE}")
@every_notebook
def test_a_notebook_shows_what_is_stored(path, fresh_kernel, tmp_path):
    stored, new = nbformat.read(path, as_version=4), run(path, fresh_kernel, tmp_path)
    found = list(differences(stored, new))
    if found:
        nbformat.write(new, tmp_path / path.name)
        advice = f"Copy {tmp_path / path.name} over it, and see whether its text is still true."
        pytest.fail("\n".join([f"{path.name} shows something else.", *found, advice]), False)


def test_the_comparison_names_cells_with_other_numbers_or_words():
    def notebook(*texts, tags=()):
        cells = [
            nbformat.v4.new_code_cell(
                execution_count=number,
                outputs=[nbformat.v4.new_output("stream", text=text)],
                metadata={"tags": list(tags)},
            )
            for number, text in enumerate(texts, 1)
        ]
        return nbformat.v4.new_notebook(cells=cells)

    stored = notebook("R2 0.501 of 1,200 rows\nlate   -3.1", "kept: task")
    close = notebook("R2 0.508 of 1,210 rows\nlate -3.15", "kept: task")
    assert list(differences(stored, close)) == []
    other = notebook("R2 0.501 of 1,200 rows\nlate   3.1", "kept: shared")
    assert list(differences(stored, other)) == [
        "cell 1:\n  stored: late   -3.1\n  run:    late   3.1",
        "cell 2:\n  stored: kept: task\n  run:    kept: shared",
    ]
    assert list(differences(notebook("1 s", tags=["timing"]), notebook("9 s"))) == []
    with pytest.raises(ValueError, match="shorter"):
        list(differences(stored, notebook("R2")))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0.5", "0.519", True), ("0.5", "0.521", False), ("-100", "-102", True),
        ("-100", "-102.1", False), ("1,000", "1,021", False), ("1e-3", "2e-3", True),
        ("1e3", "1.1e3", False), ("a1 1", "a2 1", False), ("[1]", "[1, 1]", False),
        ("nan", "1", False), ("x  1", "x 1 ", True), ("x", "", False),
    ],
)  # fmt: skip
def test_numbers_may_differ_by_two_per_cent_or_a_hundredth(before, after, expected):
    assert agree(before, after) is expected
