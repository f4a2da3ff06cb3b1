"""What `nasion check` shows: every electrode, human durations, nothing that steers a terminal."""

from dataclasses import replace
from datetime import datetime
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from nasion.cli.terminal import duration, show_check
from nasion.eeg.inspection import check_recording
from nasion.eeg.montage import Montage
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import free_text
from nasion.terms import COLUMNS

SIGNALS = np.random.default_rng(0).normal(0, 20, (len(COLUMNS), 2000)).astype(np.float32)
RECORDING = Recording("night", SIGNALS.shape[1], lambda start, stop: SIGNALS[:, start:stop])


def shown(recording, width=80):
    stream = StringIO()
    show_check(check_recording(recording), Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (10.5, "10.5 s"),
        (59.999, "1 min 0 s"),
        (600.0, "10 min 0 s"),
        (93800.0, "26 h 3 min 20 s"),
    ],
)
def test_durations_are_human(seconds, words):
    assert duration(seconds) == words


def test_each_electrode_is_one_row_in_eighty_columns():
    lost = replace(RECORDING, montage=Montage(missing=("Fz",), interpolated=("T3",)))
    lines = shown(lost).splitlines()
    status = {"Fz": "missing", "T3": "interpolated"}
    for name in COLUMNS:
        (row,) = [line.split() for line in lines if line.split()[:1] == [name]]
        assert row[1] == status.get(name, "recorded")
        assert len(row) == 7
        assert float(row[5]) == pytest.approx(np.median(np.abs(SIGNALS)), rel=0.3)
    assert max(len(line) for line in lines if "•" not in line) <= 80


def test_fields_are_in_words_with_units():
    told = replace(RECORDING, start=datetime(2024, 1, 2, 3, 4, 5), gaps_s=((1.0, 60.0), (4.0, 5.0)))
    text = " ".join(shown(told).split())
    for words in ("duration 10 s", "sampling rate 200 Hz", "start 2024-01-02 03:04:05",
                  "gaps 2, together 1 min 5 s", "references not stated"):  # fmt: skip
        assert words in text
    slow = shown(replace(RECORDING, source_sfreq=128.0))
    assert "not measurable" in slow
    assert "None" not in slow + text


def test_names_of_a_file_neither_style_nor_steer():
    text = shown(replace(RECORDING, name="[red]a", ignored=("\x1b[2Jx", "[bold]pho")))
    for name in ("[red]a", "?[2Jx", "[bold]pho"):
        assert name in text
    assert "\x1b" not in text


def test_a_long_finding_is_one_line():
    warning = "/a/very/long/path" * 10
    lines = shown(replace(RECORDING, warnings=(free_text(warning),))).splitlines()
    assert f"• {warning}" in lines


@pytest.mark.parametrize(
    ("sfreq", "line_uv", "words"),
    [(200.0, 40.0, "60 Hz"), (200.0, 0.0, "none"), (160.0, 0.0, "not measurable")],
)
def test_a_line_frequency_is_one_that_was_seen(sfreq, line_uv, words):
    line = line_uv * np.sin(2 * np.pi * 60 * np.arange(SIGNALS.shape[1]) / 200)
    signals = (SIGNALS + line).astype(np.float32)
    recording = replace(
        RECORDING, source_sfreq=sfreq, read=lambda start, stop: signals[:, start:stop]
    )
    (row,) = [line for line in shown(recording).splitlines() if line.startswith("line frequency")]
    assert row.removeprefix("line frequency").strip().startswith(words)
