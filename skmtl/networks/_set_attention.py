"""Irregular events to tokens by attention over sets of (time, variable, value)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._events import Events, FlatEvents
from skmtl.networks._history_tokens import HistoryShape, check_whole
from skmtl.networks._layers import Dropout, Linear, parameter, weight

_SLOPES = (-2.0, 4.0)
"""By which power of its age an event is weighted down in the first head and in the last one.
Before anything is learnt, heads are means of the first events, of all, and of the last ones."""
_MOST_LOST = 0.9
_LONGEST = 3.0  # spans: of events before that, only the logarithm of the age is read


@storable
@dataclass(frozen=True, kw_only=True)
class SetAttention:
    """Irregular events as a set: a token for each variable, by attention over its events.

    For `series` of the MultiTab estimators, where "events" stands for ``SetAttention()``. An event
    is a triplet of its age, its variable and its value, and is neither put onto a grid nor filled
    up. The events of a variable are pooled by attention into one token, which the tokens of the
    tasks and the row path read beside those of the table.

    Parameters
    ----------
    size : int, default=32
        Numbers that are pooled over the events of a variable, of all heads together.
    n_heads : int, default=4
        Means of the events with weights of their own, such as of the first and of the last ones.
        A divisor of `size`.
    hidden : int, default=64
        Units of the layer that reads an event.
    event_dropout : float, default=0.3
        Share of the events that are left out in each step of the training, in [0, 0.9]. Histories
        have far more numbers than a table, which a network soon knows by heart.
    max_variables : int, default=64
        Most tokens. The most frequent variables have a token each; where there are more, the last
        token is that of all others together, whose events still say of which variable they are.

    Raises
    ------
    ValueError
        For settings that are out of range.

    Notes
    -----
    For an event of variable c, scaled value x (with a mark m, 0 where there is none) and age
    a, the time from it to the end of the history, with u = log(1 + a / step) and a span and a
    usual step that are learnt from the training rows,

        z = relu(E[c] + W (x, m, min(a / span, 3), u) + b),  v = V z,  l_h = k_h z - s_h u,
        p_h = sum of softmax(l_h) v_h,  token = O (p_1, ..., p_H) + B[c] + N[c] log(1 + n)

    where the softmax and the sum run over the n events of variable c in the row. s_h begins as
    an even spread from -2 (first events) over 0 (a plain mean) to 4 (last events). A variable
    without events has a learnt token of its own, and so has one of a missing history; both are
    zero where the training rows had none. Every sum runs over the events of one row, in order of
    time, so that neither other rows nor any padding have a part in it.

    STraTS embeds the three parts of a triplet by a network each, adds them, and lets events attend
    to each other; SeFT attends over all events of the row at once. Here one layer reads a triplet,
    and the attention is within a variable, which costs time and memory in proportion to the
    events. What variables mean for each other is left to the network behind.

    References
    ----------
    S. Tipirneni, C. K. Reddy, "Self-Supervised Transformer for Sparse and Irregularly Sampled
    Multivariate Clinical Time-Series" (STraTS), ACM TKDD 2022, arXiv:2107.14293.

    M. Horn, M. Moor, C. Bock, B. Rieck, K. Borgwardt, "Set Functions for Time Series" (SeFT),
    ICML 2020, arXiv:1909.12064.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> from skmtl.histories import Histories
    >>> from skmtl.networks import SetAttention
    >>> X = pd.DataFrame({"flow": Histories.from_list([[1.0, 2.0, 4.0], [5.0, 3.0]] * 20)})
    >>> Y = pd.DataFrame({"fails": [False, True] * 20, "load": [2.0, 4.0] * 20})
    >>> model = MultiTab(series={"flow": SetAttention(size=8)}, max_epochs=2, random_state=0)
    >>> model.fit(X, Y).predict(X.head(2)).columns.tolist()
    ['fails', 'load']
    """

    size: int = 32
    n_heads: int = 4
    hidden: int = 64
    event_dropout: float = 0.3
    max_variables: int = 64

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        for name in ("size", "n_heads", "hidden", "max_variables"):
            check_whole(self, name, 1)
        if not isinstance(self.event_dropout, Real) or not 0 <= self.event_dropout <= _MOST_LOST:
            raise ValueError(
                f"SetAttention: event_dropout={self.event_dropout!r} must be a number in "
                f"[0, {_MOST_LOST}]."
            )
        if self.size % self.n_heads:
            raise ValueError(
                f"SetAttention: size={self.size} must be a multiple of n_heads={self.n_heads}."
            )

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Tokens of a row."""
        return min(shape.n_variables, self.max_variables)

    def build(self, shape: HistoryShape, size: int, dropout: float) -> PooledEvents:
        """The layer for a column of histories."""
        return PooledEvents(self, shape, size, dropout)


class PooledEvents(nn.Module):
    """The layer of `SetAttention`, `Events` to tokens (batch, n_tokens, size).

    Parameters
    ----------
    settings : SetAttention
    shape : HistoryShape
    size : int
        Length of a token.
    dropout : float
        Of the units that read an event.
    """

    def __init__(
        self, settings: SetAttention, shape: HistoryShape, size: int, dropout: float
    ) -> None:
        super().__init__()
        self.shape, self.n_heads = shape, settings.n_heads
        self.n_tokens = settings.n_tokens_for(shape)
        n_variables, hidden = shape.n_variables, settings.hidden
        self.event_dropout = Dropout(settings.event_dropout)
        self.variables = weight(n_variables, hidden, fan_in=4)
        self.event = Linear(4, hidden)
        self.dropout = Dropout(dropout)
        self.value = Linear(hidden, settings.size)
        self.logits = Linear(hidden, settings.n_heads)
        slopes = torch.linspace(*_SLOPES, settings.n_heads)
        self.slopes: Tensor
        self.register_buffer("slopes", slopes, persistent=False)
        self.slope_change = parameter(settings.n_heads)
        self.out = Linear(settings.size, size)
        self.of_variable = weight(self.n_tokens, size, fan_in=size)
        self.of_count = weight(self.n_tokens, size, fan_in=size)
        self.absent = parameter(self.n_tokens, size)
        self.missing = parameter(self.n_tokens, size)

    def forward(self, events: Events) -> Tensor:
        flat, counts_as = self._kept(events.flat())
        # The last token is that of all variables that are too rare for one of their own.
        place = flat.row * self.n_tokens + flat.variable.clamp(max=self.n_tokens - 1)
        n_places = len(events) * self.n_tokens
        late = torch.log1p(flat.age / self.shape.step)
        read = self._read(flat, late)
        logits = self.logits(read) - late[:, None] * (self.slopes + self.slope_change)
        shares = _softmax_within(logits, place, n_places)
        values = self.value(read).unflatten(1, (self.n_heads, -1)) * shares[..., None]
        pooled = _sums(values.flatten(1), place, n_places)
        return self._tokens(pooled, _sums(counts_as, place, n_places), events.missing)

    def _kept(self, flat: FlatEvents) -> tuple[FlatEvents, Tensor]:
        """The events that are not left out, and how many each of them stands for in counts."""
        counts_as = self.event_dropout(torch.ones_like(flat.age))
        if not self.event_dropout.active:
            return flat, counts_as
        kept = counts_as > 0
        return FlatEvents(*(part[kept] for part in flat)), counts_as[kept]

    def _read(self, flat: FlatEvents, late: Tensor) -> Tensor:
        """What is made of each event, (n_events, hidden)."""
        triplet = torch.stack(
            [
                flat.value.nan_to_num(0.0),
                (~flat.value.isnan()).to(late.dtype),
                (flat.age / self.shape.span).clamp(max=_LONGEST),
                late / math.log1p(self.shape.span / self.shape.step),
            ],
            dim=1,
        )
        read = self.event(triplet) + nn.functional.embedding(flat.variable, self.variables)
        return self.dropout(nn.functional.relu(read))

    def _tokens(self, pooled: Tensor, count: Tensor, missing: Tensor) -> Tensor:
        by_row = (-1, self.n_tokens)
        tokens = self.out(pooled).unflatten(0, by_row) + self.of_variable
        count = count.unflatten(0, by_row)[..., None]
        tokens = torch.addcmul(tokens, self.of_count, torch.log1p(count))
        without = torch.where(missing[:, None, None], self.missing, self.absent)
        return torch.where(count > 0, tokens, without)


def _softmax_within(logits: Tensor, place: Tensor, n_places: int) -> Tensor:
    """Softmax (n_events, n_heads) over the events of each place."""
    index = place[:, None].expand_as(logits)
    largest = logits.new_full((n_places, logits.shape[1]), -torch.inf)
    largest = largest.scatter_reduce(0, index, logits.detach(), "amax")
    shares = torch.exp(logits - largest[place])
    return shares / _sums(shares, place, n_places)[place]


def _sums(values: Tensor, place: Tensor, n_places: int) -> Tensor:
    """Sums over the events of each place, in their order."""
    return values.new_zeros(n_places, *values.shape[1:]).index_add(0, place, values)
