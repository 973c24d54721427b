"""
One row in a web service: ONNX
==============================

A web service answers one request at a time, and should not need torch, LightGBM or pandas. Export
the model once; then the service only needs onnxruntime.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime

from skmtl import RMTGB
from skmtl.datasets import load_flights_nyc
from skmtl.export import onnx_inputs, to_onnx

X, Y = load_flights_nyc(return_X_y=True)
targets = ["air_time", "late"]
model = RMTGB(blocks=("shared", "task"), learning_rate=0.3, n_bags=1, random_state=0)
model.fit(X[:3000], Y.loc[:2999, targets])
graph = to_onnx(model).SerializeToString()
print(f"{len(graph) / 1e6:.1f} MB")

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(graph, options)

# %%
# The graph takes the columns as they are, and returns the same predictions.

feed = onnx_inputs(model, X[3000:3001])
air_time, late = session.run(["air_time", "late_proba"], feed)
print(air_time, late.round(3))
print(
    model.predict(X[3000:3001])["air_time"].to_numpy(),
    model.predict_proba(X[3000:3001])[0].round(3),
)

# %%
# Milliseconds for one row. The absolute numbers depend on the machine that built this page.


def milliseconds(call):
    """Return the median time of several calls."""
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1000 * np.median(seconds)


row = X[3000:3001]
times = {
    "predict": milliseconds(lambda: model.predict(row)),
    "ONNX": milliseconds(lambda: session.run(["air_time", "late_proba"], feed)),
}
fig, ax = plt.subplots(figsize=(5, 2), layout="constrained")
bars = ax.barh(list(times), list(times.values()), color=["#bbbbbb", "#0b6e8f"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.margins(x=0.15)
_ = ax.set_xlabel("milliseconds for one row")
