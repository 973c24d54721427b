"""Representation-level task saliency."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.balancing._checks import check_number
from skmtl.balancing._protocols import SaliencyPenalty

_SMALL = 1e-6
"""Relative to the mean denominator: rows with a tiny saliency count less."""


@storable
@dataclass(frozen=True)
class RepMTL(SaliencyPenalty):
    r"""Make tasks use different parts of the representation, and agree about each row.

    The saliency of task t is the gradient of its loss at the shared representation of a row b,
    :math:`S_{bt}` of shape (positions, channels); positions are the members of the network's
    ensemble. The following is added to the mean of the T losses:

    .. math:: \frac1T (\lambda_r L_\text{tsr} + \lambda_a L_\text{csa})

    *Regulation:* the entropy of the tasks' shares at each position p,

    .. math:: L_\text{tsr} = -\operatorname{mean}_{bp} \sum_t P_{bpt} \log P_{bpt}, \qquad
              P_{bpt} = \frac{|\hat S_{bpt}|}{\sum_k |\hat S_{bpk}|}

    with the mean :math:`\hat S` over the channels. *Alignment:* the row's anchor
    :math:`a_b = \operatorname{mean}_{tp} S_{btp}` should be similar to the saliencies of the same
    row and dissimilar to the anchors of other rows,

    .. math:: L_\text{csa} = \operatorname{mean}_b \Bigl[ -\operatorname{mean}_t
              \frac{\operatorname{sim}(a_b a_b^\top, S_{bt}^\top S_{bt})}{\tau} + \log
              \sum_{k \neq b} \exp \frac{\operatorname{sim}(a_b a_b^\top, a_k a_k^\top)}{\tau}
              \Bigr]

    where sim is the cosine of two matrices (channels, channels), which are never built. A row
    takes part with the tasks for which it has labels, if these are two or more; so rows of long
    data, which have a single task, do not contribute.

    Attributes
    ----------
    regulation : float, default=1.0
        :math:`\lambda_r`. In the paper values of 0.7 to 1.5 worked equally well on images, for
        both parameters. On small tables this was too much; 0.1 did less harm.
    alignment : float, default=1.0
        :math:`\lambda_a`.
    temperature : float, default=0.5
        :math:`\tau`, whose value is not stated in the paper.

    References
    ----------
    Z. Wang, S. Li, D. Xu, "Rep-MTL: Unleashing the Power of Representation-level Task Saliency for
    Multi-Task Learning", ICCV 2025, arXiv:2507.21049, equations 3 to 10.
    """

    regulation: float = 1.0
    alignment: float = 1.0
    temperature: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "regulation", 0)
        check_number(self, "alignment", 0)
        check_number(self, "temperature", 0, open_low=True)

    def penalty(self, hidden: Tensor, maps: Tensor | None, weight: Tensor) -> Tensor:
        present = weight > 0
        # Rows without two tasks to compare have no weight.
        row_weight = weight.amax(dim=1) * (present.sum(dim=1) > 1)
        row_weight = row_weight / row_weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)
        saliency = _Saliency(hidden, maps)
        sums = saliency.channel_sums()
        entropy = _entropy(sums.abs()).mean(dim=1) @ row_weight
        anchor = saliency.anchors()
        squares = anchor.square().sum(dim=1)
        products = saliency.products(anchor)
        # Products of positions, whose matrix has the same norm as that of the channels.
        norm = saliency.affinity().square().sum(dim=(2, 3)).clamp_min(1e-37).sqrt()
        alike = _ratio(products.square().sum(dim=2), squares * norm)
        pulled = (alike * present.T).sum(dim=0) / present.sum(dim=1).clamp_min(1)
        pushed = _log_sum_of_others(anchor, squares, row_weight > 0, self.temperature)
        contrast = (pushed - pulled / self.temperature) @ row_weight
        return self.regulation * entropy + self.alignment * contrast


class _Saliency:
    """Saliencies (n_tasks, batch, n_positions, n_channels), by their factors if there are maps."""

    def __init__(self, hidden: Tensor, maps: Tensor | None) -> None:
        self.hidden = hidden
        self.maps = maps
        # Use one matrix for all rows of a task: many small products take far longer.
        self._flat = hidden.flatten(1, 2)

    def channel_sums(self) -> Tensor:
        """Sums over the channels, (n_tasks, batch, n_positions)."""
        if self.maps is None:
            return self.hidden.sum(dim=3)
        return (self._flat @ self.maps.sum(dim=1)[..., None]).view(self.hidden.shape[:3])

    def anchors(self) -> Tensor:
        """Means over tasks and positions, (batch, n_channels)."""
        by_task = self.hidden.mean(dim=2)
        return (by_task if self.maps is None else by_task @ self.maps.mT).mean(dim=0)

    def products(self, anchor: Tensor) -> Tensor:
        """Return products with the rows' anchors, (n_tasks, batch, n_positions)."""
        at_hidden = anchor[None] if self.maps is None else anchor @ self.maps
        return (self.hidden * at_hidden[:, :, None]).sum(dim=3)

    def affinity(self) -> Tensor:
        """Return products of all positions, (n_tasks, batch, n_positions, n_positions)."""
        if self.maps is None:
            return self.hidden @ self.hidden.mT
        product = (self._flat @ (self.maps.mT @ self.maps)).view_as(self.hidden)
        return product @ self.hidden.mT


def _entropy(sizes: Tensor) -> Tensor:
    """Entropy over the first axis of values that are not negative."""
    share = _ratio(sizes, sizes.sum(dim=0))
    return -(share * (share + 1e-12).log()).sum(dim=0)


def _log_sum_of_others(
    anchor: Tensor, squares: Tensor, eligible: Tensor, temperature: float
) -> Tensor:
    """For each row the log of the sum of exp(similarity / temperature) over the other rows."""
    if int(eligible.sum()) < 2:
        return torch.zeros_like(squares)
    unit = anchor * _ratio(torch.ones_like(squares), squares).sqrt()[:, None]
    logits = (unit @ unit.T).square() / temperature
    left_out = ~eligible | torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return logits.masked_fill(left_out, -torch.inf).logsumexp(dim=1)


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    small = _SMALL * denominator.detach().mean() + torch.finfo(denominator.dtype).tiny
    return numerator / (denominator + small)
