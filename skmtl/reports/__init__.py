"""Model cards and reports about fitted models.

================  =========================================================================
`model_card`      Markdown: data, tasks, labels, scores with intervals, versions
`html_report`     one HTML page without network: scores, calibration, importance, drift
================  =========================================================================

``skmtl card`` and ``skmtl report`` create them on the command line.
"""

from skmtl.reports._card import model_card
from skmtl.reports._html import html_report

__all__ = ["html_report", "model_card"]
