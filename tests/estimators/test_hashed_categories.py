"""Networks whose ids share one table."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch

import skmtl
from skmtl import MultiTabRegressor
from skmtl.export import to_onnx
from skmtl.networks import FeatureTokens, HashedColumns, TaskEmbeddings, initialise
from skmtl.networks._row_input import TokenShape
from skmtl.tables import HashedCategories, ParquetTable

SMALL = {
    "n_bags": 1, "max_epochs": 15, "learning_rate": 0.03, "batch_size": 64, "row_size": 16,
    "n_members": 2, "embedding_size": 8, "device": "cpu", "random_state": 0,
}  # fmt: skip
HASHED = HashedCategories(n_rows=64, columns=["user", "item"], min_count=2)


@pytest.fixture(scope="module")
def ratings():
    """What twelve users and twelve items add up to."""
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 12, 400), rng.integers(0, 12, 400)
    X = pd.DataFrame({"user": [f"u{i}" for i in user], "item": [f"{i}" for i in item]})
    X["noise"] = rng.normal(size=400)
    return X, pd.DataFrame({"sum": np.sin(user) + np.cos(item), "difference": np.sin(user)})


@pytest.fixture(scope="module")
def model(ratings):
    return MultiTabRegressor(hashed_categories=HASHED, **SMALL).fit(*ratings)


def test_ids_are_learnt(ratings, model):
    assert model.score(*ratings) > 0.8
    state = dict(model.network_.networks[0].named_parameters())
    assert state["tokens.hashed.table"].shape == (64, 4)


def test_unseen_ids_are_unknown(ratings, model):
    X, _ = ratings
    with pytest.warns(UserWarning, match="'user' holds unknown categories in all 20 rows"):
        unseen = model.predict(X.head(20).assign(user="nobody"))
    assert np.array_equal(unseen[:1], model.predict(X.head(1).assign(user="somebody else")))
    assert not np.array_equal(unseen[:1], model.predict(X.head(1)))


def test_files_hold_no_ids(ratings, model):
    file = io.BytesIO()
    model.save(file)
    assert b'"u11"' not in file.getvalue()
    file.seek(0)
    loaded = skmtl.load(file)
    assert np.array_equal(loaded.predict(ratings[0]), model.predict(ratings[0]))


def test_tables_on_disk_have_the_same_codes(ratings, tmp_path):
    X, Y = ratings
    X.assign(**Y).to_parquet(tmp_path / "rows.parquet")
    table = ParquetTable(tmp_path / "rows.parquet", rows_in_memory=200)
    model = MultiTabRegressor(hashed_categories=HASHED, **SMALL).fit(table, list(Y))
    assert model.score(X, Y) > 0.8
    model.predict(X.head(1))


def test_a_line_leaves_hashed_ids_out(ratings):
    X, Y = ratings
    settings = SMALL | {"max_epochs": 1, "linear_path": "ridge"}
    model = MultiTabRegressor(hashed_categories=HASHED, **settings).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


def test_task_embeddings_of_hashed_ids_are_learnt(ratings):
    X, Y = ratings
    stem = SMALL | {"max_epochs": 3, "row_mixing": "stem"}
    model = MultiTabRegressor(hashed_categories=HASHED, **stem).fit(X, Y)
    state = dict(model.network_.networks[0].named_parameters())
    table = state["rows.task_inputs.0.hashed.table"].detach()
    assert table.shape == (64, 8)  # two tasks, each with half a token of 8 numbers
    used = table.unflatten(1, (2, 4)).abs().amax(dim=(0, 2))
    assert (used > 0.01).all()
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    assert np.array_equal(skmtl.load(file).predict(X), model.predict(X))
    np.testing.assert_allclose(model.predict(X.tail(1)), model.predict(X)[-1:], atol=1e-5)


def test_graphs_are_refused_by_name(model):
    with pytest.raises(TypeError, match=r"categories of \['user', 'item'\] are hashed"):
        to_onnx(model)


def test_parts_of_a_token_are_rows_of_the_table():
    tokens = FeatureTokens([], [2, 4], 6, "linear", HashedColumns((0,), n_rows=10, n_hashes=2))
    initialise(tokens, torch.Generator().manual_seed(0))
    codes = torch.tensor([[2 + 73, 3], [0, 0], [1, 1]])
    out = tokens(torch.zeros(3, 0), codes)
    table = tokens.hashed.table
    assert torch.equal(out[0, 0], torch.cat([table[3], table[7]]))
    assert torch.equal(out[0, 1], tokens.categories[2 + 3])
    assert not out[1].any()
    assert torch.equal(out[2, 0], tokens.categories[1])
    assert tokens.plain(codes).tolist() == [[0, 3], [0, 0], [1, 1]]


def test_parts_of_the_embeddings_of_a_task_are_rows_of_its_table():
    hashed = HashedColumns((1,), n_rows=10, n_hashes=2)
    layer = TaskEmbeddings().build(TokenShape(0, (4, 2), 6, hashed=hashed), n_tasks=3)
    with torch.no_grad():
        layer.categories.copy_(torch.randn(6, 18))
        layer.hashed.table.copy_(torch.randn(10, 9))
    codes = torch.tensor([[3, 2 + 73], [0, 0], [1, 1]])
    out = layer(torch.zeros(1, 3, 2, 6), codes)
    assert out.shape == (3, 3, 2, 6)
    table = layer.hashed.table.unflatten(1, (3, 3))  # rows, tasks, half a token
    assert torch.equal(out[:, 0, 1], torch.cat([table[3], table[7]], dim=1))
    assert torch.equal(out[:, 0, 0], layer.categories[3].unflatten(0, (3, 6)))
    assert not out[:, 1].any()
    assert torch.equal(out[:, 2, 1], layer.categories[4 + 1].unflatten(0, (3, 6)))


def test_hashes_that_do_not_divide_a_token_are_named(ratings):
    hashed = HashedCategories(n_rows=64, n_hashes=3, columns=["user"])
    with pytest.raises(ValueError, match="n_hashes=3 must divide embedding_size=8"):
        MultiTabRegressor(hashed_categories=hashed, **SMALL).fit(*ratings)
