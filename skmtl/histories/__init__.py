"""Histories of patients, machines or sessions: a column of the table, and features from it.

Each row of the table has a *history*: irregular events, each with a time, a variable and a value,
or series of a sensor. A column of histories works like any other with splits, pipelines, searches
and files. Transformers turn histories into numbers; all but `DTWNeighbours` do so without labels.

- `Histories`: the column, from events (MEDS), frames, arrays or lists;
- `SeriesSummary`: statistics for each variable, such as counts, means and times since the last
  event;
- `ConvolutionFeatures`, `IntervalQuantiles` and `WaveletFeatures`: shapes and frequencies of
  regular series;
- `DTWNeighbours`: the most similar training series, and their labels;
- `GaussianProcessGrid`: means and standard deviations of all variables at some times;
- `series` of the MultiTab estimators: networks that process the events themselves;
- `landmarks`: rows for the times of predictions, each of which only uses its past.

Examples
--------
>>> import pandas as pd
>>> from sklearn.pipeline import make_pipeline
>>> from skmtl import RMTGB
>>> from skmtl.histories import Histories, SeriesSummary
>>> X = pd.DataFrame({"flow": Histories.from_list([[1.0, 2.0, 4.0], [5.0, 3.0]] * 20)})
>>> Y = pd.DataFrame({"fails": [False, True] * 20, "load": [2.0, 4.0] * 20})
>>> model = make_pipeline(SeriesSummary(windows=[2]), RMTGB(n_rounds=2, n_bags=1))
>>> model.fit(X, Y).predict(X.head(2)).columns.tolist()
['fails', 'load']
"""

from skmtl.histories._array import Histories, HistoriesDtype
from skmtl.histories._convolutions import ConvolutionFeatures
from skmtl.histories._event_reader import EventReader, EventRows
from skmtl.histories._gaussian_process import GaussianProcessGrid
from skmtl.histories._history import EventHistory
from skmtl.histories._intervals import IntervalQuantiles
from skmtl.histories._landmarks import landmarks
from skmtl.histories._neighbours import DTWNeighbours
from skmtl.histories._summary import SeriesSummary
from skmtl.histories._wavelets import WaveletFeatures

__all__ = [
    "ConvolutionFeatures",
    "DTWNeighbours",
    "EventHistory",
    "EventReader",
    "EventRows",
    "GaussianProcessGrid",
    "Histories",
    "HistoriesDtype",
    "IntervalQuantiles",
    "SeriesSummary",
    "WaveletFeatures",
    "landmarks",
]
