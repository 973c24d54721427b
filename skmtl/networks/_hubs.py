"""Hub tokens: interactions of features at a cost that is linear in their number."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._activations import Activation, activated
from skmtl.networks._layers import Dropout, Linear, parameter, weight


@storable
@dataclass(frozen=True, kw_only=True)
class HubTokens:
    r"""Features interact through a few hub tokens, in place of pairs of features.

    For `feature_attention` of the MultiTab estimators. With features :math:`X` of shape (F, d) and
    all tokens that they may read, :math:`Z` (the features, and the tasks unless the mask hides
    them), a block computes

    .. math::

        H = \operatorname{softmax}(Q Z^\top / \sqrt d) Z, \qquad
        X' = X \odot \bigl(\tfrac12 + \sigma(\operatorname{MLP}(\operatorname{vec} H))\bigr).

    The hubs :math:`H`, (n, d), are means of the tokens with weights that depend on the row, by
    learnt queries :math:`Q`. The factor of shape (d,) is the same for all features, is 1 before
    training, and never less than a half: factors that may reach 0 hid all features of a table of
    1,139 columns, and predictions became constant. So a block costs n F d operations, where
    attention between features costs F\ :sup:`2` d.

    INFNet has hubs ("proxies") for each type of token, computed from the tokens of the other
    types, and gates (its proxy gated units) without the half, but with residual connections. Here
    features have one type, the maps of keys and values are part of :math:`Q` and of the
    perceptron, and task tokens are updated as without hubs.

    Parameters
    ----------
    n : int, default=8
        Number of hub tokens.

    Raises
    ------
    ValueError
        If `n` is not a whole number of at least 1.

    References
    ----------
    K. Li et al., "INFNet: A Task-aware Information Flow Network for Large-Scale Recommendation
    Systems", 2025, arXiv:2508.11565.

    Examples
    --------
    >>> from skmtl import MultiTabRegressor
    >>> from skmtl.datasets import make_multitab_bench
    >>> from skmtl.networks import HubTokens
    >>> X, Y = make_multitab_bench(200, n_tasks=3, random_state=0)[:2]
    >>> model = MultiTabRegressor(
    ...     feature_attention=HubTokens(n=4), row_size=16, max_epochs=2, random_state=0
    ... )
    >>> model.fit(X, Y).predict(X).shape
    (200, 3)
    """

    n: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.n, int) or isinstance(self.n, bool) or self.n < 1:
            raise ValueError(f"HubTokens: n={self.n!r} must be a whole number of at least 1.")


class HubGate(nn.Module):
    """The factor of `HubTokens`.

    Parameters
    ----------
    n, size, hidden : int
        Numbers of hubs, and of units of tokens and of the perceptron.
    dropout : float
        Share of the hidden units of the perceptron that are dropped in training.
    activation : {"relu", "silu"}
    """

    def __init__(
        self, n: int, size: int, hidden: int, dropout: float, activation: Activation
    ) -> None:
        super().__init__()
        self.queries = weight(n, size, fan_in=1)
        self.up = Linear(n * size, hidden)
        self.down = parameter(size, hidden)
        self.bias = parameter(size)
        self.dropout = Dropout(dropout)
        self.activation: Activation = activation

    def forward(self, tokens: Tensor, absent: Tensor | None) -> Tensor:
        """Return the factor, (batch, 1, size), from normalised tokens (batch, n_tokens, size).

        Tokens that are marked in `absent`, (batch, n_tokens), are not read.
        """
        logits = self.queries @ tokens.transpose(1, 2) / tokens.shape[-1] ** 0.5
        if absent is not None:
            # Finite: all tokens may be absent. They are constants then.
            logits = logits.masked_fill(absent[:, None], torch.finfo(logits.dtype).min)
        hubs = (logits.softmax(dim=-1) @ tokens).flatten(1)
        hidden = self.dropout(activated(self.up(hubs), self.activation))
        return 0.5 + (hidden @ self.down.T + self.bias).sigmoid()[:, None]
