"""Check that paths are local, not addresses in a store."""

from __future__ import annotations

import os
import re
from pathlib import Path

# "s3://bucket", "simplecache::s3://bucket", and "s3:/bucket", as pathlib writes the first. A
# scheme of one letter is a Windows drive.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


def local_path(path: str | os.PathLike[str], what: str) -> Path:
    """Return a local path.

    Parameters
    ----------
    path : path
    what : str
        What the path is for, for the error message.

    Raises
    ------
    ValueError
        If it is an address such as ``"s3://bucket/file"``, which would otherwise be read as the
        name of a folder.
    """
    text = os.fspath(path)
    address = _ADDRESS.match(text)
    if address is not None:
        raise ValueError(
            f"{what} is {text!r}, an address of the scheme {address[1]!r}, and only files of this "
            "machine are read and written here. Copy the files, or mount the store as a folder."
        )
    return Path(path)
