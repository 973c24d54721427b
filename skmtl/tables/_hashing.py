"""Hash the ids of many columns into one table of fixed size."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tables._categories import FIRST_KNOWN, MANY_CATEGORIES, UNKNOWN

# Bits per row of the table, and bits per id: with as many ids as rows, one in four hundred unseen
# ids is taken for a known one.
_BITS_PER_ROW, _N_PROBES = 16, 4
# Codes are 64-bit integers.
_MOST_CODES = 2**62


@storable
@dataclass(frozen=True, kw_only=True)
class HashedCategories:
    """Categories of many columns share the rows of one table, found by hashing.

    Ids of users, items and authors are millions. In a table with a row for each, nearly all of the
    network's weights are theirs, and the file holds every id. Here memory is fixed: an id has
    `n_hashes` rows of one table of `n_rows`, whose parts side by side are its token. Two ids may
    share a row, hardly ever all of them; ids of different columns are told apart because each
    column has weights of its own later on (feature multiplexing).

    Ids that `fit` has not seen, or seen too seldom, are unknown, as other categories are: they
    do not get the rows of others. A Bloom filter of 16 bits by row remembers which ids were seen
    without holding them. With as many known ids as rows it takes one unseen id in four hundred for
    a known one, with four times as many one in six; `fit` warns above one in ten.

    Parameters
    ----------
    n_rows : int, default=2**18
        Rows of the table, at least 16. A few times the number of frequent ids is enough.
    n_hashes : int, default=2
        Rows of an id, at least 1. A divisor of the network's `embedding_size`.
    min_count : int, default=None
        Rows of the training part that an id must have to be learnt. None is the estimator's
        `min_category_rows`: by default 20 in columns of more than 1,000 ids.
    columns : sequence of label, default=None
        Columns of X to hash. None is every column of text or categories with more than 1,000 of
        them.

    Notes
    -----
    Hashes are BLAKE2 of the text of an id, the same on every machine; whole numbers have the text
    of an integer. `to_onnx` does not export such models.

    References
    ----------
    B. Coleman, W.-C. Kang, M. Fahrbach, R. Wang, L. Hong, E. H. Chi, D. Z. Cheng, "Unified
    Embedding: Battle-Tested Feature Representations for Web-Scale ML Systems", NeurIPS 2023,
    arXiv:2305.12102.

    B. H. Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", Communications of
    the ACM 13 (1970), 422-426.

    Examples
    --------
    >>> from skmtl.tables import HashedCategories
    >>> HashedCategories(n_rows=2**16, columns=("user_id", "video_id")).n_hashes
    2
    """

    n_rows: int = 2**18
    n_hashes: int = 2
    min_count: int | None = None
    columns: Sequence[Hashable] | None = None

    def __post_init__(self) -> None:
        for name, least in (("n_rows", 16), ("n_hashes", 1), ("min_count", 1)):
            value = getattr(self, name)
            is_whole = isinstance(value, Integral) and not isinstance(value, bool)
            if not (is_whole and value >= least) and not (name == "min_count" and value is None):
                raise ValueError(
                    f"HashedCategories: {name}={value!r} must be a whole number of at least "
                    f"{least}."
                )
        if self.n_rows**self.n_hashes > _MOST_CODES:
            raise ValueError(
                f"HashedCategories: n_rows={self.n_rows} to the power of n_hashes={self.n_hashes} "
                "must be 2**62 at most."
            )
        if isinstance(self.columns, str):
            raise ValueError(f"HashedCategories: columns={self.columns!r} must be a list.")

    def apply_to(self, label: Hashable, n_categories: int) -> bool:
        """Whether a categorical column of so many categories is hashed."""
        if self.columns is None:
            return n_categories > MANY_CATEGORIES
        return label in self.columns


@storable
@dataclass
class CategoryHashing:
    """The known ids of hashed columns, and their codes.

    Attributes
    ----------
    n_rows, n_hashes : int
    labels : list of hashable
        The hashed columns. Ids of different columns are distinguished by the position of the
        column.
    bits : uint8 ndarray
        The Bloom filter.
    """

    n_rows: int
    n_hashes: int
    labels: list[Hashable] = field(default_factory=list)
    bits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    @classmethod
    def empty(cls, settings: HashedCategories) -> CategoryHashing:
        """Create a hashing without known ids."""
        n_bytes = -(-settings.n_rows * _BITS_PER_ROW // 8)
        n_rows, n_hashes = int(settings.n_rows), int(settings.n_hashes)
        return cls(n_rows, n_hashes, [], np.zeros(n_bytes, np.uint8))

    def learn(self, label: Hashable, ids: pd.Index) -> None:
        """Add the ids of a column."""
        self.labels.append(label)
        probes = self._probes(self._digests(label, ids))
        np.bitwise_or.at(self.bits, probes >> 3, np.uint8(1) << (probes & 7).astype(np.uint8))

    @property
    def mistaken_share(self) -> float:
        """Expected share of unseen ids that are taken for known ones."""
        return float(np.unpackbits(self.bits).mean() ** _N_PROBES)

    def codes(self, label: Hashable, values: pd.Index) -> NDArray[np.int64]:
        """Return a number for each known id, above the codes of listed categories; 0 for others.

        The digits of the number in base `n_rows` are the rows of the id.
        """
        digests = self._digests(label, values)
        probes = self._probes(digests)
        is_known = (self.bits[probes >> 3] >> (probes & 7).astype(np.uint8) & 1).all(axis=1)
        code = digests[:, 0] % np.uint64(self.n_rows**self.n_hashes)
        return np.where(is_known, code.astype(np.int64) + FIRST_KNOWN, UNKNOWN)

    def _digests(self, label: Hashable, values: pd.Index) -> NDArray[np.uint64]:
        """Return two hashes of each id, (n_values, 2)."""
        salt = self.labels.index(label).to_bytes(8, "little")
        texts = _texts(values.tolist())
        parts = (blake2b(text.encode(), digest_size=16, salt=salt).digest() for text in texts)
        return np.frombuffer(b"".join(parts), dtype="<u8").reshape(-1, 2)

    def _probes(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the positions of the bits of each id by double hashing, (n_values, n_probes)."""
        first, step = digests[:, 1] >> np.uint64(32), digests[:, 1] & np.uint64(2**32 - 1)
        probes = first[:, None] + np.arange(_N_PROBES, dtype=np.uint64) * (step[:, None] | 1)
        return (probes % np.uint64(8 * len(self.bits))).astype(np.int64)


def _texts(values: Iterable[object]) -> Iterable[str]:
    """Convert ids to text; integers have the same text for all types."""
    for value in values:
        is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
        yield str(int(value) if is_whole else value)  # type: ignore[call-overload]
