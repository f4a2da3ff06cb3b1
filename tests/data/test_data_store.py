import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from hms_folder import noise, segment, spectrogram, write_hms
from nasion.config import Signal, Spectrogram, Waveform
from nasion.data.representation import represent
from nasion.data.store import building, open_store
from nasion.eeg.formats import open_recording
from nasion.eeg.spectrogram import scaled
from nasion.errors import NasionError
from nasion.hms.layout import from_table
from nasion.hms.segments import load_segments
from nasion.terms import CONTEXT_S
from nasion.windowing import cut

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
ROWS = [
    segment(11, patient_id=1, spectrogram_id=5),
    segment(11, patient_id=1, sub_id=1, offset_s=4.0, spectrogram_id=5, spectrogram_offset_s=4.0),
    segment(12, spectrogram_id=6),  # no such file
    segment(13),
    segment(14),
]


@pytest.fixture
def folder(tmp_path):
    signals = {11: noise(60.0, 11), 13: noise(10.0, 13), 14: noise(55.0, 14)}
    signals[14][3] = np.nan
    signals[14][:, 3000:5000] = np.nan
    spectrograms = {5: spectrogram(304)}
    return write_hms(tmp_path / "hms", ROWS, signals=signals, spectrograms=spectrograms)


def rows_of(segments):
    return list(segments.table.itertuples(index=False))


def built(store):
    """What changes when a store is built anew."""
    status = (store.folder / "index.json").stat()
    return status.st_ino, status.st_mtime_ns


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("quantise", ["none", "mu-law"])
def test_windows_equal_those_cut_directly(folder, tmp_path, quantise):
    settings = ALL.model_copy(update={"waveform": Waveform(quantise=quantise)})
    segments = load_segments(folder)
    store = open_store(segments, settings, tmp_path / "store")
    for row in rows_of(segments)[2:]:
        whole = represent(open_recording(segments.eeg_path(row.eeg_id)).signals(), settings)
        for shift in (-20, 0, 35):
            direct = cut(whole, settings, row.eeg_label_offset_seconds, shift=shift)
            window = store.window(row, shift=shift)
            # Half of the last of float16's 11 bits.
            close = {"rtol": 2**-11, "atol": 1e-6}
            np.testing.assert_allclose(window.waveform, direct.waveform, **close)
            assert set(window.images) == set(direct.images)
            for name, image in direct.images.items():
                np.testing.assert_allclose(window.images[name], image, **close)


def test_a_ready_made_spectrogram_is_the_context(folder, tmp_path):
    segments = load_segments(folder)
    store = open_store(segments, ALL, tmp_path / "store")
    power = from_table(pd.read_parquet(segments.spectrogram_path(5)))
    for row, first in zip(rows_of(segments), (0, 2), strict=False):
        expected = scaled(power, ALL.spectrogram)[:, :, first : first + 300]
        image = store.window(row).images["context"]
        np.testing.assert_allclose(image, expected, rtol=2**-11, atol=1e-6)


def test_a_ready_made_spectrogram_is_left_alone_where_another_recipe_is_asked_for(folder, tmp_path):
    segments = load_segments(folder)
    view = ALL.spectrogram.context.model_copy(update={"step_s": 1.0, "bins": (3, 52)})
    spectrogram = ALL.spectrogram.model_copy(update={"context": view})
    store = open_store(segments, Signal(spectrogram=spectrogram), tmp_path / "store")
    row = next(iter(rows_of(segments)))
    whole = represent(open_recording(segments.eeg_path(row.eeg_id)).signals(), store.settings)
    computed = cut(whole, store.settings, row.eeg_label_offset_seconds).images["context"]
    assert computed.shape == (4, 50, 600)
    image = store.window(row).images["context"]
    np.testing.assert_allclose(image, computed, rtol=2**-11, atol=1e-6)


@pytest.mark.real
def test_windows_of_hms_hold_the_official_rows_of_their_label(real, tmp_path):
    segments = load_segments(real / "hms")
    store = open_store(segments, Signal(), tmp_path)
    assert len(store.index["eegs"]) == len(store.index["spectrograms"]) == 5
    for row in rows_of(segments):
        frame = pd.read_parquet(segments.spectrogram_path(row.spectrogram_id))
        offset_s = row.spectrogram_label_offset_seconds
        there = frame[(frame["time"] >= offset_s) & (frame["time"] < offset_s + CONTEXT_S)]
        assert len(there) == 300
        expected = scaled(from_table(there), Signal().spectrogram)
        window = store.window(row)
        np.testing.assert_allclose(window.images["context"], expected, rtol=2**-11, atol=1e-6)
        assert np.isfinite(window.waveform).all()


@pytest.mark.real
def test_the_official_context_and_the_computed_one_show_the_same(real, tmp_path):
    segments = load_segments(real / "hms")
    row = next(row for row in rows_of(segments) if row.eeg_id == 1628180742)
    store = open_store(segments, Signal(), tmp_path)
    official = store.window(row).images["context"]
    computed = cut(store.representation(row.eeg_id), Signal(), 0.0).images["context"]
    both = np.isfinite(computed).all(axis=(0, 1))
    assert both.sum() > 30
    inside = np.flatnonzero(both)[5:-5]
    difference = np.abs(official - computed)[:, :, inside]
    assert np.median(difference) < 0.005
    assert np.corrcoef(official[:, :, inside].ravel(), computed[:, :, inside].ravel())[0, 1] > 0.999


def test_ten_seconds_are_the_middle_of_their_window(folder, tmp_path):
    segments = load_segments(folder)
    window = open_store(segments, ALL, tmp_path / "store").window(rows_of(segments)[3])
    there = np.isfinite(window.waveform)
    assert there[:, 1000:1500].all()
    assert not there[:, :1000].any()
    assert not there[:, 1500:].any()


@pytest.mark.parametrize("row", [2, 3])
def test_without_a_spectrogram_file_the_context_comes_from_the_eeg(folder, tmp_path, row):
    segments = load_segments(folder)
    assert not segments.spectrogram_path(segments.table["spectrogram_id"][row]).exists()
    image = open_store(segments, ALL, tmp_path / "store").window(rows_of(segments)[row])
    duration_s = (52.0, 10.0)[row - 2]
    n_columns = int((duration_s - 4) // 2) + 1
    assert np.isfinite(image.images["context"]).all(axis=(0, 1)).sum() == n_columns


def test_a_gap_is_kept_and_a_lost_electrode_interpolated(folder, tmp_path):
    segments = load_segments(folder)
    window = open_store(segments, ALL, tmp_path / "store").window(rows_of(segments)[4])
    assert np.isnan(window.waveform[:, 750:1250]).all()
    assert np.isfinite(window.waveform[:, 1250:]).all()


def test_an_unchanged_store_is_opened_not_built(folder, tmp_path):
    segments = load_segments(folder)
    seen = []
    first = open_store(segments, ALL, tmp_path / "store", lambda *step: seen.append(step))
    assert seen == [(i, 5) for i in range(1, 6)]
    again = open_store(load_segments(folder), ALL, tmp_path / "store", lambda *s: seen.append(s))
    assert len(seen) == 5
    assert built(again) == built(first)
    np.testing.assert_array_equal(again.arrays["waveform"], first.arrays["waveform"])


def test_whatever_changes_makes_a_new_store(folder, tmp_path):
    segments = load_segments(folder)

    def opened(settings=ALL, which=segments):
        return open_store(which, settings, tmp_path / "store")

    stores = {"first": opened()}
    stores["settings"] = opened(ALL.model_copy(update={"waveform": Waveform(scale_uv=16.0)}))
    stores["rows"] = opened(which=segments.subset(np.array([0, 1, 2])))
    path = segments.eeg_path(12)
    old, status = path.read_bytes(), path.stat()
    frame = pd.read_parquet(path)
    (2 * frame).to_parquet(path)
    stores["eeg"] = opened()
    row = rows_of(segments)[2]
    before, after = (stores[name].window(row).waveform for name in ("first", "eeg"))
    np.testing.assert_allclose(after, 2 * before, rtol=2e-3, atol=1e-5)
    path.write_bytes(old)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    spectrogram(304, seed=1).to_parquet(segments.spectrogram_path(5))
    stores["spectrogram"] = opened()
    assert len({store.folder for store in stores.values()}) == len(stores)


def test_what_a_build_leaves_when_it_is_stopped_is_never_opened(folder, tmp_path):
    segments = load_segments(folder)
    parent = tmp_path / "store"

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(segments, ALL, parent, stop)
    assert tree(parent) == []
    store = open_store(segments, ALL, parent)
    assert len(store.index["eegs"]) == 4


def test_a_killed_build_does_not_hinder_the_next(folder, tmp_path):
    segments = load_segments(folder)
    left = tmp_path / "store" / ".building-dead"
    left.mkdir(parents=True)
    (left / "waveform.npy").write_bytes(b"half")
    store = open_store(segments, ALL, tmp_path / "store")
    assert store.folder != left
    assert np.isfinite(store.window(rows_of(segments)[0]).waveform).all()


def test_a_broken_eeg_is_named_and_no_store_is_left(folder, tmp_path):
    segments = load_segments(folder)
    path = segments.eeg_path(12)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(NasionError, match=r"12\.parquet"):
        open_store(segments, ALL, tmp_path / "store")
    assert tree(tmp_path / "store") == []


def test_a_store_is_plain_arrays_of_half_precision(folder, tmp_path):
    store = open_store(load_segments(folder), ALL, tmp_path / "store")
    assert tree(store.folder) == [
        "centre.npy", "context.npy", "index.json", "ready.npy", "waveform.npy", "window.npy",
    ]  # fmt: skip
    index = json.loads((store.folder / "index.json").read_text())
    assert set(index["eegs"]) == {"11", "12", "13", "14"}
    for name in index["arrays"]:
        array = np.load(store.folder / f"{name}.npy", allow_pickle=False)
        assert array.dtype == np.float16
    assert sum(e["duration_s"] for e in index["eegs"].values()) == 60 + 52 + 10 + 55
    assert store.arrays["waveform"].shape == (177 * 50, 18)


def test_spectrogram_files_are_not_read_where_no_view_needs_them(folder, tmp_path):
    settings = Signal(spectrogram=Spectrogram(views=("window",)))
    segments = load_segments(folder)
    segments.spectrogram_path(5).write_bytes(b"broken")
    store = open_store(segments, settings, tmp_path / "store")
    assert set(store.window(rows_of(segments)[0]).images) == {"window"}
    assert tree(store.folder) == ["index.json", "waveform.npy", "window.npy"]


TOGETHER = """
import sys, time
from pathlib import Path
from nasion.config import Signal
from nasion.data import store
from nasion.hms.segments import load_segments
build = store._build
def waiting(segments, settings, folder, progress):
    build(segments, settings, folder, progress)
    go, ready = Path(sys.argv[3]), Path(sys.argv[4])
    ready.touch()  # built, not yet in place
    while not go.exists():
        time.sleep(0.01)
store._build = waiting
print(store.open_store(load_segments(Path(sys.argv[1])), Signal(), Path(sys.argv[2])).folder)
"""


def test_two_processes_that_build_one_store_both_find_it_whole(folder, tmp_path):
    go, ready = tmp_path / "go", [tmp_path / f"ready-{k}" for k in range(2)]
    given = [sys.executable, "-c", TOGETHER, str(folder), str(tmp_path / "store"), str(go)]
    both = [
        subprocess.Popen([*given, str(path)], stdout=subprocess.PIPE, text=True) for path in ready
    ]
    while not all(path.exists() for path in ready):
        assert all(process.poll() is None for process in both)
        time.sleep(0.01)
    go.touch()
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1]
    assert len(list((tmp_path / "store").iterdir())) == 1  # nothing stays behind
    store = open_store(load_segments(folder), Signal(), tmp_path / "store")
    assert np.isfinite(store.window(rows_of(load_segments(folder))[0]).waveform).any()


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "made"
    with pytest.raises(IsADirectoryError), building(folder, "last") as aside:
        aside.joinpath("first").mkdir() or aside.joinpath("first").write_text("broken off")
    assert list(tmp_path.iterdir()) == []
    folder.mkdir()
    (folder / "left over").touch()  # of a process that was killed before this was done aside
    for content in ("first", "second"):
        with building(folder, "last") as aside:
            (aside / "last").write_text(content)
        assert (folder / "last").read_text() == "first"
        assert sorted(path.name for path in folder.iterdir()) == ["last"]
    (tmp_path / "file").touch()
    with pytest.raises(NasionError, match="cannot be written"), building(tmp_path / "file/x", "a"):
        pass
