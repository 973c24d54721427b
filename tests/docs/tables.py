"""Small tables under the names that the pages use in configurations and commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from skmtl.datasets import load_flights_nyc, make_funnel, make_panel, make_survival


def write_tables(folder: Path) -> None:
    """Write all of them to a folder."""
    X, Y = load_flights_nyc(return_X_y=True)
    flights = X.join(Y).reset_index(names="flight")
    flights[:400].to_parquet(folder / "old.parquet")
    flights[400:600].to_parquet(folder / "later.parquet")
    rows = flights.drop(columns=[*Y])[600:800]
    rows.to_csv(folder / "next.csv", index=False)
    (folder / "in").mkdir()
    rows.to_parquet(folder / "in" / "monday.parquet")

    X, Y, _ = make_panel(random_state=0)
    X.drop(columns=["rain", "size"]).join(Y).to_csv(folder / "2024.csv", index=False)

    X, y = make_survival(200, random_state=0)
    X.assign(died=y["event"], days=y["duration"]).to_csv(folder / "patients.csv", index=False)

    X, Y = make_funnel(400, steps=("click", "cart", "buy"), rate=(0.5, 0.6, 0.5), random_state=0)
    X.join(Y).to_parquet(folder / "feed.parquet")

    rng = np.random.default_rng(0)
    visitors = pd.DataFrame({"city": rng.choice(["Genève", "Zürich"], 200)})
    visitors["age"] = rng.normal(40, 10, 200)
    visitors["visits"] = rng.poisson(visitors["age"] / 10)
    visitors["spend"] = (visitors["age"] + rng.normal(size=200)).mask(rng.random(200) < 0.1)
    visitors.to_csv(
        folder / "visitors.csv", index=False, sep=";", decimal=",", na_rep="-", encoding="cp1252"
    )
