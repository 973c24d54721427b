"""The API reference lists every public name."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from skmtl.balancing import BALANCERS
from skmtl.tasks import KINDS
from tests.docs.pages import ROOT

PACKAGES = (
    "skmtl",
    "skmtl.callbacks",
    "skmtl.datasets",
    "skmtl.distributed",
    "skmtl.export",
    "skmtl.histories",
    "skmtl.inspection",
    "skmtl.model_selection",
    "skmtl.reports",
    "skmtl.scoring",
    "skmtl.survival",
    "skmtl.timeseries",
)
# What other packages of skmtl share, and users need not know.
INTERNAL = {
    "skmtl.histories.EventReader",
    "skmtl.histories.EventRows",
    "skmtl.survival.read_weight",
}


def listed():
    names = set()
    for page in (ROOT / "docs/reference").glob("*.rst"):
        package = ""
        for line in page.read_text().splitlines():
            if line.startswith(".. currentmodule::"):
                package = line.split()[-1]
            elif re.fullmatch(r" {3}[A-Za-z]\w+", line) and page.stem != "index":
                names.add(f"{package}.{line.strip()}")
    return names


LISTED = listed()


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_listed(package):
    module = importlib.import_module(package)
    public = {
        f"{package}.{name}"
        for name in module.__all__
        if not inspect.ismodule(getattr(module, name))
    }
    twins = {name.rsplit(".", 1)[-1] for name in LISTED}
    missing = {name for name in public - LISTED - INTERNAL if name.rsplit(".", 1)[-1] not in twins}
    assert missing == set()


def test_all_kinds_and_balancers_are_listed():
    kinds = {
        f"skmtl.tasks.{kind.__name__}"
        for kind in KINDS.values()
        if kind.__module__.startswith("skmtl.")  # other tests register kinds of their own
    }
    balancers = {f"skmtl.balancing.{type(balancer).__name__}" for balancer in BALANCERS.values()}
    assert kinds | balancers <= LISTED


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_is_listed_exists_and_is_documented(name):
    package, attribute = name.rsplit(".", 1)
    assert getattr(importlib.import_module(package), attribute).__doc__
