"""Encoded rows as tensors, in memory or in files."""

from __future__ import annotations

import numpy as np
import torch

from skmtl.engines import Problem, StreamedRows
from skmtl.histories import EventRows
from skmtl.networks import PRESENT_SOURCES, Batch, Events, Extra
from skmtl.reading import EncodedRows, ScorableRows, Split
from skmtl.tables import EncodedTable
from skmtl.training import SampleFiles, Samples, StoredSamples, TrainingRows

Parts = tuple[TrainingRows, Samples | None]
"""Training rows and validation rows of one network."""


def make_batch(table: EncodedTable, group: np.ndarray | None) -> Batch:
    """Convert encoded rows to a batch."""
    extras: dict[str, Extra] = {str(name): _events(rows) for name, rows in table.histories.items()}
    if table.present is not None:
        extras[PRESENT_SOURCES] = torch.from_numpy(table.present)
    return Batch(
        torch.from_numpy(table.numeric),
        torch.from_numpy(table.codes),
        None if group is None else torch.from_numpy(group),
        extras,
    )


def _events(rows: EventRows) -> Events:
    return Events(**{name: torch.from_numpy(array) for name, array in vars(rows).items()})


def batch_to_score(rows: ScorableRows) -> Batch:
    """Convert rows of X to a batch."""
    return make_batch(rows.encoded(), rows.group)


def make_samples(rows: EncodedRows) -> Samples:
    """Convert encoded training rows to samples."""
    target = torch.from_numpy(rows.labels.target.astype(np.float32))
    return Samples(make_batch(rows.features, rows.group), target, torch.from_numpy(rows.weight))


def parts_of(problem: Problem) -> list[Parts]:
    """Return training and validation samples of each network."""
    samples = make_samples(problem.rows)
    judged = None if problem.eval_rows is None else make_samples(problem.eval_rows)
    if problem.streamed is not None:
        stored = _stored_parts(problem.streamed, samples, problem.splits)
        return [(rows, held_out if judged is None else judged) for rows, held_out in stored]
    if judged is not None:
        return [(samples, judged)] * len(problem.splits)
    return [
        (
            samples.take(torch.from_numpy(training)),
            samples.take(torch.from_numpy(held_out)) if len(held_out) else None,
        )
        for training, held_out in problem.splits
    ]


def _stored_parts(
    streamed: StreamedRows, sample: Samples, splits: list[Split]
) -> list[tuple[StoredSamples, Samples | None]]:
    """Return training rows on disk and validation rows in memory, for each split."""
    source = streamed.source
    files, is_labelled = SampleFiles(source.folder), []
    for rows in streamed.chunks():
        is_labelled.append((rows.weight > 0).any(axis=1))
        if is_labelled[-1].any():
            files.append(make_samples(rows.take(np.flatnonzero(is_labelled[-1]))))
    # Rows without labels are not in the files, which shifts the positions of later rows.
    position = np.cumsum(np.concatenate(is_labelled)) - 1
    parts = []
    for training, held_out in splits:
        validation = sample.take(torch.from_numpy(held_out)) if len(held_out) else None
        stored = StoredSamples(
            files,
            position[source.positions[held_out]],
            validation,
            sample.take(torch.from_numpy(training)),
            source.rows_in_memory,
        )
        parts.append((stored, validation))
    return parts
