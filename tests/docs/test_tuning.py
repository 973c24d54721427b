"""The ranges of docs/guide/tuning.md can be searched."""

from __future__ import annotations

import re

import pytest
import scipy.stats
from sklearn.model_selection import ParameterSampler

import skmtl
from skmtl.datasets import make_multitab_bench
from tests.docs.pages import ROOT
from tests.small_models import bound_models

PAGE = (ROOT / "docs/guide/tuning.md").read_text()
ROW = re.compile(r"^\| (`[^|]*`) \| (`[^|]*`) \|", re.MULTILINE)


def ranges_of(estimator: str) -> dict[str, object]:
    """The first range of each parameter in the table of an estimator."""
    table = re.search(rf"^### {estimator}\n(.*?)^###", PAGE, re.MULTILINE | re.DOTALL)[1]
    ranges = {}
    for names, values in ROW.findall(table):
        codes = re.findall(r"`([^`]*)`", values)
        for name, code in zip(re.findall(r"`(\w+)`", names), codes, strict=False):
            ranges[name] = eval(code, dict(vars(scipy.stats)))
    return ranges


@pytest.mark.parametrize("name", ["RMTGB", "MultiTab"])
def test_values_of_the_ranges_can_be_fitted(name, monkeypatch):
    bound_models(monkeypatch.setattr)
    ranges = ranges_of(name)
    assert len(ranges) > 4
    X, Y = make_multitab_bench(80, n_features=3, n_tasks=2, random_state=0)
    for parameters in ParameterSampler(ranges, 4, random_state=0):
        getattr(skmtl, name)(n_bags=1, random_state=0, **parameters).fit(X, Y)
