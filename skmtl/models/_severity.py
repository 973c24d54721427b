"""How strict raters are, of estimators that take severities out of the labels."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.engines import Severities


def _severity(self: Any) -> pd.DataFrame:
    """Severity of each rater by question, with standard errors."""
    check_is_fitted(self)
    severities: Severities | None = vars(self).get("_severities")
    if severities is None:
        raise AttributeError(
            f"This {type(self).__name__} has no severities: it was fitted without rater_column, "
            "or every target has one value."
        )
    parts = {
        "severity": severities.values,
        "standard_error": severities.errors,
        "n_ratings": severities.n_ratings,
    }
    index = pd.Index(severities.rater_ids, name=self._rater_label, tupleize_cols=False)
    columns = {
        (question, part): values[:, at]
        for at, question in enumerate(self._varying.names)
        for part, values in parts.items()
    }
    return pd.DataFrame(columns, index=index)


severity_ = property(_severity)
