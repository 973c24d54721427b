"""Penalised linear models of all targets of a table.

Uses heads, one matrix of numbers, weights and groups; never a data frame of the user. A
`WideSearch` or a `LongSearch` yields pieces of work, each of which evaluates penalties on held-out
rows, and then the functions of all targets, fitted to all rows.
"""

from skmtl.linear._design import Design
from skmtl.linear._long import LongSearch
from skmtl.linear._options import PenaltyOptions
from skmtl.linear._problem import LabelledRows, LinearTarget
from skmtl.linear._wide import WideSearch

__all__ = ["Design", "LabelledRows", "LinearTarget", "LongSearch", "PenaltyOptions", "WideSearch"]
