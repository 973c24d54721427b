"""Encoded rows in files, and batches that are read from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from skmtl.networks import Batch
from skmtl.training._data import Samples, weight_sums

# Rows are read in blocks, because reading them one by one would be slow. A block has at most
# `_BLOCK_ROWS` rows, and a buffer holds at least `_BLOCKS` blocks from anywhere in the files.
_BLOCK_ROWS, _BLOCKS = 1024, 64
_EXTRA = "extra:"
# Stored as int32, unlike codes, which need 64 bits for hashed categories.
_COUNTED = ("group",)


@dataclass(frozen=True)
class _Column:
    """The file of one tensor, with a record for each row.

    Attributes
    ----------
    path : Path
    stored : numpy dtype
        Type of the numbers in the file.
    dtype : torch dtype
        Type of the tensor.
    shape : tuple of int
        Shape of a record.
    """

    path: Path
    stored: np.dtype
    dtype: torch.dtype
    shape: tuple[int, ...]

    def append(self, tensor: Tensor) -> None:
        values = np.ascontiguousarray(tensor.numpy().astype(self.stored, copy=False))
        with self.path.open("ab") as file:
            file.write(values.data)

    def read(self, starts: np.ndarray, stops: np.ndarray) -> Tensor:
        """Read the records between each start and its stop."""
        cells = math.prod(self.shape)
        n_rows = int((stops - starts).sum())
        out = np.empty(n_rows * cells, dtype=self.stored)
        done = 0
        with self.path.open("rb") as file:
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                size = (stop - start) * cells
                file.seek(start * cells * self.stored.itemsize)
                file.readinto(out[done : done + size].data)
                done += size
        return torch.from_numpy(out.reshape(n_rows, *self.shape)).to(self.dtype)


class SampleFiles:
    """Encoded rows that do not fit in memory, in one file for each array.

    Parameters
    ----------
    folder : Path
        The files are written there; the caller deletes them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._columns: dict[str, _Column] = {}
        self._sum: Tensor | float = 0.0
        # By group, first those without a known group; grows when rows have new groups.
        self._sum_by_group = torch.zeros(1, 0, dtype=torch.float64)
        self.n_rows = 0

    def append(self, samples: Samples) -> None:
        """Append rows.

        Raises
        ------
        ValueError
            If the names or shapes of the tensors differ from those of earlier rows.
        """
        tensors = _named_tensors(samples)
        if not self._columns:
            self._columns = {
                name: self._column(number, name, tensor)
                for number, (name, tensor) in enumerate(tensors.items())
            }
        shapes = {name: column.shape for name, column in self._columns.items()}
        new = {name: tuple(tensor.shape[1:]) for name, tensor in tensors.items()}
        if new != shapes:
            raise ValueError(
                f"Rows with tensors of shapes {new} follow rows with {shapes}. Give all rows the "
                "same tensors."
            )
        for name, tensor in tensors.items():
            self._columns[name].append(tensor)
        self._sum = self._sum + samples.weight.double().sum(dim=0)
        if samples.inputs.group is not None:
            self._add_by_group(samples)
        self.n_rows += len(samples)

    def mean_weight(self, left_out: Samples | None) -> Tensor:
        """Return the mean weights of the rows, except those left out, (n_tasks,)."""
        total, n_rows = torch.as_tensor(self._sum), self.n_rows
        if left_out is not None:
            total, n_rows = total - left_out.weight.double().sum(dim=0), n_rows - len(left_out)
        return (total / n_rows).float()

    def _add_by_group(self, samples: Samples) -> None:
        number = cast(Tensor, samples.inputs.group) + 1
        n_groups = max(len(self._sum_by_group), int(number.max()) + 1)
        total = torch.zeros(n_groups, samples.weight.shape[1], dtype=torch.float64)
        if self._sum_by_group.shape[1]:
            total[: len(self._sum_by_group)] = self._sum_by_group
        self._sum_by_group = total.index_add(0, number, samples.weight.double())

    def mean_weight_by_group(self, n_groups: int, left_out: Samples | None) -> Tensor:
        """Return the weights by group over the number of rows, (n_groups + 1, n_tasks).

        Rows that are left out do not count. The last entry is for rows without a known group.
        """
        of_groups = self._sum_by_group[1 : n_groups + 1]
        total = of_groups.new_zeros(n_groups + 1, of_groups.shape[1])
        total[: len(of_groups)] = of_groups
        total[-1] = self._sum_by_group[0]
        n_rows = self.n_rows
        if left_out is not None:
            total, n_rows = total - weight_sums(left_out, n_groups), n_rows - len(left_out)
        return (total / n_rows).float()

    def read(self, starts: np.ndarray, rows: int) -> Samples:
        """Read the blocks of `rows` rows that begin at `starts`, in this order."""
        stops = np.minimum(starts + rows, self.n_rows)
        tensors = {name: column.read(starts, stops) for name, column in self._columns.items()}
        extras = {
            name.removeprefix(_EXTRA): tensor
            for name, tensor in tensors.items()
            if name.startswith(_EXTRA)
        }
        inputs = Batch(tensors["numeric"], tensors["codes"], tensors.get("group"), extras)
        return Samples(inputs, tensors["target"], tensors["weight"])

    def _column(self, number: int, name: str, tensor: Tensor) -> _Column:
        dtype = np.dtype(np.int32) if name in _COUNTED else tensor.numpy().dtype
        # The names of extras may not be valid as file names.
        stem = f"extra_{number}" if name.startswith(_EXTRA) else name
        path = self._folder / f"{stem}.bin"
        return _Column(path, dtype, tensor.dtype, tuple(tensor.shape[1:]))


def _named_tensors(samples: Samples) -> dict[str, Tensor]:
    """Return the tensors by name; a prefix distinguishes extras from the others."""
    inputs = samples.inputs
    tensors = {
        "numeric": inputs.numeric,
        "codes": inputs.codes,
        "target": samples.target,
        "weight": samples.weight,
    }
    if inputs.group is not None:
        tensors["group"] = inputs.group
    # Engines reject tables on disk that have histories, so extras are tensors.
    extras = cast(Mapping[str, Tensor], inputs.extras)
    return tensors | {f"{_EXTRA}{name}": tensor for name, tensor in extras.items()}


@dataclass(frozen=True)
class StoredSamples:
    """Training rows in files.

    Attributes
    ----------
    files : SampleFiles
    left_out : int64 ndarray
        Ascending positions of the rows that do not belong to the training part.
    held_out : Samples or None
        The rows that are left out, in memory.
    sample : Samples
        Some of the training rows, in memory.
    rows_in_memory : int
        Number of rows of the buffer in which rows are shuffled.
    device : torch.device
        Device of the batches.
    """

    files: SampleFiles
    left_out: np.ndarray
    held_out: Samples | None
    sample: Samples
    rows_in_memory: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __len__(self) -> int:
        return self.files.n_rows - len(self.left_out)

    def to(self, device: torch.device) -> StoredSamples:
        return replace(self, device=device)

    def in_memory(self) -> Samples:
        """Return a sample of the rows, to compute statistics from."""
        return self.sample

    def mean_weight(self) -> Tensor:
        return self.files.mean_weight(self.held_out).to(self.device)

    def mean_weight_by_group(self, n_groups: int) -> Tensor:
        return self.files.mean_weight_by_group(n_groups, self.held_out).to(self.device)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]:
        """Yield all rows in a new random order, in batches of about `size`."""
        for starts in self._buffers(generator):
            buffer = self._buffer(starts)
            if len(buffer):
                yield from buffer.to(self.device).batches(size, generator)

    @property
    def _block(self) -> int:
        return max(1, min(_BLOCK_ROWS, self.rows_in_memory // _BLOCKS))

    def _buffers(self, generator: torch.Generator) -> list[np.ndarray]:
        """Return the first rows of the blocks of each buffer.

        If all rows fit in memory, there is one buffer with the blocks in their order.
        """
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
