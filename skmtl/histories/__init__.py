"""Histories of patients, machines or sessions: a column of the table, and features from it.

A row of the table has a *history*: events, each a time, a variable and a value, as irregular as
they come, or series of a sensor. It is a column like any other, and goes through splits,
pipelines, searches and files. Transformers turn it into numbers, once for all labels.

- `Histories`: the column, from events (MEDS), frames, arrays or lists;
- `SeriesSummary`: by variable how often, how much, how long ago, and what is missing;
- `ConvolutionFeatures`, `IntervalQuantiles` and `WaveletFeatures`: shapes and frequencies of
  regular series;
- `DTWNeighbours`: which training series a series is like, and their labels;
- `GaussianProcessGrid`: means of all variables at some moments, and how sure they are;
- `series` of the MultiTab estimators: networks that read the events themselves;
- `landmarks`: rows for moments at which a warning is wanted, each of which sees its past only.

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
