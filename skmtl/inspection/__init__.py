"""What sharing did in a fitted model, as pictures. Needs matplotlib (extra ``plot``).

===========================  =================================================================
`OutlierTasksDisplay`        which tasks an R-MTGB model takes for outliers
`TaskContributionDisplay`    how much of the predictions is shared, and how much a task's own
===========================  =================================================================

They follow scikit-learn's displays: ``from_estimator`` takes a fitted model and draws at once,
``plot`` draws again, and ``ax_`` and ``figure_`` hold what was drawn on.

>>> import pandas as pd
>>> from skmtl.inspection import OutlierTasksDisplay
>>> display = OutlierTasksDisplay(pd.Series({"north": 0.1, "south": 0.9, "west": 0.2})).plot()
>>> [label.get_text() for label in display.ax_.get_yticklabels()]
['south', 'west', 'north']
"""

from __future__ import annotations

from skmtl.inspection._contributions import TaskContributionDisplay
from skmtl.inspection._outlier_tasks import OutlierTasksDisplay

__all__ = ["OutlierTasksDisplay", "TaskContributionDisplay"]
