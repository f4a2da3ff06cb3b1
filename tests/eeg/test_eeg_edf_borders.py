"""Numbers at borders in every field of an EDF or BDF header: the right signal, or a line."""

import time

import numpy as np
import pytest
from made_edf import delay_records, eeg, write

from nasion.eeg.edf.header import FIELDS, MAIN_FIELDS
from nasion.eeg.formats import open_recording
from nasion.eeg.measured import LARGEST_STATED_UV
from nasion.errors import NasionError
from nasion.terms import COLUMNS

BORDERS = (
    b"", b"0", b"-1", b"1", b"0.0", b"65536", b"2147483648", b"-2147483649", b"99999999",
    b"1e308", b"-1e308", b"1e999999", b"1e-9999", b"1e18", b"nan", b"inf", b"-inf", b"1,5", b"1/3",
    b"0x10", b"1_0", b"\xff" * 80, b"\0" * 80, b"9" * 80, "\u0663".encode(),
)  # fmt: skip
SCALES = ("physical_min", "physical_max", "digital_min", "digital_max", "dimension")
TEXTS = ("patient", "recording", "transducer", "prefiltering", "reserved")  # of no number
ANY_FIELD = [
    pytest.param(name, marks=pytest.mark.more) if name in TEXTS else name
    for name in (*MAIN_FIELDS, *FIELDS)
]
NAMES = ("label", "samples")  # which others tell apart, too
SECONDS = 6
LONGEST_S = 5.0  # of a processor


def files(folder):
    """A file of each kind, by its name."""
    signals = eeg(200 * SECONDS)
    note = [(1.0, 0.0, "x")]
    broken = write(folder / "d.edf", signals, annotations=note)
    return {
        "EDF": write(folder / "a.edf", signals),
        "BDF": write(folder / "b.bdf", signals),
        "EDF+C": write(folder / "c.edf", signals, annotations=note),
        "EDF+D": delay_records(broken, SECONDS // 2, 5.0),
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Bytes of each file and what is read of them."""
    paths = files(tmp_path_factory.mktemp("whole"))
    return {kind: (path, path.read_bytes(), open_recording(path).signals())
            for kind, path in paths.items()}  # fmt: skip


def placed(raw, name):
    """Where a field of this name stands: of the file, or of the first and of all its signals."""
    if name in MAIN_FIELDS:
        begin = sum(list(MAIN_FIELDS.values())[: list(MAIN_FIELDS).index(name)])
        return [[slice(begin, begin + MAIN_FIELDS[name])]]
    n = int(raw[252:256])
    begin = 256 + n * sum(list(FIELDS.values())[: list(FIELDS).index(name)])
    width = FIELDS[name]
    spots = [slice(begin + i * width, begin + (i + 1) * width) for i in range(n)]
    return [spots[:1], spots[-1:], spots]


@pytest.mark.parametrize("kind", ["EDF", pytest.param("BDF", marks=pytest.mark.more),
                                  pytest.param("EDF+C", marks=pytest.mark.more),
                                  pytest.param("EDF+D", marks=pytest.mark.more)])  # fmt: skip
@pytest.mark.parametrize("name", ANY_FIELD)
def test_a_border_in_any_field_gives_the_right_signal_or_a_line(tmp_path, whole, kind, name):
    path, raw, right = whole[kind]
    target = tmp_path / path.name
    for spots in placed(raw, name):
        for border in BORDERS:
            changed = bytearray(raw)
            for spot in spots:
                width = spot.stop - spot.start
                changed[spot] = border[:width].ljust(width)
            target.write_bytes(changed)
            began = time.process_time()
            recording, line = read(target)
            if recording:
                assert_right(recording, recording.signals(), right, name, spots)
            else:
                assert line.startswith(f"{target}: ")
                assert "\n" not in line
            assert time.process_time() - began < LONGEST_S


def read(path):
    """The recording, or the line that says why there is none."""
    try:
        return open_recording(path), ""
    except NasionError as error:
        return None, str(error)


def assert_right(recording, signals, right, name, spots):
    """What differs is what the field speaks of, or it is said."""
    if recording.warnings:
        return
    if name in SCALES:  # what a header says of its units is believed as far as EEG can be so
        assert signals.shape == right.shape
        assert not np.isinf(signals).any()
        assert np.nanmax(np.abs(signals), initial=0) < LARGEST_STATED_UV
        rows = slice(1, None) if len(spots) == 1 else slice(0)
        kept = slice(0, -1) if len(spots) == 1 else slice(0)
        same = [np.array_equal(signals[part], right[part], equal_nan=True) for part in (rows, kept)]
        assert any(same)
    elif name == "record_s":  # it says how fast the samples follow each other
        assert recording.n_times == signals.shape[1] > 0
        assert np.isfinite(signals).all() or np.isnan(right).any()
    elif name in NAMES:
        gone = set(recording.missing) | set(recording.interpolated)
        gone |= {"EKG"} if np.isnan(signals[-1]).all() else set()
        rows = [row for row, column in enumerate(COLUMNS) if column not in gone]
        np.testing.assert_array_equal(signals[rows], right[rows])
        assert gone <= {"Fp1", "EKG"} or len(recording.ignored) >= len(gone)
    else:
        np.testing.assert_array_equal(signals, right)
