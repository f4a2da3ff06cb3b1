"""Age: read where files state it, told as a group alone, and held against that of the weights."""

from dataclasses import replace
from datetime import UTC, date, datetime

import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_edf import eeg, write

from nasion.eeg import age
from nasion.eeg.edf.text import MONTHS, read_age
from nasion.eeg.form import AGE_GROUPS
from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import check_recording
from nasion.eeg.remarks import Code
from nasion.eeg.stay import joined
from nasion.errors import NasionError
from nasion.terms import ADULTS, COLUMNS

START = datetime(2020, 5, 17, 3)
BIRTHS = st.dates(date(1900, 6, 1), START.date())


def of_patient(path, patient, start="17.05.2003.00.00", recording="Startdate 17-MAY-2020 X X X"):
    """Put the words of a patient into a header."""
    write(path, eeg(400), 200.0)
    raw = bytearray(path.read_bytes())
    raw[8:88], raw[88:168] = patient.encode().ljust(80), recording.encode().ljust(80)
    raw[168:184] = start.encode()
    path.write_bytes(raw)
    return path


@given(born=BIRTHS)
def test_a_day_of_birth_gives_the_age_at_the_start(born):
    spelled = f"{born.day:02}-{MONTHS[born.month - 1]}-{born.year}"
    years = read_age(f"MCH-1 F {spelled} Jane_Doe", START)
    assert years == pytest.approx((START.date() - born).days / 365.2425)
    assert read_age(f"MCH-1 F {spelled} Jane_Doe", None) is None


@pytest.mark.parametrize(
    ("patient", "years"),
    [
        ("X X X X", None),
        ("", None),
        ("MCH-1 F X Jane_Doe", None),
        ("MCH-1 F 18-MAY-2020 Jane_Doe", None),  # not born yet
        ("MCH-1 F 01-JAN-1800 Jane_Doe", None),  # stands for none
        ("MCH-1 F 01-MAI-0000 Jane_Doe", None),
        ("MCH-1 F 03-MÄRZ-2019 Jane_Doe", 138 / 365.2425),
        ("MCH-1 F 03-MÄRZ-2020 Jane_Doe", 0),
        ("00000258 F 01-JAN-1978 00000258 Age:6", 6),
        ("00000258 F X 00000258 Age:999", None),
        ("Page:12", None),
    ],
)
def test_what_no_patient_can_be_is_no_age(patient, years):
    assert read_age(patient, START) == years


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
def test_edf_and_bdf_tell_the_age_and_nothing_else_of_the_patient(tmp_path, suffix):
    path = of_patient(tmp_path / f"night.{suffix}", "MCH-1 F 17-MAY-2015 Jane_Doe")
    recording = open_recording(path)
    assert recording.age_years == pytest.approx(5, abs=0.01)
    assert not {"age", "Jane", "MCH", "2015"} & set(repr(recording).replace("=", " ").split())
    withheld = of_patient(tmp_path / f"x.{suffix}", "X X X X")
    assert open_recording(withheld).age_years is None
    undated = of_patient(
        tmp_path / f"y.{suffix}", "X F 17-MAY-2015 X", "01.01.8500.00.00", "Startdate X X X X"
    )
    assert open_recording(undated).age_years is None


def test_a_raw_of_mne_tells_the_age():
    info = mne.create_info(list(COLUMNS), 200.0, "eeg")
    info["subject_info"] = {"birthday": date(2010, 5, 17)}
    raw = mne.io.RawArray(eeg(400) * 1e-6, info, verbose="error")
    assert open_recording(raw).age_years is None
    raw.set_meas_date(START.replace(tzinfo=UTC))
    assert open_recording(raw).age_years == pytest.approx(10, abs=0.01)


@given(years=st.floats(0, 119))
def test_a_patient_is_of_one_group_and_a_warning_names_no_number_of_years(years):
    group = age.group_of(years)
    assert group in AGE_GROUPS
    assert (group == "adult") == (years >= 18)
    remark = age.remark(years)
    assert (remark is None) == (years >= 18)
    if remark:
        assert group in str(remark)
        assert str(remark) == str(age.remark(next(
            low + 1e-3 for name, low in age.GROUPS.items() if name == group
        )))  # fmt: skip


def test_weights_of_other_ages_warn_of_others():
    assert age.remark(7.0, (0.0, 18.0)) is None
    remark = age.remark(40.0, (0.0, 18.0))
    assert remark.code is Code.AGE
    assert "from 0 to below 18 years" in str(remark)
    assert age.remark(None, (0.0, 18.0)) is None
    assert "newborn" in str(age.remark(0.0))


def test_what_the_user_states_goes_before_the_header():
    recording = open_recording(of_patient_array())
    assert age.stated(replace(recording, age_years=3.0), 40.0).age_years == 40.0
    assert age.stated(replace(recording, age_years=3.0), None).age_years == 3.0
    for years in (-1.0, ADULTS[1], float("nan")):
        with pytest.raises(NasionError, match="in years"):
            age.stated(recording, years)


def of_patient_array():
    info = mne.create_info(list(COLUMNS), 200.0, "eeg")
    return mne.io.RawArray(eeg(400) * 1e-6, info, verbose="error")


def test_a_stay_is_of_its_youngest_and_check_says_the_group(tmp_path):
    parts = [
        replace(open_recording(of_patient_array()), name=name, start=start, age_years=years)
        for name, start, years in (
            ("a", START, None),
            ("b", START.replace(minute=1), 17.9),
            ("c", START.replace(minute=2), 18.1),
        )
    ]
    stay = joined(parts, "stay")
    assert stay.age_years == 17.9
    told = check_recording(stay)
    assert told["age_group"] == "adolescent"
    assert any("age group adolescent" in finding for finding in told["findings"])
    unknown = check_recording(parts[0])
    assert unknown["age_group"] is None
    assert not any("age" in finding.split() for finding in unknown["findings"])
    assert np.isfinite(stay.read(0, 400)).any()
