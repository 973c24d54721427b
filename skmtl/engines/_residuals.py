"""Learn from the residuals of a finished fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl.engines._preparation import Preparation
from skmtl.engines._protocol import Problem
from skmtl.reading import CheckedTable, RowsToScore


def learn_residuals(
    preparation: Preparation, table: CheckedTable, problem: Problem, fitted: Any
) -> None:
    """Let heads that need residuals learn from the raw scores of the rows in memory.

    Parameters
    ----------
    preparation : Preparation
    table : CheckedTable
        The rows in memory.
    problem : Problem
        The problem that the engine learnt.
    fitted : object
        The result of the engine's `fit`.
    """
    tasks = preparation.tasks.varying
    if not tasks.learns_residuals:
        return
    table = table.take(table.labelled(tasks.names))
    encoder, rows = preparation.reader.encoder, table.rows
    group = preparation.reader.group(rows.ids)
    to_score = RowsToScore(rows.features, encoder, group, rows.ids)
    scores = preparation.engine.raw_scores(fitted, to_score, tasks)
    held_out = np.zeros(len(table), dtype=bool)
    if len(problem.splits) == 1 and len(problem.rows) == len(table):
        held_out[problem.splits[0][1]] = True
    encoded = preparation.encode(table)
    tasks.learn_residuals(scores, encoded.labels, encoded.weight.astype(np.float64), held_out)
