"""Landmarks: an EEG is known again wherever it is cut and however it is kept, and no other is."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import resample_poly

from hms_folder import noise
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.landmarks import Landmarks, packed, unpacked
from nasion.terms import COLUMNS, MIRRORED_COLUMNS, SFREQ

SALT = "5a17"


def known(eeg):
    return Landmarks.of(eeg).hashed(SALT)


def found(eeg, other):
    """Whether an EEG is known again by the landmarks of another."""
    return Landmarks.of(eeg).among(known(other), SALT)


def bipolar_copy(eeg):
    """Potentials rebuilt from derivations: the difference to any electrode is what it was."""
    return eeg - eeg[COLUMNS.index("Cz")]


def mirrored(eeg):
    return eeg[MIRRORED_COLUMNS]


def resampled(eeg):
    return resample_poly(resample_poly(eeg, 32, 25, axis=1), 25, 32, axis=1)


CHANGES = {
    "a piece of 15 s": lambda eeg: eeg[:, 1777:4777],
    "other offsets": lambda eeg: np.roll(eeg, -3333, axis=1),
    "millivolts": lambda eeg: eeg / 1000,
    "gain": lambda eeg: eeg * 1.37,
    "inverted": lambda eeg: -eeg,
    "bipolar": bipolar_copy,
    "average reference": lambda eeg: eeg - eeg.mean(0),
    "mirrored": mirrored,
    "256 Hz and back": resampled,
    "half a sample later": lambda eeg: resample_poly(eeg, 2, 1, axis=1)[:, 1::2],
    "steps of an EDF file": lambda eeg: np.round(eeg / 0.1) * 0.1,
    "one side alone": lambda eeg: np.where(
        [[name[-1:] in "13579" or name[-1:] == "z"] for name in COLUMNS], eeg, np.nan
    ),
    "between other seconds": lambda eeg: np.concatenate(
        [noise(60, 99), eeg[:, :4000], noise(60, 98)], axis=1
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_eeg_is_known_again(change):
    eeg = noise(40, 5)
    assert found(CHANGES[change](eeg), eeg)
    assert not found(CHANGES[change](eeg), noise(40, 6))


def test_a_reversed_or_noisy_eeg_is_not_known_again():
    eeg = noise(40, 5)
    assert not found(eeg[:, ::-1], eeg)
    assert not found(eeg + noise(40, 7), eeg)


def together(eegs):
    """Pairs of people, one of whom would be taken for the other: their numbers.

    Parameters
    ----------
    eegs
        Person and landmarks of each.
    """
    hashed: dict[object, list] = {}
    for person, marks in eegs:
        hashed.setdefault(person, []).append(marks.hashed(SALT))
    every = {person: np.unique(np.concatenate(parts)) for person, parts in hashed.items()}
    return {
        (person, other)
        for person, marks in eegs
        for other, words in every.items()
        if person != other and marks.among(words, SALT)
    }


@pytest.mark.more
def test_no_two_simulated_people_are_taken_for_one(phantoms):
    table = pd.read_csv(phantoms / "train.csv").drop_duplicates("eeg_id")
    eegs = [
        (patient, Landmarks.of(open_recording(phantoms / f"train_eegs/{eeg}.parquet").signals()))
        for patient, eeg in zip(table.patient_id, table.eeg_id, strict=True)
    ]
    assert len(eegs) == 28
    assert sum(len(marks.words) for _, marks in eegs) > 1000
    assert not together(eegs)


@pytest.mark.real
@pytest.mark.more
def test_no_two_real_people_are_taken_for_one(real):
    """118 minutes of awake people, two recordings of most; even rhythms of 4 to 6 Hz among them."""
    eegs = [
        (path.name[:9], Landmarks.of(open_recording(path).signals()))
        for path in sorted((real / "awake").glob("*.edf"))
    ]
    assert len({person for person, _ in eegs}) == 39
    assert not together(eegs)


def test_what_holds_nothing_has_no_landmark():
    rhythm = np.sin(2 * np.pi * 7 * np.arange(8000) / SFREQ) * np.arange(1, 21)[:, None]
    steps = np.repeat(np.arange(400) % 2, 20) * np.arange(1, 21)[:, None]
    for nothing in (np.zeros((20, 8000)), np.full((20, 8000), 3.1), rhythm, steps * 50.0):
        assert not len(Landmarks.of(nothing).words)
    assert not len(Landmarks.of(np.full((20, 8000), np.nan)).words)
    assert not len(Landmarks.of(np.zeros((20, 10))).words)


def test_a_gap_makes_no_landmark():
    eeg = noise(40, 5)
    eeg[:, 3000:5000] = np.nan
    marks = Landmarks.of(eeg)
    assert set(marks.words) < set(Landmarks.of(noise(40, 5)).words)
    assert not ((marks.at_s > 14) & (marks.at_s < 25)).any()


def test_they_come_back_from_text_and_are_few_bytes():
    marks = Landmarks.of(noise(60, 1))
    again = Landmarks.from_text(marks.text)
    assert np.array_equal(again.words, marks.words)
    hashed = marks.hashed(SALT)
    assert np.array_equal(unpacked(packed(hashed)), hashed)
    assert not np.intersect1d(hashed, marks.hashed("other")).size
    assert len(hashed) < 4 * 60
    with pytest.raises(ValueError, match=r".*"):
        unpacked(packed(hashed[::-1]))


def test_a_converted_recording_is_known_again(tmp_path):
    eeg = noise(40, 5)
    n_times = eeg.shape[1]
    write_edf(tmp_path / "a.edf", [eeg], labels=COLUMNS, sfreq=SFREQ, n_times=n_times)
    assert found(open_recording(tmp_path / "a.edf").signals(), eeg)
