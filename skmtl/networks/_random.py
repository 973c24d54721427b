"""Networks of any layers, drawn from a generator of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from skmtl.networks._batch import Batch
from skmtl.networks._layers import initialise, seed_dropout


def built(build: Callable[[], nn.Module], generator: torch.Generator) -> nn.Module:
    """The network that ``build()`` returns, every parameter of it drawn from the generator.

    Torch's layers draw their parameters from the global random state when they are made. Here they
    draw from the generator, and the global state stays as it is. Parameters of `parameter`,
    `weight` and `matrix` are drawn after that (see `initialise`).

    Raises
    ------
    TypeError
        If `build` draws a random number in a way that takes no generator, such as ``torch.rand``.
    """
    with _DrawnFrom(generator):
        network = build()
    initialise(network, generator)
    return network


def check_draws(network: nn.Module, rows: Batch) -> None:
    """Raise where training the network would draw from torch's global random state.

    Parameters
    ----------
    network : nn.Module
        It is called once with `rows`, in training mode, which may change its buffers.
    rows : Batch

    Raises
    ------
    TypeError
        If it draws random numbers without a generator, as ``nn.Dropout`` does.
    """
    generator = torch.Generator(rows.device).manual_seed(0)
    seed_dropout(network, generator)
    with torch.no_grad(), _NoDraws(type(network).__name__):
        network.train()(rows)


class _Draws(TorchDispatchMode):
    """Is told of everything that would draw from the global random state in the current thread."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Torch would import its compiler, only to keep it from compiling what is below.
        return False

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            values = _arguments(func, args, kwargs)
            # Attention is tagged even if it drops nothing.
            if values.get("generator") is None and values.get("dropout_p") != 0:
                kwargs = {**kwargs, "generator": self.generator_for(func, "generator" in values)}
        return func(*args, **kwargs)

    @abstractmethod
    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        """The generator to draw from; `is_taken` is whether the function takes one."""


class _DrawnFrom(_Draws):
    """Hands a generator to everything that draws."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        if not is_taken:
            raise TypeError(
                f"{func} draws from torch's global random state, and takes no generator. Fill an "
                "empty tensor instead, as torch.empty(n).uniform_() and torch.nn.init do, or make "
                "the parameter with skmtl.networks.parameter."
            )
        return self._generator


class _NoDraws(_Draws):
    """Refuses whatever draws."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        raise TypeError(
            f"{self._name} draws from torch's global random state in training ({func}), so "
            "the same random_state would not give the same model. Use skmtl.networks.Dropout in "
            "place of torch's dropout, and set the dropout of torch's other layers to 0."
        )


def _arguments(
    func: torch._ops.OpOverload, args: Sequence[Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """What a function is called with, by name; torch leaves out what has its default value."""
    schema = func._schema.arguments
    defaults = {argument.name: argument.default_value for argument in schema}
    positional = zip(defaults, args, strict=False)
    return defaults | dict(positional) | kwargs
