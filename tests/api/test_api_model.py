"""Models from Python: arrays and recordings in, probabilities and readings out."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nasion
from eeg.made_edf import write
from exported_models import checkpoint, exported
from hms_folder import noise
from nasion.api.model import Model
from nasion.contract import PACKAGED
from nasion.errors import NasionError
from nasion.hms.segments import load_segments
from nasion.models.ensemble import Ensemble
from nasion.prediction import predict
from nasion.terms import COLUMNS, DERIVATION_NAMES, DERIVATIONS, ELECTRODES, LEFT, VOTE_COLUMNS


@pytest.fixture(scope="module")
def model():
    return nasion.load(exported("dense"))


def test_the_packaged_model_is_loaded_by_default(model):
    assert nasion.load().network.about == nasion.load(PACKAGED).network.about
    assert nasion.load().network.about != model.network.about
    assert nasion.load().patterns == nasion.PATTERNS


def test_an_array_is_predicted_as_its_segment_is(phantoms, model):
    segments = load_segments(phantoms)
    table = predict(segments, model.predictor)
    places = np.flatnonzero(~segments.table["eeg_id"].duplicated(keep=False))
    judged = 0
    for place in places:
        eeg = pd.read_parquet(segments.eeg_path(segments.table["eeg_id"].iloc[place]))
        if len(eeg) > 50 * 200:
            continue
        array, names = eeg[list(COLUMNS)].to_numpy().T, list(COLUMNS)
        values = model.predict(array, sfreq=200, ch_names=names)
        if segments.table["spectrogram_id"].iloc[place] == -1:
            np.testing.assert_allclose(values, table[list(VOTE_COLUMNS)].iloc[place], atol=2e-3)
            judged += 1
    assert judged >= 3


def test_many_arrays_are_predicted_as_each_alone(model):
    signals = np.stack([noise(12.0, seed=k)[:19] for k in range(3)])
    every = model.predict(signals, 200, ELECTRODES)
    assert every.shape == (3, 6)
    np.testing.assert_allclose(every.sum(1), 1, atol=1e-6)
    for values, one in zip(every, signals, strict=True):
        np.testing.assert_allclose(model.predict(one, 200, ELECTRODES), values, atol=1e-5)
    assert model.predict(signals[:0], 200, ELECTRODES).shape == (0, 6)


def test_names_and_their_order_do_not_matter(model):
    signals = noise(12.0)[:19]
    renamed = [{"T3": "T7", "Fp1": "FP1"}.get(name, name) for name in ELECTRODES]
    values = model.predict(signals, 200, ELECTRODES)
    again = model.predict(signals[::-1], 200, renamed[::-1])
    np.testing.assert_allclose(again, values, atol=1e-6)


def test_what_has_to_be_known_of_an_array_is_a_warning(model):
    with pytest.warns(UserWarning, match="F7"):
        model.predict(noise(12.0)[:19], 200, ["A-B", *ELECTRODES[1:4], "nothing", *ELECTRODES[5:]])


@pytest.mark.parametrize(
    ("array", "sfreq", "names", "message"),
    [
        (np.zeros(2000), 200, ELECTRODES, "shape"),
        (np.zeros((18, 4000)), 200, ELECTRODES, "a name in ch_names"),
        (np.ones((19, 1990)), 200, ELECTRODES, "predict takes 10 to 50 s"),
        (np.ones((19, 10200)), 200, ELECTRODES, "model.read"),
        (np.full((19, 4000), 1e-5), 200, ELECTRODES, "looks like volts"),
        (np.ones((19, 4000)), 0, ELECTRODES, "rate"),
        (np.ones((19, 4000)) * 1j, 200, ELECTRODES, "real numbers"),
        (np.ones((3, 4000)), 200, ELECTRODES[:3], "at least 4"),
    ],
)
def test_what_can_not_be_predicted_is_one_line(model, array, sfreq, names, message):
    with pytest.raises(NasionError, match=message) as refused:
        model.predict(array, sfreq, names)
    assert "\n" not in str(refused.value)


@pytest.mark.more
def test_fits_predict_and_read_as_their_export_does(tmp_path, model):
    fits = Model(Ensemble((checkpoint("dense"),)))
    signals = noise(30.0)[:19]
    alone = Model(fits.network)
    values = fits.predict(signals, 200, ELECTRODES)
    np.testing.assert_allclose(alone.predict(signals, 200, ELECTRODES), values, atol=1e-5)


def test_what_is_saved_as_pretrained_is_loaded_the_same(tmp_path):
    fit = checkpoint("dense")
    Model(Ensemble((fit,))).save_pretrained(tmp_path / "hub")
    assert {path.name for path in (tmp_path / "hub").iterdir()} == {
        "config.json",
        "model.safetensors",
    }
    loaded, signals = nasion.load(tmp_path / "hub"), noise(20.0)[:19]
    np.testing.assert_array_equal(
        loaded.predict(signals, 200, ELECTRODES),
        Model(Ensemble((fit,))).predict(signals, 200, ELECTRODES),
    )
    assert loaded.predictor.fits[0].calibration == fit.calibration
    (tmp_path / "hub" / "config.json").write_text("{}")
    with pytest.raises(NasionError, match=r"config\.json"):
        nasion.load(tmp_path / "hub")


def test_a_hub_takes_one_fit(tmp_path, model):
    with pytest.raises(NasionError, match="one fit"):
        model.save_pretrained(tmp_path / "hub")
    assert not (tmp_path / "hub").exists()


def test_where_there_is_no_model_it_is_said(tmp_path):
    with pytest.raises(NasionError, match="run folder"):
        nasion.load(tmp_path)


# Readings


@pytest.fixture(scope="module")
def night(tmp_path_factory, model):
    path = tmp_path_factory.mktemp("night") / "night.edf"
    write(path, noise(90.0))
    return path, nasion.read(str(path), model=model)


def test_a_reading_makes_everything_by_strings_and_paths(night, tmp_path):
    _, reading = night
    assert len(reading.table()) == reading.n_steps == 45
    assert len(reading.events_table()) == len(reading.events)
    assert sum(reading.burden.events.values()) == len(reading.events)
    for kind in (str, lambda path: path):
        place = tmp_path / kind.__name__
        assert reading.to_bids(kind(place / "x.tsv")).read_text().startswith("onset")
        assert reading.to_bids(kind(place / "bids")).is_relative_to(place / "bids")
        assert reading.to_edf(kind(place / "x.edf")).stat().st_size
        assert reading.report(kind(place / "x.html")).read_text().startswith("<!DOCTYPE html>")
        assert (reading.save(kind(place / "folder")) / "reading.json").exists()
    assert reading.plot().axes


def test_a_saved_reading_opens_as_it_was(night, tmp_path):
    _, reading = night
    opened = nasion.open_reading(str(reading.save(tmp_path / "night")))
    pd.testing.assert_frame_equal(opened.table(), reading.table())
    assert opened.events == reading.events
    assert opened.burden == reading.burden
    with pytest.raises(NasionError, match="read"):
        opened.report(tmp_path / "x.html")
    with pytest.raises(NasionError, match="not at hand"):
        replace(opened, folder=None).report(tmp_path / "x.html")


def test_derivations_predict_what_their_electrodes_do(model):
    scalp = noise(30.0)[: len(ELECTRODES)].astype(np.float64)
    at = [[ELECTRODES.index(name) for name in pair] for pair in DERIVATIONS]
    derived = np.array([scalp[first] - scalp[second] for first, second in at])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = model.predict(derived, 200, DERIVATION_NAMES)
    assert any("rebuilt from derivations" in str(one.message) for one in told)
    np.testing.assert_allclose(found, model.predict(scalp, 200, ELECTRODES), atol=1e-4)


def test_what_some_channels_cannot_tell_is_a_warning():
    model, n = nasion.load(), len(LEFT)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.predict(noise(30.0)[:n], 200, LEFT)
    assert any("can't tell" in str(one.message) and "LPD" in str(one.message) for one in told)
