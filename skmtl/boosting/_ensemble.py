"""Ensembles of trees that LightGBM grows from gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB

from skmtl._forks import after_fork
from skmtl._storable import storable
from skmtl.boosting._gaps import Gaps, with_gaps_routed
from skmtl.boosting._gradient_booster import GradientBooster
from skmtl.boosting._leaves import Refit
from skmtl.boosting._single_row import SingleRowScorer

# Parameters of binning, equal for all blocks, because these share the binned data.
_DATA_PARAMETERS = {"verbosity": -1, "feature_pre_filter": False}
# Texts that LightGBM parses as true.
_TRUE = ("true", "1", "+")

after_fork(lambda: _LIB.LGBM_SetMaxThreads(1))


def binned(
    matrix: np.ndarray,
    categorical: Sequence[int],
    parameters: Mapping[str, Any],
    columns: np.ndarray | None = None,
) -> lgb.Dataset:
    """Bin a matrix once for all trees.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features), float32 or float64
        A memory map is read in chunks, so that it is never in memory as a whole.
    categorical : sequence of int
        Positions of the columns that hold category codes.
    parameters : mapping
        LightGBM's parameters; only those of binning are used.
    columns : ndarray of shape (n_rows, k), optional
        Columns to append to the matrix.
    """
    data = lgb.Dataset(
        _source(matrix, columns),
        label=np.zeros(len(matrix), dtype=np.float32),  # required, but not used
        categorical_feature=list(categorical),
        params={**parameters, **_DATA_PARAMETERS},
        free_raw_data=True,
    )
    return data.construct()


def _source(matrix: np.ndarray, columns: np.ndarray | None) -> np.ndarray | lgb.Sequence:
    if isinstance(matrix, np.memmap):
        return _StoredRows(matrix, columns)
    return matrix if columns is None else np.column_stack([matrix, columns])


class _StoredRows(lgb.Sequence):
    """Rows of a memory map, with appended columns, for LightGBM to read in batches."""

    batch_size = 2**15

    def __init__(self, matrix: np.ndarray, columns: np.ndarray | None) -> None:
        self._parts = [matrix] if columns is None else [matrix, columns]

    def __len__(self) -> int:
        return len(self._parts[0])

    def __getitem__(self, index: Any) -> np.ndarray:
        # LightGBM requires float64 to sample rows for binning.
        return np.concatenate([part[index] for part in self._parts], axis=-1, dtype=np.float64)


def silence() -> None:
    """Turn off LightGBM's output in this thread, whose verbosity any call sets."""
    lgb.Dataset(np.zeros((2, 1)), params=_DATA_PARAMETERS).construct()


@storable
class Trees:
    """Fitted trees, which predict raw scores of rows.

    Parameters
    ----------
    booster : lightgbm.Booster or None
        None if there are no trees.
    n_scores : int
    """

    def __init__(self, booster: lgb.Booster | None, n_scores: int) -> None:
        # LightGBM writes as many scores as its model has, even beyond the end of a buffer.
        if n_scores < 1 or (booster is not None and booster.num_model_per_iteration() != n_scores):
            raise ValueError(f"These are not trees of {n_scores} scores.")
        self.booster = booster
        self.n_scores = n_scores
        self.n_rounds = 0 if booster is None else booster.current_iteration()
        self._of_row: SingleRowScorer | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"booster": self.booster, "n_scores": self.n_scores}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def predict(self, matrix: np.ndarray, n_jobs: int, start: int, stop: int) -> np.ndarray:
        """Return raw scores (n_rows, n_scores) of rounds `start` to `stop` (0 is the last)."""
        stop = min(stop or self.n_rounds, self.n_rounds)
        if start >= stop or not len(matrix):
            return np.zeros((len(matrix), self.n_scores))
        assert self.booster is not None
        if stop - start < self.n_rounds:
            return self._rounds(start, stop).predict(matrix, n_jobs, 0, 0)
        if len(matrix) == 1:
            if self._of_row is None:
                self._of_row = SingleRowScorer(self.booster, self.n_scores)
            return self._of_row(matrix)
        scores = self.booster.predict(matrix, raw_score=True, num_threads=n_jobs)
        return np.asarray(scores).reshape(len(matrix), self.n_scores)

    def _rounds(self, start: int, stop: int) -> Trees:
        """Return a copy with some of the rounds.

        To predict with a range of rounds, LightGBM stores the range in the booster, which would
        affect the predictions of other threads.
        """
        assert self.booster is not None
        text = self.booster.model_to_string(num_iteration=stop - start, start_iteration=start)
        return Trees(lgb.Booster(model_str=text), self.n_scores)

    def contributions(self, matrix: np.ndarray, n_jobs: int) -> np.ndarray:
        """Return SHAP values (n_rows, n_scores, n_features + 1), the expected score last."""
        n_columns = matrix.shape[1] + 1
        if self.booster is None or not len(matrix):
            return np.zeros((len(matrix), self.n_scores, n_columns))
        values = self.booster.predict(matrix, pred_contrib=True, num_threads=n_jobs)
        return np.asarray(values).reshape(len(matrix), self.n_scores, n_columns)

    def importances(self, n_features: int) -> np.ndarray:
        """Return the total gain of the splits on each feature."""
        if self.booster is None:
            return np.zeros(n_features)
        return np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)


class Ensemble:
    """Trees grown round by round on the rows of one Dataset.

    Parameters
    ----------
    data : lightgbm.Dataset
    parameters : mapping
        LightGBM's parameters without the objective.
    n_scores : int
        Trees per round.
    """

    def __init__(self, data: lgb.Dataset, parameters: Mapping[str, Any], n_scores: int) -> None:
        self._reads_missing = str(parameters.get("use_missing", True)).lower() in _TRUE
        self._trees = GradientBooster(data, {**parameters, **_DATA_PARAMETERS}, n_scores)
        self._n_scores = n_scores
        # Scores with replaced leaf values, and LightGBM's own scores, which do not include these
        # replacements; None before the first replacement.
        self._refitted: np.ndarray | None = None
        self._by_lightgbm: np.ndarray | None = None
        # LightGBM fails if no feature has two distinct values.
        self._finished = not any(data.feature_num_bin(i) for i in range(data.num_feature()))

    def grow(self, gradient: np.ndarray, hessian: np.ndarray, refit: Refit | None = None) -> None:
        """Add a round from derivatives (n_rows, n_scores); do nothing once no split is possible.

        `refit` replaces LightGBM's leaf values. It must be used in all rounds or in none.
        """
        if self._finished:
            return
        if refit is not None:
            gradient = _told_apart(gradient)
        self._finished = self._trees.update(gradient, hessian)
        if refit is not None and not self._finished:
            self._refit(refit)

    def _refit(self, refit: Refit) -> None:
        """Replace the leaf values of the last round.

        The leaf of a row is identified by the change of its score.
        """
        after = self._lightgbm_scores()
        if self._refitted is None or self._by_lightgbm is None:
            self._refitted, self._by_lightgbm = np.zeros_like(after), np.zeros_like(after)
        risen, self._by_lightgbm = after - self._by_lightgbm, after
        last = self._trees.booster.current_iteration() - 1
        values = self._leaf_values(last)
        orders = [np.argsort(of_tree, kind="stable") for of_tree in values]
        leaves = np.column_stack(
            [
                order[np.searchsorted(_midpoints(of_tree[order]), risen[:, tree])]
                for tree, (of_tree, order) in enumerate(zip(values, orders, strict=True))
            ]
        )
        for tree, new in enumerate(refit(leaves, values)):
            if len(new) > 1:  # without a split, LightGBM adds nothing
                for leaf, value in enumerate(new.tolist()):
                    self._trees.booster.set_leaf_output(last * self._n_scores + tree, leaf, value)
                self._refitted[:, tree] += new[leaves[:, tree]]

    def _leaf_values(self, iteration: int) -> list[np.ndarray]:
        """Return the values of all leaves by tree."""
        text = self._trees.booster.model_to_string(num_iteration=1, start_iteration=iteration)
        lines = [line for line in text.splitlines() if line.startswith("leaf_value=")]
        return [np.array(line.split("=")[1].split(), dtype=np.float64) for line in lines]

    def scores(self) -> np.ndarray:
        """Return raw scores (n_rows, n_scores) of the training rows."""
        return (
            self._lightgbm_scores() if self._refitted is None else self._refitted.copy(order="K")
        )

    def _lightgbm_scores(self) -> np.ndarray:
        return self._trees.scores()

    def first(self, n_rounds: int, gaps: Gaps) -> Trees:
        """Return the trees of the first rounds, without the data.

        Parameters
        ----------
        n_rounds : int
        gaps : Gaps
            Missing values in the rows with nonzero derivatives.
        """
        n_rounds = min(n_rounds, self._trees.booster.current_iteration())
        if n_rounds == 0:
            return Trees(None, self._n_scores)
        text = self._trees.booster.model_to_string(num_iteration=n_rounds)
        if self._reads_missing:
            text = with_gaps_routed(text, gaps)
        return Trees(lgb.Booster(model_str=text), self._n_scores)


def _told_apart(gradient: np.ndarray) -> np.ndarray:
    """Perturb gradients by up to a relative 1e-5, so that no two leaves have the same value.

    Gradients that are signs only would have equal sums in many leaves.
    """
    golden = np.arange(1, len(gradient) + 1) * 0.618033988749895
    return gradient * (1 + 1e-5 * (golden % 1)[:, None])


def _midpoints(values: np.ndarray) -> np.ndarray:
    return (values[1:] + values[:-1]) / 2
