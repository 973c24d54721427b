"""scikit-learn's ProgressBar with the losses beside the bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sklearn.callback

from skmtl._extras import needed
from skmtl.callbacks._channel import Address, close_channel, open_channel, send
from skmtl.callbacks._messages import Begin, End, Losses

if TYPE_CHECKING:
    from skmtl.callbacks._display import Display

# The displays of this process by the fit they show; they cannot be pickled to workers.
_displays: dict[UUID, Display] = {}


class ProgressBar(sklearn.callback.ProgressBar):
    """Progress bars for the epochs, with the losses of every running fit beside its bar.

    The bar of a network's fit shows the training loss (``loss``), the validation loss (``val``),
    auxiliary losses by their names, and the validation loss and number of the best epoch (``best
    0.391 @12``); from the second network of a bag on, also its number. The losses are means over
    the tasks, as in `history_`. Other estimators only have the bar.

    Parameters
    ----------
    max_propagation_depth : int or None, default=None
        Number of levels of estimators below the outermost one that have bars, 0 for none. None
        shows all, because the losses are those of the innermost estimator, inside searches and
        pipelines; the default of scikit-learn's ProgressBar is 1.

    Raises
    ------
    ImportError
        If rich is not installed; it comes with the extra, ``pip install "skmtl[progress]"``.

    Notes
    -----
    Set it on the outermost estimator, the grid search or the pipeline: scikit-learn passes it on,
    also to worker processes. In a terminal with too few lines for all bars, finished ones
    disappear. In a file or a pipe the bars are written once, at the end; so they are in Jupyter
    without ipywidgets, which the extra installs.

    Examples
    --------
    ::

        search = GridSearchCV(MultiTab(), {"dropout": [0.0, 0.2]}, cv=3, n_jobs=2)
        search.set_callbacks(ProgressBar()).fit(X, Y)
    """

    def __init__(self, max_propagation_depth: int | None = None) -> None:
        with needed("rich", "progress", "ProgressBar"):
            super().__init__(max_propagation_depth=max_propagation_depth)
        self._addresses: dict[UUID, Address] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Open the display; called by the outermost fit."""
        from skmtl.callbacks._display import Display

        display = Display()
        display.start()
        _displays[context.root_uuid] = display
        self._addresses[context.root_uuid] = open_channel(display.receive)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Close the display."""
        address = self._addresses.pop(context.root_uuid, None)
        if address is not None:  # else `setup` failed
            close_channel(address)
            _displays.pop(context.root_uuid).stop()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Create a bar for a task that has subtasks, and for the outermost fit."""
        if context.max_subtasks == 0 and context.parent is not None:
            return
        begin = Begin(_path(context), _title(context), context.max_subtasks)
        send(self._addresses[context.root_uuid], begin)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Advance the bars, and show the losses of an epoch."""
        is_epoch = context.task_name == "epoch" and hasattr(estimator, "last_epoch_")
        losses = Losses.read(estimator.last_epoch_) if is_epoch else None
        send(self._addresses[context.root_uuid], End(_path(context), losses))


def _path(context: Any) -> tuple[Any, ...]:
    """Return task ids from the outermost fit down to this task."""
    above = () if context.parent is None else _path(context.parent)
    return (*above, context.task_id)


def _title(context: Any) -> str:
    """Return the title of a bar: the estimator for a fit, otherwise the task."""
    if context.parent is None:
        return context.estimator_name
    is_fit = context.source_estimator_name is not None
    return f"{context.estimator_name if is_fit else context.task_name} #{context.task_id}"
