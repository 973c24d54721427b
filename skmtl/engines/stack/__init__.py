"""Stacking as an engine: a weighted average of the raw scores of several engines."""

from skmtl.engines.stack._engine import Member, StackEngine
from skmtl.engines.stack._fitted import FittedStack

__all__ = ["FittedStack", "Member", "StackEngine"]
