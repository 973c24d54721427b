"""Hashed categories as codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.tables import HashedCategories, TableEncoder

ANNA, BEN = (
    7081,
    3656,
)  # BLAKE2 of the ids, and the column's number as salt, modulo 100 squared, plus 2
IDS = pd.Series([f"u{i // 3}" for i in range(3000)], dtype="str")  # a thousand, three rows each


def encoder(frame: pd.DataFrame, **settings) -> TableEncoder:
    return TableEncoder(hashed=HashedCategories(**settings)).fit(frame)


def test_codes_are_those_of_every_machine():
    fitted = encoder(
        pd.DataFrame({"user": ["anna", "ben"], "n": [1, 2]}), n_rows=100, columns=["user"]
    )
    codes = fitted.transform(pd.DataFrame({"user": ["anna", "ben", "eve", None], "n": 0})).codes
    assert codes.ravel().tolist() == [ANNA, BEN, 0, 0]


def test_known_ids_keep_their_code_and_unseen_ones_are_unknown():
    fitted = encoder(pd.DataFrame({"user": IDS}), columns=["user"])
    codes = fitted.transform(pd.DataFrame({"user": IDS})).codes.ravel()
    assert (codes >= 2).all()
    assert len(np.unique(codes)) == 1000  # nobody shares all rows with another
    assert (codes.reshape(-1, 3) == codes[::3, None]).all()
    unseen = pd.DataFrame({"user": IDS.str.replace("u", "v")})
    assert (fitted.transform(unseen).codes > 0).mean() < 0.01
    assert fitted.count_cells(unseen).unknown[0] > 2900


def test_columns_tell_the_same_id_apart():
    frame = pd.DataFrame({"user": IDS, "friend": IDS})
    codes = encoder(frame, columns=["user", "friend"]).transform(frame).codes
    assert (codes[:, 0] != codes[:, 1]).all()


def test_rare_ids_are_unknown():
    frame = pd.DataFrame({"user": [*IDS, "once", "twice", "twice"]})
    rare = frame.tail(3)
    assert encoder(frame, columns=["user"], min_count=2).transform(rare).codes.ravel()[0] == 0
    least = TableEncoder(3, HashedCategories(columns=["user"])).fit(frame)
    assert least.transform(rare).codes.ravel().tolist() == [0, 0, 0]
    assert (least.transform(frame.head(5)).codes > 1).all()


def test_the_size_does_not_depend_on_the_number_of_ids():
    few, many = (
        encoder(pd.DataFrame({"user": IDS.head(n)}), n_rows=2**10, columns=["user"])
        for n in (30, 3000)
    )
    assert few.hashing_.bits.size == many.hashing_.bits.size == 2**11
    assert len(many.categories_["user"]) == 1


def test_columns_of_many_categories_are_taken_by_default():
    frame = pd.DataFrame({"user": [f"u{i}" for i in range(1200)], "city": ["Bern", "Oslo"] * 600})
    fitted = encoder(frame, min_count=1)
    assert fitted.hashing_.labels == ["user"]
    assert fitted.categories_["city"].tolist() == ["Bern", "Oslo"]
    assert encoder(frame[["city"]]).hashing_ is None


def test_whole_numbers_are_one_id_whatever_their_type():
    numbers = pd.Series([7, 8, 9] * 4)
    fitted = encoder(pd.DataFrame({"user": numbers.astype("category")}), columns=["user"])
    as_floats = pd.DataFrame({"user": pd.Categorical([7.0, None, 9.0])})
    codes = fitted.transform(as_floats).codes.ravel()
    assert (
        codes[[0, 2]].tolist()
        == fitted.transform(pd.DataFrame({"user": pd.Categorical([7, 9])})).codes.ravel().tolist()
    )
    assert codes[1] == 0


def test_a_row_alone_has_the_same_codes():
    frame = pd.DataFrame({"user": IDS, "n": np.arange(3000.0)})
    fitted = encoder(frame, columns=["user"])
    together = fitted.transform(frame).codes
    assert fitted.transform(frame.iloc[[7]]).codes.tolist() == together[[7]].tolist()


def test_a_table_too_small_for_its_ids_is_warned_of():
    frame = pd.DataFrame({"user": IDS})
    unseen = pd.DataFrame({"user": IDS.str.replace("u", "v")})
    with pytest.warns(UserWarning, match=r"n_rows=250 is small .*: 16% of unseen ids") as seen:
        fitted = encoder(frame, n_rows=250, columns=["user"])  # a fourth of the ids
    assert len(seen) == 1
    assert 0.1 < (fitted.transform(unseen).codes > 0).mean() < 0.22
    encoder(frame, n_rows=400, columns=["user"])


def test_named_ids_may_be_numbers_in_text():
    """Without their name there is a warning that they may be meant as numbers."""
    frame = pd.DataFrame({"user": IDS.str.removeprefix("u")})
    with pytest.warns(UserWarning, match="'user' of X is text, but 3,000 of its 3,000 values"):
        TableEncoder().fit(frame)
    encoder(frame, columns=["user"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_rows": 4}, "n_rows=4"),
        ({"n_hashes": 0}, "n_hashes=0"),
        ({"n_hashes": 4}, r"must be 2\*\*62 at most"),
        ({"min_count": 0}, "min_count=0"),
        ({"columns": "user"}, "must be a list"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        HashedCategories(**settings)


def test_columns_that_are_not_categories_are_named():
    frame = pd.DataFrame({"user": IDS, "n": np.arange(3000.0)})
    with pytest.raises(ValueError, match=r"columns names \['n', 'x'\].*\.astype\('category'\)"):
        encoder(frame, columns=["user", "n", "x"])
