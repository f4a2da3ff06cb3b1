"""Recordings on the disk: what was simulated, once, in files that others can read."""

import hashlib
from itertools import pairwise

import edfio
import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfiltfilt

from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.loading import read_json
from nasion.phantom.recordings import FileKind, at_rate, simulate_recordings
from nasion.phantom.stay import Stay
from nasion.phantom.truth import COLUMNS
from nasion.terms import ELECTRODES, LEFT, MIDLINE, RIGHT, SFREQ

BAND = butter(2, (0.5, 20), "bandpass", fs=SFREQ, output="sos")


@pytest.mark.parametrize("sfreq", [256.0, 250.0, 512.0])
def test_resampling_knows_no_pieces_and_keeps_the_signal(sfreq):
    rng = np.random.default_rng(0)
    signals = sosfiltfilt(BAND, rng.standard_normal((20, 26_000)), axis=1).astype(np.float32)
    whole = next(at_rate(iter([signals]), sfreq))
    cuts = 0, 12_000, 24_000, 26_000
    pieces = [signals[:, a:b] for a, b in pairwise(cuts)]
    joined = np.concatenate(list(at_rate(iter(pieces), sfreq)), 1)
    assert joined.shape == (20, round(130 * sfreq))
    np.testing.assert_allclose(joined, whole, atol=1e-5)
    seconds = np.arange(1, 129)
    np.testing.assert_allclose(
        joined[:, np.round(seconds * sfreq).astype(int)], signals[:, 200 * seconds], atol=0.02
    )


def digest(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def simulate(folder, n_recordings=3, hours=0.05, seed=4, **settings):
    return simulate_recordings(
        folder, n_recordings=n_recordings, hours=hours, seed=seed, write=write_edf, **settings
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    told = []
    paths = simulate(folder, progress=lambda *counts: told.append(counts))
    assert [path.name for path in paths] == [f"patient-00{i}.edf" for i in (1, 2, 3)]
    assert told[-1] == (9, 9)
    assert told == sorted(told)
    return folder


def test_a_recording_opens_with_its_twenty_channels(folder):
    for path in sorted(folder.rglob("*.edf")):
        recording = open_recording(path)
        assert recording.duration_s == 180
        assert recording.missing == ()
        assert recording.ignored == ()
        assert recording.warnings == ()
        assert recording.start is not None
        signals = recording.signals(20, 60)
        assert np.isfinite(signals).all()
        assert signals.std() > 1


def test_files_hold_what_was_simulated(folder):
    for number, path in enumerate(sorted(folder.rglob("*.edf"))):
        stay = Stay.draw((4, number), 180.0)
        edf = edfio.read_edf(path)
        step_uv = max(stay.patient.hardware.step_uv, 0.1)
        sfreq = edf.signals[0].sampling_frequency
        expected = np.concatenate(list(at_rate((p.channels for p in stay.pieces()), sfreq)), 1)
        largest = 32767 * step_uv
        found = np.array([signal.data for signal in edf.signals])
        limits = -largest, largest
        np.testing.assert_allclose(found, expected.clip(*limits), atol=0.51 * step_uv)


def test_every_laboratory_is_understood(tmp_path):
    seen = set()
    for seed in range(40):
        form = FileKind.draw(np.random.default_rng(seed))
        seen.add((form.labels[0], form.labels[5], form.labels[-1]))
        signals = np.random.default_rng(0).standard_normal((20, 512)).astype(np.float32)
        settings = {"labels": form.labels, "sfreq": form.sfreq, "start": form.start}
        write_edf(tmp_path / "a.edf", [20 * signals], n_times=512, **settings)
        recording = open_recording(tmp_path / "a.edf")
        assert recording.present == ELECTRODES
        assert (recording.missing, recording.ignored) == ((), ())
    assert len(seen) > 10


def test_events_follow_bids(folder):
    for path in sorted(folder.rglob("*_events.tsv")):
        table = pd.read_csv(path, sep="\t", na_values="n/a", dtype={"channels": str})
        assert list(table.columns[:3]) == ["onset", "duration", "trial_type"]
        assert list(table.columns) == list(COLUMNS)
        assert table["onset"].is_monotonic_increasing
        assert (table["duration"] > 0).all()
        assert (table["onset"] + table["duration"]).max() <= 180.01
        sidecar = read_json(path.with_suffix(".json"))
        assert set(sidecar) == {*table.columns, "Simulation"}
        assert set(table["trial_type"]) <= set(sidecar["trial_type"]["Levels"])
        named = table["channels"].dropna().str.split(",").explode()
        assert set(named) <= set(LEFT + MIDLINE + RIGHT)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(folder, tmp_path):
    simulate(tmp_path / "again", n_recordings=2)
    assert digest(tmp_path / "again").items() <= digest(folder).items()
    other = simulate(tmp_path / "other", n_recordings=1, seed=5)[0]
    assert other.read_bytes() != (folder / "recordings" / other.name).read_bytes()


def test_finished_recordings_are_left_and_others_completed(folder, tmp_path):
    class StopError(Exception):
        pass

    def write_until_stopped(path, pieces, **settings):
        if path.stem == "patient-002":
            next(pieces)
            raise StopError
        write_edf(path, pieces, **settings)

    with pytest.raises(StopError):
        simulate_recordings(tmp_path, n_recordings=3, hours=0.05, seed=4, write=write_until_stopped)
    first = tmp_path / "recordings" / "patient-001.edf"
    assert {path.name.partition("_")[0] for path in first.parent.iterdir()} == {
        "patient-001.edf",
        "patient-001",
    }
    untouched = first.stat().st_mtime_ns
    (tmp_path / "recordings" / "patient-002.edf").write_bytes(b"cut off")
    simulate(tmp_path)
    assert first.stat().st_mtime_ns == untouched
    assert digest(tmp_path) == digest(folder)


def test_other_settings_want_another_folder(folder):
    before = digest(folder)
    for change in ({"seed": 5}, {"hours": 0.1}):
        with pytest.raises(NasionError, match="another folder"):
            simulate(folder, **change)
    assert digest(folder) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hours": 0.001}, "at least 10 s"),
        ({"hours": float("nan")}, "at least 10 s"),
        ({"hours": float("inf")}, "at most"),
        ({"seed": -1}, "negative"),
        ({"n_recordings": -1}, "negative"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, change, message):
    with pytest.raises(NasionError, match=message):
        simulate(tmp_path, **change)
    assert list(tmp_path.iterdir()) == []


def test_no_recordings_are_no_files(tmp_path):
    assert simulate(tmp_path, n_recordings=0) == []
    assert list(tmp_path.iterdir()) == []


def test_ten_seconds_are_enough(tmp_path):
    path = simulate(tmp_path, n_recordings=1, hours=10 / 3600)[0]
    assert open_recording(path).duration_s == 10
