"""Learn new targets, categories and columns when a fit continues an earlier one."""

from __future__ import annotations

import warnings
from typing import cast

import pandas as pd

from skmtl.engines._preparation import Preparation, checked_table
from skmtl.engines._protocol import Learnt
from skmtl.reading import CheckedTable
from skmtl.tables import Chunk, TableEncoder, as_frame, wider_encoder
from skmtl.tasks import ConstantTarget, TaskSet


def read_to_go_on(preparation: Preparation, chunk: Chunk) -> CheckedTable:
    """Read rows to continue with, and learn from them what the earlier fit has not seen.

    Parameters
    ----------
    preparation : Preparation
        Preparation of the earlier fit. Its targets and reader are replaced by wider ones.
    chunk : Chunk
        The rows in memory.

    Raises
    ------
    ValueError
        If a target or column of the earlier fit is missing or has another kind.

    Warns
    -----
    UserWarning
        If long data have task ids that the earlier fit has not seen.
    """
    engine, settings, tasks = preparation.engine, preparation.settings, preparation.tasks
    preparation.learnt = Learnt(tasks.varying, preparation.reader.encoder)
    if not engine.widens:
        table = preparation.read(chunk)
        _warn_of_new_ids(preparation, table)
        return table
    Y = preparation.targets.read_wider(chunk.y, tasks)
    tasks.check_names([name for name in Y.columns if name in tasks.names])
    frame = _wider_frame(preparation, chunk)
    table = checked_table(settings, frame, Y, chunk)
    preparation.tasks = _wider_tasks(preparation, table)
    preparation.single = preparation.single and preparation.tasks.names == tasks.names
    encoder = wider_encoder(
        cast(TableEncoder, preparation.reader.encoder),
        cast(TableEncoder, engine.make_encoder()),
        table.rows.features,
        table.row_weight,
    )
    preparation.reader = preparation.reader.wider(frame, encoder)
    _warn_of_new_ids(preparation, table)
    return table


def _warn_of_new_ids(preparation: Preparation, table: CheckedTable) -> None:
    group = preparation.reader.group(table.rows.ids)
    if group is None or (group >= 0).all():
        return
    new = table.rows.ids[group < 0]  # type: ignore[index]
    ids = new.unique().tolist()
    warnings.warn(
        f"The task column {preparation.reader.task_label!r} has {len(ids)} ids that the first fit "
        f"has not seen, such as {ids[:3]}, in {len(new)} of {len(group)} rows. Together they are "
        "learnt as one unseen task, so that their predictions do not tell them apart. To learn "
        "each of them, start over with warm_start=False on the rows of all ids.",
        UserWarning,
        stacklevel=2,
    )


def _wider_frame(preparation: Preparation, chunk: Chunk) -> pd.DataFrame:
    """Return X as a frame with at least the columns of the earlier fit."""
    settings, columns = preparation.settings, preparation.reader.encoder.columns_
    labels = settings.roles.split(as_frame(chunk.X)).features.columns
    is_wider = labels.is_unique and len(labels) > len(columns) and set(columns) <= set(labels)
    return settings.read_frame(chunk.X, is_wider)


def _wider_tasks(preparation: Preparation, table: CheckedTable) -> TaskSet:
    """Return the targets, with heads for new ones and for those that had one value before."""
    tasks = _learn_new(preparation, table, _kept(preparation.tasks, table))
    before = preparation.tasks.constant
    for name, head in tasks.by_name.items():
        if name in before and isinstance(head, ConstantTarget):
            before[name].check_same(table.Y[name])
        elif name in before and head.is_classification != before[name].is_classification:
            raise ValueError(
                f"Task {name!r} had one value in the last fit, as kind {before[name].name!r}, and "
                f"the labels of this one are of kind {head.name!r}. Set its kind in `tasks`, or "
                "use warm_start=False to start over."
            )
    return tasks


def _kept(tasks: TaskSet, table: CheckedTable) -> TaskSet:
    """Return the targets without those that had one value before and now vary."""
    constant = tasks.constant
    varies = [
        name
        for name, head in constant.items()
        if not head.has_curves and head.is_outgrown(table.Y[name])
    ]
    if not varies:
        return tasks
    return TaskSet({name: head for name, head in tasks.by_name.items() if name not in varies})


def _learn_new(preparation: Preparation, table: CheckedTable, known: TaskSet) -> TaskSet:
    """Return the known targets, with heads for all others."""
    reader = preparation.reader
    if list(table.Y.columns) == known.names:
        return known
    group = reader.group(table.rows.ids) if preparation.engine.units_by_group else None
    tasks = preparation.targets.fit_wider(
        table.Y, known, table.sample_weight, group, reader.n_groups
    )
    preparation.engine.check_tasks(tasks)
    return tasks
