"""What a fit that goes on with an earlier one learns beside it: targets, categories, columns."""

from __future__ import annotations

from typing import cast

import pandas as pd

from skmtl.engines._preparation import Preparation, checked_table
from skmtl.engines._protocol import Learnt
from skmtl.reading import CheckedTable
from skmtl.tables import Chunk, TableEncoder, as_frame, wider_encoder
from skmtl.tasks import TaskSet


def read_to_go_on(preparation: Preparation, chunk: Chunk) -> CheckedTable:
    """Rows to go on with; what the earlier fit has not seen is learnt from them.

    Parameters
    ----------
    preparation : Preparation
        Of the earlier fit. Its targets and its reader are replaced by wider ones.
    chunk : Chunk
        The rows in memory.

    Raises
    ------
    ValueError
        If a target or a column of the earlier fit is missing, or has changed its kind.
    """
    engine, settings, known = preparation.engine, preparation.settings, preparation.tasks
    preparation.learnt = Learnt(known.varying, preparation.reader.encoder)
    if not engine.widens:
        return preparation.read(chunk)
    Y = preparation.targets.read_wider(chunk.y, known)
    known.check_names([name for name in Y.columns if name in known.names])
    frame = _wider_frame(preparation, chunk)
    table = checked_table(settings, frame, Y, chunk)
    for name, head in known.constant.items():
        head.check_same(table.Y[name])
    preparation.tasks = _wider_tasks(preparation, table)
    preparation.single = preparation.single and preparation.tasks is known
    encoder = wider_encoder(
        cast(TableEncoder, preparation.reader.encoder),
        cast(TableEncoder, engine.make_encoder()),
        table.rows.features,
        table.row_weight,
    )
    preparation.reader = preparation.reader.wider(frame, encoder)
    return table


def _wider_frame(preparation: Preparation, chunk: Chunk) -> pd.DataFrame:
    """X as a frame, which may have more columns than that of the earlier fit, but no fewer."""
    settings, known = preparation.settings, preparation.reader.encoder.columns_
    labels = settings.roles.split(as_frame(chunk.X)).features.columns
    is_wider = labels.is_unique and len(labels) > len(known) and set(known) <= set(labels)
    return settings.read_frame(chunk.X, is_wider)


def _wider_tasks(preparation: Preparation, table: CheckedTable) -> TaskSet:
    """The targets with heads of those that are new."""
    known, reader = preparation.tasks, preparation.reader
    if list(table.Y.columns) == known.names:
        return known
    group = reader.group(table.rows.ids) if preparation.engine.units_by_group else None
    tasks = preparation.targets.fit_wider(
        table.Y, known, table.sample_weight, group, reader.n_groups
    )
    preparation.engine.check_tasks(tasks)
    return tasks
