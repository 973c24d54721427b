"""pycox: DeepSurv, CoxTime, LogisticHazard and DeepHit, trained as in its own examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
import torchtuples as tt
from pycox import models
from pycox.models.cox_time import MLPVanillaCoxTime

from benchmarks._survival._peer import (
    CauseByCause,
    Incidences,
    Labels,
    inner_split,
    interpolated,
    preparation,
    stepped,
)

_LAYERS, _DROPOUT = [32, 32], 0.1
_LEARNING_RATE, _BATCH, _EPOCHS = 1e-2, 256, 512
# Cuts of the models in discrete time, and how finely pycox interpolates between them.
_N_CUTS, _PARTS = 10, 10


class Pycox:
    """A model of one event; subclasses build it and prepare what it needs."""

    model: Any

    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        features = features.astype(np.float32)
        rows, held_out = inner_split(event)
        seed()
        labels = self.build(features.shape[1], time[rows], event[rows])
        validation = tt.tuplefy(features[held_out], self.encode(time[held_out], event[held_out]))
        train(self.model, features[rows], labels, self.validation(validation))
        self.finish()

    def build(self, n_features: int, time: np.ndarray, event: np.ndarray) -> Any:
        """Set `model`, and return the labels in its form."""
        raise NotImplementedError

    def encode(self, time: np.ndarray, event: np.ndarray) -> Any:
        return self.transform.transform(time, event)

    def validation(self, data: Any) -> Any:
        return data

    def finish(self) -> None:
        """Do what is necessary after the training."""

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        curves = self.curves(features)
        return stepped(curves.to_numpy().T, curves.index.to_numpy(), times)

    def curves(self, features: np.ndarray) -> pd.DataFrame:
        return self.model.predict_surv_df(features.astype(np.float32))

    def risk(self, features: np.ndarray) -> np.ndarray:
        """Return the mean incidence over the model's own times."""
        return 1 - self.curves(features).to_numpy().mean(axis=0)


class DeepSurv(Pycox):
    def build(self, n_features: int, time: np.ndarray, event: np.ndarray) -> Any:
        net = tt.practical.MLPVanilla(n_features, _LAYERS, 1, True, _DROPOUT, output_bias=False)
        self.model = models.CoxPH(net, tt.optim.Adam(_LEARNING_RATE))
        return self.encode(time, event)

    def encode(self, time: np.ndarray, event: np.ndarray) -> Any:
        return time.astype(np.float32), event.astype(np.float32)

    def finish(self) -> None:
        self.model.compute_baseline_hazards()


class CoxTime(Pycox):
    def build(self, n_features: int, time: np.ndarray, event: np.ndarray) -> Any:
        self.transform = models.CoxTime.label_transform()
        labels = self.transform.fit_transform(time, event)
        net = MLPVanillaCoxTime(n_features, _LAYERS, True, _DROPOUT)
        self.model = models.CoxTime(net, tt.optim.Adam(_LEARNING_RATE), labtrans=self.transform)
        return labels

    def validation(self, data: Any) -> Any:
        # Each row is compared with ten draws of others, or the loss would be too noisy.
        return data.repeat(10).cat()

    def finish(self) -> None:
        self.model.compute_baseline_hazards()


class Discrete(Pycox):
    """Models of time in bins, interpolated by a constant density."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def build(self, n_features: int, time: np.ndarray, event: np.ndarray) -> Any:
        self.transform = self.make.label_transform(_N_CUTS)
        labels = self.transform.fit_transform(time, event)
        width = self.transform.out_features
        net = tt.practical.MLPVanilla(n_features, _LAYERS, width, True, _DROPOUT)
        self.model = self.make(
            net, tt.optim.Adam(_LEARNING_RATE), duration_index=self.transform.cuts
        )
        return labels

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        curves = self.curves(features)
        return interpolated(curves.to_numpy().T, curves.index.to_numpy(), times)

    def curves(self, features: np.ndarray) -> pd.DataFrame:
        return self.model.interpolate(_PARTS).predict_surv_df(features.astype(np.float32))


class DeepHit:
    """DeepHit of one event, or the one of competing causes."""

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.n_causes = int(y["event"].max())
        if self.n_causes == 1:
            self.single = CauseByCause(lambda: Discrete(models.DeepHitSingle))
            self.single.fit(X, y)
            return
        self.prepare = preparation().fit(X)
        features = self.prepare.transform(X).astype(np.float32)
        rows, held_out = inner_split(y["event"])
        seed()
        self.transform = _CausesInBins(_N_CUTS)
        labels = self.transform.fit_transform(y["duration"][rows], y["event"][rows])
        validation = self.transform.transform(y["duration"][held_out], y["event"][held_out])
        net = _ByCause(features.shape[1], self.n_causes, len(self.transform.cuts))
        self.model = models.DeepHit(
            net, tt.optim.Adam(_LEARNING_RATE), duration_index=self.transform.cuts
        )
        train(self.model, features[rows], labels, (features[held_out], validation))

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        if self.n_causes == 1:
            return self.single.incidences(X, times)
        cuts = self.transform.cuts
        return {k: 1 - interpolated(1 - cif, cuts, times) for k, cif in self._at_cuts(X).items()}

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        if self.n_causes == 1:
            return self.single.risks(X)
        return {k: cif.mean(axis=1) for k, cif in self._at_cuts(X).items()}

    def _at_cuts(self, X: pd.DataFrame) -> Incidences:
        features = self.prepare.transform(X).astype(np.float32)
        by_cause = self.model.predict_cif(features)
        return {k + 1: by_cause[k].T for k in range(self.n_causes)}


class _CausesInBins(models.DeepHitSingle.label_transform):
    """Restore causes after pycox's cutting, which supports a single event, as in its example."""

    def fit_transform(self, durations: np.ndarray, events: np.ndarray) -> Any:
        super().fit(durations, events > 0)
        return self.transform(durations, events)

    def transform(self, durations: np.ndarray, events: np.ndarray) -> Any:
        bins, seen = super().transform(durations, events > 0)
        return bins, np.where(seen > 0, events, 0).astype("int64")


class _ByCause(torch.nn.Module):
    """Scores of shape (n_samples, n_causes, n_bins)."""

    def __init__(self, n_features: int, n_causes: int, n_bins: int) -> None:
        super().__init__()
        self.n_causes = n_causes
        self.net = tt.practical.MLPVanilla(n_features, _LAYERS, n_causes * n_bins, True, _DROPOUT)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.net(features).unflatten(1, (self.n_causes, -1))


def seed() -> None:
    """Seed the global generators, which pycox uses."""
    np.random.seed(0)
    torch.manual_seed(0)


def train(model: Any, features: np.ndarray, labels: Any, validation: Any) -> None:
    # A last batch of one row is more than batch normalisation can take.
    batch = _BATCH + 1 if len(features) % _BATCH == 1 else _BATCH
    model.fit(
        features,
        labels,
        batch,
        _EPOCHS,
        [tt.callbacks.EarlyStopping()],
        verbose=False,
        val_data=validation,
    )


def deepsurv() -> CauseByCause:
    return CauseByCause(DeepSurv)


def coxtime() -> CauseByCause:
    return CauseByCause(CoxTime)


def logistic_hazard() -> CauseByCause:
    return CauseByCause(lambda: Discrete(models.LogisticHazard))
