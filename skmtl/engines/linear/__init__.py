"""Penalised linear models as an engine.

`LinearEngine` fits the models of `skmtl.linear`, and `RaschEngine` those of `skmtl.rasch`. Nothing
here imports torch or LightGBM.
"""

from skmtl.engines.linear._engine import LinearEngine
from skmtl.engines.linear._fitted import FittedLinear
from skmtl.engines.linear._rasch import Estimates, FittedRasch, RaschEngine

__all__ = ["Estimates", "FittedLinear", "FittedRasch", "LinearEngine", "RaschEngine"]
