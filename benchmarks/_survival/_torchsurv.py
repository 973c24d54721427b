"""torchsurv: its Cox loss on a perceptron of the same shape as pycox's."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchsurv.loss.cox import neg_partial_log_likelihood

from benchmarks._survival._breslow import Baseline
from benchmarks._survival._peer import CauseByCause, inner_split

_WIDTH, _DROPOUT = 32, 0.1
_LEARNING_RATE, _BATCH, _EPOCHS, _PATIENCE = 1e-2, 256, 512, 10


class TorchsurvCox:
    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        torch.manual_seed(0)
        rows, held_out = (torch.as_tensor(part) for part in inner_split(event))
        data = _tensors(features), torch.as_tensor(event), _tensors(time)
        self.net = _perceptron(features.shape[1])
        optimizer = torch.optim.Adam(self.net.parameters(), _LEARNING_RATE)
        best, best_loss, since = _copy(self.net), np.inf, 0
        for _ in range(_EPOCHS):
            self.net.train()
            for batch in rows[torch.randperm(len(rows))].split(_BATCH):
                # Without an event there is no loss, of one row no batch normalisation.
                if len(batch) > 1 and data[1][batch].any():
                    optimizer.zero_grad()
                    self._loss(data, batch).backward()
                    optimizer.step()
            self.net.eval()
            with torch.no_grad():
                loss = float(self._loss(data, held_out))
            since = 0 if loss < best_loss else since + 1
            if since == 0:
                best, best_loss = _copy(self.net), loss
            if since >= _PATIENCE:
                break
        self.net.load_state_dict(best)
        self.baseline = Baseline(self.risk(features), event, time)

    def _loss(self, data: tuple[Tensor, ...], rows: Tensor) -> Tensor:
        features, event, time = (part[rows] for part in data)
        return neg_partial_log_likelihood(self.net(features), event, time, ties_method="breslow")

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        return self.baseline.survival(self.risk(features), times)

    def risk(self, features: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.net(_tensors(features))[:, 0].numpy()


def _perceptron(n_features: int) -> nn.Module:
    layers: list[nn.Module] = []
    for width in (n_features, _WIDTH):
        layers += [nn.Linear(width, _WIDTH), nn.ReLU(), nn.BatchNorm1d(_WIDTH)]
        layers += [nn.Dropout(_DROPOUT)]
    return nn.Sequential(*layers, nn.Linear(_WIDTH, 1, bias=False))


def _tensors(values: np.ndarray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)


def _copy(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def cox() -> CauseByCause:
    return CauseByCause(TorchsurvCox)
