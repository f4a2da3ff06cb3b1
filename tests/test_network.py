"""A network in onnxruntime: the same on windows and on long recordings, and clear about files."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest

from exported_models import batch_of, ensemble_of, exported
from nasion.errors import NasionError
from nasion.network import AT_ONCE, Network

LENGTH = 100
N_BLOCKS = 60


@pytest.fixture(scope="module")
def network():
    return Network.open(exported("dense"), threads=2)


@pytest.fixture(scope="module")
def windows():
    """More windows than images at once."""
    return batch_of(ensemble_of("dense").signal, 2 * AT_ONCE + 3)


@pytest.fixture(scope="module")
def recording():
    """Noise of 2 min with a gap, its share of signal, and windows 2 s apart."""
    rng = np.random.default_rng(1)
    waveform = rng.standard_normal((1, 18, N_BLOCKS * LENGTH), dtype=np.float32)
    there = np.ones(N_BLOCKS, np.float32)
    there[40:44] = 0
    waveform *= np.repeat(there, LENGTH)
    blocks = np.arange(N_BLOCKS - 24)[:, None] + np.arange(25)
    return waveform, there[blocks], blocks


def run(network, windows, explain=(), **changed):
    """Run windows as they are, but for what is changed."""
    n = len(windows.waveform)
    given = {
        "waveform": windows.waveform,
        "window_blocks": np.arange(25 * n).reshape(n, 25),
        "present": windows.present,
        "images": windows.images,
        "image_of": dict.fromkeys(windows.images, np.arange(n)),
        "image_present": windows.image_present,
    }
    return network.run(**{**given, **changed}, explain=explain)


def without_images(network, waveform, blocks, present, explain=()):
    n = len(blocks)
    images = {
        view: np.zeros((1, 4, about.n_freqs, about.n_columns), np.float32)
        for view in network.views
        for about in [getattr(network.signal.spectrogram, view)]
    }
    nowhere = dict.fromkeys(network.views, np.zeros(n, np.int64))
    absent = dict.fromkeys(network.views, np.zeros(n, np.float32))
    return network.run(waveform, blocks, present, images, nowhere, absent, explain)


def test_windows_of_a_recording_equal_windows_cut_out_of_it(network, recording):
    waveform, present, blocks = recording
    chosen = (0, 7, 30)
    dense = without_images(network, waveform, blocks, present, chosen)
    cut = np.concatenate([waveform[..., b[0] * LENGTH : (b[-1] + 1) * LENGTH] for b in blocks])
    alone = np.arange(blocks.size).reshape(blocks.shape)
    single = without_images(network, cut, alone, present, chosen)
    assert np.ptp(dense.probability, 0).max() > 1e-3
    np.testing.assert_allclose(dense.probability, single.probability, atol=1e-5)
    scale = np.abs(single.waveform_map).max()
    np.testing.assert_allclose(dense.waveform_map, single.waveform_map, atol=1e-4 * scale)


def test_chunks_of_a_recording_may_be_rows(network, recording):
    waveform, present, blocks = recording
    rows = np.concatenate([waveform, waveform[:, :, ::-1]])
    moved = np.concatenate([blocks, blocks + N_BLOCKS])
    both = without_images(network, rows, moved, np.concatenate([present, present[::-1]]))
    first = without_images(network, waveform, blocks, present)
    np.testing.assert_allclose(both.probability[: len(blocks)], first.probability, atol=1e-5)
    assert np.abs(both.probability[len(blocks) :] - first.probability).max() > 1e-3


def test_absent_blocks_may_point_anywhere(network, recording):
    waveform, present, blocks = recording
    present = present.copy()
    present[:, 20:] = 0
    elsewhere = blocks.copy()
    elsewhere[:, 20:] = np.random.default_rng(0).integers(0, N_BLOCKS, elsewhere[:, 20:].shape)
    here = without_images(network, waveform, blocks, present, (3,))
    there = without_images(network, waveform, elsewhere, present, (3,))
    np.testing.assert_allclose(here.probability, there.probability, atol=1e-6)
    np.testing.assert_allclose(here.waveform_map, there.waveform_map, atol=1e-7)


def test_images_may_be_shared_and_come_in_any_order(network, windows):
    n = len(windows.waveform)
    rng = np.random.default_rng(0)
    order = rng.permutation(n)
    shared = np.arange(n) // 4
    of = {"centre": np.argsort(order), "window": shared}
    images = {"centre": windows.images["centre"][order], "window": windows.images["window"][:10]}
    repeated = {"centre": windows.images["centre"], "window": windows.images["window"][shared]}
    found = run(network, windows, (0, 5, 6), images=images, image_of=of)
    true = run(network, windows, (0, 5, 6), images=repeated)
    np.testing.assert_allclose(found.probability, true.probability, atol=1e-6)
    for view, values in true.image_maps.items():
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(found.image_maps[view], values, atol=1e-6)


def test_images_of_windows_without_the_view_do_not_count(network, windows):
    spoilt = windows.images["window"].copy()
    absent = windows.image_present["window"] == 0
    assert absent.any()
    spoilt[absent] = 100
    explain = np.flatnonzero(absent)[:2]
    true = run(network, windows, explain)
    found = run(network, windows, explain, images={**windows.images, "window": spoilt})
    np.testing.assert_array_equal(found.probability, true.probability)
    assert (found.image_maps["window"] == 0).all()


def test_explaining_changes_no_probability_and_each_map_is_its_own_windows(network, windows):
    plain = run(network, windows)
    assert plain.waveform_map is None
    assert plain.image_maps == {}
    many = run(network, windows, (9, 3, 9))
    np.testing.assert_allclose(many.probability, plain.probability, atol=1e-6)
    assert many.waveform_map.shape == (3, 6, 25 * LENGTH)
    one = run(network, windows, (3,))
    for found, true in [
        (many.waveform_map, one.waveform_map),
        *((many.image_maps[view], one.image_maps[view]) for view in network.views),
    ]:
        scale = np.abs(found).max()
        np.testing.assert_allclose(found[1], true[0], atol=1e-5 * scale)
        np.testing.assert_array_equal(found[0], found[2])
        assert np.abs(found[0] - found[1]).max() > 1e-2 * scale


def test_threads_and_batches_do_not_matter(network, windows):
    single = Network.open(exported("dense"), threads=1).predict(windows)
    np.testing.assert_allclose(network.predict(windows), single, atol=1e-6)
    alone = batch_of(network.signal, 1)
    np.testing.assert_allclose(single.sum(1), 1, atol=1e-5)
    assert network.predict(alone).shape == (1, 6)


@pytest.mark.slow
def test_a_model_that_is_not_dense_takes_whole_windows_only():
    padded = Network.open(exported("padded"))
    batch = batch_of(padded.signal, 3)
    assert run(padded, batch).probability.shape == (3, 6)
    with pytest.raises(ValueError, match="whole windows only"):
        run(padded, batch, window_blocks=np.zeros((3, 25), np.int64))


def renamed(tmp_path, change):
    """A copy of the file with other metadata."""
    model = onnx.load(exported("dense"))
    entry = next(entry for entry in model.metadata_props if entry.key == "nasion")
    change(model, entry)
    path = tmp_path / f"{change.__name__}.onnx"
    onnx.save(model, path)
    return path


def of_others(model, entry):
    model.metadata_props.remove(entry)


def of_schema_99(model, entry):
    entry.value = json.dumps({**json.loads(entry.value), "schema": 99})


def without_maps(model, entry):
    del model.graph.output[1:]


def with_another_pattern(model, entry):
    entry.value = entry.value.replace('"grda"', '"burst-suppression"')


def in_another_order(tmp_path):
    """A copy of the file with patterns, derivations and chains in another order, so named."""
    model = onnx.load(exported("dense"))
    entry = next(entry for entry in model.metadata_props if entry.key == "nasion")
    about, rng = json.loads(entry.value), np.random.default_rng(3)
    graph, images = model.graph, ("image_centre", "image_window")
    for key, parts in (
        ("patterns", [value for value in graph.output if "embedding" not in value.name]),
        ("derivations", [value for value in graph.input if value.name == "waveform"]),
        (
            "spectrogram_chains",
            [value for value in graph.input if value.name in images],
        ),
    ):
        order = rng.permutation(len(about[key]))
        about[key] = [about[key][place] for place in order]
        given = key != "patterns"
        places = onnx.numpy_helper.from_array(np.argsort(order) if given else order, key)
        graph.initializer.append(places)
        for value in parts:
            inner = f"own_{value.name}"
            for node in graph.node:
                for names in (node.input, node.output):
                    names[:] = [inner if name == value.name else name for name in names]
            ends = (value.name, inner) if given else (inner, value.name)
            gather = onnx.helper.make_node("Gather", [ends[0], key], [ends[1]], axis=1)
            graph.node.insert(0 if given else len(graph.node), gather)
    entry.value = json.dumps(about)
    path = tmp_path / "permuted.onnx"
    onnx.save(model, path)
    return path


def test_names_rule_whatever_their_order_in_the_file(network, windows, tmp_path):
    other = Network.open(in_another_order(tmp_path))
    for names in ("patterns", "derivations", "spectrogram_chains"):
        assert getattr(other.about, names) != getattr(network.about, names)
    here, there = (run(one, windows, (0, 5)) for one in (network, other))
    np.testing.assert_allclose(there.probability, here.probability, atol=1e-6)
    scale = np.abs(here.waveform_map).max()
    np.testing.assert_allclose(there.waveform_map, here.waveform_map, atol=1e-5 * scale)
    for view, true in here.image_maps.items():
        found = there.image_maps[view]
        np.testing.assert_allclose(found, true, atol=1e-5 * np.abs(true).max())


def test_files_that_are_no_model_are_named_in_one_line(tmp_path):
    text = tmp_path / "text.onnx"
    text.write_text("no model")
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(exported("dense").read_bytes()[:20_000])
    for path, words in (
        (tmp_path / "none.onnx", "not found; make one with nasion export"),
        (tmp_path, "not found"),
        (text, "not an ONNX model"),
        (torn, "not an ONNX model"),
        (renamed(tmp_path, of_others), "by nasion"),
        (renamed(tmp_path, of_schema_99), "schema 99, this nasion reads 1"),
        (renamed(tmp_path, with_another_pattern), "'burst-suppression' is not known here"),
        (renamed(tmp_path, without_maps), "lacks its output waveform_map; export it anew"),
    ):
        with pytest.raises(NasionError, match=words) as caught:
            Network.open(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


def test_importing_it_loads_neither_torch_nor_onnxruntime():
    code = "import sys, nasion.network; print(*{'torch', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
