"""A record of a fit, for people who inspect the model later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class FitRecord:
    """Facts about a fit; predictions do not depend on them.

    Attributes
    ----------
    n_rows : int
        Rows with positive weight; for a table on disk, all rows.
    n_labels : dict of task to int
        Observed labels in the rows in memory.
    validation_loss : dict of task to float
        Loss on held-out rows divided by the loss of the best constant. Tasks without held-out
        labels are omitted.
    """

    n_rows: int
    n_labels: dict[Hashable, int]
    validation_loss: dict[Hashable, float]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        vars(self).pop("seconds", None)  # None in earlier files


def joined_record(records: Sequence[FitRecord | None], *, rows_differ: bool) -> FitRecord | None:
    """Combine the records of several fits of one model; None if one of them is missing.

    Parameters
    ----------
    records : sequence of FitRecord or None
    rows_differ : bool
        Whether the fits had different rows, or all had the same.
    """
    available = [record for record in records if record is not None]
    if not available or len(available) < len(records):
        return None
    n_rows = [record.n_rows for record in available]
    n_labels: Counter[Hashable] = Counter()
    losses: dict[Hashable, float] = {}
    for record in available:
        n_labels.update(record.n_labels)
        losses |= record.validation_loss
    return FitRecord(
        sum(n_rows) if rows_differ else max(n_rows),
        dict(n_labels),
        losses,
    )
