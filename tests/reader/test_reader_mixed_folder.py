"""Recordings of every kind open, and each file that can't be read is refused in one line."""

import re

import numpy as np
import pytest

from mixed_folder import GAP_AFTER_S, GAP_S, SIXTEEN, mixed_folder
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import ELECTRODES


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return mixed_folder(tmp_path_factory.mktemp("mixed") / "in")


def test_the_recordings_hold_the_same_eeg(mixed):
    good, _ = mixed
    recordings = {path.name: open_recording(path) for path in good}
    assert len(recordings) == 8
    usual = recordings["hms.parquet"].signals()
    for name, recording in recordings.items():
        assert recording.duration_s == 60 + GAP_S * (name == "gaps.edf")
        signals = recording.signals()
        if name == "gaps.edf":
            assert recording.gaps_s == ((GAP_AFTER_S, GAP_S),)
            signals = np.delete(signals, np.s_[200 * GAP_AFTER_S : 200 * (GAP_AFTER_S + 30)], 1)
        assert recording.missing == ()
        assert set(recording.interpolated) == set(ELECTRODES if "sixteen" in name else ()) - set(
            SIXTEEN
        )
        rows = [ELECTRODES.index(electrode) for electrode in SIXTEEN]
        error = np.abs(signals[rows] - usual[rows])[:, 200:-200]
        # Muscle and mains beyond the reach of both filters are lost at 256 Hz alone.
        limit = np.inf if name == "usual.edf" else 0.06
        assert error.max() < limit
        undone = any(warning.code is Code.UNIT_UNDONE for warning in recording.warnings)
        assert undone == ("volts" in name)
        assert len(recording.ignored) == (108 if "dense" in name else 0)


def test_files_that_cannot_be_read_are_refused_in_one_line(mixed):
    _, broken = mixed
    for path, reason in broken.items():
        with pytest.raises(NasionError, match=rf"{re.escape(str(path))}: .*{reason}") as error:
            open_recording(path)
        assert "\n" not in str(error.value)
