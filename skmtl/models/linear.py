"""The parameters of linear estimators, and what a fitted model says of its coefficients."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.engines.linear import SCORING_ROWS, FittedLinear, LinearEngine
from skmtl.models._checks import Check, one_of, real
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.models._explanations import parts_in_units, rows_to_explain
from skmtl.tables import DesignEncoder


@dataclass(kw_only=True, eq=False, repr=False)
class LinearEstimator(MultiTaskEstimator):
    r"""An estimator whose engine learns penalised linear functions.

    Parameters
    ----------
    penalty : {"auto", "ridge"}, default="auto"
        What keeps coefficients small. "ridge": the sum of their squares, of each target by
        itself. "auto" takes what does best on held-out rows.
    alpha : float or "auto", default="auto"
        Strength of the penalty, in scikit-learn's units: for standardised features and labels,
        half of `alpha` times the sum of squared coefficients is added to the sum of the losses.
        "auto" chooses from half decades between 100 and 1e-8 times the number of rows, for each
        target, by its held-out labels together with those of all targets, which count as 50
        labels: a target of few labels follows the others.
    n_bags : int or "auto", default="auto"
        Times that other rows are held out to choose penalties and strengths; the model itself is
        fitted to all rows once. "auto" is 5 up to 50,000 rows, 2 up to 200,000 and 1 beyond.
    early_stopping : bool, default=True
        Hold out `validation_fraction` of the rows, `n_bags` times, to choose penalties and
        strengths. False holds nothing out: strengths of squared losses are chosen by leaving
        single rows out, which needs no further fit, and others follow them or are those of
        scikit-learn, `alpha` = 1.

    Attributes
    ----------
    coef_ : DataFrame of shape (n_functions, n_parts)
        Change of each target by one unit of each feature: in the units of y for regression, of
        the raw score (such as the log-odds) for other kinds. A row is a target, or a pair of a
        target and the position of a raw score where one has several. A column is a feature; where
        there are categories or missing marks, a pair of a feature and "value", "missing", a
        level, or "rare or unknown".
    standardised_coef_ : DataFrame of shape (n_functions, n_parts)
        The same for features of standard deviation 1, and in the units of the raw score, which
        can be compared with each other. This is what the penalty is about.
    intercept_ : Series by function
        Predictions (raw scores, of other kinds than regression) where all features are 0 and no
        category has an effect.
    alpha_ : Series by target
        Strength that was taken.
    penalty_ : str
        The penalty that was taken.
    last_epoch_ : dict
        What was judged last, for callbacks: see `skmtl.callbacks`.

    Notes
    -----
    The raw scores of a row are :math:`b + D^\top W^\top x`, with the features x as standardised
    numbers and indicators of categories. The coefficients W and the constants b minimise the sum
    of the losses plus the penalty. D is the identity for most kinds. Of hazards it has waves over
    the bins of time, of ordered classes steps of the thresholds; all but the first direction are
    small, so that the penalty leads to hazards, or odds, that are proportional.

    *Features:* numbers are cut at eight distances between the quartiles from the median, centred
    and scaled to variance 1; a missing one is the mean, with a coefficient of its own if `fit` has
    seen gaps. Levels of categories have penalised coefficients each, which are random effects;
    those of fewer than three rows share one.

    *Squared losses* are solved in closed form for all strengths and all targets with the same
    labelled rows at once, from the eigenvectors of the features' products, or of the rows'
    products where there are fewer rows. Other losses are lowered by L-BFGS in the same axes.
    Pinball losses are smoothed within 0.01 units around zero.

    References
    ----------
    A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
    Technometrics 12 (1970), 55-67.

    D. M. Allen, "The Relationship between Variable Selection and Data Augmentation and a Method
    for Prediction", Technometrics 16 (1974), 125-127 (strengths by leaving rows out).
    """

    _fitted: FittedLinear = field(init=False)

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "penalty": one_of("auto", "ridge"),
        "alpha": real(0) | one_of("auto"),
    }

    penalty: Literal["auto", "ridge"] = "auto"
    alpha: float | Literal["auto"] = "auto"

    def _engine(self) -> LinearEngine:
        return LinearEngine(self.penalty, self.alpha, type(self).__name__)

    def shap_values(self, X: Any) -> pd.DataFrame:
        """SHAP values of the features: the coefficient times the distance from the mean.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_features + 1) with the index of X
            Columns are those of X and "base", the score at the mean of the rows of `fit`; they
            sum to the prediction of a regression, in its units, and to the raw score (such as the
            log-odds) of any other kind. With several raw scores, columns are pairs (target,
            part), or triples with the position of the score between them where a target has more
            than one.

        References
        ----------
        S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS
        2017 (of linear models, for independent features).
        """
        rows = rows_to_explain(self, X)
        encoder, fitted = self._design_encoder, self._fitted
        n_columns = len(encoder.columns_)
        values = np.zeros((len(rows), self.task_set_.n_scores, n_columns + 1))
        coef = self._raw_coef()
        for positions, matrix, _ in rows.chunks(SCORING_ROWS):
            distance = matrix - fitted.mean
            for part, column in enumerate(encoder.part_columns_):
                values[positions, :, column] += distance[:, part, None] * coef[part]
        base = np.concatenate([target.constant for target in fitted.targets])
        values[..., -1] = base + fitted.mean @ coef
        names = [*encoder.columns_, "base"]
        return parts_in_units(values, names, n_columns, self.task_set_, X)

    @property
    def _design_encoder(self) -> DesignEncoder:
        return self._reader.encoder  # type: ignore[return-value]

    def _raw_coef(self) -> np.ndarray:
        """Coefficients of the raw scores, (n_parts, n_scores)."""
        return np.hstack([target.coef @ target.directions for target in self._fitted.targets])

    @property
    def standardised_coef_(self) -> pd.DataFrame:
        """Coefficients of standardised features, by function and part."""
        check_is_fitted(self)
        return pd.DataFrame(
            self._raw_coef().T, index=self._functions(), columns=self._part_index()
        )

    @property
    def coef_(self) -> pd.DataFrame:
        """Coefficients by function and part, in the units of X and y."""
        coef = self.standardised_coef_
        _, scale = self._design_encoder.units_
        return coef / scale * self._score_units()[1][:, None]

    @property
    def intercept_(self) -> pd.Series:
        """Constants by function, in the units of X and y."""
        check_is_fitted(self)
        centre, scale = self._design_encoder.units_
        shift = (centre / scale) @ self._raw_coef()
        constant = np.concatenate([target.constant for target in self._fitted.targets])
        middle, unit = self._score_units()
        return pd.Series(
            (constant - shift) * unit + middle, index=self._functions(), name="intercept"
        )

    @property
    def alpha_(self) -> pd.Series:
        """Strength of the penalty of each target."""
        check_is_fitted(self)
        names = pd.Index(self.task_set_.names, tupleize_cols=False)
        return pd.Series([target.alpha for target in self._fitted.targets], names, name="alpha")

    @property
    def penalty_(self) -> str:
        """The penalty that was taken."""
        check_is_fitted(self)
        return self._fitted.penalty

    def _score_units(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre and scale of each raw score in the units of y; 0 and 1 of links that bend."""
        links = [head.linear_link or (0.0, 1.0) for head in self.task_set_.heads]
        widths = [head.n_scores for head in self.task_set_.heads]
        centre, scale = np.repeat(links, widths, axis=0).T
        return centre, scale

    def _functions(self) -> pd.Index:
        """Names of the targets, or pairs with the position of the raw score."""
        tasks = self.task_set_
        if tasks.n_scores == len(tasks):
            return pd.Index(tasks.names, name="target", tupleize_cols=False)
        pairs = [
            (name, score) for name, head in tasks.by_name.items() for score in range(head.n_scores)
        ]
        return pd.MultiIndex.from_tuples(pairs, names=["target", "score"])

    def _part_index(self) -> pd.Index:
        """Names of the features, or pairs with the part of a feature."""
        encoder = self._design_encoder
        parts: list[tuple[Hashable, Hashable]] = encoder.parts_
        if encoder.n_parts_ == len(encoder.numeric_):
            return pd.Index(encoder.numeric_, name="feature", tupleize_cols=False)
        return pd.MultiIndex.from_tuples(parts, names=["feature", "part"])
