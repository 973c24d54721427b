"""The models of skmtl with their defaults, and the network of the paper."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pandas as pd
from sklearn.model_selection import KFold

from benchmarks._peers._common import Answers, Setting, all_classes, targets_of
from skmtl import RMTGB, MultiTab, StackedTasks

# The published configuration (arXiv 2511.09970, section 3 and its code): one block of attention
# over the columns with 4 heads, embeddings of 16, feed-forward 256, linear numeric embedding,
# linear map over the row's concatenated tokens.
PAPER_CONFIG: dict[str, Any] = {
    "n_blocks": 1,
    "n_heads": 4,
    "embedding_size": 16,
    "feedforward_size": 256,
    "mask": "feature_to_task",
    "feature_attention": True,
    "task_token": "multi",
    "numeric_embedding": "linear",
    "row_mixing": "linear",
    "sample_context": None,
}


class Untouched:
    """An estimator of skmtl with its defaults."""

    estimator: ClassVar[Any]
    config: dict[str, Any] = {}  # noqa: RUF012 (read, never changed)

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def machine(self) -> dict[str, Any]:
        """Return parameters for the device and the number of threads."""
        return {}

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.model = self.estimator(
            tasks={target: self.setting.kinds[target] for target in targets_of(Y)},
            task_column=self.setting.task_column,
            random_state=self.setting.seed,
            **self.machine() | self.config,
        ).fit(X, Y)
        return self

    @property
    def n_epochs(self) -> int:
        return len(self.model.history_)

    def answer(self, X: pd.DataFrame) -> Answers:
        answers: Answers = {}
        if numbers := self.setting.targets("regression"):
            predicted = self.model.predict(X)
            answers |= {target: predicted[target].to_numpy() for target in numbers}
        if with_classes := self.setting.targets("binary", "multiclass"):
            proba = self.model.predict_proba(X)
            for target, each, seen in zip(with_classes, proba, self.model.classes_, strict=True):
                answers[target] = all_classes(each, seen, self.setting.n_classes[target])
        return answers


class RMTGBDefault(Untouched):
    """`RMTGB()` with its defaults."""

    estimator = RMTGB


class StackedDefault(Untouched):
    """`StackedTasks()` with its defaults."""

    estimator = StackedTasks


class StackedByBlocks(StackedDefault):
    """`StackedTasks()` as set by a user who knows that rows follow each other."""

    config: dict[str, Any] = {"validation": KFold(5)}  # noqa: RUF012


class MultiTabDefault(Untouched):
    """`MultiTab()` with its defaults."""

    estimator = MultiTab

    def machine(self) -> dict[str, Any]:
        return {"device": self.setting.device}


class MultiTabPaper(MultiTabDefault):
    """`MultiTab` with the published configuration."""

    config = PAPER_CONFIG
