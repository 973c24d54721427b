"""Fitted estimators to files and back."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmtl.files import load_model, save_model
from skmtl.files._container import PathLike


class SavedEstimator(BaseEstimator):
    """`save`, for every estimator whose class is storable."""

    def save(self, path: PathLike) -> None:
        """Write the fitted model to one file, which `skmtl.load` reads.

        The file is a zip of a readable header, arrays and LightGBM's text. Unlike a pickle it
        holds no code: loading it builds classes of skmtl and nothing else. It loads on any
        machine, whatever device the model was trained on, and in later versions of skmtl.
        Callbacks and metadata requests are not part of it.

        Parameters
        ----------
        path : str or PathLike
            A file of that name is replaced once the new one is complete, so that nobody ever
            reads a part of it.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If a parameter is nothing that a file can keep, such as a random number generator or
            a kind of target of your own; the message names it.
        """
        check_is_fitted(self)
        save_model(self, path, self._schema())

    def _schema(self) -> dict[str, Any]:
        """What the model reads and predicts, for those who look into the file."""
        return {}


def load(path: PathLike) -> Any:
    """Read a model that `save` has written.

    Nothing in the file is run: it is checked against its checksums, and only skmtl's own classes
    are built from it. Predictions equal those of the saved model bit for bit on the same machine
    with the same libraries, and up to rounding elsewhere.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    estimator
        Fitted, of the class that was saved.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    skmtl.files.ModelFileError
        If the file is damaged, no model, or written by a later version of skmtl; the message
        names the section that is wrong.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import skmtl
    >>> from sklearn.datasets import load_linnerud
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> model = skmtl.RMTGBRegressor(n_rounds=5, random_state=0).fit(X, Y)
    >>> with TemporaryDirectory() as folder:
    ...     model.save(Path(folder) / "linnerud.skmtl")
    ...     again = skmtl.load(Path(folder) / "linnerud.skmtl")
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    return load_model(path)
