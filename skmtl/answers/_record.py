"""What a fit was of, for those who look at a model later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class FitRecord:
    """Facts about a fit, which nothing is predicted by.

    Attributes
    ----------
    n_rows : int
        Rows of positive weight; of a table on disk all of its rows.
    n_labels : dict of task to int
        Observed labels, of the rows in memory.
    validation_loss : dict of task to float
        Loss on held-out rows over that of the best constant; tasks of which nothing was held out
        are left out.
    seconds : float or None
        Time that `fit` took. It is not part of files, so that the same fit has the same bytes.
    """

    n_rows: int
    n_labels: dict[Hashable, int]
    validation_loss: dict[Hashable, float]
    seconds: float | None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"seconds": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def joined_record(records: Sequence[FitRecord | None], *, rows_differ: bool) -> FitRecord | None:
    """What several fits of one model were of; None where that is not known of all.

    Parameters
    ----------
    records : sequence of FitRecord or None
    rows_differ : bool
        Whether each fit had rows of its own, or all had the same.
    """
    known = [record for record in records if record is not None]
    if not known or len(known) < len(records):
        return None
    n_rows = [record.n_rows for record in known]
    seconds: list[Any] = [record.seconds for record in known]
    n_labels: Counter[Hashable] = Counter()
    losses: dict[Hashable, float] = {}
    for record in known:
        n_labels.update(record.n_labels)
        losses |= record.validation_loss
    return FitRecord(
        sum(n_rows) if rows_differ else max(n_rows),
        dict(n_labels),
        losses,
        None if None in seconds else sum(seconds),
    )
