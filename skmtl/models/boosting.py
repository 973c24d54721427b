"""Estimators of boosted trees: their fitted attributes, and explanations of predictions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from skmtl.boosting import BoostedPool
from skmtl.engines import SCORING_ROWS, fresh_random_state
from skmtl.engines.boosting import (
    BoostingEngine,
    FittedBoosting,
    RMTGBSettings,
    SpreadPlan,
    make_plan,
    place_scores,
    warn_of_rounds,
)
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.models._explanations import parts_in_units, rows_to_explain
from skmtl.models._importances import shares_by_task, task_index
from skmtl.reading import RowsToScore
from skmtl.tables import Chunk

Answer = TypeVar("Answer")


class BoostingEstimator(MultiTaskEstimator):
    """Explanations of predictions, and fitted attributes by task, block and feature."""

    _fitted: FittedBoosting
    n_features_in_: int

    @abstractmethod
    def _boosting_settings(self) -> RMTGBSettings:
        """The parameters of the boosting, apart from the estimator."""

    def _engine(self) -> BoostingEngine:
        return BoostingEngine(self._boosting_settings(), type(self).__name__)

    def fit_spread(
        self, sample: Chunk, n_rows: int, grow: Callable[[SpreadPlan], FittedBoosting]
    ) -> Self:
        """Fit on rows distributed over several workers; see `skmtl.distributed.fit_with_dask`.

        Parameters
        ----------
        sample : Chunk
            Rows from which everything except the trees is learnt.
        n_rows : int
            Number of all rows.
        grow : callable
            Grows the trees of a plan on the workers.

        Returns
        -------
        self
        """
        self.check_parameters()
        if self.rater_column is not None:
            raise ValueError(
                f"rater_column={self.rater_column!r} is for rows in memory: severities are learnt "
                "from all ratings at once. Call fit, or leave rater_column out."
            )
        for name in ("_fitted", "_fit_record"):
            vars(self).pop(name, None)
        random_state = fresh_random_state(self.random_state)
        plan = make_plan(self._fit_settings(), self._engine(), sample, n_rows, random_state)
        fitted = grow(plan)
        warn_of_rounds(
            plan.preparation.tasks.varying,
            fitted,
            plan.options,
            plan.sample.matrix.shape[1],
            validated=len(plan.held_out) > 0,
        )
        vars(self).update(self._learnt(plan.preparation, fitted))
        return self

    def staged_predict(self, X: Any) -> Iterator[Any]:
        """Predict from the intercepts only, then after every round, block after block.

        A bag that has fewer rounds in a block than another bag does not change until that bag has
        finished the block; the same holds for targets that do not share the trees being added.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Yields
        ------
        array or DataFrame
            Predictions as returned by `predict`; the last one is equal to it.
        """
        check_is_fitted(self)
        model, rows = self.__skmtl_fitted__(), rows_to_explain(self, X)
        for scores in self._engine().staged_scores(self._learnt_by_engine, rows, self._varying):
            yield self._form(model.answers(scores, rows).predictions, X, self._single)

    def contributions(self, X: Any) -> pd.DataFrame:
        """Contributions of the intercept and of each block to the predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_parts) with the index of X
            Columns are "intercept" and the blocks. For regressions they sum to the prediction, in
            the units of y; for other kinds they sum to the raw score, such as the log-odds. With
            several raw scores, columns are pairs (target, part), or triples (target, position,
            part) if a target has more than one.
        """
        check_is_fitted(self)
        blocks = dict.fromkeys(
            name for _, pool in self._learnt_by_engine.pools for name in pool.names
        )
        names = ["intercept", *blocks]

        def parts_of(boosted: BoostedPool, *rows: Any) -> np.ndarray:
            parts = boosted.parts(*rows)
            shape = parts["intercept"].shape
            values = np.zeros((*shape, len(names)))
            for name, part in parts.items():
                values[..., names.index(name)] = np.broadcast_to(part, shape)
            return values

        values = self._over_rows(rows_to_explain(self, X), parts_of, len(names))
        return parts_in_units(values, names, 0, self._varying, X)

    def shap_values(self, X: Any) -> pd.DataFrame:
        """SHAP values of the features, summed over all trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_features + 1) with the index of X
            Columns are those of X and "base", the expected score; they have the same sum as
            `contributions`. For long data the column of the task contains the contributions of its
            intercept and its signature. With several raw scores, columns are pairs or triples, as
            in `contributions`.

        References
        ----------
        S. M. Lundberg et al., "From local explanations to global understanding with explainable
        AI for trees", Nature Machine Intelligence 2, 2020.
        """
        check_is_fitted(self)
        names = [*self._reader.encoder.columns_, self._reader.task_label, "base"]
        values = self._over_rows(rows_to_explain(self, X), BoostedPool.contributions, len(names))
        if self.task_column is None:
            # In wide data, tasks only differ in their intercepts, which are part of the base.
            values[..., -1] += values[..., -2]
            values, names = np.delete(values, -2, axis=-1), [*names[:-2], "base"]
        return parts_in_units(values, names, len(names) - 1, self._varying, X)

    def _over_rows(
        self, rows: RowsToScore, parts_of: Callable[..., np.ndarray], n_parts: int
    ) -> np.ndarray:
        """Return parts of the raw scores, (n_samples, n_scores, n_parts).

        `parts_of` returns the parts for a pool, of shape (n_rows, n_targets, n_scores, n_parts).
        Its arguments are the pool, a matrix of rows, their groups and the number of threads.
        """
        n_threads = self._boosting_settings().n_threads()
        values = np.zeros((len(rows), self._varying.n_scores, n_parts))
        for positions, matrix, group in rows.chunks(SCORING_ROWS, by_group=True):
            for targets, boosted in self._learnt_by_engine.pools:
                parts = parts_of(boosted, matrix, group, n_threads)
                place_scores(self._varying, values, positions, targets, parts)
        return values

    @property
    def theta_(self) -> pd.Series:
        """Logit of each task's outlier score."""
        check_is_fitted(self)
        parted = [
            (targets, b) for targets, b in self._learnt_by_engine.pools if b.theta is not None
        ]
        if not parted:
            raise AttributeError(
                "No sequence of blocks with 'partition' was fitted, so there are no outlier "
                "scores. Set blocks to one that has it, such as ('partition', 'task')."
            )
        values = np.concatenate([boosted.theta for _, boosted in parted])
        index = self._task_index([targets for targets, _ in parted])
        return pd.Series(values, index=index, name="theta")

    def _task_index(self, pools: list[tuple[int, ...]]) -> pd.Index:
        """Return names of the tasks of some pools: targets, ids, or pairs of both."""
        names = [self._varying.names[i] for targets in pools for i in targets]
        return task_index(names, self._reader, len(self._varying))

    @property
    def shared_targets_(self) -> list[list[Hashable]]:
        """Targets that are learnt together; a target in its own list does not share trees."""
        check_is_fitted(self)
        names = self._varying.names
        return [[names[i] for i in targets] for targets, _ in self._learnt_by_engine.pools]

    @property
    def outlier_score_(self) -> pd.Series:
        """Share of the outlier trees by task: near 1 for a task that differs from most others."""
        return expit(self.theta_).rename("outlier_score")

    @property
    def blocks_(self) -> dict[Hashable, tuple[str, ...]]:
        """The chosen blocks, by target."""
        return self._of_targets(lambda boosted: boosted.best)

    @property
    def n_rounds_(self) -> pd.DataFrame:
        """Rounds of each block by target and bag; in the task block the maximum over tasks."""
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
        """Combine an attribute of each target's model."""
        check_is_fitted(self)
        return {
            self._varying.names[i]: answer(boosted)
            for targets, boosted in self._learnt_by_engine.pools
            for i in targets
        }

    @property
    def block_importances_(self) -> pd.DataFrame:
        """Share of each feature and block in the total gain of all splits; sums to 1.

        Splits on the task's signature count for the task column.
        """
        check_is_fitted(self)
        n_features = len(self._reader.encoder.columns_)
        tables = [boosted.importances(n_features) for _, boosted in self._learnt_by_engine.pools]
        total = pd.concat(tables).groupby(level=0, sort=False).sum()
        total.columns = pd.Index([*self._reader.encoder.columns_, self._reader.task_label])
        gain = total.to_numpy().sum()
        total = total / gain if gain > 0 else total
        return total.iloc[:, :-1] if self.task_column is None else total

    @property
    def task_importances_(self) -> pd.DataFrame:
        """Share of each feature in the gain of each task's own trees; rows sum to 1.

        Zeros for a task without its own trees, and for all tasks if "task" is not among the chosen
        `blocks_`: see `block_importances_` for the features used by the shared trees.
        """
        check_is_fitted(self)
        return self._shares_of_pools(lambda boosted: ["task"])

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Share of each feature in the gain of all trees that a task uses; rows sum to 1."""
        check_is_fitted(self)
        return self._shares_of_pools(lambda boosted: boosted.names)

    def _shares_of_pools(self, blocks: Callable[[BoostedPool], Sequence[str]]) -> pd.DataFrame:
        """Share of each feature in each task's gains in some blocks of its pool."""
        columns, pools = self._reader.encoder.columns_, self._learnt_by_engine.pools
        gains = [boosted.task_importances(len(columns), blocks(boosted)) for _, boosted in pools]
        index = self._task_index([targets for targets, _ in pools])
        return shares_by_task(np.concatenate(gains), index, columns)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each column of X in the total gain, (n_features,); sums to 1.

        0 for columns with a role, except the task column.
        """
        shares = self.block_importances_.sum(axis=0).to_numpy()
        roles = self._reader.role_positions
        at_features = np.setdiff1d(np.arange(self.n_features_in_), list(roles))
        of_columns = np.zeros(self.n_features_in_)
        of_columns[at_features] = shares[: len(at_features)]
        for position, role in roles.items():
            if role == "task":
                of_columns[position] = shares[-1]
        return of_columns

    def _upgraded(self, state: dict[str, Any]) -> dict[str, Any]:
        state = super()._upgraded(state)
        if "_boosted" in state:
            state["_fitted"] = FittedBoosting(state.pop("_boosted"))
            label, position = state.pop("_task_label", None), state.pop("_task_position", 0)
            state["_reader"].restore_roles(label, position)
        return state
