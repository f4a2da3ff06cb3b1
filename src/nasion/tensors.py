"""Tensors of an ONNX file, told from its bytes: all are in the file, and all are numbers.

onnxruntime runs weights that are NaN without a word, and reads tensors from other files that a
model names. Layout: onnx.proto (the fields that are named below), protobuf's wire format.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.loading import loading

# Fields that lead to tensors, by message: number of the field -> message.
_LEADS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
}
_TYPE, _FLOATS, _INT32S, _NAME, _RAW, _DOUBLES, _ELSEWHERE, _LOCATION = 2, 4, 5, 8, 9, 10, 13, 14
_FLOAT, _FLOAT16, _DOUBLE = 1, 10, 11
_DTYPES: dict[int, np.dtype[np.floating]] = {
    _FLOAT: np.dtype("<f4"),
    _FLOAT16: np.dtype("<f2"),
    _DOUBLE: np.dtype("<f8"),
}
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_DEEPEST = 64  # messages within each other


def refuse_unsound(path: Path) -> None:
    """Refuse a model whose tensors stand in another file, or are not all numbers.

    A single infinity is allowed, for what is masked is often filled with it.

    Raises
    ------
    NasionError
        That names the tensor.
    """
    with loading(path, "not an ONNX model", "export it anew"):
        content = memoryview(path.read_bytes())
        for tensor in _tensors(content, "model", 0):
            _check(path, tensor)


def refuse_other_shapes(
    path: Path, described: Mapping[str, Sequence[int | None]], taken: Mapping[str, Sequence[object]]
) -> None:
    """Refuse a model that describes inputs of other shapes than its graph takes.

    Parameters
    ----------
    described, taken
        Sizes of each axis by input; what is no number is any.
    """
    for name, shape in described.items():
        sizes = taken.get(name, ())
        if len(sizes) != len(shape) or any(
            isinstance(size, int) and isinstance(other, int) and size != other
            for size, other in zip(shape, sizes, strict=True)
        ):
            raise NasionError(f"{path}: describes other {name} than it takes; export it anew")


def _check(path: Path, tensor: memoryview) -> None:
    name, kind, parts, is_elsewhere = "", 0, [], False
    for field, value in _fields(tensor):
        if field == _TYPE and isinstance(value, int):
            kind = value
        elif field == _NAME and not isinstance(value, int):
            name = bytes(value).decode("utf-8", "replace")
        elif field == _ELSEWHERE or (field == _LOCATION and value != 0):
            is_elsewhere = True
        elif field in (_RAW, _FLOATS, _INT32S, _DOUBLES):
            parts.append((field, value))
    if is_elsewhere:
        raise NasionError(
            f"{path}: tensor {name} stands in another file; export the model into one file"
        )
    if kind not in _DTYPES:
        return
    for field, value in parts:
        numbers = _numbers(kind, field, value)
        if np.isnan(numbers).any() or (numbers.size > 1 and np.isinf(numbers).any()):
            raise NasionError(
                f"{path}: weight {name} holds what is no number; fit or copy the model anew"
            )


def _numbers(kind: int, field: int, value: "int | memoryview") -> NDArray[np.floating]:
    """Numbers of one field of a tensor, which may be packed or single."""
    if field == _INT32S:
        bits = [value] if isinstance(value, int) else list(_varints(value))
        return np.array(bits, np.uint64).astype(np.uint16).view(np.float16)
    if isinstance(value, int):
        return np.zeros(0)
    of_field = {_FLOATS: _DTYPES[_FLOAT], _DOUBLES: _DTYPES[_DOUBLE]}
    dtype = of_field.get(field, _DTYPES[kind])
    return np.frombuffer(value, dtype, len(value) // dtype.itemsize)


def _tensors(message: memoryview, kind: str, depth: int) -> Iterator[memoryview]:
    if depth > _DEEPEST:
        raise ValueError("messages within messages without end")
    leads = _LEADS[kind]
    for field, value in _fields(message):
        inner = leads.get(field)
        if inner is None or isinstance(value, int):
            continue
        if inner == "tensor":
            yield value
        else:
            yield from _tensors(value, inner, depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, "int | memoryview"]]:
    """Numbers of a message's fields and what they hold."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield field, value
            continue
        if wire == _LENGTH:
            length, at = _varint(message, at)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise ValueError(f"a field of wire type {wire}")
        if at + length > len(message):
            raise ValueError("cut off")
        yield field, message[at : at + length]
        at += length


def _varints(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than 64 bits")
