"""Penalised linear models as an engine: which strengths are tried, and on which rows.

`LinearEngine` tells `skmtl.linear` what to solve. Nothing here imports torch or LightGBM.
"""

from skmtl.engines.linear._engine import LinearEngine
from skmtl.engines.linear._fitted import FittedLinear

__all__ = ["FittedLinear", "LinearEngine"]
