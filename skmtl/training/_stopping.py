"""The one number by which epochs are compared."""

from __future__ import annotations

from torch import Tensor

from skmtl.balancing import GeometricMean, Uncertainty
from skmtl.balancing._registry import Balancer

# These lower the product of the losses: a small loss counts as much as a large one.
_OF_PRODUCTS = (GeometricMean, Uncertainty)
# A target that is learnt but for this share of its loss has no more say. Otherwise one whose loss
# tends to zero would go on for ever, whatever becomes of the others.
_LEARNT = 1e-3


def validation_objective(relative: Tensor, share: Tensor, balance: Balancer) -> Tensor:
    """The mean of the targets' losses that the balancer lowers.

    Parameters
    ----------
    relative : tensor of shape (n_targets,)
        Validation losses over those of the best constant prediction.
    share : tensor of shape (n_targets,)
        Weights of the targets.
    balance : Balancer
        Training that lowers the geometric mean of the losses ends by it; all other by the
        arithmetic mean.
    """
    if isinstance(balance, _OF_PRODUCTS):
        return ((share * relative.clamp_min(_LEARNT).log()).sum() / share.sum()).exp()
    return (share * relative).sum() / share.sum()
