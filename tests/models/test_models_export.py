"""The exported file says what PyTorch says, explains as autograd does, and tells nothing else."""

from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from captum.attr import LayerAttribution

from abouts import about, measured
from exported_models import KINDS, batch_of, ensemble_of, exported
from nasion.contract import PACKAGED, PACKAGED_MODEL
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.explanation.gradcam import gradcam, mean_maps
from nasion.hms.segments import load_segments
from nasion.models.card import card
from nasion.models.fusion import Inputs
from nasion.network import Network
from nasion.prediction import predict
from nasion.provenance import Provenance
from nasion.simulation import Simulation
from nasion.terms import PATTERNS, VOTE_COLUMNS

MARKS = {"dense": (), "sided": pytest.mark.more, "fits": pytest.mark.more}  # the others are slow
EVERY = [pytest.param(kind, marks=MARKS.get(kind, pytest.mark.slow), id=kind) for kind in KINDS]
MAPS = {
    "dense": ("waveform", "centre", "window"),
    "sided": ("waveform",),
    "fits": ("waveform", "centre", "window"),
    "attention": (),  # neither attention over time nor a vision transformer has a map here
    "siamese": ("centre", "window"),
    "recurrent": ("centre", "window"),
    "padded": ("waveform",),
    "causal": ("waveform",),
    "images": ("centre", "window"),
}


def batch_for(kind, n=5):
    return batch_of(ensemble_of(kind).signal, n)


def explained(network, batch, windows):
    n = len(batch.waveform)
    rows = np.arange(n)
    blocks = np.arange(25 * n).reshape(n, 25)
    of = dict.fromkeys(batch.images, rows)
    return network.run(
        batch.waveform, blocks, batch.present, batch.images, of, batch.image_present, windows
    )


def one_of(batch, row):
    part = slice(row, row + 1)
    return Inputs.of(
        replace(
            batch,
            waveform=batch.waveform[part],
            present=batch.present[part],
            images={view: image[part] for view, image in batch.images.items()},
            image_present={view: there[part] for view, there in batch.image_present.items()},
        )
    )


def whole(image_map, like):
    """A map on the grid of the feature maps as Captum stretches it over the image."""
    rows = (like.shape[0] * like.shape[1], like.shape[2])
    given = torch.from_numpy(image_map)[None, None]
    return LayerAttribution.interpolate(given, rows, "bilinear").numpy().reshape(like.shape)


def assert_same_maps(kind, batch, windows, *, atol=1e-4, floor=0.0):
    """Every pattern, every map; relative to the largest of the map, beside a floor."""
    network = Network.open(exported(kind))
    answer = explained(network, batch, windows)
    for place, row in enumerate(windows):
        for number, pattern in enumerate(PATTERNS):
            maps = mean_maps(
                [gradcam(net, one_of(batch, row), pattern) for net in ensemble_of(kind).nets]
            )
            pairs = [
                (whole(found[place, number], maps.images[view]), maps.images[view])
                for view, found in answer.image_maps.items()
                if view in maps.images
            ]
            if answer.waveform_map is not None:
                looked = np.isfinite(maps.time)
                found = answer.waveform_map[place, number]
                assert (found[~looked] == 0).all()
                pairs.append((found[looked], maps.time[looked]))
            for found, true in pairs:
                limit = floor + atol * np.abs(true).max()
                np.testing.assert_allclose(found, true, rtol=0, atol=limit)
                if np.ptp(true) > 1e-6 * np.abs(true).max():
                    assert np.corrcoef(found.ravel(), true.ravel())[0, 1] >= 1 - 1e-5


@pytest.mark.parametrize("kind", EVERY)
def test_probabilities_are_those_of_pytorch(kind):
    batch, network = batch_for(kind), Network.open(exported(kind))
    found = network.predict(batch)
    assert np.ptp(found, 0).max() > 1e-3
    np.testing.assert_allclose(found, ensemble_of(kind).predict(batch), atol=1e-5)


@pytest.mark.parametrize("kind", EVERY)
def test_maps_are_those_of_autograd_and_the_file_says_which_there_are(kind):
    network, windows = Network.open(exported(kind)), (1, 0, 3)
    assert network.maps == MAPS[kind]
    answer = explained(network, batch_for(kind), windows)
    assert (answer.waveform_map is not None) == ("waveform" in MAPS[kind])
    assert set(answer.image_maps) == set(MAPS[kind]) - {"waveform"}
    if MAPS[kind]:
        assert_same_maps(kind, batch_for(kind), windows)


@pytest.mark.real
@pytest.mark.parametrize("part", ["hms", pytest.param("iiic", marks=pytest.mark.more)])
def test_packaged_weights_say_the_same_of_real_segments(real, part):
    segments = load_segments(real / part, None)
    here = predict(segments, ensemble_of("packaged"))[list(VOTE_COLUMNS)].to_numpy()
    there = predict(segments, Network.open(exported("packaged")))[list(VOTE_COLUMNS)].to_numpy()
    assert np.abs(here - there).max() <= 1e-4


def some(folder, part, tmp_path, n_rows):
    """A batch of segments spread over a data set."""
    segments = load_segments(folder, part)
    experiment = ensemble_of("packaged").experiment
    rows = np.linspace(0, len(segments) - 1, n_rows).round().astype(int)
    subset = segments.subset(np.isin(np.arange(len(segments)), rows))
    dataset = SegmentDataset(
        subset, open_store(subset, experiment.signal, tmp_path / "store", None), experiment
    )
    return dataset.batch(range(len(subset)))


@pytest.mark.more
@pytest.mark.real
@pytest.mark.parametrize("part", ["hms", "iiic"])
def test_packaged_weights_explain_real_segments_as_autograd_does(real, part, tmp_path):
    # Where a network is sure its slopes are small, and sums of float32 show.
    assert_same_maps("packaged", some(real / part, None, tmp_path, 5), range(5), floor=2e-6)


@pytest.mark.more
def test_packaged_weights_explain_phantoms_as_autograd_does(phantoms, tmp_path):
    assert_same_maps("packaged", some(phantoms, "train", tmp_path, 5), range(5))


def test_the_file_alone_is_enough_and_vectors_known_before_need_no_image():
    session = onnxruntime.InferenceSession(exported("dense"), providers=["CPUExecutionProvider"])
    batch, n = batch_for("dense"), 5
    feeds = {
        "waveform": batch.waveform,
        "window_blocks": np.arange(25 * n).reshape(n, 25),
        "present": batch.present,
        "explain": np.zeros(0, np.int64),
    }
    for view, image in batch.images.items():
        feeds[f"image_{view}"] = image
        feeds[f"image_{view}_of"] = np.arange(n)
        feeds[f"image_{view}_present"] = batch.image_present[view]
    names = [one.name for one in session.get_outputs()]
    first = dict(zip(names, session.run(None, feeds), strict=True))
    assert first["probability"].shape == (n, 6)
    assert first["waveform_map"].shape == (0, 6, 2500)
    for view, image in batch.images.items():
        feeds[f"known_{view}"] = first[f"embedding_{view}"]
        feeds[f"image_{view}"] = image[:1]
        feeds[f"image_{view}_of"] = 1 + np.arange(n)
    again = session.run(["probability"], feeds)[0]
    np.testing.assert_allclose(again, first["probability"], atol=1e-6)


@pytest.mark.more
def test_weights_exported_anew_say_the_same(phantoms):
    segments = load_segments(phantoms)
    anew, packaged = (
        predict(segments, Network.open(exported(kind)))[list(VOTE_COLUMNS)].to_numpy()
        for kind in ("anew", "packaged")
    )
    np.testing.assert_allclose(anew, packaged, atol=1e-6)
    assert exported("anew").stat().st_size == pytest.approx(PACKAGED_MODEL.stat().st_size, rel=0.01)


def test_the_packaged_file_is_small_and_exact():
    size = exported("packaged").stat().st_size
    weights = sum(path.stat().st_size for path in PACKAGED.glob("fold-*/weights.safetensors"))
    assert size < 1.1 * weights
    kinds = {tensor.data_type for tensor in onnx.load(exported("packaged")).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    assert onnx.TensorProto.FLOAT16 not in {
        tensor.data_type for tensor in onnx.load(exported("dense")).graph.initializer
    }


@pytest.mark.parametrize("kind", ["dense", pytest.param("anew", marks=pytest.mark.more)])
def test_nothing_of_the_machine_is_in_the_file(kind):
    content = exported(kind).read_bytes()
    machine = {Path(__file__).parents[2], Path.home(), Path(gettempdir()), exported(kind).parent}
    traces = {"/work", "/tmp", "site-packages", ".py", "Traceback", *map(str, machine)}
    assert [trace for trace in traces if trace.encode() in content] == []


def test_the_file_describes_itself():
    network = Network.open(exported("packaged"))
    model, ensemble = network.about, ensemble_of("packaged")
    assert model.patterns == PATTERNS
    assert network.signal == ensemble.signal
    assert (model.labels, model.name, model.fits) == ("4a942264a83d", "phantom", 1)
    assert network.dense
    assert model.symmetric
    assert network.block_length == 100
    assert network.views == ensemble.signal.spectrogram.views
    assert network.maps == ("waveform", *network.views)
    assert f"temperature {ensemble.mixture.mean.temperature:.3g}" in model.calibration
    assert Network.open(exported("dense")).about.weights != model.weights


def test_the_card_says_what_the_model_is():
    text = card(Network.open(exported("packaged")).about)
    for word in ("# phantom", "not a diagnosis", "8000 simulated patients", "temperature 0.894"):
        assert word in text
    assert "Fp1-F7" in text
    assert "context: multitaper" in text


@pytest.mark.more
def test_the_card_of_several_fits_says_how_each_is_calibrated():
    both = card(Network.open(exported("fits")).about)
    assert "Mean over 2 fits" in both
    assert "of each fit: temperature 0.7" in both


def test_the_card_says_what_is_stated_and_what_is_not():
    assert "Licence of the weights.** not stated" in card(about())
    assert "Accuracy" not in card(about())
    assert "made for patients from 18 years." in card(about())
    assert "from 0 years to below 18" in card(about(ages_years=[0.0, 18.0]))
    poor = measured(electrodes=6, accuracy=0.5, above_ci95=[0.1, 0.3], patterns={"gpd": 0.2})
    text = card(about(licence="Apache-2.0", accuracy={"10-20": measured(), "six": poor}))
    assert "Licence of the weights.** Apache-2.0." in text
    assert "| 10-20 | 19 | 71 | 0.789 (0.675 to 0.870) |" in text
    assert "| six | 6 | 71 | 0.500 " in text
    assert text.count("| GPD |") == 1
    assert about().identity in text


def test_the_card_says_whether_it_knows_whom_it_learned_from():
    assert "Whom it learned from is not stated." in card(about())
    provenance = Provenance((), (Simulation(7, ((1, 100),)),)).as_dict()
    learned_from = {**about().as_dict()["learned_from"], "provenance": provenance}
    assert "0 EEGs by their hashes, seed 7 of" in card(about(learned_from=learned_from))
