"""Encode a data frame as the design matrix of linear models."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tables._categories import FIRST_KNOWN, MISSING, UNKNOWN
from skmtl.tables._design_matrix import DesignMatrix
from skmtl.tables._encoder import ColumnEncoder, learning_rows
from skmtl.tables._numeric import RobustScaler

# Numbers are clipped at this number of interquartile ranges from the median, 10 standard
# deviations of a normal distribution. More extreme values would dominate the slope.
_FURTHEST = 8.0
# Levels with fewer rows share a column, and so do all but the most frequent levels, because the
# matrix has a column for each level.
_LEAST_ROWS, _MOST_LEVELS = 3, 500

VALUE, MISSING_MARK, RARE = "value", "missing", "rare or unknown"


@dataclass(frozen=True)
class NumberScaling:
    """The scaling of a number x: ``(clip((x / 2 - half_center) / half_scale) - mean) / scale``.

    Attributes
    ----------
    half_center, half_scale, mean, scale : ndarray of shape (n_numeric,)
    furthest : float
        Absolute value at which the first quotient is clipped.
    """

    half_center: NDArray[np.float64]
    half_scale: NDArray[np.float64]
    furthest: float
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]


@storable
class DesignEncoder(ColumnEncoder):
    """Encode the columns of a data frame as the design matrix of a linear model.

    A number is clipped far outside the quartiles, and standardised to mean 0 and variance 1 in the
    training rows. Missing values are imputed by 0, the mean; if a column has missing values in the
    training rows, a second column marks them.

    A category has a column for each level, 0 or 1. With a ridge penalty its coefficients are
    random effects: levels with few rows are shrunk towards zero, the effect of an average level.
    Labels are not used. These columns are not standardised, which would shrink rare levels less.
    Levels with fewer than three rows, and those beyond the 500 most frequent ones, share a column,
    which is also that of unknown levels; without such levels an unknown level is encoded as zeros.
    A missing category is a level if there was one in `fit`, and otherwise unknown.

    Attributes
    ----------
    columns_, numeric_, categorical_, cardinalities_, categories_
        See `ColumnEncoder`.
    parts_ : list of (label, part)
        Meaning of each column of the matrix: the column of X, and "value", "missing", a level, or
        "rare or unknown".
    n_parts_ : int
        Number of columns of the matrix.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.tables import DesignEncoder
    >>> frame = pd.DataFrame({"size": [1, 3, None, 2], "city": ["Rome"] * 3 + ["Bern"]})
    >>> encoder = DesignEncoder().fit(frame)
    >>> encoder.parts_
    [('size', 'value'), ('size', 'missing'), ('city', 'Rome'), ('city', 'rare or unknown')]
    >>> np.asarray(encoder.transform(frame)).round(2)
    array([[-1.22,  0.  ,  1.  ,  0.  ],
           [ 1.22,  0.  ,  1.  ,  0.  ],
           [ 0.  ,  1.  ,  1.  ,  0.  ],
           [ 0.  ,  0.  ,  0.  ,  1.  ]])
    """

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        super().fit(frame, rows, sample_weight)
        rows, weights = learning_rows(len(frame), rows, sample_weight)
        codes = self._codes(frame)
        codes = codes if rows is None else codes[rows]
        # Weights below one on average do not count rows.
        unit = 1.0 if weights is None else min(float(weights.mean()), 1.0)
        self._places = [
            _places(np.bincount(column, weights, n_codes) / unit)
            for column, n_codes in zip(codes.T, self.cardinalities_, strict=True)
        ]
        self.parts_ = self._name_parts()
        return self

    def _fit_numeric(
        self,
        dtypes: list[Any],
        blocks: Iterable[tuple[slice, NDArray[np.float64]]],
        weights: NDArray[np.float64] | None,
    ) -> None:
        n_columns = len(self.numeric_)
        self._scaler = RobustScaler(n_columns)
        self._mean, self._scale = np.zeros(n_columns), np.ones(n_columns)
        self._has_gaps = np.zeros(n_columns, dtype=bool)
        for part, block in blocks:
            missing = np.isnan(block)
            self._has_gaps[part] = missing.any(axis=1)
            self._scaler.learn(part, block, weights)
            cut = self._cut(part, block)
            share = ~missing * (1.0 if weights is None else weights)
            total = np.maximum(share.sum(axis=1), np.finfo(float).tiny)
            cut[missing] = 0.0
            mean = (share * cut).sum(axis=1) / total
            cut -= mean[:, None]
            variance = (share * cut**2).sum(axis=1) / total
            self._mean[part] = mean
            self._scale[part] = np.sqrt(np.where(variance > 1e-24, variance, 1.0))

    def _cut(self, part: slice, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale a block by median and interquartile range and clip it, in place."""
        block /= 2
        block -= self._scaler.half_center_[part, None]
        with np.errstate(over="ignore"):
            block /= self._scaler.half_scale_[part, None]
        return np.clip(block, -_FURTHEST, _FURTHEST, out=block)

    def _name_parts(self) -> list[tuple[Hashable, Hashable]]:
        parts: list[tuple[Hashable, Hashable]] = [(label, VALUE) for label in self.numeric_]
        gaps = zip(self.numeric_, self._has_gaps, strict=True)
        parts += [(label, MISSING_MARK) for label, has_gaps in gaps if has_gaps]
        for label, places in zip(self.categorical_, self._places, strict=True):
            known: list[Hashable] = self.categories_[label].tolist()
            marks = [_unlike(mark, known) for mark in (RARE, MISSING_MARK)]
            levels: list[Hashable] = [*marks, *known]
            names: list[Hashable] = [marks[0]] * (places.max(initial=-1) + 1)
            rare = places[UNKNOWN]
            for code, place in enumerate(places):
                if place >= 0 and place != rare:
                    names[place] = levels[code]
            parts += [(label, name) for name in names]
        return parts

    @property
    def n_parts_(self) -> int:
        return len(self.parts_)

    @property
    def has_gaps_(self) -> NDArray[np.bool_]:
        """Mask of the numeric columns with an indicator of missing values, (n_numeric,)."""
        return self._has_gaps

    @property
    def scaling_(self) -> NumberScaling:
        """The clipping and standardisation of numeric columns."""
        scaler = self._scaler
        return NumberScaling(
            scaler.half_center_, scaler.half_scale_, _FURTHEST, self._mean, self._scale
        )

    @property
    def indicators_(self) -> list[NDArray[np.float64]]:
        """Indicators (n_codes, n_parts) of all codes, for each categorical column."""
        return [_indicators(places) for places in self._places]

    @property
    def part_columns_(self) -> NDArray[np.int64]:
        """Position in `columns_` of the column of each part."""
        positions: dict[Hashable, int] = {label: at for at, label in enumerate(self.columns_)}
        return np.array([positions[label] for label, _ in self.parts_], dtype=np.int64)

    @property
    def units_(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre and scale of each part in units of X: a part is (x - centre) / scale.

        The scale of a constant column is infinite.
        """
        centre, scale = np.zeros(self.n_parts_), np.ones(self.n_parts_)
        n_numeric = len(self.numeric_)
        half_scale, half_center = self._scaler.half_scale_, self._scaler.half_center_
        usable = np.isfinite(half_scale)
        distance = np.where(usable, half_scale, 0.0)
        centre[:n_numeric] = 2 * (half_center + distance * self._mean)
        scale[:n_numeric] = np.where(usable, 2 * distance * self._scale, np.inf)
        return centre, scale

    def transform(self, frame: pd.DataFrame) -> DesignMatrix:
        """Encode a frame with the learnt columns.

        Parameters
        ----------
        frame : DataFrame of shape (n_samples, n_features)
            The columns seen at fit, in that order.

        Returns
        -------
        DesignMatrix of shape (n_samples, n_parts_)
            `numpy.asarray` makes it dense.

        Raises
        ------
        ValueError
            If the columns differ from those seen at fit, in name, order or kind.
        """
        blocks, codes = self.read(frame)
        n_numeric = len(self.numeric_)
        numbers = np.zeros((len(frame), n_numeric + int(self._has_gaps.sum())))
        mark = n_numeric
        for part, block in blocks:
            missing = np.isnan(block)
            cut = self._cut(part, block)
            cut -= self._mean[part, None]
            cut /= self._scale[part, None]
            cut[missing] = 0.0
            numbers[:, :n_numeric][:, part] = cut.T
            marked = missing[self._has_gaps[part]]
            numbers[:, mark : mark + len(marked)] = marked.T
            mark += len(marked)
        ones, n_indicators = np.empty(codes.shape, dtype=np.int64), 0
        for at, places in enumerate(self._places):
            place = places[codes[:, at]]
            ones[:, at] = np.where(place >= 0, n_indicators + place, -1)
            n_indicators += places.max(initial=-1) + 1
        return DesignMatrix.of(numbers, ones, n_indicators)


def _unlike(mark: str, known: list[Hashable]) -> str:
    """Return the mark, in parentheses if there is a level of this name."""
    while mark in known:
        mark = f"({mark})"
    return mark


def _indicators(places: NDArray[np.int64]) -> NDArray[np.float64]:
    return (places[:, None] == np.arange(places.max(initial=-1) + 1)).astype(np.float64)


def _places(n_rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return the column of each code, among the columns of its feature; -1 if it has none.

    Parameters
    ----------
    n_rows : ndarray of shape (n_codes,)
        Total weight of the rows with each code.
    """
    places = np.full(len(n_rows), -1, dtype=np.int64)
    usual = np.flatnonzero(n_rows[FIRST_KNOWN:] >= _LEAST_ROWS) + FIRST_KNOWN
    if len(usual) > _MOST_LEVELS:
        most = np.argsort(-n_rows[usual], kind="stable")[:_MOST_LEVELS]
        usual = np.sort(usual[most])
    places[usual] = np.arange(len(usual))
    n_places = len(usual)
    if n_rows[MISSING] > 0:
        places[MISSING] = n_places
        n_places += 1
    rare = np.setdiff1d(np.flatnonzero(n_rows[FIRST_KNOWN:] > 0) + FIRST_KNOWN, usual)
    if len(rare):
        places[rare] = n_places
        places[UNKNOWN] = n_places
    if n_rows[MISSING] == 0:
        places[MISSING] = places[UNKNOWN]
    return places
