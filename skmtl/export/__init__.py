"""Fitted models as ONNX graphs, which run without skmtl.

`to_onnx` returns a graph that reads the columns of X and returns every prediction of the model;
`onnx_inputs` turns a table into what the graph reads. Needs onnx, the extra ``skmtl[onnx]``.

Examples
--------
>>> import onnxruntime
>>> from sklearn.datasets import load_linnerud
>>> from skmtl import RMTGBRegressor
>>> from skmtl.export import onnx_inputs, to_onnx
>>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
>>> model = RMTGBRegressor(n_rounds=5, random_state=0).fit(X, Y)
>>> session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
>>> weight, waist, pulse = session.run(None, onnx_inputs(model, X))
>>> bool((abs(weight - model.predict(X)[:, 0]) < 1e-9).all())
True
"""

from skmtl.export._inputs import onnx_inputs
from skmtl.export._model import to_onnx

__all__ = ["onnx_inputs", "to_onnx"]
