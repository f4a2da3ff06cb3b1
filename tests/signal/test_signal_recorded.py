"""Quality is judged on what was recorded, not on what was rebuilt of it."""

import numpy as np
import pytest

from made_eeg import made_eeg
from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.derivations import bipolar
from nasion.eeg.recording import Recording
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.signal.measures import N_STEP
from nasion.signal.quality import judged
from nasion.signal.recorded import recorded_faults
from nasion.terms import COLUMNS, DERIVATION_NAMES, DERIVATIONS, ELECTRODES, LEFT, SFREQ

N_STEPS = 30
SPELL = slice(10, 20)  # steps of a planted fault
AT = slice(SPELL.start * N_STEP, SPELL.stop * N_STEP)
LATERAL = [
    name
    for name, (a, b) in zip(DERIVATION_NAMES, DERIVATIONS, strict=True)
    if {a, b} <= {"Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2"}
]


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return bipolar(made_eeg(2.0 * N_STEPS))


def banana(signals: np.ndarray, names: list[str] | tuple[str, ...] = DERIVATION_NAMES) -> Recording:
    rows = [DERIVATION_NAMES.index(name) for name in names]
    return assembled(open_array(signals[rows], SFREQ, names), "uV")


def faults_of(recording: Recording) -> np.ndarray:
    n = recording.n_times
    return recorded_faults(recording, recording.read(0, n), recording.read_channels(0, n))


def planted(clean: np.ndarray, names: list[str], value) -> np.ndarray:
    signals = clean.copy()
    for name in names:
        row = DERIVATION_NAMES.index(name)
        signals[row, AT] = value(signals[row, AT])
    return signals


def of(name: str) -> list[str]:
    return [pair for pair in DERIVATION_NAMES if name in pair.split("-")]


def test_a_clean_bipolar_recording_has_no_faults(clean):
    found = faults_of(banana(clean))
    assert not found[:, : len(ELECTRODES)].any()
    assert not judged(found).any()


CHANGES = {
    Fault.FLAT: lambda trace: 0 * trace + 7,
    Fault.CLIPPED: lambda trace: np.clip(
        400 * np.sin(np.arange(trace.size) / 9) + trace, -250, 250
    ),
    Fault.LINE: lambda trace: trace + 80 * np.sin(np.pi / 2 * np.arange(trace.size)),
    Fault.RANGE: lambda trace: trace + 4000 * (np.arange(trace.size) % 400 > 200),
}


@pytest.mark.parametrize("fault", CHANGES, ids=lambda fault: fault.name)
@pytest.mark.parametrize("name", ["F7", "C3", "Cz"])
def test_an_electrode_has_the_faults_of_all_its_derivations(clean, fault, name):
    found = faults_of(banana(planted(clean, of(name), CHANGES[fault])))
    assert (found[SPELL, COLUMNS.index(name)] & fault).all()
    beside = {n for pair in of(name) for n in pair.split("-")} - {name}
    alone = {n for n in beside if set(of(n)) <= set(of(name))}  # all that shows them is bad
    for other in set(ELECTRODES) - alone - {name}:
        assert not (found[:, COLUMNS.index(other)] & fault).any()


def test_one_bad_derivation_of_two_makes_no_electrode_bad(clean):
    found = faults_of(banana(planted(clean, ["F7-T3"], CHANGES[Fault.CLIPPED])))
    assert not found[:, : len(ELECTRODES)].any()


def test_the_end_of_a_chain_that_hangs_on_a_gap_is_missing_there(clean):
    found = faults_of(banana(planted(clean, ["F7-T3"], lambda trace: trace * np.nan), LATERAL))
    rows = [COLUMNS.index(name) for name in ("Fp1", "F7", "T3", "T5", "O1")]
    gone = (found[SPELL][:, rows] & Fault.MISSING) != 0
    assert gone.any(axis=1).all()
    assert not gone.all(axis=1).any()
    assert not (found[: SPELL.start][:, rows] & Fault.MISSING).any()


def test_half_of_what_is_recorded_must_be_usable(clean):
    left = [name for name in DERIVATION_NAMES if set(name.split("-")) <= set(LEFT)]
    one_side = banana(clean, left)
    assert not judged(faults_of(one_side)).any()
    headband = banana(planted(clean, of("T3"), CHANGES[Fault.FLAT]), LATERAL)
    assert not judged(faults_of(headband)).any()  # one bad contact
    dead = [name for name in left if name not in ("T5-O1", "P3-O1")]
    reasons = judged(faults_of(banana(planted(clean, dead, CHANGES[Fault.FLAT]), left)))
    inner = reasons[SPELL.start + 3 : SPELL.stop - 3]
    assert (inner == REASONS.index(Reason.ELECTRODES)).all()
