"""The checks of scikit-learn that do not need its own tables, which have no id and time."""

from __future__ import annotations

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from skmtl import RMTGB
from skmtl.timeseries import Forecaster, SeasonalNaive
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import days_after, forecaster

WITHOUT_DATA = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.mark.parametrize("name", WITHOUT_DATA)
@pytest.mark.parametrize(
    "estimator", [Forecaster(RMTGB(), time="day"), SeasonalNaive(time="day")], ids=repr
)
def test_what_scikit_learn_asks_of_every_estimator(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, clone(estimator))


def test_before_fit_nothing_is_predicted():
    X, Y = shops(2, 30)
    model = forecaster()
    for ask in (model.predict, lambda X: model.update(X, Y), lambda X: model.score(X, Y)):
        with pytest.raises(NotFittedError):
            ask(X)


def test_fit_changes_neither_parameters_nor_tables():
    X, Y = shops(2, 30)
    model = forecaster()
    before, tables = repr(model.get_params()), (X.copy(), Y.copy())
    assert model.fit(X, Y) is model
    assert repr(model.get_params()) == before
    assert X.equals(tables[0])
    assert Y.equals(tables[1])
    attributes = dict(vars(model))
    model.predict(days_after(X, 2))
    assert vars(model).keys() == attributes.keys()
    assert all(vars(model)[name] is value for name, value in attributes.items())


def test_a_second_fit_forgets_the_first():
    X, Y = shops(2, 30)
    twice = forecaster().fit(X, Y.assign(other=1.0)).fit(X, Y)
    once = forecaster().fit(X, Y)
    assert twice.predict(days_after(X, 2)).equals(once.predict(days_after(X, 2)))
