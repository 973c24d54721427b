"""Training rows some of whose sources are hidden, so that a network learns to do without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from skmtl.engines import Problem
from skmtl.engines.network._samples import Parts
from skmtl.engines.network._selection import LabelSelection
from skmtl.networks import PRESENT_SOURCES, ColumnSources
from skmtl.tables import SourceEncoder
from skmtl.training import Samples, TrainingRows


def column_sources(encoder: SourceEncoder) -> ColumnSources:
    """Which source each column has, for the network."""
    parts = (encoder.numeric_, encoder.categorical_, encoder.histories)
    return ColumnSources(*(encoder.source_numbers(labels) for labels in parts))


@dataclass(frozen=True)
class HiddenSources:
    """Rows whose sources are hidden at random, in another draw each epoch.

    Every source is hidden with the probability `share`. A row that lacks a source can only stand
    for the draws that hide it, so it counts `share` times as much. For any set of sources, all
    rows that have them then count the same, whatever else they have: a network learns to predict
    from the set, and nothing from the fact that others are absent. That a source is present
    teaches nothing either, by the weights of `LabelSelection`.

    Attributes
    ----------
    rows : TrainingRows
    share : float
        Between 0 and 1.
    selection : LabelSelection
    """

    rows: TrainingRows
    share: float
    selection: LabelSelection

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def device(self) -> torch.device:
        return self.rows.device

    def to(self, device: torch.device) -> HiddenSources:
        """The rows on a device."""
        return replace(self, rows=self.rows.to(device))

    def in_memory(self) -> Samples:
        """All rows or a sample, with all their sources."""
        return self._weighted(self.rows.in_memory())

    def mean_weight(self) -> Tensor:
        """Mean weight of the rows in each task, (n_tasks,)."""
        return self.in_memory().mean_weight()

    def mean_weight_by_group(self, n_groups: int) -> Tensor:
        """See `Samples.mean_weight_by_group`."""
        return self.in_memory().mean_weight_by_group(n_groups)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]:
        """All rows in another order each time, with other sources."""
        for samples in self.rows.batches(size, generator):
            yield self.hidden(samples, generator)

    def hidden(self, samples: Samples, generator: torch.Generator) -> Samples:
        """Rows with sources hidden by one draw."""
        present = _present(samples)
        draws = torch.rand(present.shape, generator=generator, device=present.device)
        shown = present & (draws >= self.share)
        selected = torch.where(shown[..., None], self.selection.weights(samples), 1.0).prod(dim=1)
        weighted = self._weighted(samples)
        extras = {**samples.inputs.extras, PRESENT_SOURCES: shown}
        return Samples(
            replace(samples.inputs, extras=extras), samples.target, weighted.weight * selected
        )

    def _weighted(self, samples: Samples) -> Samples:
        n_absent = (~_present(samples)).sum(dim=1, keepdim=True)
        return replace(samples, weight=samples.weight * self.share**n_absent)


def _present(samples: Samples) -> Tensor:
    present = samples.inputs.extras[PRESENT_SOURCES]
    assert isinstance(present, Tensor)
    return present


def with_hidden_sources(parts: list[Parts], problem: Problem, share: float) -> list[Parts]:
    """Training rows of each network with `HiddenSources`, and validation rows with one draw."""
    encoder = cast(SourceEncoder, problem.encoder)
    sources = column_sources(encoder)
    hidden: list[Parts] = []
    for training, validation in parts:
        selection = LabelSelection(
            training.in_memory(), sources, encoder.cardinalities_, problem.tasks.target_slices
        )
        rows = HiddenSources(training, share, selection)
        if validation is not None:
            validation = rows.hidden(validation, torch.Generator().manual_seed(0))
        hidden.append((rows, validation))
    return hidden
