"""A stack as an engine: several engines on the same problem, and weights of their raw scores."""

from skmtl.engines.stack._engine import Member, StackEngine
from skmtl.engines.stack._fitted import FittedStack

__all__ = ["FittedStack", "Member", "StackEngine"]
