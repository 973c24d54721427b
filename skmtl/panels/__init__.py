"""Panels: series of many ids as flat arrays, and features of their past at an origin.

A long table has a row for each id and time. `PanelColumns` holds the roles of its columns. A
`PanelClock` converts times to whole numbers of steps, and `SeriesIds` converts ids to numbers. A
`History` stores the values as a `Panel`, which consists of arrays sorted by series and time.
Everything else is computed on these arrays, for many series and origins at once, and only from
rows up to the origin.
"""

from skmtl.panels._calendar import CalendarFeatures
from skmtl.panels._clock import PanelClock
from skmtl.panels._columns import Columns, PanelColumns, as_names
from skmtl.panels._features import (
    FeaturePlan,
    FeatureTable,
    LaggedColumn,
    Moments,
    distinct_pairs,
)
from skmtl.panels._history import History
from skmtl.panels._large_tables import large_table
from skmtl.panels._levels import ANCHORS, Anchor, TargetUnits, past_scales
from skmtl.panels._make_clock import Freq, make_clock
from skmtl.panels._naive import last_values, naive_errors, seasonal_naive
from skmtl.panels._panel import Panel
from skmtl.panels._series_ids import SeriesIds
from skmtl.panels._times import read_times

__all__ = [
    "ANCHORS",
    "Anchor",
    "CalendarFeatures",
    "Columns",
    "FeaturePlan",
    "FeatureTable",
    "Freq",
    "History",
    "LaggedColumn",
    "Moments",
    "Panel",
    "PanelClock",
    "PanelColumns",
    "SeriesIds",
    "TargetUnits",
    "as_names",
    "distinct_pairs",
    "large_table",
    "last_values",
    "make_clock",
    "naive_errors",
    "past_scales",
    "read_times",
    "seasonal_naive",
]
