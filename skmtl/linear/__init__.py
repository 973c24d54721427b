"""Penalised linear models of all targets of a table.

Works on heads, one matrix of numbers, weights and groups, and never on the user's data frames. A
`WideSearch` or `LongSearch` yields pieces of work that evaluate penalties on held-out rows; `fit`
then returns the functions of all targets, fitted to all rows.
"""

from skmtl.linear._design import Design
from skmtl.linear._long import LongSearch
from skmtl.linear._options import PenaltyOptions
from skmtl.linear._problem import LabelledRows, LinearTarget
from skmtl.linear._wide import WideSearch

__all__ = ["Design", "LabelledRows", "LinearTarget", "LongSearch", "PenaltyOptions", "WideSearch"]
