"""Tokens of irregular events, by attention over sets of (time, variable, value)."""

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
from skmtl.networks._name_embedding import NameEmbedding

_SLOPES = (-2.0, 4.0)
"""Power of the age by which events are weighted down in the first and in the last head.
At initialisation, heads are means of the first events, of all events, and of the last ones."""
_MOST_LOST = 0.9
_LONGEST = 3.0  # in spans: beyond it, only the logarithm of the age distinguishes events


@storable
@dataclass(frozen=True, kw_only=True)
class SetAttention:
    """Irregular events as a set, with one token for each variable, by attention over its events.

    For `series` of the MultiTab estimators, where "events" stands for ``SetAttention()``. An event
    is a triplet of age, variable and value. Events are neither put on a grid nor imputed. The
    events of a variable are pooled by attention into one token, which is used beside the feature
    tokens of the table.

    Parameters
    ----------
    size : int, default=32
        Number of values that are pooled over the events of a variable, in all heads together.
    n_heads : int, default=4
        Number of attention heads, which are means of the events with different weights, for
        example of the first or of the last events. A divisor of `size`.
    hidden : int, default=64
        Units of the layer that encodes an event.
    event_dropout : float, default=0.3
        Fraction of the events that are dropped in each training step, in [0, 0.9]. Histories have
        far more values than a table, which a network soon memorises.
    max_variables : int, default=64
        Maximum number of tokens. The most frequent variables have a token each. If there are more,
        the last token pools all remaining variables, and each event still encodes its variable.
    by_text : bool, default=False
        Whether names of variables are read as text, for sources whose schemas differ: variables
        with similar names, such as "creatinine" and "creatinine mg", have similar embeddings, and
        one that `fit` has not seen is read as the one with the most similar name, in its unit. A
        warning tells which. By default, each variable has its own embedding, and a variable that
        was not seen is ignored.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    Consider an event of variable c with scaled value x, a mark m (0 if the value is missing) and
    age a, the time from the event to the end of the history. Let u = log(1 + a / step), where the
    span of a history and the usual step are estimated from the training rows. Then

        z = relu(E[c] + W (x, m, min(a / span, 3), u) + b),  v = V z,  l_h = k_h z - s_h u,
        p_h = sum of softmax(l_h) v_h,  token = O (p_1, ..., p_H) + B[c] + N[c] log(1 + n)

    where the softmax and the sum run over the n events of variable c in the row. The initial s_h
    are evenly spaced from -2 (first events) over 0 (plain mean) to 4 (last events). A variable
    without events has its own learnt token, and so has a variable of a missing history; both stay
    zero if the training rows have no such case. Every sum runs over the events of one row in order
    of time, so the result does not depend on other rows or on padding.

    With `by_text`, E[c] is the sum of learnt vectors of all three letters in a row of the name,
    divided by the root of their number, from a table of 2,048 rows in which they are hashed. An
    unseen name is read as the known name with the largest cosine between both sets, if that is at
    least 0.6. Abbreviations, such as HR for heart rate, are not recognised: rename them before.
    GenHPF reads names and values by a language model instead, which also knows synonyms.

    STraTS embeds the three parts of a triplet with separate networks, adds them, and lets events
    attend to each other. SeFT attends over all events of the row at once. Here one layer encodes a
    triplet, and attention is within a variable, so that time and memory are proportional to the
    number of events. Interactions between variables are left to the rest of the network.

    References
    ----------
    S. Tipirneni, C. K. Reddy, "Self-Supervised Transformer for Sparse and Irregularly Sampled
    Multivariate Clinical Time-Series" (STraTS), ACM TKDD 2022, arXiv:2107.14293.

    M. Horn, M. Moor, C. Bock, B. Rieck, K. Borgwardt, "Set Functions for Time Series" (SeFT),
    ICML 2020, arXiv:1909.12064.

    K. Hur et al., "GenHPF: General Healthcare Predictive Framework for Multi-task Multi-source
    Learning", IEEE Journal of Biomedical and Health Informatics 2024, arXiv:2207.09858.

    P. Bojanowski, E. Grave, A. Joulin, T. Mikolov, "Enriching Word Vectors with Subword
    Information", TACL 2017, arXiv:1607.04606 (sums of hashed letters).

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
    by_text: bool = False

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
        if not isinstance(self.by_text, bool):
            raise ValueError(f"SetAttention: by_text={self.by_text!r} must be True or False.")

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Return the number of tokens of a row."""
        return min(shape.n_variables, self.max_variables)

    def build(self, shape: HistoryShape, size: int, dropout: float) -> PooledEvents:
        """Build the layer for a column of histories."""
        return PooledEvents(self, shape, size, dropout)


class PooledEvents(nn.Module):
    """The layer of `SetAttention`, from `Events` to tokens (batch, n_tokens, size).

    Parameters
    ----------
    settings : SetAttention
    shape : HistoryShape
    size : int
        Length of a token.
    dropout : float
        Dropout rate of the units that encode an event.
    """

    def __init__(
        self, settings: SetAttention, shape: HistoryShape, size: int, dropout: float
    ) -> None:
        super().__init__()
        self.shape, self.n_heads = shape, settings.n_heads
        self.n_tokens = settings.n_tokens_for(shape)
        n_variables, hidden = shape.n_variables, settings.hidden
        self.event_dropout = Dropout(settings.event_dropout)
        self.names: NameEmbedding | None = None
        if settings.by_text:
            self.names = NameEmbedding(shape.names, hidden)
        else:
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
        # The last token pools all variables that are too rare to have their own.
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
        """Return the events that are not dropped, and the weight of each in counts."""
        counts_as = self.event_dropout(torch.ones_like(flat.age))
        if not self.event_dropout.active:
            return flat, counts_as
        kept = counts_as > 0
        return FlatEvents(*(part[kept] for part in flat)), counts_as[kept]

    def _read(self, flat: FlatEvents, late: Tensor) -> Tensor:
        """Encode each event, (n_events, hidden)."""
        triplet = torch.stack(
            [
                flat.value.nan_to_num(0.0),
                (~flat.value.isnan()).to(late.dtype),
                (flat.age / self.shape.span).clamp(max=_LONGEST),
                late / math.log1p(self.shape.span / self.shape.step),
            ],
            dim=1,
        )
        variables = self.variables if self.names is None else self.names()
        read = self.event(triplet) + nn.functional.embedding(flat.variable, variables)
        return self.dropout(nn.functional.relu(read))

    def _tokens(self, pooled: Tensor, count: Tensor, missing: Tensor) -> Tensor:
        by_row = (-1, self.n_tokens)
        tokens = self.out(pooled).unflatten(0, by_row) + self.of_variable
        count = count.unflatten(0, by_row)[..., None]
        tokens = torch.addcmul(tokens, self.of_count, torch.log1p(count))
        without = torch.where(missing[:, None, None], self.missing, self.absent)
        return torch.where(count > 0, tokens, without)


def _softmax_within(logits: Tensor, place: Tensor, n_places: int) -> Tensor:
    """Return the softmax over the events of each place, (n_events, n_heads)."""
    index = place[:, None].expand_as(logits)
    largest = logits.new_full((n_places, logits.shape[1]), -torch.inf)
    largest = largest.scatter_reduce(0, index, logits.detach(), "amax")
    shares = torch.exp(logits - largest[place])
    return shares / _sums(shares, place, n_places)[place]


def _sums(values: Tensor, place: Tensor, n_places: int) -> Tensor:
    """Sum values over the events of each place, in their order."""
    return values.new_zeros(n_places, *values.shape[1:]).index_add(0, place, values)
