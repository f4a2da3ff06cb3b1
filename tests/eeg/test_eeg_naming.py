import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasion.eeg.naming import (
    Channel,
    assumed,
    parse,
    reference_warning,
    respelled,
    select,
)
from nasion.terms import ALIASES, DERIVATION_NAMES, ELECTRODES, LEFT, MIDLINE

PREFIXES = ("", "EEG ", "POL ", "EEG  ", "EEG-", "EEG", "eeg ")
SUFFIXES = {
    "": "",
    "-Ref": "REF",
    "-REF": "REF",
    "-LE": "LE",
    "-AVG": "AVG",
    " Ref": "REF",
    "_ref": "REF",
    "-A1": "A1",
    "-M2": "M2",
    "-A1A2": "A1A2",
    "-(A1+A2)/2": "A1A2",
    "-Ref-0": "REF",
    "-0": "",
    "..": "",
    " - A2": "A2",
    " - A 2": "A2",
    "-G2": "G2",
    "[uV]": "",
    " (uV)": "",
    "-EEG": "",
}
ALIAS_OF = {name: alias for alias, name in ALIASES.items()}


@given(
    electrode=st.sampled_from(ELECTRODES),
    prefix=st.sampled_from(PREFIXES),
    suffix=st.sampled_from(tuple(SUFFIXES)),
    case=st.sampled_from((str.upper, str.lower, str)),
    renamed=st.booleans(),
)
def test_decoration_never_changes_the_electrode(electrode, prefix, suffix, case, renamed):
    written = ALIAS_OF.get(electrode, electrode) if renamed else electrode
    assert parse(prefix + case(written) + suffix) == Channel(
        "electrode", electrode, SUFFIXES[suffix]
    )


@given(
    electrode=st.sampled_from([name for name in ALIASES.values() if name in ELECTRODES]),
    pattern=st.sampled_from(("{}/{}", "{}({})", "{} ({})", "{}_{}", "{} [{}]", "{}={}", "{}-{}")),
    reference=st.sampled_from(("", "-REF")),
    turned=st.booleans(),
)
def test_both_names_of_a_temporal_electrode_are_one(electrode, pattern, reference, turned):
    names = (electrode, ALIAS_OF[electrode])
    label = pattern.format(*(names[::-1] if turned else names)) + reference
    assert parse(label) == Channel("electrode", electrode, reference.strip("-"))


@pytest.mark.parametrize(
    "label",
    [
        "Fp1 Impedance", "EEG Fp1 Imp-0", "O2 Sat", "O2-Sat", "O2_SpO2", "T3 Temp", "C3 kOhm",
        "Fp1 Quality", "EEG P3 alpha power", "F'1", "A1", "$A1", "P03", "FPZ",
    ],
)  # fmt: skip
def test_what_is_derived_of_an_electrode_is_none(label):
    assert parse(label).kind == "other"


@pytest.mark.parametrize(
    "label",
    ["FP 1", "Fp-1", "EEG fp_1", "POL $FP1", "SCALP Fp1", "1-Fp1", "CH01 Fp1", "EEG1 Fp1", "#Fp1*"],
)
def test_a_number_apart_belongs_to_its_electrode(label):
    assert parse(label) == Channel("electrode", "Fp1")


def test_a_zero_is_an_o_where_it_can_be_nothing_else():
    others = ("Fp1", "F3", "C3")
    assert respelled((*others, "01", "EEG 02-REF")) == (*others, "O1", "O2-REF")
    for labels in (
        ("01", "02"),  # numbers of channels
        (*others, "01", "02", "03"),
        (*others, "O1", "01", "O2"),
        ("Fp1", "P3", "C3", "P03", "P04", "P07", "P08"),  # PO3 ...
    ):
        assert respelled(labels) == labels
    assert respelled(("FP01", "F03", "C03", "O01", "Fz")) == ("FP1", "F3", "C3", "O1", "Fz")


@given(st.lists(st.text(max_size=8), max_size=5))
def test_other_labels_stay_as_they_are(labels):
    assert len(respelled(labels)) == len(labels)


@given(st.text(max_size=16))
def test_any_text_is_read_without_failing(label):
    assert parse(label).kind in ("electrode", "ekg", "derivation", "other")


@pytest.mark.parametrize(
    "label",
    ["EKG", "ECG", "EEG EKG-REF", "EKG1-EKG2", "ECG EKG", "POL EKG", "EEG ECG", "EKG EKG", "ekg"],
)
def test_hearts(label):
    assert (parse(label).kind, parse(label).site) == ("ekg", "")


@pytest.mark.parametrize(
    "label", ["Fp1-F7", "EEG Fpz-Cz", "T7-P8-0", "FP1-F7", "F7-FT9", "EEG C3-CZ", "FT9-FT10"]
)
def test_pairs_of_scalp_sites_are_derivations(label):
    assert parse(label).kind == "derivation"


@pytest.mark.parametrize(
    "label", ["EOG L", "A1", "EMG Chin", "Fpz", "AF3", "Resp", "SpO2", "EEG", "Photic", "Status"]
)
def test_the_rest_is_other(label):
    assert parse(label).kind == "other"


def test_first_of_two_is_taken_and_the_second_named():
    selection = select(("Fp1", "T3", "T7", "X1"))
    assert selection.electrodes == {"Fp1": 0, "T3": 1}
    assert selection.duplicates == ("T7",)
    assert selection.ignored == ("X1",)


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        (("EKGL", "EKGR"), (0, 1)),
        (("ECG2", "ECG1"), (1, 0)),
        (("EKG1", "EKG1-EKG2"), (1,)),
        (("ECG-RA", "ECG-LA"), (1, 0)),
        (("EEG EKG1-REF",), (0,)),
        (("ECG+", "ECG-"), (0, 1)),
        (("EKG (-)", "EKG (+)"), (1, 0)),
        (("ECG-",), (0,)),
        (("Fp1",), ()),
    ],
)
def test_heart_is_one_channel_or_a_difference(labels, chosen):
    assert select(labels).ekg == chosen


def test_one_scalp_reference_is_told_from_a_chain():
    against_cz = select([f"{name}-Cz" for name in ELECTRODES if name != "Cz"])
    assert set(against_cz.electrodes) == set(ELECTRODES) - {"Cz"}
    assert against_cz.stated == ("Cz",)
    chains = select(DERIVATION_NAMES)
    assert not chains.electrodes
    assert list(chains.derivations) == [tuple(name.split("-")) for name in DERIVATION_NAMES]


def test_three_channels_against_one_site_make_it_the_reference():
    few = select(("Fp1-Cz", "C3-Cz", "O1-Cz", "Fp2"))
    assert few.references == {"Fp1": "Cz", "C3": "Cz", "O1": "Cz", "Fp2": ""}
    beside = select(("Fp1-Cz", "C3-Cz", "O1-Cz", "Fp1-F7"))
    assert not beside.electrodes
    assert len(beside.derivations) == 4


def test_a_derivation_recorded_twice_is_taken_once():
    twice = select(("T8-P8-0", "T7-P7", "P7-T7", "T8-P8-1", "FT9-FT10", "A1-A2"))
    assert twice.derivations == {
        ("T4", "T6"): 0,
        ("T3", "T5"): 1,
        ("FT9", "FT10"): 4,
        ("A1", "A2"): 5,
    }
    assert twice.duplicates == ("P7-T7", "T8-P8-1")
    assert parse("T3/T7-T5/P7") == Channel("derivation", "T3", "T5")


@pytest.mark.parametrize("label", ["P3-O1", "P3-01", "EEG P3-01", "P3–O1", "P3-O1-Ref", "p3-o1-0"])
def test_derivations_in_other_spellings(label):
    assert parse(label) == Channel("derivation", "P3", "O1")


@pytest.mark.parametrize("label", ["-", ".", "--0", "-1", "VNS", "LOC-ROC", "STI 014"])
def test_channels_of_no_site_are_left_out(label):
    assert parse(label).kind == "other"


def test_two_references_are_never_silent():
    ears = {name: "A1" if name in LEFT + MIDLINE else "A2" for name in ELECTRODES}
    warning = reference_warning(ears)
    assert "2 references (A1, A2)" in warning.text
    assert "(Fz against A1, Cz against A1, Pz against A1)" in warning.text
    assert warning.values["sides"] == ()
    assert "even the" not in warning.text
    assert "even the left side mixes them" in reference_warning(ears | {"F3": "A2"}).text
    both = reference_warning(ears | {"F3": "A2", "F4": ""}).text
    assert "none stated" in both
    assert "even the left and the right side mixes them" in both
    assert reference_warning(dict.fromkeys(ELECTRODES, "REF")) is None


def test_a_reference_that_is_not_stated_is_that_of_the_others():
    stated = dict.fromkeys(ELECTRODES, "REF")
    assert assumed(stated | {"Fp1": "", "F4": "SMITH"}) == stated
    assert assumed(dict.fromkeys(ELECTRODES, "") | {"Fp1": "REF"}) == stated
    assert assumed(dict.fromkeys(ELECTRODES, "SMITH")) == dict.fromkeys(ELECTRODES, "SMITH")
    ears = {"Fp1": "A1", "Fp2": "A2", "Cz": ""}
    assert assumed(ears) == ears
    assert assumed({}) == {}
