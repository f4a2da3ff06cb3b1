"""A batch: whatever is wrong with one recording is a line, and the others are read."""

import os
import time
from contextlib import nullcontext

import mne
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from made_eeg import made_eeg
from nasion.cli import app
from nasion.cli.readings import MOST_REASONS
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.exports import folder as reading_folder
from nasion.network import Network
from nasion.reader import archive
from nasion.reader.archive import Archive, recordings_in
from nasion.reader.reader import Reader
from nasion.terms import COLUMNS

EEG = made_eeg(24.0)


def written(path):
    pq.write_table(pa.table(dict(zip(COLUMNS, EEG, strict=True))), path)
    return path


@pytest.fixture(scope="module")
def reader():
    return Reader(Network.open(None, threads=1), display=False, report=False)


def listed(out):
    return pd.read_csv(out / "recordings.tsv", sep="\t", keep_default_na=False)


@pytest.mark.parametrize("error", [RuntimeError("first\nsecond"), MemoryError(), RecursionError()])
def test_what_nobody_foresaw_is_a_line_and_the_rest_goes_on(tmp_path, monkeypatch, reader, error):
    paths = [written(tmp_path / f"{name}.parquet") for name in "abc"]
    save = reading_folder.save

    def fails_for_b(reading, folder, more=None):
        if reading.name == "b":
            raise error
        save(reading, folder, more)

    monkeypatch.setattr(reading_folder, "save", fails_for_b)
    outcomes = Archive(reader, tmp_path / "out").read(paths, lambda _: nullcontext(), lambda _: 0)
    assert [bool(outcome.reason) for outcome in outcomes] == [False, True, False]
    reason = outcomes[1].reason
    assert reason.startswith(f"{paths[1]}: can't be read ({type(error).__name__}")
    assert "\n" not in reason
    assert list(listed(tmp_path / "out")["not_read_because"]) == ["", reason, ""]


@pytest.mark.parametrize("sfreq", [200.0, 256.0, 500.0])
def test_one_sample_of_1e20_is_said_at_any_rate(reader, sfreq):
    signals = made_eeg(30.0).astype(np.float64)[:, : round(24 * sfreq)]
    signals = np.resize(signals, (20, round(24 * sfreq)))
    signals[5, 2001] = 1e20
    info = mne.create_info(list(COLUMNS), sfreq, ["eeg"] * 19 + ["ecg"])
    raw = mne.io.RawArray(signals * 1e-6, info, verbose="error")
    found = reader.read(open_recording(raw))
    assert Code.NAN in {remark.code for remark in found.warnings}


def test_thousands_that_cannot_be_read_are_a_line_each_at_most(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3000):
        (tmp_path / "in" / f"{number:04}.edf").write_bytes(
            b"0       " + bytes([number % 256]) * 300
        )
    started = time.perf_counter()
    done = CliRunner().invoke(app, ["read", str(tmp_path / "in"), "-o", str(tmp_path / "out")])
    assert time.perf_counter() - started < 120
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert len(lines) == MOST_REASONS + 1
    assert lines[-1] == (
        "nasion: 3000 of 3000 recordings were not read;"
        f" {tmp_path / 'out' / archive.SUMMARY} lists all of them"
    )
    assert (listed(tmp_path / "out")["not_read_because"] != "").sum() == 3000


def test_a_pipe_and_a_link_to_nothing_are_said(tmp_path):
    os.mkfifo(tmp_path / "a.edf")
    (tmp_path / "b.edf").symlink_to(tmp_path / "gone.edf")
    (tmp_path / "c.edf").symlink_to(tmp_path / "c.edf")
    for path in recordings_in([tmp_path]):
        with pytest.raises(NasionError, match=rf"^{path}: (is a pipe|not found)"):
            open_recording(path)
    assert len(recordings_in([tmp_path])) == 3


def test_a_folder_that_links_to_itself_is_read_once(tmp_path):
    folder = tmp_path / "in"
    (folder / "ward").mkdir(parents=True)
    written(folder / "ward" / "a.parquet")
    (folder / "ward" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to(folder, target_is_directory=True)
    assert recordings_in([folder]) == [folder / "ward" / "a.parquet"]
