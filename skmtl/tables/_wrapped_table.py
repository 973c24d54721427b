"""The columns of an encoder that stands around the one of a table."""

from __future__ import annotations

from typing import Any

from skmtl.tables._hashing import CategoryHashing


class WrappedTable:
    """What encoders around another one, `table`, know by it alone."""

    table: Any

    @property
    def numeric_(self) -> list:
        """Labels of the numeric columns."""
        return self.table.numeric_

    @property
    def categorical_(self) -> list:
        """Labels of the categorical columns."""
        return self.table.categorical_

    @property
    def cardinalities_(self) -> list[int]:
        """Number of codes of each categorical column."""
        return self.table.cardinalities_

    @property
    def categories_(self) -> dict:
        """Known categories of each categorical column."""
        return self.table.categories_

    @property
    def hashing_(self) -> CategoryHashing | None:
        """The hashed categories; None if all are listed."""
        return self.table.hashing_
