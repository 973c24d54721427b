"""Penalised linear models of all targets of a table.

Sees heads, one matrix of numbers, weights and groups; never a frame of the user's.
"""

from skmtl.linear._curves import LossCurves
from skmtl.linear._design import Design
from skmtl.linear._problem import LabelledRows, LinearTarget
from skmtl.linear._separate import SeparateRidge

__all__ = ["Design", "LabelledRows", "LinearTarget", "LossCurves", "SeparateRidge"]
