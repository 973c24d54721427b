"""Losses of a finished fit on held-out rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skmtl.engines._protocol import Engine, Problem
from skmtl.reading import EncodedRows
from skmtl.tasks import TaskSet

_MOST_ROWS = 1_000  # per bag, enough for two digits


def validation_losses(engine: Engine, fitted: object, problem: Problem) -> np.ndarray:
    """Return the loss of each task on held-out rows, relative to the best constant, (n_tasks,).

    The same rows determined when to stop, so the losses are slightly optimistic. NaN if no rows
    were held out, or if the engine does not keep the models of its splits.
    """
    stored = engine.validation_losses(fitted)
    if stored is not None:
        return stored
    if problem.eval_rows is not None:
        rows = problem.eval_rows.take(_some(np.arange(len(problem.eval_rows))))
        return _relative_losses(
            problem.tasks, engine.raw_scores(fitted, rows, problem.tasks), rows
        )
    keeps_models = type(engine).held_out_scores is not Engine.held_out_scores
    if not keeps_models or not any(len(held_out) for _, held_out in problem.splits):
        return np.full(len(problem.tasks), np.nan)
    splits = [(training, _some(held_out)) for training, held_out in problem.splits]
    scores = engine.held_out_scores(fitted, replace(problem, splits=splits))
    seen = np.flatnonzero(np.isfinite(scores).all(axis=1))
    return _relative_losses(problem.tasks, scores[seen], problem.rows.take(seen))


def _some(rows: np.ndarray) -> np.ndarray:
    places = np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS))
    return rows[places.astype(np.intp)]


def _relative_losses(tasks: TaskSet, scores: np.ndarray, rows: EncodedRows) -> np.ndarray:
    weight = rows.weight.astype(np.float64)
    losses = tasks.mean_losses(scores, rows.labels, weight)
    seen = np.flatnonzero(np.isfinite(losses))
    constant = np.full(len(tasks), np.nan)
    for task in seen:
        head, part = tasks.heads[task], tasks.target_slices[task]
        labelled = weight[:, task] > 0
        target, of_labels = rows.labels.target[labelled, part], weight[labelled, task]
        best = np.tile(head.initial_scores(target, of_labels), (len(target), 1))
        constant[task] = np.average(head.losses(best, target), weights=of_labels)
    return np.divide(losses, constant, np.full(len(tasks), np.nan), where=constant > 0)
