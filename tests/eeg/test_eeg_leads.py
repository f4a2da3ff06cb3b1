import pytest

from nasion.eeg.leads import foreign_contacts
from nasion.terms import ALIASES, DERIVATION_NAMES, ELECTRODES

Z = "z"
WIDE, NARROW, TEMPORAL = (9, 7, 5, 3, 1, Z, 2, 4, 6, 8, 10), (5, 3, 1, Z, 2, 4, 6), (9, 7, 8, 10)
CAP = {
    "Fp": (1, Z, 2), "AF": WIDE, "F": WIDE, "FT": TEMPORAL, "FC": NARROW, "T": TEMPORAL,
    "C": NARROW, "TP": TEMPORAL, "CP": NARROW, "P": WIDE, "PO": (9, 7, 3, Z, 4, 8, 10),
    "O": (9, 1, Z, 2, 10), "I": (Z,),
}  # fmt: skip
TEN_TEN = tuple(f"{row}{number}" for row, numbers in CAP.items() for number in numbers)
AMPLIFIER = (
    *(f"{name}{n}" for name in ("DC", "X", "AUX", "EMG", "CH") for n in range(1, 13)),
    "ECG1", "ECG2", "EKG", "A1", "A2", "M1", "M2", "SP1", "SP2", "T1", "T2", "LOC", "ROC",
)  # fmt: skip
MIDDLE = ("Fz", "Cz", "Pz")


def lead(name, numbers=range(1, 9)):
    return tuple(f"{name}{number}" for number in numbers)


@pytest.mark.parametrize(
    "labels",
    [
        ELECTRODES,
        TEN_TEN,
        (*TEN_TEN, "F11", "F12", "P11", "P12", "FT11", "FT12"),
        (*ELECTRODES, *AMPLIFIER),
        (*ELECTRODES, "F9", "F10", "T9", "T10", "P9", "P10", "O9", "O10", "T1", "T2"),
        DERIVATION_NAMES,
        tuple(f"EEG {name.upper()}-REF" for name in (*ELECTRODES, "T1", "T2", "A1", "A2")),
        tuple(f"EEG {name}-G2" for name in ELECTRODES),
        (*ELECTRODES, *ALIASES),  # both names of each, as some exports have them
        (*ELECTRODES, "T1", "T2", *ALIASES),
        (*(f"{name}/{new}" for new, name in ALIASES.items()), *ELECTRODES, "T1", "T2"),
        ("Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2", *AMPLIFIER),  # a headband
        ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
        (*ELECTRODES, *lead("LA"), *lead("RAH"), *lead("B'")),  # leads beside a cap
        tuple(f"E{n}" for n in range(1, 129)),
        (*ELECTRODES, "C7", "C5"),  # of the spine
        ("T3", "T7", *(name for name in ELECTRODES if name != "T3")),
    ],
)
def test_what_a_scalp_has_is_none_of_a_lead(labels):
    assert foreign_contacts(labels) == ()


@pytest.mark.parametrize(
    "labels",
    [
        (*lead("F"), *lead("T"), *lead("O")),
        (*lead("F"), *lead("C"), *lead("P"), *lead("T"), *lead("O")),
        (*lead("F", range(1, 13)), *MIDDLE),
        (*lead("F", range(1, 15)), *lead("C", range(1, 6)), *MIDDLE, "Fp1", "Fp2"),
        (*ELECTRODES, *lead("T")),
        (*lead("F", range(3, 9)), *lead("T", range(3, 9)), "O1", "O2"),
        (*lead("F"), *lead("P"), "O1", "O2"),  # nothing beyond the 10-10 system, but no midline
        (*lead("F"), *lead("T", range(1, 7)), "O1", "O2", "Fz", "Cz"),  # a cap has C1 beside F1
        (*lead("RAH"), "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "T3", "T4"),
        (*lead("G", range(1, 65)), "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "T3", "T4"),
        (*lead("F'"), *lead("O'"), "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2"),
        (*lead("LA"), *lead("RAH"), "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "Cz"),
        tuple(f"EEG {name}-Ref" for name in (*lead("F"), *lead("T"), *lead("O"))),
        tuple(f"POL {name}" for name in (*lead("LHH"), *lead("LTP"), "F3", "F4")),
        ("F1-F2", "F2-F3", "F3-F4", "O1-O2", "O2-O3", "O3-O4", "T3-T4"),
        tuple(f"{name[0]}{int(name[1:]):02}" for name in (*lead("F"), *lead("O"))),
    ],
)
def test_a_lead_is_known_by_what_no_scalp_has(labels):
    found = foreign_contacts(labels)
    assert found
    assert set(found).isdisjoint(("F3", "F4", "C3", "C4", "O1", "O2"))
