"""The tests of pandas for extension arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.tests.extension import base

from skmtl.histories import Histories, HistoriesDtype
from tests.pandas_versions import IS_PANDAS_3

pytestmark = pytest.mark.filterwarnings(
    "ignore:matching against an empty string"  # in tests of pandas 2
)


def numbers(n, seed=0):
    rng = np.random.default_rng(seed)
    return Histories.from_list([rng.normal(size=(2, 1 + i % 5)) for i in range(n)])


@pytest.fixture
def dtype():
    return HistoriesDtype()


@pytest.fixture
def data():
    return numbers(10 if IS_PANDAS_3 else 100)  # the tests of pandas 2 need 100


@pytest.fixture
def data_missing():
    return Histories([pd.NA, numbers(1)[0]])


@pytest.fixture
def na_value():
    return pd.NA


@pytest.fixture
def na_cmp():
    return lambda one, other: one is pd.NA and other is pd.NA


@pytest.fixture(params=[True, False])
def box_in_series(request):
    return request.param


@pytest.fixture(params=[True, False])
def as_array(request):
    return request.param


@pytest.fixture
def invalid_scalar():
    return object()


@pytest.fixture(params=["data", "data_missing"])
def all_data(request, data, data_missing):
    return data if request.param == "data" else data_missing


@pytest.fixture(params=["ffill", "bfill"])
def fillna_method(request):
    return request.param


class TestCasting(base.BaseCastingTests):
    pass


class TestConstructors(base.BaseConstructorsTests):
    pass


class TestDtype(base.BaseDtypeTests):
    pass


class TestGetitem(base.BaseGetitemTests):
    pass


class TestIndex(base.BaseIndexTests):
    pass


class TestInterface(base.BaseInterfaceTests):
    def test_contains(self, data, data_missing):
        assert data[0] in data and pd.NA not in data
        assert pd.NA in data_missing and None not in data_missing


class TestMissing(base.BaseMissingTests):
    pass


class TestPrinting(base.BasePrintingTests):
    pass


class TestReshaping(base.BaseReshapingTests):
    pass


class TestSetitem(base.BaseSetitemTests):
    pass
