"""The parameters and fitted attributes of linear estimators."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.engines import SCORING_ROWS
from skmtl.engines.linear import FittedLinear, LinearEngine
from skmtl.linear import PenaltyOptions
from skmtl.models._checks import Check, one_of, real
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.models._explanations import parts_in_units, rows_to_explain
from skmtl.models._importances import feature_importances, shares_by_task, task_index
from skmtl.reading import RowsToScore
from skmtl.tables import MISSING_MARK, DesignEncoder


@dataclass(kw_only=True, eq=False, repr=False)
class LinearEstimator(MultiTaskEstimator):
    r"""An estimator whose engine learns penalised linear functions.

    Parameters
    ----------
    penalty : {"auto", "ridge", "shared", "low_rank", "group_lasso"}, default="auto"
        The penalty on the coefficients. "ridge": the sum of squares, separately for each target;
        in long data one set of coefficients for all tasks, with an intercept for each. "shared":
        coefficients are the sum of a common part and a deviation for each task, both shrunk; in
        wide data this applies to all targets with one raw score, such as numbers and binary
        classes. "low_rank": the nuclear norm, so that the coefficients of many numbers are
        combinations of a few. "group_lasso": feature selection, for all targets with one raw score
        together. The last two are for wide data. "auto" uses the best of the first three on
        held-out rows; "low_rank" is tried for three numbers or more, and "ridge" is used unless
        another penalty is better by half a percent.
    alpha : float or "auto", default="auto"
        Strength of the penalty, in scikit-learn's units: for standardised features and labels,
        half of `alpha` times the sum of squared coefficients is added to the sum of the losses.
        "auto" chooses the strength of each target from half decades between 100 and 1e-8 times the
        number of rows, by its held-out labels together with those of all targets, which count as
        50 labels: a target with few labels follows the others.
    similarity : float or "auto", default="auto"
        With the penalty "shared", the share of the common part in the variance of a coefficient:
        with 0 each task has separate coefficients, with 1 all tasks have the same. "auto" chooses
        on held-out rows. A number is refused with the other penalties.
    n_bags : int or "auto", default="auto"
        Number of times that rows are held out, each time different ones, to choose penalties and
        strengths; the model itself is fitted once, to all rows. "auto" is 5 up to 50,000 rows, 2
        up to 200,000 and 1 beyond.
    early_stopping : bool, default=True
        Whether to hold out `validation_fraction` of the rows, `n_bags` times, to choose penalties
        and strengths. If False, strengths of squared losses are chosen by leave-one-out errors,
        which do not need another fit; other strengths follow them or are scikit-learn's default,
        `alpha` = 1.

    Attributes
    ----------
    coef_ : DataFrame of shape (n_functions, n_parts)
        Change of each target per unit of each feature: in the units of y for regression, of the
        raw score (such as the log-odds) for other kinds. There is a row for each target, or for
        each task id of long data; if there are several, the index has pairs or triples of the
        target, the id and the position of the raw score. There is a column for each feature; if
        there are categories or indicators of missing values, columns are pairs of a feature and
        "value", a level, "missing", or "rare or unknown" (the last two in parentheses if a
        level has this name). A number beyond the limits of clipping counts as the limit.
    standardised_coef_ : DataFrame of shape (n_functions, n_parts)
        The same for features with standard deviation 1, in the units of the raw score, so that
        they can be compared with each other. The penalty applies to these coefficients.
    feature_importances_ : ndarray of shape (n_features,)
        Mean of `feature_importances_by_task_` over the tasks, by column of X.
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Standard deviation of what each feature adds to the raw score of each task, among the rows
        of `fit`, as shares of the sum: the absolute standardised coefficient of a number, and for
        a category the spread of the coefficients of its levels. With several raw scores, the root
        of the sum of squares. For long data by id.
    intercept_ : Series by function
        Predictions (raw scores for kinds other than regression, for counts relative to the
        logarithm of their mean) if all features are 0, without effects of categories.
    alpha_ : Series by target
        The chosen strength.
    penalty_ : str
        The chosen penalty.
    similarity_ : Series by target
        Share of the common part in the variance of the coefficients: 1 if all tasks of long data
        have the same coefficients, 0 if the coefficients of the targets of wide data are separate
        (also with "low_rank").
    selection_ : DataFrame
        The candidates that were compared on held-out rows: penalty, strength and similarity by
        target, with the loss divided by that of the best constant, best first.
    last_epoch_ : dict
        The last candidate that was evaluated, for callbacks: see `skmtl.callbacks`.

    Notes
    -----
    The raw scores of a row are :math:`b + D^\top W^\top x`, with the features x as standardised
    numbers and indicators of categories. The coefficients W and the intercepts b minimise the sum
    of the losses plus the penalty. D is the identity for most kinds. For hazards it contains waves
    over the bins of time, for ordered classes steps of the thresholds; all directions except the
    first are small, so that the penalty leads to proportional hazards or proportional odds.

    *Features:* numbers are clipped at eight interquartile ranges from the median, centred and
    scaled to variance 1; missing values are imputed by the mean, with an additional coefficient if
    the column had missing values in `fit`. Each level of a category has a penalised coefficient,
    which is a random effect; levels with fewer than three rows share one.

    *Squared losses* are solved in closed form for all strengths and all targets with the same
    labelled rows at once, from the eigenvectors of the features' products, or of the rows'
    products where there are fewer rows. Other losses are minimised by L-BFGS in the same axes.
    Pinball losses are smoothed within 0.01 units around zero.

    *Shared coefficients* are :math:`w_t = w_0 + v_t`, with the penalty :math:`\frac{\alpha}{2
    \rho} \|w_0\|^2 + \frac{\alpha}{2 (1 - \rho)} \sum_t \|v_t\|^2` and the similarity
    :math:`\rho`. The intercepts of the ids of long data are shrunk towards the common one in the
    same way; an unseen id only has the common part.

    *Low rank:* the penalty is :math:`\alpha \|W\|_*`, the sum of the singular values of the
    coefficients of all numbers. It is minimised by a sequence of ridge penalties with the
    covariance :math:`(W^\top W)^{1/2}` of the previous solution, which have the same value and
    slope at this solution and lie above the penalty elsewhere; labels may be missing.

    *Group lasso:* the penalty is :math:`\alpha \sum_j \|W_j\|_2` over the rows of W, as in
    scikit-learn's `MultiTaskLasso` (whose `alpha` is ours divided by the number of rows), so that
    a feature, or a level of one, has coefficients for all targets or for none.

    References
    ----------
    T. Evgeniou, M. Pontil, "Regularized Multi-Task Learning", KDD 2004 ("shared").

    A. Argyriou, T. Evgeniou, M. Pontil, "Convex Multi-Task Feature Learning", Machine Learning 73
    (2008), 243-272 ("low_rank").

    G. Obozinski, B. Taskar, M. I. Jordan, "Joint Covariate Selection and Joint Subspace Selection
    for Multiple Classification Problems", Statistics and Computing 20 (2010), 231-252
    ("group_lasso").

    A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
    Technometrics 12 (1970), 55-67.

    D. M. Allen, "The Relationship between Variable Selection and Data Augmentation and a Method
    for Prediction", Technometrics 16 (1974), 125-127 (strengths by leave-one-out errors).
    """

    _fitted: FittedLinear = field(init=False)

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "penalty": one_of("auto", "ridge", "shared", "low_rank", "group_lasso"),
        "alpha": real(0) | one_of("auto"),
        "similarity": real(0, 1) | one_of("auto"),
    }

    penalty: Literal["auto", "ridge", "shared", "low_rank", "group_lasso"] = "auto"
    alpha: float | Literal["auto"] = "auto"
    similarity: float | Literal["auto"] = "auto"

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does."""
        super().check_parameters()
        if self.task_column is not None and self.penalty in ("low_rank", "group_lasso"):
            raise ValueError(
                f"penalty={self.penalty!r} is for the targets of wide data, but "
                f"task_column={self.task_column!r} means that data are long. Use 'shared', or a "
                "column of y for each task."
            )
        if self.similarity != "auto" and self.penalty not in ("auto", "shared"):
            raise ValueError(
                f"similarity={self.similarity!r} has no effect with penalty={self.penalty!r}. Set "
                "penalty='shared', or leave similarity at 'auto'."
            )

    def _engine(self) -> LinearEngine:
        options = PenaltyOptions(
            self.penalty,
            None if self.alpha == "auto" else float(self.alpha),
            None if self.similarity == "auto" else float(self.similarity),
        )
        return LinearEngine(options, type(self).__name__)

    def shap_values(self, X: Any) -> pd.DataFrame:
        """SHAP values of the features: the coefficient times the distance from the mean.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_features + 1) with the index of X
            Columns are those of X and "base", the score at the mean of the rows of `fit` (in long
            data, that of the common function; the column of the task has the difference of the
            task). For regressions they sum to the prediction, in the units of y; for other kinds
            they sum to the raw score, such as the log-odds. With several raw scores, columns are
            pairs (target, part), or triples (target, position, part) if a target has more than
            one.

        References
        ----------
        S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS
        2017 (of linear models, for independent features).
        """
        rows = rows_to_explain(self, X)
        encoder, tasks, mean = self._design_encoder, self._varying, self._learnt_by_engine.mean
        names = [*encoder.columns_, *self._task_labels, "base"]
        values = np.zeros((len(rows), tasks.n_scores, len(names)))
        columns = encoder.part_columns_
        for target, part in zip(self._learnt_by_engine.targets, tasks.score_slices, strict=True):
            base = target.constant + mean @ target.coef_of(None)
            values[:, part, -1] = base
            for positions, matrix, group in self._by_group(rows):
                coef = target.coef_of(group)
                distance = matrix - mean
                for at, column in enumerate(columns):
                    values[positions, part, column] += np.multiply.outer(distance[:, at], coef[at])
                if group is not None:
                    at_mean = target.constant_of(group) + mean @ coef
                    values[positions, part, len(encoder.columns_)] = at_mean - base
        return parts_in_units(values, names, len(names) - 1, tasks, X)

    @staticmethod
    def _by_group(
        rows: RowsToScore,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, int | None]]:
        """Iterate over positions, design matrix and id of the rows, one id at a time."""
        for positions, design, group in rows.chunks(SCORING_ROWS):
            matrix = np.asarray(design)
            if group is None:
                yield positions, matrix, None
                continue
            for number in np.unique(group):
                chosen = group == number
                yield positions[chosen], matrix[chosen], int(number)

    @property
    def _task_labels(self) -> list[Hashable]:
        """Return the label of the column with the task ids; empty in wide data."""
        return [] if self.task_column is None else [self._reader.task_label]

    @property
    def _design_encoder(self) -> DesignEncoder:
        return self._reader.encoder  # type: ignore[return-value]

    def _groups(self) -> list[int | None]:
        """Return the indices of the ids of long data; a single None for wide data."""
        return [None] if self.task_column is None else list(range(self._reader.n_groups))

    def _raw_coef(self) -> np.ndarray:
        """Return coefficients of the raw scores, (n_functions, n_parts)."""
        check_is_fitted(self)
        groups = self._groups()
        parts = [
            target.coef_of(group).T
            for target in self._learnt_by_engine.targets
            for group in groups
        ]
        return np.concatenate(parts)

    @property
    def standardised_coef_(self) -> pd.DataFrame:
        """Coefficients of standardised features, by function and part."""
        coef, parts = self._raw_coef(), part_index(self._design_encoder)
        return pd.DataFrame(coef, index=self._functions(), columns=parts)

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Share of each feature in the standard deviations of the features' contributions."""
        check_is_fitted(self)
        encoder, mean = self._design_encoder, self._learnt_by_engine.mean
        # Parts of a feature are mutually exclusive. The numbers come first, with variance 1 where
        # they are not missing; all others are indicators.
        square = mean.copy()
        numeric = {label: at for at, label in enumerate(encoder.numeric_)}
        square[: len(numeric)] = 1.0
        for at, (label, part) in enumerate(encoder.parts_):
            if part == MISSING_MARK and label in numeric:
                square[numeric[label]] = 1.0 - mean[at]
        sizes = []
        for target in self._learnt_by_engine.targets:
            for group in self._groups():
                coef = target.coef_of(group)
                squares, means = (np.zeros((len(encoder.columns_), coef.shape[1])) for _ in "12")
                np.add.at(squares, encoder.part_columns_, coef**2 * square[:, None])
                np.add.at(means, encoder.part_columns_, coef * mean[:, None])
                sizes.append(np.sqrt(np.maximum(squares - means**2, 0.0).sum(axis=1)))
        names = self._varying.names
        index = task_index(names, self._reader, len(names))
        return shares_by_task(np.array(sizes), index, encoder.columns_)

    feature_importances_ = feature_importances

    @property
    def coef_(self) -> pd.DataFrame:
        """Coefficients by function and part, in the units of X and y."""
        coef = self.standardised_coef_
        _, scale = self._design_encoder.units_
        return coef / scale * self._score_units()[1][:, None]

    @property
    def intercept_(self) -> pd.Series:
        """Intercepts by function, in the units of X and y."""
        coef, groups = self._raw_coef(), self._groups()
        centre, scale = self._design_encoder.units_
        constants = [
            t.constant_of(group) for t in self._learnt_by_engine.targets for group in groups
        ]
        middle, unit = self._score_units()
        values = (np.concatenate(constants) - coef @ (centre / scale)) * unit + middle
        return pd.Series(values, index=self._functions(), name="intercept")

    @property
    def alpha_(self) -> pd.Series:
        """Strength of the penalty of each target."""
        check_is_fitted(self)
        names = pd.Index(self._varying.names, tupleize_cols=False)
        return pd.Series(
            [target.alpha for target in self._learnt_by_engine.targets], names, name="alpha"
        )

    @property
    def penalty_(self) -> str:
        """The chosen penalty."""
        check_is_fitted(self)
        return self._learnt_by_engine.penalty

    @property
    def similarity_(self) -> pd.Series:
        """Share of the common part in the coefficients of each target."""
        check_is_fitted(self)
        names = pd.Index(self._varying.names, tupleize_cols=False)
        values = [target.similarity for target in self._learnt_by_engine.targets]
        return pd.Series(values, names, name="similarity")

    @property
    def selection_(self) -> pd.DataFrame:
        """The candidates compared on held-out rows, by target, best first."""
        check_is_fitted(self)
        columns = ["target", "penalty", "alpha", "similarity", "loss"]
        tried = pd.DataFrame(self._learnt_by_engine.tried, columns=columns)
        tried = tried.sort_values(["target", "loss"], kind="stable", ignore_index=True)
        names = self._varying.names
        tried["target"] = pd.Series([names[i] for i in tried["target"]], dtype=object)
        return tried

    def _score_units(self) -> tuple[np.ndarray, np.ndarray]:
        """Return centre and scale of each function in units of y; 0 and 1 for nonlinear links."""
        links = [
            head.linear_link or (0.0, 1.0)
            for head in self._varying.heads
            for _ in range(head.n_scores * len(self._groups()))
        ]
        centre, scale = np.array(links).T
        return centre, scale

    def _functions(self) -> pd.Index:
        """Return names of the functions: targets, ids, positions of raw scores, or tuples."""
        tasks = self._varying
        ids = [None] if self.task_column is None else self._reader.task_ids
        keys = [
            (name, each, score)
            for name, head in tasks.by_name.items()
            for each in ids
            for score in range(head.n_scores)
        ]
        is_long, several = self.task_column is not None, tasks.n_scores > len(tasks)
        levels = {"target": len(tasks) > 1 or not is_long, "id": is_long, "score": several}
        label = {"id": self._reader.task_label}
        kept = [at for at, used in enumerate(levels.values()) if used]
        names = [label.get(level, level) for level, used in levels.items() if used]
        if len(kept) == 1:
            return pd.Index([key[kept[0]] for key in keys], name=names[0], tupleize_cols=False)
        return pd.MultiIndex.from_tuples(
            [tuple(key[at] for at in kept) for key in keys], names=names
        )


def part_index(encoder: DesignEncoder) -> pd.Index:
    """Return the names of the features, or pairs of feature and part."""
    parts: list[tuple[Hashable, Hashable]] = encoder.parts_
    if encoder.n_parts_ == len(encoder.numeric_):
        return pd.Index(encoder.numeric_, name="feature", tupleize_cols=False)
    return pd.MultiIndex.from_tuples(parts, names=["feature", "part"])
