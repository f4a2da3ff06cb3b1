"""An extractor of others: what it says of itself is all that training, reading and maps ask."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from exported_models import batch_of
from nasion.config import EXTRACTORS, parse
from nasion.errors import NasionError
from nasion.explanation.gradcam import gradcam
from nasion.models.ensemble import Ensemble
from nasion.models.export import export
from nasion.models.extractor import Extractor, statistics_of
from nasion.models.fusion import Inputs, MultimodalNet
from nasion.network import Network
from nasion.terms import DERIVATIONS, Pattern
from nasion.windowing import N_BLOCKS

LENGTH, WIDTH, REACH = 100, 6, 10


class Placed(Extractor):
    """Not dense: what a block says hangs on its place in the window."""

    def __init__(self, n_features):
        super().__init__()
        self.block_length = LENGTH
        self.tokens = nn.Conv1d(len(DERIVATIONS), WIDTH, 20, 20)
        self.place = nn.Parameter(torch.randn(1, 2 * WIDTH, N_BLOCKS))
        self._add_pooling(2 * WIDTH, n_features)

    @classmethod
    def of(cls, model, signal):
        return cls(model.n_features)

    def statistics(self, waveform, present, first):
        n_blocks = present.shape[1]
        tokens = functional.gelu(self.tokens(waveform)).unflatten(-1, (n_blocks, -1))
        return statistics_of(tokens) * self.place[..., first : first + n_blocks]


class Sliding(Extractor):
    """Dense: convolutions that see 0.2 s beyond a block, so that the ends are lost."""

    dense = True
    lost_blocks = 1
    lost_before = REACH

    def __init__(self, n_features):
        super().__init__()
        self.block_length = LENGTH
        self.sliding = nn.Conv1d(len(DERIVATIONS), WIDTH, 2 * REACH + 1)
        self._add_pooling(2 * WIDTH, n_features)

    @classmethod
    def of(cls, model, signal):
        return cls(model.n_features)

    @property
    def last_map(self):
        return self.sliding

    def blocks(self, waveform):
        inside = functional.gelu(self.sliding(waveform))[..., LENGTH - REACH : -(LENGTH - REACH)]
        return functional.pad(statistics_of(inside.unflatten(-1, (-1, LENGTH))), (1, 1))


class Boasting(Placed):
    """Says that it is dense, and has no blocks."""

    dense = True


KINDS = {"placed": Placed, "sliding": Sliding, "boasting": Boasting}


@pytest.fixture(autouse=True)
def named(monkeypatch):
    for name, kind in KINDS.items():
        monkeypatch.setitem(EXTRACTORS, name, f"{kind.__module__}.{kind.__name__}")


def ensemble_of(name):
    model = {"waveform": name, "modality": "waveform", "n_features": 8, "dropout": 0.0}
    experiment = parse({"model": model}, "test")
    torch.manual_seed(0)
    net = MultimodalNet(experiment).eval()
    net.heads["waveform"][-1].weight.data *= 20
    return Ensemble.of(net, experiment)


@pytest.mark.parametrize("name", ["placed", "sliding"])
def test_it_trains(name):
    ensemble = ensemble_of(name)
    (net,), inputs = ensemble.nets, Inputs.of(batch_of(ensemble.signal))
    target = torch.randint(6, (5,), generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(net.train().parameters(), 1e-3)

    def step():
        value = functional.cross_entropy(net(inputs).logits, target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.item()

    first = step()
    assert all(value.grad is not None for value in net.parameters())
    assert step() < first


@pytest.mark.more
@pytest.mark.parametrize("name", [pytest.param("placed", marks=pytest.mark.more), "sliding"])
def test_it_predicts_exports_and_reads_the_same(name, tmp_path):
    ensemble = ensemble_of(name)
    batch = batch_of(ensemble.signal)
    expected = ensemble.predict(batch)
    assert np.ptp(expected, 0).max() > 1e-3
    export(ensemble, tmp_path / "model.onnx", name=name)
    network = Network.open(tmp_path / "model.onnx")
    assert network.dense == (name == "sliding")
    assert network.maps == ()
    np.testing.assert_allclose(network.predict(batch), expected, atol=1e-5)
    if network.dense:
        blocks = np.arange(4)[:, None] + np.arange(N_BLOCKS)
        recording = np.random.default_rng(0).standard_normal((1, 18, 28 * LENGTH), np.float32)
        there = np.ones(blocks.shape, np.float32)
        sliding = network.run(recording, blocks, there, {}, {}, {}).probability
        cut = np.concatenate([recording[..., i * LENGTH : (i + 25) * LENGTH] for i in range(4)])
        alone = network.run(cut, np.arange(100).reshape(4, 25), there, {}, {}, {}).probability
        np.testing.assert_allclose(sliding, alone, atol=1e-5)


def test_it_is_explained_as_far_as_it_says():
    for name in ("placed", "sliding"):
        ensemble = ensemble_of(name)
        one = Inputs.of(batch_of(ensemble.signal, 1))
        time = gradcam(ensemble.nets[0], one, Pattern.LPD).time
        if name == "placed":
            assert time is None
        else:  # all but the ends, which it cannot fill
            assert time.shape == (N_BLOCKS * LENGTH,)
            assert np.isfinite(time[LENGTH:-LENGTH]).all()
            assert np.isnan(time[:LENGTH]).all()


def test_one_that_says_it_is_dense_without_blocks_is_not_exported(tmp_path):
    with pytest.raises(NotImplementedError):
        export(ensemble_of("boasting"), tmp_path / "model.onnx", name="boasting")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_table_has_is_refused_with_those_it_has():
    with pytest.raises(NasionError, match=r"model\.waveform.*'siamese'.*'placed'.*got 'none'"):
        parse({"model": {"waveform": "none"}}, "test")
