"""Raw scores that form a series, learnt as a sum of waves."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skmtl._waves import cosine_waves


def wave_matrix(n_scores: Sequence[int], n_series: Sequence[int]) -> Tensor | None:
    """Return the matrix that maps outputs of towers to raw scores, or None for the identity.

    The matrix is square, with sum(n_scores) rows. If the raw scores of a task form series, its
    outputs are the coefficients of cosines over the steps of each series: the level of all steps,
    their trend, and increasingly fine waves. The k-th of these (from 0) has the size 1 / (1 + k).
    Gradient descent takes steps of the same size for all outputs, so the level is learnt first,
    but any scores can be reached. The outputs of other tasks are their raw scores.

    Parameters
    ----------
    n_scores : sequence of int
        Number of raw scores of each task.
    n_series : sequence of int
        Number of interleaved series that they form; 0 if they form none.
    """
    if not any(n_series):
        return None
    blocks = [
        _waves(width // series, series) if series else torch.eye(width)
        for width, series in zip(n_scores, n_series, strict=True)
    ]
    return torch.block_diag(*blocks)


def _waves(n_steps: int, n_series: int) -> Tensor:
    return torch.tensor(cosine_waves(n_steps, n_steps, n_series), dtype=torch.float32)
