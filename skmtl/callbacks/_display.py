"""Progress bars of nested fits, with the losses of those that report them. Needs rich."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from threading import Lock
from typing import Any

from rich import get_console
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from skmtl.callbacks._messages import Begin, End, Losses

Path = tuple[Hashable, ...]


@dataclass
class _Bar:
    """A bar and its children."""

    id: TaskID
    total: int | None
    finished: bool = False
    n_finished_leaves: int = 0
    best: Losses | None = None
    children: list[_Bar] = field(default_factory=list)

    def fraction(self) -> float:
        """Share of the work that is done."""
        if self.finished:
            return 1.0
        if not self.total:
            return 0.0
        done = self.n_finished_leaves + sum(child.fraction() for child in self.children)
        return done / self.total

    def __iter__(self) -> Iterator[_Bar]:
        yield self
        for child in self.children:
            yield from child


class _Title(ProgressColumn):
    """The description, which is shortened if the line is too narrow for all columns."""

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class _NestedProgress(Progress):
    """Shows bars in the order of the tree; in a short terminal, finished bars are hidden."""

    order: tuple[TaskID, ...] = ()

    def get_renderables(self) -> Iterator[RenderableType]:
        by_id = {task.id: task for task in self.tasks}
        tasks = [by_id[id] for id in self.order]
        finished = [task.id for task in tasks if task.finished]
        hidden = set(finished[: self._n_too_many(len(tasks))])
        yield self.make_tasks_table([task for task in tasks if task.id not in hidden])

    def _n_too_many(self, n_lines: int) -> int:
        # The constructor of rich requests the (empty) table before there is a console.
        if n_lines == 0 or not self.console.is_terminal:
            return 0
        return max(n_lines - (self.console.height - 1), 0)


def _console() -> Console:
    """Return rich's console, or a plain-text one if Jupyter lacks ipywidgets."""
    console = get_console()
    if console.is_jupyter and find_spec("ipywidgets") is None:
        return Console(width=console.width, force_jupyter=False, force_terminal=False)
    return console


class Display:
    """The bars of one outermost fit; `receive` may be called from any thread."""

    def __init__(self) -> None:
        fixed = Column(no_wrap=True)
        self._progress = _NestedProgress(
            _Title(),
            BarColumn(bar_width=10, table_column=fixed.copy()),
            TextColumn("{task.percentage:>3.0f}%", table_column=fixed.copy()),
            TimeRemainingColumn(True, elapsed_when_finished=True, table_column=fixed.copy()),
            TextColumn("{task.fields[losses]}", markup=False, table_column=fixed.copy()),
            console=_console(),
        )
        self._bars: dict[Path, _Bar] = {}
        self._lock = Lock()

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def receive(self, message: Begin | End) -> None:
        with self._lock:
            if isinstance(message, Begin):
                self._begin(message)
            else:
                self._end(message)

    def _begin(self, message: Begin) -> None:
        title = "  " * (len(message.path) - 1) + message.title
        id = self._progress.add_task(title, total=message.total, losses="")
        bar = self._bars[message.path] = _Bar(id, message.total)
        if len(message.path) > 1:
            self._bars[message.path[:-1]].children.append(bar)
        root = self._bars[message.path[:1]]
        self._progress.order = tuple(each.id for each in root)

    def _end(self, message: End) -> None:
        bar = self._bars.get(message.path)
        if bar is not None:
            # Early stopping may have ended the task before all subtasks.
            bar.finished = True
            self._update(bar, total=1, completed=1)
        else:
            parent = self._bars[message.path[:-1]]
            parent.n_finished_leaves += 1
            if message.losses is not None:
                self._show_losses(parent, message.losses)
        for end in range(len(message.path) - 1, 0, -1):
            above = self._bars[message.path[:end]]
            if above.total:
                self._update(above, completed=above.fraction() * above.total)

    def _show_losses(self, bar: _Bar, losses: Losses) -> None:
        if losses.validation is None or (bar.best and bar.best.bag != losses.bag):
            bar.best = None
        if losses.validation is not None and losses.improved:
            bar.best = losses
        self._update(bar, losses=losses.text(bar.best))

    def _update(self, bar: _Bar, **changes: Any) -> None:
        self._progress.update(bar.id, **changes)
