"""Encoded rows on disk, from which batches are read."""

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

# Rows that lie together in the files are read together, for one by one would be slow: but at most
# so many, and so few that a buffer holds many blocks from anywhere in the files.
_BLOCK_ROWS, _BLOCKS = 1024, 64
_EXTRA = "extra:"
# Counted from -1: half the width holds it. Codes of hashed categories need all of it.
_COUNTED = ("group",)


@dataclass(frozen=True)
class _Column:
    """How the file of one tensor is read, which has a record for each row.

    Attributes
    ----------
    path : Path
    stored : numpy dtype
        Of the numbers in the file.
    dtype : torch dtype
    shape : tuple of int
        Of a record.
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
        """The records between each start and its stop."""
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
    """Encoded rows in files, one for each array: what does not fit in memory.

    Parameters
    ----------
    folder : Path
        The files are written there; the caller deletes them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._columns: dict[str, _Column] = {}
        self._sum: Tensor | float = 0.0
        # By group, of which more come with the rows; those of no known group stand first.
        self._sum_by_group = torch.zeros(1, 0, dtype=torch.float64)
        self.n_rows = 0

    def append(self, samples: Samples) -> None:
        """Write rows behind those that are there.

        Raises
        ------
        ValueError
            If the rows have other tensors than those before, by name or by shape.
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
        """Mean weights of the rows but some, (n_tasks,)."""
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
        """Weights of the rows but some, by group, over their number: (n_groups + 1, n_tasks).

        The last row is of those without a known group.
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
        """The blocks of `rows` rows that begin at `starts`, one after the other."""
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
        # Extras may have names that no file can have.
        stem = f"extra_{number}" if name.startswith(_EXTRA) else name
        path = self._folder / f"{stem}.bin"
        return _Column(path, dtype, tensor.dtype, tuple(tensor.shape[1:]))


def _named_tensors(samples: Samples) -> dict[str, Tensor]:
    """The tensors that there are; extras have names that no other tensor has."""
    inputs = samples.inputs
    tensors = {
        "numeric": inputs.numeric,
        "codes": inputs.codes,
        "target": samples.target,
        "weight": samples.weight,
    }
    if inputs.group is not None:
        tensors["group"] = inputs.group
    # Engines refuse tables on disk that have histories.
    extras = cast(Mapping[str, Tensor], inputs.extras)
    return tensors | {f"{_EXTRA}{name}": tensor for name, tensor in extras.items()}


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
    sample : Samples
        Some of the training rows, in memory.
    rows_in_memory : int
        Rows of the buffer in which the order of rows is shuffled.
    device : torch.device
        Where batches go.
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
        """A sample of the rows, to learn statistics from."""
        return self.sample

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
