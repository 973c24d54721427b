"""Two processes that torchrun starts train what one process trains."""

from __future__ import annotations

import re
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from torch import distributed

from skmtl import MultiTab, load
from skmtl.datasets import load_flights_nyc
from skmtl.distributed import data_parallel
from tests.scaling import data_parallel_fits as fits
from tests.scaling.recipes import RECIPES
from tests.scaling.torchrun import torchrun

SCRIPT = """
import runpy
from pathlib import Path
from tests.scaling.data_parallel_fits import fit_all

fit_all(Path.cwd())
runpy.run_path("recipe.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where both processes have left their results, and the recipe of docs/scaling.md its own."""
    folder = tmp_path_factory.mktemp("torchrun")
    script = folder / "script.py"
    script.write_text(SCRIPT)
    (folder / "recipe.py").write_text(RECIPES["data-parallel"])
    torchrun(script, folder=folder)
    return folder


@pytest.fixture(scope="module")
def of_both(folder) -> list[dict]:
    """What either process has got."""
    return [joblib.load(folder / f"{rank}.joblib") for rank in range(2)]


def losses(model: MultiTab) -> pd.DataFrame:
    return model.history_.drop(columns="seconds")


def scores(model: MultiTab, X) -> np.ndarray:
    """Numbers and logits of probabilities: what hides no difference."""
    return model.__skmtl_fitted__().ask(X).scores


@pytest.mark.parametrize(
    "name", ["wide", "long", "stored", "dropout", "unseeded", "stopped", "again"]
)
def test_both_processes_end_with_the_same_bits(name, of_both):
    first, second = (each[name] for each in of_both)
    weights, others = (each._fitted.__getstate__()["weights"] for each in (first, second))
    assert weights.keys() == others.keys()
    for key, values in weights.items():
        np.testing.assert_array_equal(others[key], values)
    pd.testing.assert_frame_equal(losses(first), losses(second), check_exact=True)


@pytest.mark.parametrize(
    ("name", "fit", "X"),
    [
        ("wide", lambda: fits.fit_wide(n_bags=2), fits.wide()[0]),
        ("long", fits.fit_long, fits.long()[0]),
        ("stored", fits.fit_stored, fits.matrix()[0]),
        ("again", fits.fit_events, fits.events()[0]),
    ],
    ids=["wide", "long", "stored", "again"],
)
def test_two_processes_learn_what_one_learns(name, fit, X, of_both):
    together, alone = of_both[0][name], fit()
    assert of_both[0]["count"] == 2
    np.testing.assert_allclose(scores(together, X), scores(alone, X), atol=1e-4)
    pd.testing.assert_frame_equal(losses(together), losses(alone), rtol=1e-4)
    assert together.best_epoch_ == alone.best_epoch_
    # What they have learnt is more than what they may differ by.
    assert np.ptp(scores(alone, X), axis=0).min() > 0.01


def test_dropout_of_either_process_is_its_own_and_the_model_as_good(of_both):
    X, Y, weight = fits.wide()
    together = of_both[0]["dropout"]
    alone = fits.fit_wide(dropout=0.3, max_epochs=12)
    assert not np.array_equal(scores(together, X), scores(alone, X))
    assert together.score(X, Y, weight) == pytest.approx(alone.score(X, Y, weight), abs=0.05)
    assert together.score(X, Y, weight) > 0.8


def test_the_recipe_saves_the_model_of_both(folder):
    X, Y = (table[:1500] for table in load_flights_nyc(return_X_y=True))
    together = load(folder / "together.skmtl")
    alone = MultiTab(n_bags=1, max_epochs=2, random_state=0).fit(X, Y)
    assert together.score(X, Y) == pytest.approx(alone.score(X, Y), abs=0.03)


def test_a_callback_of_one_process_stops_both(of_both):
    assert [each["stopped"].n_epochs_ for each in of_both] == [2, 2]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other rows", r"Process 1 was given other rows than process 0 \(50\d and 50\d training"),
        ("balance", "balance='famo' is for one process"),
        ("coupled", "'proportional_hazards' compares these with each other"),
    ],
)
def test_what_cannot_be_shared_out_is_refused_by_both(name, message, of_both):
    for each in of_both:
        assert re.search(message, each[name])


def test_without_torchrun_the_error_says_how_to_start():
    with pytest.raises(RuntimeError, match="torchrun --nproc_per_node"), data_parallel():
        pass


def test_a_process_group_that_is_there_is_used_and_left_open(tmp_path):
    X = fits.wide()[0]
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1
    )
    try:
        with data_parallel() as processes:
            model = fits.fit_wide(max_epochs=1)
        assert (processes.rank, processes.count) == (0, 1)
        assert distributed.is_initialized()
    finally:
        distributed.destroy_process_group()
    np.testing.assert_array_equal(scores(model, X), scores(fits.fit_wide(max_epochs=1), X))
