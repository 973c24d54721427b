"""Penalised linear models of all targets of a table.

Sees heads, one matrix of numbers, weights and groups; never a frame of the user's. A `WideSearch`
or a `LongSearch` gives pieces of work, each of which judges penalties on held-out rows, and then
the functions of all targets, fitted to all rows.
"""

from skmtl.linear._design import Design
from skmtl.linear._long import LongSearch
from skmtl.linear._options import PenaltyOptions
from skmtl.linear._problem import LabelledRows, LinearTarget
from skmtl.linear._wide import WideSearch

__all__ = ["Design", "LabelledRows", "LinearTarget", "LongSearch", "PenaltyOptions", "WideSearch"]
