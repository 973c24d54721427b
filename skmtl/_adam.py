"""Adam without torch's compiler."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw


class Adam:
    """Adam or AdamW, based on torch's functional implementations.

    The first ``torch.optim.Adam`` of a process imports torch's compiler. That takes longer than
    many fits, sets a folder in the environment and adds a warning filter.

    Parameters
    ----------
    parameters : iterable of tensor
        Tensors of float32 on one device. Those without a gradient are not changed.
    learning_rate : float
        Can be changed between steps.
    weight_decay : float, default=0.0
    decoupled : bool, default=False
        Whether weight decay is decoupled from the gradient, as in AdamW.
    fused : bool, default=False
        Whether to use a fused kernel, which exists for CPUs and CUDA.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; I. Loshchilov,
    F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        *,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        fused: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self._weight_decay, self._fused = weight_decay, fused
        self._function = adamw if decoupled else adam
        self._states = [_State(parameter, fused) for parameter in parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters by their gradients."""
        pairs = [(state, state.parameter.grad) for state in self._states]
        moved = [(state, gradient) for state, gradient in pairs if gradient is not None]
        if not moved:
            return
        self._function(
            [state.parameter for state, _ in moved],
            [gradient for _, gradient in moved],
            [state.mean for state, _ in moved],
            [state.square for state, _ in moved],
            [],
            [state.n_steps for state, _ in moved],
            fused=self._fused or None,  # None lets torch choose among the other implementations
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=self._weight_decay,
            eps=1e-8,
            maximize=False,
        )


class _State:
    """A parameter with running means of its gradient and squared gradient."""

    def __init__(self, parameter: Tensor, fused: bool) -> None:
        self.parameter = parameter
        self.mean, self.square = torch.zeros_like(parameter), torch.zeros_like(parameter)
        device = parameter.device if fused else "cpu"  # only the fused kernels count on the device
        self.n_steps = torch.zeros((), dtype=torch.float32, device=device)
