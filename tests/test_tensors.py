"""A model is refused whose tensors are no numbers, or stand in other files."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from exported_models import exported
from nasion.contract import PACKAGED_MODEL
from nasion.errors import NasionError
from nasion.network import Network
from nasion.tensors import refuse_unsound


def changed(tmp_path, change):
    model = onnx.load(exported("dense"))
    change(model)
    path = tmp_path / "changed.onnx"
    onnx.save(model, path)
    return path


def with_weights(value, dtype=None, least=2):
    """A weight, one number of which has this value."""

    def change(model):
        for tensor in model.graph.initializer:
            array = numpy_helper.to_array(tensor).copy()
            if array.dtype.kind == "f" and array.size >= least:
                array.flat[array.size // 2] = value
                array = array.astype(dtype or array.dtype)
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
                return

    return change


def in_a_node(model):
    tensor = numpy_helper.from_array(np.array([1, np.nan], np.float32), "held")
    model.graph.node.append(helper.make_node("Constant", [], ["held"], value=tensor))


def unpacked_half(model):
    model.graph.initializer.append(
        helper.make_tensor("held", TensorProto.FLOAT16, [2], [1.0, np.nan])
    )


def unpacked_float(model):
    tensor = helper.make_tensor("held", TensorProto.FLOAT, [2], [1.0, np.inf])
    model.graph.initializer.append(tensor)


@pytest.mark.parametrize(
    "change",
    [
        with_weights(np.nan),
        with_weights(np.inf),
        with_weights(-np.inf),
        with_weights(np.nan, np.float16),
        with_weights(np.nan, np.float64),
        in_a_node,
        unpacked_half,
        unpacked_float,
    ],
)
def test_weights_that_are_no_numbers_are_refused_by_name(tmp_path, change):
    path = changed(tmp_path, change)
    with pytest.raises(NasionError, match=r"weight .+ holds what is no number") as caught:
        Network.open(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_tensors_in_another_file_are_refused(tmp_path):
    model = onnx.load(exported("dense"))
    path = tmp_path / "apart.onnx"
    onnx.save(model, path, save_as_external_data=True, location="apart.bin", size_threshold=0)
    assert (tmp_path / "apart.bin").exists()
    with pytest.raises(NasionError, match="stands in another file"):
        Network.open(path)


def test_sound_models_pass_and_a_single_infinity_may_mask(tmp_path):
    refuse_unsound(PACKAGED_MODEL)
    refuse_unsound(exported("dense"))
    tensor = numpy_helper.from_array(np.array(-np.inf, np.float32), "fill")
    refuse_unsound(changed(tmp_path, lambda model: model.graph.initializer.append(tensor)))


def refusal(path):
    try:
        refuse_unsound(path)
    except NasionError as error:
        return str(error)
    return ""


@settings(max_examples=60, deadline=None)
@given(
    cut=st.integers(0, 20_000),
    noise=st.binary(max_size=40),
    at=st.integers(0, 20_000),
)
def test_any_bytes_are_sound_or_refused_in_one_line(tmp_path_factory, cut, noise, at):
    content = bytearray(exported("dense").read_bytes())
    content[at : at + len(noise)] = noise
    path = tmp_path_factory.mktemp("torn") / "torn.onnx"
    path.write_bytes(content[: len(content) - cut])
    words = refusal(path)
    assert not words or words.startswith(f"{path}: ")
    assert "\n" not in words
