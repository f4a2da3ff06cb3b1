"""What is done to an ONNX model between the exporter and the disk."""

from typing import Any

import numpy as np

LARGE = 1024  # numbers in a weight from which 16 bits are worth a cast


def strip(model: Any) -> None:
    """Remove what tells of the machine: stack traces and documentation."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    graph.ClearField("value_info")
    del model.functions[:]


def give_defaults(model: Any) -> None:
    """Let `known_V` be left out."""
    from onnx import TensorProto
    from onnx.helper import make_tensor

    for value in model.graph.input:
        if value.name.startswith("known_"):
            width = value.type.tensor_type.shape.dim[1].dim_value
            none = make_tensor(value.name, TensorProto.FLOAT, (0, width), b"", raw=True)
            model.graph.initializer.append(none)


def share(model: Any) -> None:
    """Keep equal constants once: what every view needs is worked out for each of them."""
    from onnx.numpy_helper import to_array

    graph = model.graph
    first: dict[tuple[Any, ...], str] = {}
    renamed: dict[str, str] = {}
    inputs = {value.name for value in graph.input}
    for tensor in list(graph.initializer):
        if tensor.name in inputs:
            continue
        key = tensor.data_type, tuple(tensor.dims), to_array(tensor).tobytes()
        if key in first:
            renamed[tensor.name] = first[key]
            graph.initializer.remove(tensor)
        else:
            first[key] = tensor.name
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def halve(model: Any) -> None:
    """Store large weights as float16 beside a cast that onnxruntime does once, when it loads.

    What the exporter worked out from weights stays as it is, unless float16 holds it exactly.
    """
    from onnx import TensorProto
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array, to_array

    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        name, half_name = tensor.name, f"{tensor.name}.half"
        values = to_array(tensor)
        half = values.astype(np.float16)
        if not (name.startswith("fits.") or np.array_equal(half, values)):
            continue
        tensor.CopyFrom(from_array(half, half_name))
        casts.append(
            make_node("Cast", [half_name], [name], name=f"{name}.cast", to=TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
