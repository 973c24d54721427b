"""Linear models and stacks refuse what networks refuse, in the same words."""

from __future__ import annotations

import pytest
from sklearn.exceptions import NotFittedError

from skmtl import RMTGB, MultiTaskLinear, StackedTasks
from tests.estimators.test_bad_input import FIT, PREDICT, SCORE, X, Y

MEMBERS = [("linear", MultiTaskLinear()), ("boosting", RMTGB(n_rounds=2, n_bags=1))]
MODELS = {"linear": MultiTaskLinear(), "stack": StackedTasks(estimators=MEMBERS)}
every_engine = pytest.mark.parametrize("engine", MODELS)


def has_parameters(engine, case):
    return set(FIT[case][2]) <= set(MODELS[engine].get_params())


def copy(engine, **parameters):
    model = MODELS[engine]
    return type(model)(**model.get_params(deep=False) | parameters)


@pytest.fixture(scope="module")
def fitted():
    models = {engine: copy(engine).fit(X, Y) for engine in MODELS}
    return models.get


CASES = [(engine, case) for engine in MODELS for case in FIT if has_parameters(engine, case)]


@pytest.mark.parametrize(("engine", "case"), CASES)
def test_fit_refuses(engine, case):
    features, labels, parameters, arguments, message = FIT[case]
    model = copy(engine, **parameters)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(features, labels, **arguments)
    with pytest.raises(NotFittedError):
        model.predict(X)


@every_engine
@pytest.mark.parametrize("case", [case for case in PREDICT if case != "no row"])
def test_predict_refuses(engine, case, fitted):
    features, message = PREDICT[case]
    for method in ("predict", "predict_proba"):
        with pytest.raises(ValueError, match=message):
            getattr(fitted(engine), method)(features)


@every_engine
@pytest.mark.parametrize("case", SCORE)
def test_score_refuses(engine, case, fitted):
    labels, weight, message = SCORE[case]
    for method in ("score", "score_tasks"):
        with pytest.raises(ValueError, match=message):
            getattr(fitted(engine), method)(X, labels, weight)
