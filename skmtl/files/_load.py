"""Load models from files."""

from __future__ import annotations

from typing import Any

from skmtl.files._models import load_model
from skmtl.files._places import ModelPlace


def load(path: ModelPlace) -> Any:
    """Read a model that `save` has written.

    The file cannot run code: it is checked against its checksums, and only objects of skmtl's own
    classes are created from it. On the same machine with the same libraries, predictions are equal
    to those of the saved model bit by bit, and elsewhere up to rounding.

    Parameters
    ----------
    path : str, PathLike or binary file
        A file that is open in binary mode is read to its end, and stays open.

    Returns
    -------
    estimator
        Fitted, of the class that was saved.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    skmtl.files.ModelFileError
        If the file is damaged, not a model, or written by a later version of skmtl; the message
        names the section.

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
