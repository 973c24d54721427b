"""Encode a data frame as the matrix that trees read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tables._encoder import ColumnEncoder

# float32 represents all values of these dtypes exactly.
_SHORT = (np.float16, np.float32, np.bool_, np.int8, np.uint8, np.int16, np.uint16)


@storable
class TreeEncoder(ColumnEncoder):
    """Encode the columns of a data frame as a matrix, in the order of the columns.

    Numbers are not changed, because trees only use their order; NaN is a missing value. Categories
    are encoded: 2 and up for known categories, 1 for missing and 0 for unknown ones. The matrix is
    float32 if this represents every column without loss, otherwise float64.

    Attributes
    ----------
    columns_, numeric_, categorical_, cardinalities_, categories_
        See `ColumnEncoder`.
    numeric_positions_, categorical_positions_ : list of int
        Positions of numeric and categorical columns.
    dtype_ : type
        The dtype of the matrix.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tables import TreeEncoder
    >>> frame = pd.DataFrame({"size": [1, None, 9], "city": ["Rome", "Bern", None]})
    >>> TreeEncoder().fit(frame).transform(frame)
    array([[ 1.,  3.],
           [nan,  2.],
           [ 9.,  1.]])
    """

    @property
    def numeric_positions_(self) -> list[int]:
        return self._numeric_positions

    @property
    def categorical_positions_(self) -> list[int]:
        return self._categorical_positions

    @property
    def dtype_(self) -> type[np.floating]:
        return self._dtype

    def _fit_numeric(
        self,
        dtypes: list[Any],
        blocks: Iterable[tuple[slice, NDArray[np.float64]]],
        weights: NDArray[np.float64] | None,
    ) -> None:
        for _ in blocks:
            pass  # iterating over the blocks checks for infinities; there is nothing to learn
        short = all(isinstance(dtype, np.dtype) and dtype.type in _SHORT for dtype in dtypes)
        self._dtype = np.float32 if short else np.float64

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float32] | NDArray[np.float64]:
        """Encode a frame with the learnt columns.

        Parameters
        ----------
        frame : DataFrame of shape (n_samples, n_features)
            The columns seen at fit, in that order.

        Returns
        -------
        ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If the columns differ from those seen at fit, in name, order or kind.
        """
        blocks, codes = self.read(frame)
        matrix = np.empty((len(frame), len(self.columns_)), dtype=self._dtype)
        positions = np.array(self._numeric_positions, dtype=np.intp)
        # Values beyond float32 become infinite, which does not change their order.
        with np.errstate(over="ignore"):
            for part, block in blocks:
                matrix[:, positions[part]] = block.T
        matrix[:, self._categorical_positions] = codes
        return matrix
