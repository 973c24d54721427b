"""
Score a file that does not fit in memory
========================================

Every night a folder of CSV files arrives. `score_files` reads them in batches, so that its memory
does not depend on their size. It sets aside rows that cannot be scored, and resumes after a crash.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import skmtl
from skmtl.datasets import load_flights_nyc

X, Y = load_flights_nyc(return_X_y=True)
model = skmtl.RMTGB(blocks=("shared", "task"), learning_rate=0.3, n_bags=1, random_state=0)
model.fit(X[:3000], Y.loc[:2999, ["air_time", "late"]])

folder = Path(tempfile.mkdtemp())
for night in range(3):
    rows = X[3000 + 2000 * night : 5000 + 2000 * night]
    rows.to_csv(folder / f"night_{night}.csv", index=False)
with (folder / "night_2.csv").open("a") as file:
    file.write(rows[:1].assign(distance="far").to_csv(index=False, header=False))

# %%
# One of the rows has a word in a numeric column. It is written to a folder of errors, with the
# reason.

report = skmtl.score_files(
    model, str(folder / "*.csv"), folder / "scored", keep=["carrier"], on_error="quarantine"
)
print(report.n_files, "files,", report.n_rows, "rows,", report.n_refused, "refused")
scores = pd.read_parquet(folder / "scored")
print(scores.head(3).round(2))

# %%
# Running the same call again only scores new and changed files.

again = skmtl.score_files(
    model, str(folder / "*.csv"), folder / "scored", keep=["carrier"], on_error="quarantine"
)
print(again.n_parts_before, "of", again.n_parts, "parts were there before")

late = scores.filter(like="late_proba").iloc[:, -1].groupby(scores["carrier"]).mean().sort_values()
ax = late.plot.barh(figsize=(5, 4), color="#0b6e8f")
ax.set_xlabel("mean probability of being late")
plt.tight_layout()
