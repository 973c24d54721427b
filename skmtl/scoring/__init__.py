"""Score tables of any size: data frames in memory, Parquet and CSV files.

`score_frame` returns everything that a model predicts for a data frame, from one pass over the
rows, with column names derived from the model. `score_files` does the same from files to files, in
constant memory; an interrupted job is resumed, and rows that cannot be scored are set aside with
the reason.

Examples
--------
A nightly script: finished files are skipped, new ones are scored, and a killed run is completed by
the next one.

>>> import tempfile
>>> from pathlib import Path
>>> import pandas as pd
>>> from skmtl import RMTGB
>>> from skmtl.scoring import score_files
>>> houses = pd.DataFrame({"id": range(60), "size": [1.0, 2.0, 3.0] * 20})
>>> targets = pd.DataFrame({"price": 10 * houses["size"], "sold": houses["size"] > 1})
>>> model = RMTGB(n_rounds=3, n_bags=1, random_state=0).fit(houses[["size"]], targets)
>>> with tempfile.TemporaryDirectory() as folder:
...     Path(folder, "in").mkdir()
...     for night in ("monday", "tuesday"):
...         houses.to_csv(f"{folder}/in/{night}.csv", index=False)
...         report = score_files(
...             model, f"{folder}/in", f"{folder}/out", keep=["id"], proba=False,
...             csv_types={"id": "int64"}, on_error="quarantine",
...         )
...         print(report.n_parts, report.n_parts_before, report.n_rows)
...     scores = pd.read_parquet(f"{folder}/out")
1 0 60
2 1 120
>>> scores.columns.tolist(), len(scores)
(['id', 'price_prediction', 'sold_prediction'], 120)
"""

from skmtl.scoring._errors import ScoringError
from skmtl.scoring._files import score_files
from skmtl.scoring._frame import score_frame
from skmtl.scoring._progress import Progress
from skmtl.scoring._report import ScoringReport

__all__ = ["Progress", "ScoringError", "ScoringReport", "score_files", "score_frame"]
