"""The error for invalid model files."""

from __future__ import annotations


class ModelFileError(ValueError):
    """A file that is not a model, is damaged, or was written by a later version.

    The message names the section that cannot be read.
    """
