"""What differs between the versions of pandas that the package supports."""

from __future__ import annotations

import pandas as pd
import pytest

IS_PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3

TEXT = str(pd.Series(["a"]).dtype)
"""The dtype of a column of text: ``str``, and ``object`` before pandas 3."""

needs_pandas_3 = pytest.mark.skipif(not IS_PANDAS_3, reason="pandas before 3 does otherwise")
