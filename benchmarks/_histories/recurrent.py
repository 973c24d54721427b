"""Recurrent networks in plain torch, one network for all labels.

``"gru"``: values of a grid, the last one carried forward, beside what was measured and how long
ago. ``"gru-d"``: values that decay towards the median, and states towards zero, while nothing is
measured (Z. Che et al., Recurrent neural networks for multivariate time series with missing
values, Scientific Reports 8, 2018).
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GroupShuffleSplit
from torch import Tensor, nn
from torch.nn import functional

from benchmarks._histories.tables import histories_of
from skmtl.histories import EventReader

MAX_STEPS = 60
UNITS, BATCH, PATIENCE, MAX_EPOCHS, RATE = 64, 64, 6, 60, 2e-3


class Series(NamedTuple):
    """Series on a grid that ends with the history, float32 of shape (n, n_steps, n_variables).

    The value is zero, the median, where `seen` is zero; `since` is the time since a value was seen
    before, as a share of the grid.
    """

    value: Tensor
    seen: Tensor
    since: Tensor
    static: Tensor


class Recurrent:
    """A recurrent network with early stopping on a fifth of the rows."""

    def __init__(self, cell: str) -> None:
        self.cell = cell

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, groups: Any) -> Recurrent:
        self.column = histories_of(X)
        self.reader = EventReader().fit(X[self.column])
        self.every = max(self.reader.step_, self.reader.span_ / MAX_STEPS)
        static = X.drop(columns=self.column).astype(np.float64)
        self.centre, self.spread = static.mean(), static.std().replace(0, 1)
        self.labels = [Label(Y[name]) for name in Y]
        series = self._series(X)
        targets = [label.encode(Y[label.name]) for label in self.labels]

        torch.manual_seed(0)
        sizes = [label.n_scores for label in self.labels]
        self.network = NETWORKS[self.cell](series.value.shape[2], series.static.shape[1], sizes)
        splitter = GroupShuffleSplit(1, test_size=0.2, random_state=0)
        by = np.arange(len(X)) if groups is None else groups
        learn, held_out = map(torch.from_numpy, next(splitter.split(X, groups=by)))
        self._descend(series, targets, learn, held_out)
        return self

    def _descend(
        self, series: Series, targets: list[Tensor], learn: Tensor, held_out: Tensor
    ) -> None:
        optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE)
        best, kept, waited = np.inf, self.network.state_dict(), 0
        for _ in range(MAX_EPOCHS):
            self.network.train()
            for rows in learn[torch.randperm(len(learn))].split(BATCH):
                optimizer.zero_grad()
                self._loss(series, targets, rows).backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                optimizer.step()
            self.network.eval()
            with torch.no_grad():
                parts = held_out.split(1024)
                losses = [self._loss(series, targets, rows) * len(rows) for rows in parts]
            loss = float(sum(losses)) / len(held_out)
            waited += 1
            if loss < best:
                best, kept, waited = loss, copy.deepcopy(self.network.state_dict()), 0
            if waited == PATIENCE:
                break
        self.network.load_state_dict(kept)
        self.network.eval()

    def _loss(self, series: Series, targets: list[Tensor], rows: Tensor) -> Tensor:
        scores = self.network(Series(*(part[rows] for part in series)))
        terms = zip(self.labels, scores, targets, strict=True)
        return sum(label.loss(score, target[rows]) for label, score, target in terms)

    def _scores(self, X: pd.DataFrame) -> dict[Any, Tensor]:
        series = self._series(X)
        with torch.no_grad():
            parts = [
                self.network(Series(*(part[rows] for part in series)))
                for rows in torch.arange(len(X)).split(1024)
            ]
        joined = map(torch.cat, zip(*parts, strict=True))
        return {label.name: score for label, score in zip(self.labels, joined, strict=True)}

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        scores = self._scores(X)
        decoded = {label.name: label.decode(scores[label.name]) for label in self.labels}
        return pd.DataFrame(decoded, X.index)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return self._scores(X)[name].softmax(dim=1)[:, 1].numpy()

    def _series(self, X: pd.DataFrame) -> Series:
        events = self.reader.transform(X[self.column])
        counts = events.stop - events.start
        row = np.repeat(np.arange(len(X)), counts)
        place = np.arange(counts.sum()) + np.repeat(
            events.start - (counts.cumsum() - counts), counts
        )
        step = np.floor((np.repeat(events.end, counts) - events.time[place]) / self.every)
        inside = (step < MAX_STEPS) & ~np.isnan(events.value[place])
        place, cell = place[inside], (row[inside], MAX_STEPS - 1 - step[inside].astype(int))
        shape = (len(X), MAX_STEPS, len(self.reader.variables_))
        value, seen = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        value[(*cell, events.variable[place])] = events.value[place]
        seen[(*cell, events.variable[place])] = 1
        since = np.zeros(shape, np.float32)
        for t in range(1, MAX_STEPS):
            since[:, t] = 1 + (1 - seen[:, t - 1]) * since[:, t - 1]
        static = (X.drop(columns=self.column).astype(np.float64) - self.centre) / self.spread
        beside = static.fillna(0.0).to_numpy(dtype=np.float32, copy=True)
        return Series(*map(torch.from_numpy, (value, seen, since / MAX_STEPS, beside)))


class Label:
    """A label as scores of a network, and back."""

    def __init__(self, column: pd.Series) -> None:
        self.name = column.name
        self.is_number = column.dtype.kind == "f"
        if self.is_number:
            self.centre, self.spread = column.mean(), column.std()
        else:
            self.classes = pd.Index(np.sort(column.dropna().unique()))
        self.n_scores = 1 if self.is_number else len(self.classes)

    def encode(self, column: pd.Series) -> Tensor:
        if self.is_number:
            return torch.tensor(((column - self.centre) / self.spread).to_numpy(np.float32))
        return torch.from_numpy(self.classes.get_indexer(column).astype(np.int64))

    def loss(self, score: Tensor, target: Tensor) -> Tensor:
        """Of the labels that are there."""
        if not self.is_number:
            return functional.cross_entropy(score, target, ignore_index=-1)
        there = ~target.isnan()
        return functional.mse_loss(score[there, 0], target[there])

    def decode(self, score: Tensor) -> np.ndarray:
        if self.is_number:
            return score[:, 0].double().numpy() * self.spread + self.centre
        return self.classes[score.argmax(dim=1).numpy()].to_numpy()


class Heads(nn.Module):
    """The last state and the static columns to the scores of each label."""

    def __init__(self, n_static: int, sizes: list[int]) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.3)
        self.layers = nn.ModuleList(nn.Linear(UNITS + n_static, size) for size in sizes)

    def forward(self, state: Tensor, static: Tensor) -> list[Tensor]:
        both = torch.cat([self.dropout(state), static], dim=1)
        return [layer(both) for layer in self.layers]


class GRU(nn.Module):
    """Values carried forward, what was seen, and the time since."""

    def __init__(self, n_variables: int, n_static: int, sizes: list[int]) -> None:
        super().__init__()
        self.cell = nn.GRU(3 * n_variables, UNITS, batch_first=True)
        self.heads = Heads(n_static, sizes)

    def forward(self, series: Series) -> list[Tensor]:
        steps = torch.arange(series.value.shape[1])[None, :, None]
        last = torch.where(series.seen > 0, steps, 0).cummax(dim=1).values
        carried = series.value.gather(1, last)
        _, state = self.cell(torch.cat([carried, series.seen, series.since], dim=2))
        return self.heads(state[0], series.static)


class GRUD(nn.Module):
    """Values that decay to the median, zero, and states that decay to zero."""

    def __init__(self, n_variables: int, n_static: int, sizes: list[int]) -> None:
        super().__init__()
        self.value_rate = nn.Parameter(torch.ones(n_variables))
        self.value_bias = nn.Parameter(torch.zeros(n_variables))
        self.state_decay = nn.Linear(n_variables, UNITS)
        self.cell = nn.GRUCell(2 * n_variables, UNITS)
        self.heads = Heads(n_static, sizes)

    def forward(self, series: Series) -> list[Tensor]:
        value, seen, since = series.value, series.seen, series.since
        kept = torch.exp(-functional.relu(self.value_rate * since + self.value_bias))
        state_kept = torch.exp(-functional.relu(self.state_decay(since)))
        state = value.new_zeros(len(value), UNITS)
        last = torch.zeros_like(value[:, 0])
        for t in range(value.shape[1]):
            decayed = kept[:, t] * last
            filled = torch.where(seen[:, t] > 0, value[:, t], decayed)
            last = torch.where(seen[:, t] > 0, value[:, t], last)
            state = self.cell(torch.cat([filled, seen[:, t]], dim=1), state_kept[:, t] * state)
        return self.heads(state, series.static)


NETWORKS = {"gru": GRU, "gru-d": GRUD}
