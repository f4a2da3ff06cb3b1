"""Weights load whole or not at all."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nasion.config import parse
from nasion.errors import NasionError
from nasion.models.checkpoint import load, save
from nasion.models.fusion import MultimodalNet

EXPERIMENT = parse(
    {"model": {"modality": "waveform", "wavenet": {"channels": [16]}, "n_features": 32}}, "test"
)


@pytest.fixture
def path(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "weights.safetensors"
    save(path, MultimodalNet(EXPERIMENT), EXPERIMENT)
    return path


def rewritten(path, change, schema="1"):
    with safe_open(path, "pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    change(state)
    metadata = {"schema": schema, "experiment": EXPERIMENT.model_dump_json()}
    save_file(state, path, metadata)


def test_a_checkpoint_needs_nothing_but_itself(path):
    torch.manual_seed(0)
    original, loaded = MultimodalNet(EXPERIMENT), load(path)
    assert loaded.experiment == EXPERIMENT
    for key, value in original.state_dict().items():
        torch.testing.assert_close(loaded.net.state_dict()[key], value)


def test_weights_do_not_carry_paths(tmp_path):
    data = EXPERIMENT.data.model_copy(update={"path": "/home/somebody/HMS"})
    experiment = EXPERIMENT.model_copy(update={"data": data})
    torch.manual_seed(0)
    save(tmp_path / "a.safetensors", MultimodalNet(experiment), experiment)
    assert b"somebody" not in (tmp_path / "a.safetensors").read_bytes()
    assert load(tmp_path / "a.safetensors").experiment == EXPERIMENT


def test_weights_from_before_there_was_a_choice_of_extractors_load(path):
    known = json.loads(EXPERIMENT.model_dump_json())
    for key in ("waveform", "gru_width", "conv_transformer", "siamese"):
        del known["model"][key]
    for key in ("objective", "gamma", "tau"):
        del known["loss"][key]
    for key in ("sampling", "mirrored_copies"):
        del known["training"][key]
    state = load(path).net.state_dict()
    save_file(state, path, {"schema": "1", "experiment": json.dumps(known)})
    loaded = load(path)
    assert loaded.experiment == EXPERIMENT
    for key, value in loaded.net.state_dict().items():
        torch.testing.assert_close(value, state[key])


def test_half_precision_is_close(path, tmp_path):
    net = load(path).net
    save(tmp_path / "half.safetensors", net, EXPERIMENT, half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.65 * path.stat().st_size
    for key, value in load(tmp_path / "half.safetensors").net.state_dict().items():
        torch.testing.assert_close(value, net.state_dict()[key], atol=1e-3, rtol=1e-3)


def test_missing_extra_misshapen_and_broken_weights_are_refused(path):
    content = path.read_bytes()
    for change, why in (
        (lambda state: state.pop("heads.waveform.0.bias"), "is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "belongs to no layer"),
        (lambda state: state.update({"heads.waveform.0.bias": torch.zeros(3)}), "wrong shape"),
        (
            lambda state: state["heads.waveform.0.bias"].fill_(torch.nan),
            "bias holds what is no num",
        ),
        (
            lambda state: state["heads.waveform.0.weight"][0].fill_(torch.inf),
            "holds what is no num",
        ),
    ):
        path.write_bytes(content)
        rewritten(path, change)
        with pytest.raises(NasionError, match=why):
            load(path)


def test_another_schema_truncation_and_absence_are_refused(path, tmp_path):
    content = path.read_bytes()
    rewritten(path, lambda state: None, schema="99")
    with pytest.raises(NasionError, match="schema 99"):
        load(path)
    path.write_bytes(content[:200])
    with pytest.raises(NasionError, match="not a safetensors file"):
        load(path)
    with pytest.raises(NasionError, match="not found"):
        load(tmp_path / "absent.safetensors")
