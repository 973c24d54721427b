"""Encoded rows on disk, from which batches are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from skmtl.training._data import Samples, weight_sums

# Rows that lie together in the files are read together, for one by one would be slow: but at most
# so many, and so few that a buffer holds many blocks from anywhere in the files.
_BLOCK_ROWS, _BLOCKS = 1024, 64


class SampleFiles:
    """Encoded rows in files, one for each array: what does not fit in memory.

    Parameters
    ----------
    folder : Path
        The files are written there; the caller deletes them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: dict[str, tuple[np.dtype, int | None]] = {}
        self._sum: Tensor | float = 0.0
        # By group, of which more come with the rows; those of no known group stand first.
        self._sum_by_group = torch.zeros(1, 0, dtype=torch.float64)
        self.n_rows = 0

    def append(self, samples: Samples) -> None:
        """Write rows behind those that are there."""
        for name in [each.name for each in fields(samples)]:
            tensor = getattr(samples, name)
            if tensor is None:
                continue
            values = tensor.numpy()
            # Codes and groups are counted from zero: half the width holds them.
            kept = values.astype(np.int32) if values.dtype == np.int64 else values
            self._shapes[name] = (kept.dtype, None if kept.ndim == 1 else kept.shape[1])
            with self._path(name).open("ab") as file:
                file.write(np.ascontiguousarray(kept).data)
        self._sum = self._sum + samples.weight.double().sum(dim=0)
        if samples.group is not None:
            self._add_by_group(samples)
        self.n_rows += len(samples)

    def mean_weight(self, left_out: Samples | None) -> Tensor:
        """Mean weights of the rows but some, (n_tasks,)."""
        total, n_rows = torch.as_tensor(self._sum), self.n_rows
        if left_out is not None:
            total, n_rows = total - left_out.weight.double().sum(dim=0), n_rows - len(left_out)
        return (total / n_rows).float()

    def _add_by_group(self, samples: Samples) -> None:
        number = cast(Tensor, samples.group) + 1
        n_groups = max(len(self._sum_by_group), int(number.max()) + 1)
        total = torch.zeros(n_groups, samples.weight.shape[1], dtype=torch.float64)
        if self._sum_by_group.shape[1]:
            total[: len(self._sum_by_group)] = self._sum_by_group
        self._sum_by_group = total.index_add(0, number, samples.weight.double())

    def mean_weight_by_group(self, n_groups: int, left_out: Samples | None) -> Tensor:
        """Weights of the rows but some, by group, over their number: (n_groups + 1, n_tasks).

        The last row is of those without a known group.
        """
        known = self._sum_by_group[1 : n_groups + 1]
        total = known.new_zeros(n_groups + 1, known.shape[1])
        total[: len(known)] = known
        total[-1] = self._sum_by_group[0]
        n_rows = self.n_rows
        if left_out is not None:
            total, n_rows = total - weight_sums(left_out, n_groups), n_rows - len(left_out)
        return (total / n_rows).float()

    def read(self, starts: np.ndarray, rows: int) -> Samples:
        """The blocks of `rows` rows that begin at `starts`, one after the other."""
        arrays = {name: self._read(name, starts, rows) for name in self._shapes}
        group = arrays.pop("group", None)
        return Samples(group=group, **arrays)

    def _read(self, name: str, starts: np.ndarray, rows: int) -> Tensor:
        dtype, width = self._shapes[name]
        cells = 1 if width is None else width
        stops = np.minimum(starts + rows, self.n_rows)
        n_rows = int((stops - starts).sum())
        out = np.empty(n_rows * cells, dtype=dtype)
        done = 0
        with self._path(name).open("rb") as file:
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                size = (stop - start) * cells
                file.seek(start * cells * dtype.itemsize)
                file.readinto(out[done : done + size].data)
                done += size
        values = torch.from_numpy(out if width is None else out.reshape(n_rows, width))
        return values.long() if dtype == np.int32 else values

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.bin"


@dataclass(frozen=True)
class StoredSamples:
    """Training rows in files, as a trainer reads them.

    Attributes
    ----------
    files : SampleFiles
    left_out : int64 ndarray
        Ascending positions of the rows that do not belong to the training part.
    held_out : Samples, optional
        These rows, in memory.
    known : Samples
        A sample of the training rows, in memory.
    rows_in_memory : int
        Rows of the buffer in which the order of rows is shuffled.
    device : torch.device
        Where batches go.
    """

    files: SampleFiles
    left_out: np.ndarray
    held_out: Samples | None
    known: Samples
    rows_in_memory: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __len__(self) -> int:
        return self.files.n_rows - len(self.left_out)

    def to(self, device: torch.device) -> StoredSamples:
        return replace(self, device=device)

    def in_memory(self) -> Samples:
        """A sample of the rows, to learn statistics from."""
        return self.known

    def mean_weight(self) -> Tensor:
        return self.files.mean_weight(self.held_out).to(self.device)

    def mean_weight_by_group(self, n_groups: int) -> Tensor:
        return self.files.mean_weight_by_group(n_groups, self.held_out).to(self.device)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]:
        """All rows in another order each time, in batches of about `size`."""
        for starts in self._buffers(generator):
            buffer = self._buffer(starts)
            if len(buffer):
                yield from buffer.to(self.device).batches(size, generator)

    @property
    def _block(self) -> int:
        return max(1, min(_BLOCK_ROWS, self.rows_in_memory // _BLOCKS))

    def _buffers(self, generator: torch.Generator) -> list[np.ndarray]:
        """Where the blocks of each buffer begin: everything in its order, if that fits."""
        starts = np.arange(0, self.files.n_rows, self._block)
        if len(self) <= self.rows_in_memory:
            return [starts]
        order = torch.randperm(len(starts), generator=generator, device=generator.device)
        n_buffers = math.ceil(len(self) / self.rows_in_memory)
        return np.array_split(starts[order.cpu().numpy()], n_buffers)

    def _buffer(self, starts: np.ndarray) -> Samples:
        rows = self.files.read(starts, self._block)
        stops = np.minimum(starts + self._block, self.files.n_rows)
        positions = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])
        kept = np.isin(positions, self.left_out, assume_unique=True, invert=True)
        return rows if kept.all() else rows.take(torch.from_numpy(np.flatnonzero(kept)))
