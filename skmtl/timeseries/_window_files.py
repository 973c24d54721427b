"""Forecasts of windows on disk, so that an interrupted backtest can be resumed."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pandas as pd

from skmtl._extras import needed
from skmtl._paths import AnyPath, any_path, written_whole

PathLike = str | os.PathLike[str]


class WindowFiles:
    """A folder with a Parquet file for each finished window.

    Parameters
    ----------
    folder : path
        The folder, which is created if it does not exist.
    fingerprint : str
        Fingerprint of the model, the rows and the windows.

    Raises
    ------
    ValueError
        If the folder holds another backtest.
    ImportError
        If pyarrow is not installed.
    """

    def __init__(self, folder: PathLike, fingerprint: str) -> None:
        with needed("pyarrow", "parquet", "backtest(folder=...)"):
            import pyarrow  # noqa: F401
        self._folder = any_path(folder, "The folder of the backtest")
        self._folder.mkdir(parents=True, exist_ok=True)
        note = self._folder / "backtest.txt"
        if not note.exists():
            with written_whole(note) as stream:
                stream.write(fingerprint.encode())
        elif note.read_text() != fingerprint:
            raise ValueError(
                f"{str(self._folder)!r} holds a backtest of another model, other rows or other "
                "windows. Choose a new folder, or delete this one."
            )

    def read(self, number: int) -> pd.DataFrame | None:
        """Return the table of a window, or None if the window is not finished."""
        path = self._path(number)
        if not path.exists():
            return None
        with path.open("rb") as stream:
            return pd.read_parquet(stream)

    def write(self, number: int, table: pd.DataFrame) -> None:
        """Store the table of a window; its file is either complete or does not exist."""
        with written_whole(self._path(number)) as stream:
            table.to_parquet(stream)

    def _path(self, number: int) -> AnyPath:
        return self._folder / f"window-{number:05d}.parquet"


def fingerprint_of(model: Any, frames: list[pd.DataFrame], *settings: Any) -> str:
    """Return a fingerprint that differs between different backtests."""
    parameters = sorted(model.get_params(deep=True).items(), key=lambda item: item[0])
    digest = hashlib.sha256(repr((type(model).__name__, parameters, settings)).encode())
    for frame in frames:
        digest.update(repr(frame.columns.tolist()).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()
