"""Losses of all tasks for a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from skmtl.tasks import TaskSet
from skmtl.training._data import Samples


class TaskLosses:
    """Weighted losses by task; tasks with the same loss function share one call.

    Parameters
    ----------
    tasks : TaskSet
    device : torch.device

    Attributes
    ----------
    n_scores : int
        Number of raw scores of all tasks.
    task_of_score : int64 tensor of shape (n_scores,)
    """

    def __init__(self, tasks: TaskSet, device: torch.device) -> None:
        self._groups = []
        order: list[int] = []
        for members in tasks.loss_groups():
            head = tasks.heads[members[0]]
            scores = [i for t in members for i in _columns(tasks.score_slices[t])]
            target = [i for t in members for i in _columns(tasks.target_slices[t])]
            index = (
                torch.tensor(scores, device=device).view(len(members), -1),
                torch.tensor(target, device=device).view(len(members), -1),
            )
            self._groups.append((head, *index))
            order += members
        self._order = torch.tensor(order, device=device).argsort()
        widths = [head.n_scores for head in tasks.heads]
        self.task_of_score = _owners(widths, device)
        self.n_scores = sum(widths)
        self._task_of_target = _owners([head.target_width for head in tasks.heads], device)

    def per_row(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return losses (batch, n_tasks), mean over members, of scores (batch, members, n_scores).

        The losses of missing labels are arbitrary, possibly infinite; their weight is zero.
        """
        parts = []
        for head, score_index, target_index in self._groups:
            labels = target[:, None][..., target_index]
            losses = head.loss(
                scores[..., score_index], labels.expand(-1, scores.shape[1], -1, -1)
            )
            parts.append(losses.mean(dim=1))
        return torch.cat(parts, dim=1).index_select(1, self._order)

    def sums(self, scores: Tensor, samples: Samples) -> Tensor:
        """Return the weighted sum of the losses of each task over the batch, (n_tasks,)."""
        return self.weighted(scores, samples).sum(dim=0)

    def weighted(self, scores: Tensor, samples: Samples) -> Tensor:
        """Return losses times weights, (batch, n_tasks); zero where the weight is zero."""
        # Missing labels are masked, since their loss may be infinite: 0 * inf is NaN.
        seen = samples.weight > 0
        scores = torch.where(seen[:, None, self.task_of_score], scores.float(), 0.0)
        target = torch.where(seen[:, self._task_of_target], samples.target, 0.0)
        losses = self.per_row(scores, target)
        # A zero in place of a label may have no finite loss, for example in a logarithm.
        return torch.where(seen, losses, 0.0) * samples.weight


def _owners(widths: list[int], device: torch.device) -> Tensor:
    """Return the task of each column, where the columns of tasks are concatenated."""
    tasks = torch.arange(len(widths), device=device)
    return tasks.repeat_interleave(torch.tensor(widths, device=device))


def _columns(part: slice) -> range:
    return range(part.start, part.stop)
