"""Raw scores in a row, learnt as waves over them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skmtl._waves import cosine_waves


def wave_matrix(n_scores: Sequence[int], n_series: Sequence[int]) -> Tensor | None:
    """What towers put out as raw scores: a matrix (sum of n_scores, the same), or None.

    A task with raw scores in series gets cosines over the steps of each: the level of all steps,
    their trend, and finer and finer waves, the k-th of which (from 0) has the size 1 / (1 + k).
    Steps of gradient descent are of one size for all outputs, so the level is learnt first, while
    any scores can still be had. The outputs of other tasks are their raw scores.

    Parameters
    ----------
    n_scores : sequence of int
        Raw scores of each task.
    n_series : sequence of int
        Series that they are, interleaved; 0 where each score is by itself.
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
