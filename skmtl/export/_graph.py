"""A small writer of ONNX graphs that supports arithmetic operators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import NodeProto

# The first version of ai.onnx.ml whose trees have float64 inputs and outputs and sets of
# categories; OPSET and the version of the file are those of the same release.
OPSET = 21
_OPSETS = {"": OPSET, "ai.onnx.ml": 5}
_IR_VERSION = 10
# Operators of ai.onnx.ml.
_ML_OPERATORS = {"LabelEncoder", "TreeEnsemble"}


class Value:
    """The output of an operator; arithmetic with arrays and other values adds operators."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    def op(self, kind: str, *others: Operand, **attributes: Any) -> Value:
        """Apply an operator of ONNX to this value, followed by other operands."""
        return self.graph.op(kind, self, *others, **attributes)

    def __add__(self, other: Operand) -> Value:
        return self.op("Add", other)

    def __sub__(self, other: Operand) -> Value:
        return self.op("Sub", other)

    def __mul__(self, other: Operand) -> Value:
        return self.op("Mul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self.op("Div", other)

    def __matmul__(self, other: Operand) -> Value:
        return self.op("MatMul", other)

    def cast(self, dtype: Any) -> Value:
        """Cast to another numpy dtype."""
        return self.op("Cast", to=_element_type(np.dtype(dtype)))

    def reshape(self, *shape: int) -> Value:
        """Reshape; 0 keeps the size of the axis."""
        return self.op("Reshape", _integers(shape))

    def transpose(self, *order: int) -> Value:
        return self.op("Transpose", perm=list(order))

    def unsqueeze(self, axis: int) -> Value:
        """Insert an axis of size 1."""
        return self.op("Unsqueeze", _integers([axis]))

    def squeeze(self, axis: int) -> Value:
        """Remove an axis of size 1."""
        return self.op("Squeeze", _integers([axis]))

    def columns(self, start: int, stop: int, axis: int = 1) -> Value:
        """Slice an axis from `start` to `stop`."""
        return self.op("Slice", *map(_integers, ([start], [stop], [axis])))

    def mean(self, axis: int) -> Value:
        """Average over an axis, which is removed."""
        return self.op("ReduceMean", _integers([axis]), keepdims=0)

    def sum(self, axis: int) -> Value:
        """Sum over an axis, which is removed."""
        return self.op("ReduceSum", _integers([axis]), keepdims=0)


Operand = Value | np.ndarray | np.generic


class Graph:
    """Inputs, operators and outputs, in the order in which they are added.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.export._graph import Graph
    >>> graph = Graph()
    >>> x = graph.input("x", np.float64)
    >>> graph.output("y", (x * np.array(2.0)).op("Exp"), np.float64)
    >>> graph.names
    ['x', 'y']
    """

    def __init__(self) -> None:
        self._nodes: list[tuple[str, list[str], list[str], dict[str, Any]] | NodeProto] = []
        self._constants: list[np.ndarray] = []
        self._inputs: list[tuple[str, np.dtype]] = []
        self._outputs: list[tuple[str, np.dtype, tuple[int, ...]]] = []

    @property
    def names(self) -> list[str]:
        """Names of the inputs and outputs so far."""
        inputs = [name for name, *_ in self._inputs]
        return inputs + [name for name, *_ in self._outputs]

    def input(self, name: str, dtype: Any) -> Value:
        """Declare an input of shape (batch,)."""
        self._inputs.append((name, np.dtype(dtype)))
        return Value(self, name)

    def op(self, kind: str, *inputs: Operand, n_outputs: int = 1, **attributes: Any) -> Value:
        """Add an operator, and return its first output.

        Parameters
        ----------
        kind : str
            The name of the operator in ONNX or in ai.onnx.ml.
        inputs : Value or ndarray
            Arrays become constants.
        n_outputs : int, default=1
            Number of outputs.
        attributes
            Arrays become tensors.
        """
        names = [x.name if isinstance(x, Value) else self._constant(x) for x in inputs]
        # Column names do not usually start with a '/'.
        outputs = [f"/{len(self._nodes)}/{k}" for k in range(n_outputs)]
        self._nodes.append((kind, names, outputs, attributes))
        return Value(self, outputs[0])

    def _constant(self, array: np.ndarray | np.generic) -> str:
        self._constants.append(np.asarray(array))
        return f"/constant/{len(self._constants) - 1}"

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """Concatenate values."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def inline(self, model: Any, inputs: dict[str, Value]) -> Value:
        """Add all operators of another graph, and return its only output.

        Parameters
        ----------
        model : onnx.ModelProto
            A model of ONNX operators in the version `OPSET`.
        inputs : dict of str to Value
            The values to use as inputs.

        Raises
        ------
        ValueError
            If the model has other operators.
        """
        import onnx

        opsets = {opset.domain: opset.version for opset in model.opset_import}
        if opsets != {"": OPSET}:
            raise ValueError(f"The graph has operators of {opsets}, not of ONNX {OPSET} alone.")
        prefix = f"/{len(self._nodes)}/"
        graph = onnx.compose.add_prefix_graph(model.graph, prefix)
        for name, value in inputs.items():
            self._nodes.append(("Identity", [value.name], [prefix + name], {}))
        for tensor in graph.initializer:
            array = onnx.numpy_helper.to_array(tensor)
            self._nodes.append(("Identity", [self._constant(array)], [tensor.name], {}))
        for node in graph.node:
            # Remove source locations and other information for the exporter's developers.
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
            self._nodes.append(node)
        return Value(self, graph.output[0].name)

    def output(self, name: str, value: Value, dtype: Any, *shape: int) -> None:
        """Declare an output of the graph, of shape (batch, *shape)."""
        self._nodes.append(("Identity", [value.name], [name], {}))
        self._outputs.append((name, np.dtype(dtype), shape))

    def model(self, title: str, producer: tuple[str, str], metadata: dict[str, Any]) -> Any:
        """Build an onnx.ModelProto of the graph.

        Parameters
        ----------
        title : str
        producer : tuple (name, version)
        metadata : dict
            Written as JSON, by key.
        """
        import onnx

        helper = onnx.helper
        graph = helper.make_graph(
            [_node(onnx, *node) if isinstance(node, tuple) else node for node in self._nodes],
            title,
            [_value_info(onnx, name, dtype, ()) for name, dtype in self._inputs],
            [_value_info(onnx, name, dtype, shape) for name, dtype, shape in self._outputs],
            [
                onnx.numpy_helper.from_array(array, f"/constant/{number}")
                for number, array in enumerate(self._constants)
            ],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*opset) for opset in _OPSETS.items()],
            ir_version=_IR_VERSION,
            producer_name=producer[0],
            producer_version=producer[1],
        )
        texts = {key: json.dumps(value, default=str) for key, value in metadata.items()}
        helper.set_model_props(model, texts)
        onnx.checker.check_model(model)
        return model


def _integers(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _element_type(dtype: np.dtype) -> int:
    import onnx

    return (
        onnx.TensorProto.STRING
        if dtype.kind == "O"
        else onnx.helper.np_dtype_to_tensor_dtype(dtype)
    )


def _value_info(onnx: Any, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> Any:
    return onnx.helper.make_tensor_value_info(name, _element_type(dtype), ["batch", *shape])


def _node(
    onnx: Any, kind: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]
) -> Any:
    own = {"name": f"{kind}{outputs[0]}", "domain": "ai.onnx.ml" if kind in _ML_OPERATORS else ""}
    tensors = {
        key: onnx.numpy_helper.from_array(value)
        for key, value in attributes.items()
        if isinstance(value, np.ndarray)
    }
    return onnx.helper.make_node(kind, inputs, outputs, **own | attributes | tensors)
