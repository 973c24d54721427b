"""Weights by which having a source says nothing of a row's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from skmtl.networks import PRESENT_SOURCES, Batch, ColumnSources
from skmtl.training import Samples

# Rows and columns of which each regression learns: the weights must not take longer than training.
_CELLS, _FEWEST_ROWS, _MOST_ROWS = 2**19, 500, 5_000
_MOST_VALUES, _N_BINS = 10, 8  # of a column of labels: its values, or bins between quantiles
_MOST_CATEGORIES = 32  # columns of ids are left out
_N_POINTS = 16  # over which the effects of the labels are averaged
_MOST_WEIGHT = 10.0
_FEWEST = 10  # rows with and without a source


class LabelSelection:
    """How much more or less often rows have a source because of their labels.

    If rows were measured because of their labels, those with a source have other labels than the
    rest, and a network would learn this from the mere presence of the source. For every source and
    task, a logistic regression

        P(present | z, y) = sigmoid(a + b'z + c'l(y))

    on the other columns z and indicators l of bins of the label y tells how far presence depends
    on the label beyond these columns. A row that has the source then counts

        w = mean of P(present | z, y') over labels y' / P(present | z, y)

    times, which makes the labels of rows with the source those of all rows with the same z. If
    presence depends on other columns alone, w is 1. The correction assumes that presence does not
    depend on what the source holds beyond z and y.

    Parameters
    ----------
    samples : Samples
        On the CPU.
    sources : ColumnSources
    cardinalities : sequence of int
        Codes of each categorical feature.
    target_slices : sequence of slice
        Columns of the encoded labels of each task.
    """

    def __init__(
        self,
        samples: Samples,
        sources: ColumnSources,
        cardinalities: Sequence[int],
        target_slices: Sequence[slice],
    ) -> None:
        self._sources, self._cardinalities = sources, cardinalities
        n_codes = sum(n for n in cardinalities if n <= _MOST_CATEGORIES)
        n_columns = 2 * samples.inputs.numeric.shape[1] + n_codes
        n_rows = min(max(_CELLS // max(n_columns, 1), _FEWEST_ROWS), _MOST_ROWS)
        some = samples.take(torch.linspace(0, len(samples) - 1, n_rows).long().unique())
        self._edges = [
            _edges(some.target[some.weight[:, task] > 0, column])
            for column, task in enumerate(_owners(target_slices))
        ]
        self._task_of_bin = [
            task
            for task, edges in zip(_owners(target_slices), self._edges, strict=True)
            for _ in range(len(edges) + 1)
        ]
        labels, present = self._bins(some.target), _present(some.inputs)
        self._of_sources = [
            self._fitted(self._others(some.inputs, source), labels, has_it, some.weight)
            for source, has_it in enumerate(present.unbind(dim=1))
        ]

    def weights(self, samples: Samples) -> Tensor:
        """What a row counts in each task if a source is shown, (n_samples, n_sources, n_tasks)."""
        labels, parts = self._bins(samples.target), []
        for source, learnt in enumerate(self._of_sources):
            of_others, of_labels, points = (part.to(samples.device) for part in learnt)
            others = self._others(samples.inputs, source) @ of_others[1:] + of_others[0]
            chance = torch.sigmoid(others + labels @ of_labels)
            usual = torch.sigmoid(others + points[:, None]).mean(dim=0)
            parts.append((usual / chance).clamp(1 / _MOST_WEIGHT, _MOST_WEIGHT))
        return torch.stack(parts, dim=1)

    def _fitted(
        self, others: Tensor, labels: Tensor, present: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Coefficients of other columns and of labels, and usual effects of labels, by task."""
        n_tasks = weight.shape[1]
        of_others = torch.zeros(others.shape[1] + 1, n_tasks)
        of_labels = torch.zeros(labels.shape[1], n_tasks)
        points = torch.zeros(_N_POINTS, n_tasks)
        levels = (torch.arange(_N_POINTS) + 0.5) / _N_POINTS
        for task in range(n_tasks):
            rows = weight[:, task] > 0
            bins = [at for at, owner in enumerate(self._task_of_bin) if owner == task]
            n_present = int(present[rows].sum())
            if min(n_present, int(rows.sum()) - n_present) < _FEWEST:
                continue
            design = torch.cat([others[rows], labels[rows][:, bins]], dim=1).double().numpy()
            model = LogisticRegression(max_iter=1000).fit(design, present[rows].numpy())
            coefficients = torch.from_numpy(model.coef_[0]).float()
            n_others = others.shape[1]
            of_others[0, task] = float(model.intercept_[0])
            of_others[1:, task] = coefficients[:n_others]
            of_labels[bins, task] = coefficients[n_others:]
            points[:, task] = torch.quantile(labels[rows] @ of_labels[:, task], levels)
        return of_others, of_labels, points

    def _others(self, inputs: Batch, source: int) -> Tensor:
        """All columns but those of a source as numbers, (n_rows, n_others)."""
        numeric = inputs.numeric[
            :, [at for at, of in enumerate(self._sources.numeric) if of != source]
        ]
        present = _present(inputs)
        parts = [numeric.nan_to_num(0.0), numeric.isnan().float()]
        parts += [present[:, :source].float(), present[:, source + 1 :].float()]
        columns = zip(self._sources.categorical, self._cardinalities, strict=True)
        for at, (of, n_codes) in enumerate(columns):
            if of != source and n_codes <= _MOST_CATEGORIES:
                # Of hashed categories only whether they are known.
                codes = inputs.codes[:, at].clamp(max=n_codes - 1)
                parts.append(nn.functional.one_hot(codes, n_codes).float())
        return torch.cat(parts, dim=1)

    def _bins(self, target: Tensor) -> Tensor:
        """Indicators of the bin of each column of the labels, (n_rows, n_bins)."""
        columns = zip(target.T.contiguous(), self._edges, strict=True)
        return torch.cat(
            [
                nn.functional.one_hot(
                    torch.bucketize(column, edges.to(column.device)), len(edges) + 1
                ).float()
                for column, edges in columns
            ],
            dim=1,
        )


def _present(inputs: Batch) -> Tensor:
    present = inputs.extras[PRESENT_SOURCES]
    assert isinstance(present, Tensor)
    return present


def _owners(slices: Sequence[slice]) -> list[int]:
    """The task of each column of the encoded labels."""
    return [task for task, part in enumerate(slices) for _ in range(part.start, part.stop)]


def _edges(labels: Tensor) -> Tensor:
    """Edges between a few different labels, or between quantiles of many."""
    values = np.unique(labels.numpy())
    if len(values) > _MOST_VALUES:
        values = np.unique(np.quantile(values, np.linspace(0, 1, _N_BINS + 1)))
        return torch.from_numpy(values[1:-1]).float()
    return torch.from_numpy((values[1:] + values[:-1]) / 2).float()
