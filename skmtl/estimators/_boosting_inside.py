"""What a fitted boosting model is made of, and where its predictions come from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from skmtl.boosting import BoostedPool
from skmtl.estimators._boosting_scores import BoostingScores

Answer = TypeVar("Answer")


class BoostingInside(BoostingScores):
    """Explanations of predictions, and fitted attributes by task, block and feature."""

    _task_label: Hashable = None
    _task_position: int = 0
    """Name and position of the task column, of long data."""

    def contributions(self, X: Any) -> pd.DataFrame:
        """How much of each prediction comes from the intercept and from each block.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_parts) with the index of X
            Columns are "intercept" and the blocks, which sum to the prediction of a regression,
            in its units, and to the raw score (such as the log-odds) of any other kind. With
            several raw scores, columns are pairs (target, part), or triples with the position of
            the score between them where a target has more than one.
        """
        check_is_fitted(self)
        names = ["intercept", *dict.fromkeys(n for _, b in self._boosted for n in b.names)]
        n_rows, chunks = self._chunks(X)
        values = np.zeros((n_rows, self.task_set_.n_scores, len(names)))
        for rows, matrix, group in chunks:
            for targets, boosted in self._boosted:
                parts = boosted.parts(matrix, group, self._n_threads())
                shape = parts["intercept"].shape
                own = np.zeros((*shape, len(names)))
                for name, part in parts.items():
                    own[..., names.index(name)] = np.broadcast_to(part, shape)
                self._place(values, rows, targets, own)
        return self._in_units(values, names, 0, X)

    def shap_values(self, X: Any) -> pd.DataFrame:
        """SHAP values of the features, summed over all trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_features + 1) with the index of X
            Columns are those of X and "base", the expected score; they sum to what
            `contributions` sums to. For long data the column of the task has what its intercept
            and its signature contribute. With several raw scores, columns are pairs or triples,
            as in `contributions`.

        References
        ----------
        S. M. Lundberg et al., "From local explanations to global understanding with explainable
        AI for trees", Nature Machine Intelligence 2, 2020.
        """
        check_is_fitted(self)
        names = [*self._reader.encoder.columns_, self._task_label, "base"]
        n_rows, chunks = self._chunks(X)
        values = np.zeros((n_rows, self.task_set_.n_scores, len(names)))
        for rows, matrix, group in chunks:
            for targets, boosted in self._boosted:
                own = boosted.contributions(matrix, group, self._n_threads())
                self._place(values, rows, targets, own)
        if self.task is None:
            # Wide tasks differ in their constants only, which are part of the base.
            values[..., -1] += values[..., -2]
            values, names = np.delete(values, -2, axis=-1), [*names[:-2], "base"]
        return self._in_units(values, names, len(names) - 1, X)

    def _in_units(
        self, values: np.ndarray, names: Sequence[Hashable], constant: int, X: Any
    ) -> pd.DataFrame:
        """Parts of raw scores (n_rows, n_scores, n_parts) as a frame, in units where linear."""
        keys: list[tuple] = []  # a feature may be called "base": names need not be unique
        columns: list[np.ndarray] = []
        tasks = self.task_set_
        for target, head, own in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True):
            centre, scale = head.linear_link or (0.0, 1.0)
            scaled = values[:, own] * scale
            scaled[..., constant] += centre
            for score in range(head.n_scores):
                several = (target, score) if tasks.n_scores > len(tasks) else (target,)
                keys += [(*several, name) if tasks.n_scores > 1 else (name,) for name in names]
                columns += list(scaled[:, score].T)
        index = X.index if isinstance(X, pd.DataFrame) else None
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        levels = {2: ["target", "part"], 3: ["target", "score", "part"]}
        width = len(keys[0])
        if width == 1:
            return frame.set_axis(pd.Index(list(names), tupleize_cols=False), axis=1)
        return frame.set_axis(pd.MultiIndex.from_tuples(keys, names=levels[width]), axis=1)

    @property
    def theta_(self) -> pd.Series:
        """Logit of each task's outlier score."""
        check_is_fitted(self)
        known = [(targets, b) for targets, b in self._boosted if b.theta is not None]
        if not known:
            raise AttributeError(
                "No sequence of blocks with 'partition' was fitted, so no task was told apart "
                "as an outlier. Set blocks to one that has it, such as ('partition', 'task')."
            )
        values = np.concatenate([boosted.theta for _, boosted in known])
        index = self._task_index([targets for targets, _ in known])
        return pd.Series(values, index=index, name="theta")

    def _task_index(self, pools: list[tuple[int, ...]]) -> pd.Index:
        """Names of the tasks of some pools: targets, ids, or pairs of both."""
        names = [self.task_set_.names[i] for targets in pools for i in targets]
        if self.task is None:
            return pd.Index(names, tupleize_cols=False)
        ids = self._reader.task_ids
        if len(self.task_set_) == 1:
            return pd.Index(ids, name=self._task_label, tupleize_cols=False)
        return pd.MultiIndex.from_product([names, ids], names=["target", self._task_label])

    @property
    def outlier_score_(self) -> pd.Series:
        """By task, the share of the outlier trees: near 1 for a task unlike most others."""
        return expit(self.theta_).rename("outlier_score")

    @property
    def blocks_(self) -> dict[Hashable, tuple[str, ...]]:
        """The blocks that were taken, by target."""
        return self._of_targets(lambda boosted: boosted.best)

    @property
    def n_rounds_(self) -> pd.DataFrame:
        """Rounds of each block by target and bag; the most of any task in the task block."""
        return self._by_target(
            lambda boosted: pd.DataFrame(
                [{n: block.n_rounds for n, block in bag.blocks.items()} for bag in boosted.bags]
            ).rename_axis("bag")
        )

    @property
    def history_(self) -> pd.DataFrame:
        """Losses of each target's model by bag, block and round."""
        return self._by_target(
            lambda boosted: pd.concat(
                {i: bag.history for i, bag in enumerate(boosted.bags)}, names=["bag", "step"]
            )
        )

    @property
    def selection_(self) -> pd.DataFrame:
        """Validation loss of the sequences of blocks that were tried, by target, best first."""
        return self._by_target(lambda boosted: boosted.tried.rename_axis("rank"))

    def _by_target(self, table_of: Callable[[BoostedPool], pd.DataFrame]) -> pd.DataFrame:
        return pd.concat(self._of_targets(table_of), names=["target"])

    def _of_targets(self, answer: Callable[[BoostedPool], Answer]) -> dict[Hashable, Answer]:
        """The answer of each target's model."""
        check_is_fitted(self)
        return {
            self.task_set_.names[i]: answer(boosted)
            for targets, boosted in self._boosted
            for i in targets
        }

    @property
    def block_importances_(self) -> pd.DataFrame:
        """Share of each feature and block in the total gain of all splits; sums to 1.

        Splits on the task's signature count for the task column.
        """
        check_is_fitted(self)
        n_features = len(self._reader.encoder.columns_)
        tables = [boosted.importances(n_features) for _, boosted in self._boosted]
        total = pd.concat(tables).groupby(level=0, sort=False).sum()
        total.columns = pd.Index([*self._reader.encoder.columns_, self._task_label])
        gain = total.to_numpy().sum()
        total = total / gain if gain > 0 else total
        return total.iloc[:, :-1] if self.task is None else total

    @property
    def task_importances_(self) -> pd.DataFrame:
        """Share of each feature in the gain of each task's own trees; rows sum to 1, or are 0."""
        check_is_fitted(self)
        columns = self._reader.encoder.columns_
        gains = np.concatenate([b.task_importances(len(columns)) for _, b in self._boosted])
        total = gains.sum(axis=1, keepdims=True)
        shares = np.divide(gains, total, out=np.zeros_like(gains), where=total > 0)
        index = self._task_index([targets for targets, _ in self._boosted])
        return pd.DataFrame(shares, index=index, columns=pd.Index(columns, tupleize_cols=False))

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each column of X in the total gain; of shape (n_features_in_,), sums to 1."""
        shares = self.block_importances_.sum(axis=0).to_numpy()
        if self.task is None:
            return shares
        return np.insert(shares[:-1], self._task_position, shares[-1])
