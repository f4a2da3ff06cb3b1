"""A recording reads the same whichever way its channels were derived."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eeg.made_edf import write
from nasion.eeg.derivations import bipolar
from nasion.eeg.formats import open_recording
from nasion.network import Network
from nasion.phantom.stay import Stay
from nasion.reader.reader import Reader
from nasion.terms import COLUMNS, DERIVATION_NAMES, EKG, ELECTRODES


@pytest.fixture(scope="module")
def reader():
    return Reader(Network.open(threads=1), threads=1)


def both(folder, signals):
    """A file against one reference and its bipolar export, in steps of .001 µV."""
    names = [name.upper().replace("T3", "T7").replace("T4", "T8") for name in DERIVATION_NAMES]
    labels = (*names, "T8-T6-1", "ECG", "-")
    derived = bipolar(signals.astype(np.float64))
    again = derived[DERIVATION_NAMES.index("T4-T6")]
    heart = signals[COLUMNS.index(EKG)]
    rows = [*derived, again, heart, 0 * heart]
    return [
        open_recording(write(folder / "referential.bdf", signals)),
        open_recording(write(folder / "bipolar.bdf", rows, labels=labels)),
    ]


def events_of(reading):
    return [(e.pattern, e.onset_s, e.duration_s, e.frequency_hz, e.side) for e in reading.events]


def alike(reader, folder, signals):
    one, other = map(reader.read, both(folder, signals))
    np.testing.assert_allclose(other.probability, one.probability, atol=1e-4)
    np.testing.assert_array_equal(other.reason, one.reason)
    assert events_of(other) == events_of(one)
    return one


def test_a_bipolar_export_has_the_events_of_its_recording(reader, tmp_path):
    stay = Stay.draw((2024, 8), 120.0)
    stay = replace(stay, bedside=replace(stay.bedside, spells=()))
    signals = np.concatenate([piece.channels for piece in stay.pieces()], 1)
    one = alike(reader, tmp_path, signals)
    assert one.events


@pytest.mark.real
def test_a_bipolar_export_of_real_gpd_has_its_events(reader, real, tmp_path):
    table = pd.read_csv(real / "iiic" / "train.csv")
    votes = table.filter(like="_vote")
    row = table[(table["source"] == "sparcnet") & (votes.idxmax(axis=1) == "gpd_vote")].iloc[0]
    path = real / "iiic" / "train_eegs" / f"{row['eeg_id']}.parquet"
    signals = np.clip(np.nan_to_num(open_recording(path).signals()), -3000, 3000)
    one = alike(reader, tmp_path, signals)
    assert {event.pattern for event in one.events} == {"gpd"}


def test_a_headband_and_one_side_are_read(reader, tmp_path):
    stay = Stay.draw((2024, 8), 60.0)
    signals = np.concatenate([piece.channels for piece in stay.pieces()], 1)
    for names in (("Fp1", "F7", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2"), ELECTRODES[:8]):
        rows = [COLUMNS.index(name) for name in names]
        recording = open_recording(write(tmp_path / "few.edf", signals[rows], labels=names))
        assert set(recording.montage.tied) == set(names)
        assert not reader.read(recording).reason.any()
