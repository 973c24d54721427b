"""Trainings that record what a step for one task does to the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from skmtl.training._transfer import TransferRecord

_RECORD: ContextVar[TransferRecord | None] = ContextVar("_RECORD", default=None)


def current_record() -> TransferRecord | None:
    """That of the `recording_transfer` around the caller, if there is one."""
    return _RECORD.get()


@contextmanager
def recording_transfer(every: int) -> Iterator[TransferRecord]:
    """Whatever is trained within looks every so many steps at what the tasks do to each other."""
    record = TransferRecord(every)
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)
