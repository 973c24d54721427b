"""Events of a batch: ranges of shared arrays."""

from __future__ import annotations

import pytest
import torch

from skmtl.networks import (
    Batch,
    DualFrequency,
    Events,
    HistoryShape,
    SetAttention,
    TemporalConvolutions,
    built,
    concatenated,
)
from skmtl.networks._step_attention import low_band


def events(lengths, seed=0, n_variables=3):
    """Create events of rows of some lengths, stored in the arrays in reverse order."""
    generator = torch.Generator().manual_seed(seed)
    n = sum(lengths)
    length = torch.tensor(lengths)
    stop = length.flip(0).cumsum(0).flip(0)
    value = torch.randn(n, generator=generator)
    value[::4] = torch.nan
    return Events(
        time=torch.arange(n, dtype=torch.float64),
        variable=torch.randint(n_variables, (n,), generator=generator),
        value=value,
        start=stop - length,
        stop=stop,
        end=torch.full((len(lengths),), float(n), dtype=torch.float64),
        missing=torch.zeros(len(lengths), dtype=torch.bool),
    )


def by_row(rows):
    flat = rows.flat()
    return [
        torch.stack([flat.age, flat.variable.float(), flat.value.nan_to_num(9.0)])[
            :, flat.row == i
        ]
        for i in range(len(rows))
    ]


def test_rows_keep_their_events_when_they_are_taken_and_joined():
    rows = events([2, 0, 3, 1])
    alone = by_row(rows)
    assert [part.shape[1] for part in alone] == [2, 0, 3, 1]
    order = torch.tensor([3, 0, 2])
    taken = rows[order]
    assert taken.time is rows.time, "no event is copied"
    for part, row in zip(by_row(taken), order.tolist(), strict=True):
        torch.testing.assert_close(part, alone[row])
    other = events([1, 2], seed=1)

    def batch(part):
        empty = torch.zeros(len(part), 0)
        return Batch(empty, empty.long(), extras={"vitals": part})

    both = concatenated([batch(rows), batch(other)]).take(slice(1, 6)).extras["vitals"]
    for part, row in zip(by_row(both), [*alone[1:], *by_row(other)], strict=True):
        torch.testing.assert_close(part, row)


def test_parts_of_the_same_events_are_joined_without_a_copy():
    rows = events([2, 0, 3, 1])
    empty = torch.zeros(2, 0)
    parts = [rows[torch.tensor([2, 0])], rows[torch.tensor([1, 3])]]
    batches = [Batch(empty, empty.long(), extras={"vitals": part}) for part in parts]
    both = concatenated(batches).extras["vitals"]
    assert both.time is rows.time
    for part, row in zip(by_row(both), [2, 0, 1, 3], strict=True):
        torch.testing.assert_close(part, by_row(rows)[row])


def test_only_the_events_of_the_rows_move_to_another_device():
    rows = events([4, 2, 0, 3])
    assert rows.to(torch.device("cpu")) is rows
    moved = rows[torch.tensor([1, 2, 0])].to(torch.device("meta"))
    assert len(moved.time) == 6
    assert len(rows[2:3].to(torch.device("meta")).time) == 0
    for part, row in zip(by_row(rows[1:3]._narrowed()), [1, 2], strict=True):
        torch.testing.assert_close(part, by_row(rows)[row])


def test_a_convolution_reads_the_last_steps_and_no_others():
    settings = TemporalConvolutions(every=1.0, max_steps=4)
    layer = built(lambda: settings.build(HistoryShape(1, 9.0, 1.0), 4, 0.0), torch.Generator())
    value = torch.arange(9.0).requires_grad_()
    rows = events([9], n_variables=1)
    whole = Events(**vars(rows) | {"value": value, "end": rows.end - 1})
    (gradient,) = torch.autograd.grad(layer.eval()(whole).pow(2).sum(), value)
    assert (gradient[-4:] != 0).all()
    assert (gradient[:-4] == 0).all()


@pytest.mark.parametrize(
    "tokens",
    [SetAttention(), TemporalConvolutions(max_steps=16), DualFrequency(max_steps=16)],
)
def test_no_gradient_flows_between_rows(tokens):
    layer = built(lambda: tokens.build(HistoryShape(3, 9.0, 1.0), 4, 0.0), torch.Generator())
    rows = events([4, 0, 5])
    value = torch.linspace(-1.0, 1.0, 9).requires_grad_()
    out = layer.eval()(Events(**vars(rows) | {"value": value}))
    (gradient,) = torch.autograd.grad(out[0].pow(2).sum(), value)
    assert (gradient[5:] != 0).any(), "the events of the first row lie last"
    assert (gradient[:5] == 0).all()


def test_the_low_band_is_a_mean_of_earlier_steps():
    series = torch.tensor([4.0, 0.0, 2.0, 6.0, 8.0])
    torch.testing.assert_close(low_band(series, 1), torch.tensor([4.0, 2.0, 1.0, 4.0, 7.0]))
    of_four = torch.stack([series[i : i + 4].mean() for i in range(2)])
    torch.testing.assert_close(low_band(series, 2)[3:], of_four)
    assert low_band(torch.full((2, 7), 3.0), 4).eq(3.0).all(), "what is constant is slow"
