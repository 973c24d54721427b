"""The columns of linear functions, computed from the matrix of trees."""

from __future__ import annotations

import numpy as np

from skmtl._storable import storable

# Categories with fewer training rows have no column, so that only the constant applies to them. If
# there are many categories, only the most frequent ones have columns.
_LEAST_ROWS, _MOST_CATEGORIES = 10, 30
# Numbers are clipped at this many standard deviations from the mean: far enough to extrapolate
# beyond the training rows, but a single outlier cannot dominate the score.
FURTHEST = 20.0


@storable
class LinearColumns:
    """Standardised numbers, missing indicators and category indicators.

    All columns have mean 0 over the training rows. Missing numbers are imputed with the mean. If
    the training rows have no unknown (or missing) category, it is replaced by the most frequent
    category, just as trees send it to the side with more rows.

    Parameters
    ----------
    feature : int ndarray of shape (n_columns,)
        Column of the matrix that each column is computed from.
    code : float64 ndarray of shape (n_columns,)
        The category for a category indicator, infinity for a missing indicator, NaN for a number.
    centre, scale : float64 ndarray of shape (n_columns,)
        Mean over the training rows, and divisor.
    instead : float64 ndarray of shape (2, n_columns)
        Codes that replace the codes 0 (unknown) and 1 (missing).
    """

    def __init__(
        self,
        feature: np.ndarray,
        code: np.ndarray,
        centre: np.ndarray,
        scale: np.ndarray,
        instead: np.ndarray,
    ) -> None:
        self.feature, self.code, self.centre, self.scale = feature, code, centre, scale
        self.instead = instead

    @classmethod
    def of_rows(
        cls, matrix: np.ndarray, numeric: np.ndarray, categorical: np.ndarray
    ) -> LinearColumns:
        """Choose and standardise columns by the training rows."""
        columns = []
        for feature in numeric.tolist():
            values = matrix[:, feature].astype(np.float64)
            missing = np.isnan(values)
            if missing.all():
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                spread = float(values[~missing].std())
            if np.isfinite(spread) and spread > 0:  # others are left to the trees
                columns.append((feature, np.nan, float(values[~missing].mean()), spread, 0, 1))
            if missing.any():
                columns.append((feature, np.inf, float(missing.mean()), 1.0, 0, 1))
        for feature in categorical.tolist():
            codes, counts = np.unique(matrix[:, feature], return_counts=True)
            frequent = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
            usual = codes[frequent[0]]
            instead = [gap if gap in codes else usual for gap in (0, 1)]
            for code, count in zip(codes[frequent], counts[frequent], strict=True):
                if _LEAST_ROWS <= count < len(matrix):
                    columns.append((feature, float(code), count / len(matrix), 1.0, *instead))
        table = np.array(columns, dtype=np.float64).reshape(-1, 6).T.copy()
        code, centre, scale = table[1:4]
        return cls(table[0].astype(np.intp), code, centre, scale, table[4:])

    def design(self, matrix: np.ndarray) -> np.ndarray:
        """Compute the columns for some rows, float64 (n_rows, n_columns)."""
        values = matrix[:, self.feature].astype(np.float64)
        missing = np.isnan(values)
        is_number = np.isnan(self.code)
        unknown, lost = self.instead
        codes = np.where(values == 0, unknown, np.where(values == 1, lost, values))
        marks = np.where(np.isinf(self.code), missing, codes == self.code)
        values = np.where(missing, self.centre, values)
        with np.errstate(over="ignore"):  # infinite values are clipped below
            columns = (np.where(is_number, values, marks) - self.centre) / self.scale
        return np.clip(columns, -FURTHEST, FURTHEST)

    def by_feature(self, values: np.ndarray, n_features: int) -> np.ndarray:
        """Sum values (..., n_columns) over the columns of each feature, (..., n_features)."""
        return values @ (self.feature[:, None] == np.arange(n_features)).astype(np.float64)
