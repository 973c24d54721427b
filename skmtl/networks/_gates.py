"""Gates: the weight of each expert for each task."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._layers import matrix, parameter


@storable
@dataclass(frozen=True, kw_only=True)
class TopK:
    """Sparse routing: each row of a task only uses the `k` experts with the largest weights.

    Experts that are rarely used learn little and are used even less. A load-balancing loss
    counteracts this: the squared coefficient of variation of the experts' mean weights, of each
    task (Shazeer et al. 2017; M³ViT, Liang et al. 2022). All experts are computed: at the sizes
    of tables, leaving some out would save nothing.

    Parameters
    ----------
    k : int, default=2
        Number of experts to use.
    load_balance : float, default=0.01
        Weight of the load-balancing loss, the auxiliary loss ``"load_balance"`` in training.

    References
    ----------
    N. Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts
    Layer", ICLR 2017, arXiv:1701.06538.

    H. Liang et al., "M³ViT: Mixture-of-Experts Vision Transformer for Efficient Multi-task
    Learning with Model-Accelerator Co-design", NeurIPS 2022, arXiv:2210.14793.

    Examples
    --------
    >>> from skmtl.networks import Experts, TopK
    >>> Experts(shared=6, own=0, routing=TopK(k=2)).routing.k
    2
    """

    k: int = 2
    load_balance: float = 0.01

    def __post_init__(self) -> None:
        if not isinstance(self.k, int) or isinstance(self.k, bool) or self.k < 1:
            raise ValueError(f"TopK: k={self.k!r} must be a whole number of at least 1.")
        if not self.load_balance >= 0:
            raise ValueError(f"TopK: load_balance={self.load_balance!r} must not be negative.")


class Gates(nn.Module):
    """Weights of experts for several readers, (readers, batch, members or 1, n_experts).

    Parameters
    ----------
    n_in : int
        Length of the input of a gate.
    readable : bool tensor of shape (readers, n_experts)
        Which experts each reader may use.
    routing : TopK or None
        None uses all of them.
    """

    def __init__(self, n_in: int, readable: Tensor, routing: TopK | None) -> None:
        super().__init__()
        n_readers, n_experts = readable.shape
        self.readable: Tensor
        self.register_buffer("readable", readable, persistent=False)
        self.routing = routing
        # A single expert has weight 1 for every row.
        self.weight = matrix(n_readers, n_in, n_experts, fan_in=n_in) if n_experts > 1 else None
        self.bias = parameter(n_readers, 1, n_experts) if n_experts > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Return weights that sum to one, given x (1 or readers, batch, members or 1, n_in)."""
        if self.weight is None or self.bias is None:
            return x.new_ones(len(self.readable), *x.shape[1:3], 1)
        logits = (x.flatten(1, 2) @ self.weight + self.bias).unflatten(1, x.shape[1:3])
        logits = logits.masked_fill(~self.readable[:, None, None], -torch.inf)
        if self.routing is not None and self.routing.k < logits.shape[-1]:
            least = logits.topk(self.routing.k, dim=-1).values[..., -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        return logits.softmax(dim=-1)

    def load_imbalance(self, weights: Tensor) -> Tensor:
        """Return the squared coefficient of variation of the experts' mean weights.

        It is averaged over readers.
        """
        n_readable = self.readable.sum(dim=1)
        load = weights.mean(dim=(1, 2))  # sums to one
        return (n_readable * load.square().sum(dim=1) - 1).mean()
