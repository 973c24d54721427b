"""Training that records the effect of a step for one task on the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from skmtl.training._transfer import TransferRecord

_RECORD: ContextVar[TransferRecord | None] = ContextVar("_RECORD", default=None)


def current_record() -> TransferRecord | None:
    """Return the record of the enclosing `recording_transfer`, or None."""
    return _RECORD.get()


@contextmanager
def recording_transfer(every: int) -> Iterator[TransferRecord]:
    """Record effects between tasks every `every` steps of training within this context."""
    record = TransferRecord(every)
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)
