"""What linear functions read of the matrix of trees."""

from __future__ import annotations

import numpy as np

from skmtl._storable import storable

# Categories of fewer training rows than this are together what the constant says, and of many
# categories the most frequent ones have columns.
_LEAST_ROWS, _MOST_CATEGORIES = 10, 30
# Standard deviations from the mean beyond which a number says no more: far enough for a line to
# go on beyond the training rows, and no single cell decides everything.
FURTHEST = 20.0


@storable
class LinearColumns:
    """Standardised numbers, marks of missing ones, and categories as indicators.

    All have the mean 0 over the training rows. A missing number is the mean. An unknown or missing
    category is the most frequent one where there was none in the training rows, as most rows of a
    split decide in trees.

    Parameters
    ----------
    feature : int ndarray of shape (n_columns,)
        Column of the matrix that each one reads.
    code : float64 ndarray of shape (n_columns,)
        The category that it indicates, infinity for a missing value, and NaN where it is a number.
    centre, scale : float64 ndarray of shape (n_columns,)
        Mean of the training rows, and what a unit of the column is.
    instead : float64 ndarray of shape (2, n_columns)
        Codes of categories that are read in place of 0, unknown, and 1, missing.
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
        """Learnt from the training rows."""
        columns = []
        for feature in numeric.tolist():
            values = matrix[:, feature].astype(np.float64)
            missing = np.isnan(values)
            if missing.all():
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                spread = float(values[~missing].std())
            if np.isfinite(spread) and spread > 0:  # trees alone read other columns
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
        """The columns of some rows, float64 (n_rows, n_columns)."""
        values = matrix[:, self.feature].astype(np.float64)
        missing = np.isnan(values)
        is_number = np.isnan(self.code)
        unknown, lost = self.instead
        codes = np.where(values == 0, unknown, np.where(values == 1, lost, values))
        marks = np.where(np.isinf(self.code), missing, codes == self.code)
        values = np.where(missing, self.centre, values)
        with np.errstate(over="ignore"):  # beyond all numbers is the furthest value, too
            columns = (np.where(is_number, values, marks) - self.centre) / self.scale
        return np.clip(columns, -FURTHEST, FURTHEST)

    def by_feature(self, values: np.ndarray, n_features: int) -> np.ndarray:
        """Sums over the columns of each feature; (..., n_columns) to (..., n_features)."""
        return values @ (self.feature[:, None] == np.arange(n_features)).astype(np.float64)
