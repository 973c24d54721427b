"""Networks with layers of any kind, initialised from a given generator."""

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
    """Return the network made by ``build()``, with all parameters drawn from the generator.

    Layers of torch draw their parameters from the global random state when they are created. Here
    they draw from the generator, and the global state does not change. Parameters made by
    `parameter`, `weight` and `matrix` are drawn afterwards (see `initialise`).

    Raises
    ------
    TypeError
        If `build` calls a random function that does not take a generator, such as ``torch.rand``.
    """
    with _DrawnFrom(generator):
        network = build()
    initialise(network, generator)
    return network


def check_draws(network: nn.Module, rows: Batch) -> None:
    """Raise if training the network would draw from torch's global random state.

    Parameters
    ----------
    network : nn.Module
        Called once with `rows` in training mode, which may change its buffers.
    rows : Batch

    Raises
    ------
    TypeError
        If the network draws random numbers without a generator, as ``nn.Dropout`` does.
    """
    generator = torch.Generator(rows.device).manual_seed(0)
    seed_dropout(network, generator)
    with torch.no_grad(), _NoDraws(type(network).__name__):
        network.train()(rows)


class _Draws(TorchDispatchMode):
    """Intercepts calls in the current thread that would draw from the global random state."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch imports its compiler, only to exclude this mode from compilation.
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
            # Attention has the tag even without dropout.
            if values.get("generator") is None and values.get("dropout_p") != 0:
                kwargs = {**kwargs, "generator": self.generator_for(func, "generator" in values)}
        return func(*args, **kwargs)

    @abstractmethod
    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        """Return the generator to draw from; `is_taken` tells whether the function takes one."""


class _DrawnFrom(_Draws):
    """Passes a generator to every random function."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        if not is_taken:
            raise TypeError(
                f"{func} draws from torch's global random state and does not take a generator. "
                "Fill an empty tensor instead, with torch.empty(n).uniform_() or torch.nn.init, "
                "or create the parameter with skmtl.networks.parameter."
            )
        return self._generator


class _NoDraws(_Draws):
    """Raises for every random function."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def generator_for(self, func: torch._ops.OpOverload, is_taken: bool) -> torch.Generator:
        raise TypeError(
            f"{self._name} draws from torch's global random state in training ({func}), so "
            "the same random_state would not lead to the same model. Use skmtl.networks.Dropout "
            "instead of torch's dropout, and set the dropout of torch's other layers to 0."
        )


def _arguments(
    func: torch._ops.OpOverload, args: Sequence[Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by name, with the default values that torch leaves out."""
    schema = func._schema.arguments
    defaults = {argument.name: argument.default_value for argument in schema}
    positional = zip(defaults, args, strict=False)
    return defaults | dict(positional) | kwargs
