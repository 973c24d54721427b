"""Auxiliary losses, which a network returns by name."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def with_auxiliary(loss: Tensor, *auxiliary: Mapping[str, Tensor]) -> Tensor:
    """Return the sum of the loss and all auxiliary losses."""
    for losses in auxiliary:
        for value in losses.values():
            loss = loss + value.float()
    return loss


def detached(*auxiliary: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return detached values by name; values of the same name are added."""
    values: dict[str, Tensor] = {}
    for losses in auxiliary:
        for name, value in losses.items():
            number = value.detach().float()
            values[name] = values[name] + number if name in values else number
    return values


def check_auxiliary(auxiliary: Mapping[str, Tensor], network: object) -> None:
    """Raise ValueError if an auxiliary loss of the network is not a scalar."""
    for name, value in auxiliary.items():
        if value.shape != ():
            raise ValueError(
                f"The auxiliary loss {name!r} of {type(network).__name__} has the shape "
                f"{tuple(value.shape)}; it must be a scalar, such as a mean over the rows."
            )
