"""Messages from a fit to the display."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Losses:
    """The losses of an epoch of a network."""

    bag: int
    epoch: int
    training: float
    validation: float | None
    improved: bool
    auxiliary: Mapping[str, float]

    @classmethod
    def read(cls, report: Mapping[str, Any]) -> Self:
        """Create from the report of an epoch."""
        return cls(
            report["bag"],
            report["epoch"],
            report["loss"],
            report["validation_loss"],
            report["improved"],
            report.get("auxiliary", {}),
        )

    def text(self, best: Losses | None) -> str:
        """Return a short text, with the best epoch so far."""
        words = [f"bag {self.bag}"] if self.bag else []
        words.append(f"loss {self.training:.3g}")
        if self.validation is not None:
            words.append(f"val {self.validation:.3g}")
        words += [f"{name} {value:.3g}" for name, value in self.auxiliary.items()]
        if best is not None:
            words.append(f"best {best.validation:.3g} @{best.epoch}")
        return " ".join(words)


@dataclass(frozen=True)
class Begin:
    """Start of a task of the tree, which gets a bar.

    Attributes
    ----------
    path : tuple
        Task ids from the outermost fit down.
    title : str
    total : int or None
        Number of subtasks, if known.
    """

    path: tuple[Hashable, ...]
    title: str
    total: int | None


@dataclass(frozen=True)
class End:
    """End of a task; the losses are those of an epoch."""

    path: tuple[Hashable, ...]
    losses: Losses | None
