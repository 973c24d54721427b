"""The training history of a network as a plot."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import pandas as pd

from skmtl.inspection._axes import ORDINARY, OUTLIER, axes_of_size, is_table, read_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = {"loss": "training", "validation_loss": "held-out rows"}


class HistoryDisplay:
    """Training and validation loss of networks by epoch, with the epochs that were kept.

    Parameters
    ----------
    history : DataFrame of shape (n_epochs, n_columns)
        `history_` of a fitted network.
    target : hashable, default=None
        The target whose losses are plotted; None means the mean over the targets.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : dict of str to list of Line2D
        A line for each network, by "loss" and "validation_loss".
    kept_ : matplotlib PathCollection or None
        A point for each network, at the epoch whose weights are kept; None if no rows were held
        out.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTabRegressor
    >>> from skmtl.inspection import HistoryDisplay
    >>> X = pd.DataFrame({"hour": range(24)})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "wait": X["hour"] ** 2})
    >>> model = MultiTabRegressor(max_epochs=3, n_bags=2, random_state=0).fit(X, Y)
    >>> display = HistoryDisplay.from_estimator(model, target="delay")
    >>> len(display.lines_["validation_loss"]), display.ax_.get_title()
    (2, 'delay')
    """

    def __init__(self, history: pd.DataFrame, target: Hashable | None = None) -> None:
        self.history = history
        self.target = target

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        target: Hashable | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> HistoryDisplay:
        """Plot the history of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted `MultiTab` or similar estimator.
        target : hashable, default=None
            The target whose losses are plotted; None means the mean over the targets.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the lines, given to ``Axes.plot``.

        Returns
        -------
        HistoryDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no losses by epoch.
        ValueError
            If it has no such target.
        ImportError
            If matplotlib is not installed.
        """
        source = "network such as MultiTab"
        history = read_fitted(estimator, "history_", cls, source, _is_by_epoch)
        return cls(history, target).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> HistoryDisplay:
        """Plot a pair of lines for each network.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the lines, given to ``Axes.plot``.

        Returns
        -------
        HistoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If the history has no such target.
        ImportError
            If matplotlib is not installed.
        """
        suffix = "" if self.target is None else f"[{self.target}]"
        columns = {name: f"{name}{suffix}" for name in ("loss", "validation_loss")}
        if columns["loss"] not in self.history:
            names = [name[5:-1] for name in map(str, self.history) if name.startswith("loss[")]
            raise ValueError(f"target={self.target!r} must be one of the targets {names}.")
        self.ax_ = axes_of_size(self, ax, 6.4, 4.0)
        self.figure_ = self.ax_.figure
        networks = [epochs for _, epochs in self.history.groupby("bag")]
        held_out = columns["validation_loss"] in self.history
        drawn = {"loss": ORDINARY} | ({"validation_loss": OUTLIER} if held_out else {})
        self.lines_ = {
            name: [
                line
                for number, epochs in enumerate(networks)
                for line in self.ax_.plot(
                    epochs.index,
                    epochs[columns[name]],
                    # One legend entry for the lines of all networks.
                    **{"color": colour, "label": "_" * (number > 0) + _LABELS[name]} | kwargs,
                )
            ]
            for name, colour in drawn.items()
        }
        self.kept_ = None
        if held_out:
            best = [int(epochs["objective"].to_numpy().argmin()) for epochs in networks]
            kept = pd.concat(
                [epochs.iloc[[at]] for epochs, at in zip(networks, best, strict=True)]
            )
            losses = kept[columns["validation_loss"]].to_numpy()
            self.kept_ = self.ax_.scatter(
                kept.index.to_numpy(), losses, color=OUTLIER, zorder=3, label="kept"
            )
        self.ax_.set(xlabel="epoch", ylabel="loss", title=self.target or "mean over the targets")
        self.ax_.legend()
        return self


def _is_by_epoch(history: Any) -> bool:
    """Whether losses are by epoch; those of boosting are by round."""
    return is_table(history) and history.index.name == "epoch"
