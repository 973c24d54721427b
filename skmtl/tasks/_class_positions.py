"""Labels as positions among the classes of their task."""

from __future__ import annotations

import numpy as np
import pandas as pd


def class_positions(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the position of each label among the classes, where 1, 1.0 and True are the same.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Labels without missing values.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    int ndarray of shape (n_samples,)
        -1 for a label that is not a class.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import class_positions
    >>> class_positions(np.array([True, False]), np.array([0.0, 1.0])).tolist()
    [1, 0]
    """
    return pd.Index(_bool_as_int(classes)).get_indexer(pd.Index(_bool_as_int(labels)))


def _bool_as_int(values: np.ndarray) -> np.ndarray:
    """Convert booleans to 0 and 1, which pandas treats as different values."""
    return values.astype(np.int64) if values.dtype == bool else values
