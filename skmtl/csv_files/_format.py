"""How CSV files are written, as far as users have to specify it."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

_KINDS = (".csv", ".tsv")
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")
CSV_ENDINGS = tuple(kind + packed for kind in _KINDS for packed in ("", *COMPRESSIONS))
"""Endings of the names of CSV files; upper or lower case does not matter."""

# The words of pandas.read_csv.
MISSING_WORDS = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


def is_csv(name: str) -> bool:
    """Whether a file of this name is read as CSV."""
    return name.lower().endswith(CSV_ENDINGS)


@dataclass(frozen=True)
class CsvFormat:
    """How CSV files are written.

    Parameters
    ----------
    delimiter : str, default=None
        One ASCII character. None means a tab for ``.tsv`` files, otherwise a comma.
    encoding : str, default="utf-8"
        Any encoding that Python has. A byte order mark is not part of the text.
    decimal : str, default="."
        The character used as decimal point.
    missing : sequence of str, default=None
        Words that mean a missing value if they are not quoted, besides the empty cell. None uses
        those of ``pandas.read_csv``, such as NA, null and None, except for words that are a
        category of the model. Words listed here are missing even if they are a category.

    Raises
    ------
    ValueError
        If the settings are invalid or contradict each other.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    missing: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, sign in {"delimiter": self.delimiter, "decimal": self.decimal}.items():
            if sign is not None and not _is_sign(sign):
                raise ValueError(f"csv_{name} must be one character, got {sign!r}.")
        if self.decimal == self.delimiter:
            raise ValueError(
                f"csv_decimal and csv_delimiter are both {self.decimal!r}: one of them is wrong."
            )
        try:
            codecs.lookup(self.encoding)
        except (LookupError, TypeError):
            raise ValueError(
                f"csv_encoding must be an encoding that Python has, such as 'utf-8', 'cp1252' or "
                f"'utf-16', got {self.encoding!r}."
            ) from None
        words = () if self.missing is None else self.missing
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"csv_missing must be a list of words, got {self.missing!r}.")

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The words for a missing value, without the empty cell."""
        words = MISSING_WORDS if self.missing is None else self.missing
        return tuple(word for word in words if word)

    def delimiter_of(self, name: str) -> str:
        """Return the delimiter of a file of this name."""
        if self.delimiter is not None:
            return self.delimiter
        return "\t" if ".tsv" in name.lower()[-len(".tsv.bz2") :] else ","


def _is_sign(sign: object) -> bool:
    return isinstance(sign, str) and len(sign) == 1 and sign.isascii() and sign not in '"\r\n'
