"""Fit warns about text that is meant to be numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmtl.tables import TableEncoder, TreeEncoder

r = np.random.default_rng(0)
PRICES = [f"{price:.4g}" for price in r.lognormal(size=299)]


@pytest.mark.parametrize("make", [TableEncoder, TreeEncoder])
@pytest.mark.parametrize("dtype", ["str", object])
@pytest.mark.parametrize("exceptions", [["?"], [None], ["n/a", "?"]])
def test_numbers_with_a_few_words_among_them(make, dtype, exceptions):
    frame = pd.DataFrame({"price": pd.Series([*PRICES, *exceptions], dtype=dtype)})
    with pytest.warns(
        UserWarning, match=r"Column 'price' of X is text, but 299 of its (299|30\d) "
    ):
        make().fit(frame)


@pytest.mark.parametrize("text", ["-1.5e-3", " 7", "12", "+0.5", ".5"])
def test_ways_to_write_a_number(text):
    cells = [text, *(f"{i}.5" for i in range(30))]
    with pytest.warns(UserWarning, match="31 of its 31 values"):
        TreeEncoder().fit(pd.DataFrame({"c": cells}))


WRITTEN = {
    "decimal comma": "{:.3f}".format,
    "currency": "€ {:.3f}".format,
    "percent": "{:.3f} %".format,
    "typographic minus": "\N{MINUS SIGN}{:.3f}".format,
    "thousands": "{:,.2f}".format,
}


@pytest.mark.parametrize("form", WRITTEN.values(), ids=WRITTEN)
def test_numbers_with_signs_that_pandas_does_not_read(form):
    cells = [form(1000 * price) for price in r.lognormal(size=60)]
    if form is WRITTEN["decimal comma"]:
        cells = [cell.replace(".", ",") for cell in cells]
    with pytest.warns(UserWarning, match=r"60 of its 60 values .*after column\.str\.replace has"):
        TreeEncoder().fit(pd.DataFrame({"c": cells}))


@pytest.mark.parametrize(
    "cells",
    [
        [f"192.168.{i}.{i % 7}" for i in range(60)],
        [f"{i}/{i + 1}" for i in range(60)],
        [f"{i},{i}a" for i in range(60)],
        [f"+49 30 {i}" for i in range(60)],
        [f"0{code}" for code in range(1000, 1300)],  # codes with zeros in front
        [str(shop) for shop in range(25)] * 12,  # each has rows enough
        [*map(str, range(10)), *["10"] * 90],
        [*PRICES[:200], *["unknown"] * 99],
        [f"A{i}" for i in range(300)],
        pd.Categorical(PRICES),
        [f"{i}.{i}.1" for i in range(30)],
        ["e", ".", "-", *map(str, range(1, 10))] * 9,
        ["inf", "nan"] * 40,
    ],
)
def test_what_may_be_meant_as_text_is_left_alone(cells):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        TreeEncoder().fit(pd.DataFrame({"c": cells}))
