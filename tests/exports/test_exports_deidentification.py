"""Nothing of the patient is in any byte of what is free_text; what is harmless stays."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta

import edfio
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_readings import LPD, SEIZURE, START, arrays, reading, remarks
from eeg.made_edf import delay_records, eeg, stamped, write
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.form import Kind
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code, Remark, free_text
from nasion.eeg.stay import joined
from nasion.exports import folder
from nasion.exports.annotated_copy import copy_with_annotations
from nasion.exports.annotations import to_edf_annotations
from nasion.exports.deidentification import (
    LEFT_OUT,
    REMOVED,
    clean_label,
    clean_remark,
    deidentified,
)
from nasion.exports.derivative import to_bids
from nasion.exports.keys import Key
from nasion.exports.tables import events_table, probabilities_table
from nasion.reading.reading import Reading
from nasion.terms import COLUMNS, ELECTRODES

CANARIES = (
    "vogelsa", "hermine", "zq471108", "17.03.87", "1987-03-17", "17-mar-1987", "19870317",
    "01-jan-1931", "12.04", "dr. rabe",
)  # fmt: skip
CLOCK = datetime(1987, 3, 17, 13, 14, 15)
LABELS = (
    "Fp1-VOGELSANG", "F3-VOGELSANG", *ELECTRODES[2:], "HERMINE V.", "ZQ471108", "EOG L", "A2",
)  # fmt: skip
NOTES = (
    (1.0, 0.0, "Vogelsang, Hermine *12.04.31"),
    (2.0, 0.0, "eyes open"),
    (3.0, 0.0, "eyes open, says Dr. Rabe"),
    (4.0, 5.0, "photic stimulation 10 Hz"),
    (5.0, 0.0, "ZQ471108"),
)


# What is said of single files as they are opened.
READ = (
    Code.TRAILING_BYTES, Code.ONSETS_DISBELIEVED, Code.ONSETS_UNSTATED, Code.ONSETS_EARLY,
    Code.START_BEYOND, Code.EMPTY_CHANNEL, Code.NO_UNIT, Code.NO_VOLTAGE, Code.SECOND_CHANNEL,
    Code.REFERENCE_OF_ALL, Code.MIXED_REFERENCES, Code.UNIT_UNDONE, Code.UNIT_WRONG,
    Code.OTHER_QUANTITY, Code.UNIT_UNDONE_ON_SOME,
)  # fmt: skip


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """An EDF+ that names its patient wherever it can."""
    path = tmp_path_factory.mktemp("telling") / "Vogelsang_Hermine_ZQ471108.edf"
    rng = np.random.default_rng(0)
    signals = np.round(300 * rng.standard_normal((len(LABELS), 12_000))).astype(np.float32) / 10
    write_edf(
        path, [signals], labels=LABELS, sfreq=200.0, n_times=12_000, start=CLOCK, annotations=NOTES
    )
    raw, n = bytearray(path.read_bytes()), len(LABELS) + 1
    raw[8:88] = b"ZQ471108 F 01-JAN-1931 Vogelsang_Hermine".ljust(80)
    raw[88:168] = b"Startdate 17-MAR-1987 ZQ471108 Dr._Rabe Vogelsang".ljust(80)
    transducer, dimension = 256 + 16 * n, 256 + 96 * n
    prefiltering = 256 + 136 * n
    for number in range(n - 1):
        for begin, text in ((transducer, b"Vogelsang cup"), (prefiltering, b"ZQ471108 HP:0.1")):
            raw[begin + 80 * number : begin + 80 * (number + 1)] = text.ljust(80)
    digital_max = 256 + 128 * n + 8
    raw[digital_max : digital_max + 8] = b"-32767  "  # an unusable range: named in a warning
    raw[dimension + 8 * 4 : dimension + 8 * 5] = b"Vogelsa "
    path.write_bytes(raw)
    return path


def read(path):
    """A reading of the file, as far as the file tells of it."""
    recording = open_recording(path)
    known = ("name", "duration_s", "start", "source_sfreq", "gaps_s", "annotations", "montage",
             "ignored", "warnings")  # fmt: skip
    told = {name: getattr(recording, name) for name in known}
    return Reading(**told, **arrays(recording.duration_s, 0), events=(SEIZURE,))


def write_all(one, place):
    folder.save(one, place / one.name, {"settings": {}})
    to_bids(one, place / "bids")
    to_edf_annotations(one, place / f"{one.name}.edf")
    events_table(one).to_csv(place / "events.csv")
    probabilities_table(one).to_csv(place / "table.csv")


def found_in(place):
    """Canaries in names, bytes, and what compressed and encoded columns say."""
    texts = []
    for path in place.rglob("*"):
        texts.append(str(path.relative_to(place)))
        if path.is_file():
            raw = path.read_bytes()
            texts += [raw.decode("latin-1"), raw.decode("utf-16-le", "ignore")]
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            texts += [str(table.schema), table.to_pandas().to_csv()]
        if path.suffix == ".edf":
            edf = edfio.read_edf(path)
            texts += [str(edf.startdate), str(edf.annotations)]
    text = "\n".join(texts).lower()
    return {canary for canary in CANARIES if canary in text}


def test_no_byte_of_the_outputs_tells_of_the_patient(telling, tmp_path):
    open_one = read(telling)
    write_all(open_one, tmp_path / "open")
    key = Key.draw(open_one.start)
    closed = deidentified(open_one, key)
    write_all(closed, tmp_path / "closed")
    copy_with_annotations(
        telling, tmp_path / "closed" / f"{key.name}_copy.edf", closed, deidentify=True
    )
    told = found_in(tmp_path / "open")  # the search finds what is there
    assert {"vogelsa", "hermine", "zq471108", "1987-03-17", "dr. rabe", "12.04"} <= told
    assert found_in(tmp_path / "closed") == set()


def test_what_is_harmless_stays(telling):
    one = read(telling)
    key = Key.draw(one.start)
    found = deidentified(one, key)
    assert found.name == key.name
    assert [text for _, _, text in found.annotations] == ["eyes open", "photic stimulation 10 Hz"]
    assert found.annotations == (NOTES[1], NOTES[3])
    assert found.ignored == (REMOVED, REMOVED, "EOG L", "A2", "F7")
    assert found.missing == one.missing
    codes = [warning.code for warning in found.warnings]
    assert codes == [Code.OTHER_QUANTITY, Code.EMPTY_CHANNEL, Code.MIXED_REFERENCES]
    assert [warning.code for warning in one.warnings] == codes
    for name in ("probability", "reason", "quality", "events", "duration_s", "gaps_s", "model"):
        assert getattr(found, name) is getattr(one, name) or name in ("duration_s", "gaps_s")


@given(start=st.datetimes(datetime(1985, 1, 2), datetime(2084, 12, 1)))
def test_clock_and_weekday_stay_and_the_date_goes(start):
    key = Key.draw(start)
    one = reading(start=start)
    moved = deidentified(one, key).start
    assert moved.time() == start.time()
    assert moved.weekday() == start.weekday()
    assert moved.date() != start.date()
    assert 2050 <= moved.year < 2070
    later = replace(one, start=start + timedelta(days=3.5))
    other = key.another()
    assert other.name != key.name
    assert deidentified(later, other).start - moved == timedelta(days=3.5)


def test_dates_given_do_not_tell_of_true_ones():
    """Whatever the start, the date given is any of the same twenty years."""
    for start in (datetime(1990, 1, 1), datetime(2024, 6, 30)):
        years = {(start + timedelta(days=Key.draw(start).days)).year for _ in range(1000)}
        assert years == set(range(2050, 2070))


def test_keys_are_random_and_hold_nothing():
    names = {Key.draw(START).name for _ in range(100)} | {Key.draw().name for _ in range(100)}
    assert len(names) == 200
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


def test_a_recording_without_a_clock_stays_without():
    assert deidentified(reading(start=None), Key.draw()).start is None


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("eyes closed", True),
        ("Eyes Closed", True),
        ("[seizure onset]", True),
        ("HV start", True),
        ("impedance check, end", True),
        ("photic 12.5 Hz", True),
        ("left arm of Rabe", False),
        ("10", False),
        ("1 2 3 4", False),
        ("17.03.87", False),
        ("call 4711 Hz", False),
        ("4711 Hz", False),
        ("eyes open\nRabe", False),
        ("", False),
    ],
)
def test_annotations_pass_as_a_whole_or_not_at_all(text, stays):
    found = deidentified(reading(annotations=((1.0, 0.0, text),)), Key.draw()).annotations
    assert found == (((1.0, 0.0, text),) if stays else ())


def test_a_list_of_ones_own_takes_the_place_of_ours():
    one = reading(annotations=((1.0, 0.0, "eyes open"), (2.0, 0.0, "Task A begins")))
    found = deidentified(one, Key.draw(), allowed=["task [a-c] begins"]).annotations
    assert found == ((2.0, 0.0, "Task A begins"),)
    assert deidentified(one, Key.draw(), allowed=[]).annotations == ()


@pytest.mark.parametrize(
    "label",
    ["A1", "EEG T1-REF", "POL E1", "EMG chin", "ECG-L", "SpO2", "DC01", "EOG L", "FT9", "CP3-AVG"],
)
def test_technical_labels_stay(label):
    assert clean_label(label) == label


@pytest.mark.parametrize("label", ["Rabe", "EEG Rabe-REF", "DC170387", "12", "A1-RABE", "C3 RABE"])
def test_other_labels_go(label):
    assert clean_label(label) == REMOVED


def every_remark(word):
    """One of each code; each value that can hold a word of the file holds this one."""
    values = {Kind.NUMBER: 1.5, Kind.ELECTRODE: ("Fp1",), Kind.TERM: ("left",)} | {
        Kind.CHANNEL: ("Fp1-F7",)
    }
    for code in Code:
        kinds = code.value.kinds
        filled = {name: values.get(kind, (word,)) for name, kind in kinds.items()}
        filled |= {name: (0.5,) for name in ("shares", "components") if name in kinds}
        yield Remark(code, filled, file=word)


@pytest.mark.parametrize("code", Code)
@settings(max_examples=20)
@given(data=st.data())
def test_a_warning_keeps_its_code_and_numbers_and_loses_the_words_of_the_file(code, data):
    warning = data.draw(remarks(code))
    clean = clean_remark(warning)
    assert clean_remark(clean) == clean
    assert clean.file == ""
    if code in (Code.TEXT, Code.UNREADABLE):
        assert clean == Remark(Code.WITHHELD)
        return
    assert clean.code is code
    for name, kind in code.value.kinds.items():
        if kind in (Kind.LABEL, Kind.TEXT):
            allowed = {REMOVED, ""} if kind is Kind.LABEL else {LEFT_OUT}
            assert all(
                word in allowed or clean_label(word) == word == old
                for old, word in zip(warning.values[name], clean.values[name], strict=True)
            )
        else:
            assert clean.values[name] == warning.values[name]


def test_a_name_is_in_no_warning_whatever_its_code():
    for warning in every_remark("Vogelsang"):
        assert "Vogelsang" in warning.text
        found = deidentified(reading(warnings=(warning,)), Key.draw()).warnings
        assert "Vogelsang" not in str([*found, *map(str, found)])


def test_a_warning_is_saved_and_loaded_as_data_and_loses_its_words_then(tmp_path):
    warnings = tuple(every_remark("Vogelsang"))
    folder.save(reading(warnings=warnings), tmp_path)
    loaded = folder.load(tmp_path)
    assert loaded.warnings == warnings
    found = deidentified(loaded, Key.draw()).warnings
    withheld = {Code.TEXT, Code.UNREADABLE}
    assert {warning.code for warning in found} == {*Code} - withheld
    assert all(clean_remark(warning) in found for warning in warnings)


@pytest.mark.parametrize("change", ["older", "newer"])
def test_a_warning_that_is_known_by_its_text_alone_is_withheld(tmp_path, change):
    """Readings of older versions hold sentences, those of newer ones codes unknown here."""
    (warning,) = warnings = (Remark(Code.TRAILING_BYTES, {"n": 12, "s": 0.5}),)
    folder.save(reading(warnings=warnings), tmp_path)
    path = tmp_path / folder.MANIFEST
    content = json.loads(path.read_text())
    if change == "older":
        del content["remarks"]
    else:
        content["remarks"][0]["code"] = "of_tomorrow"
    path.write_text(json.dumps(content))
    loaded = folder.load(tmp_path)
    assert loaded.warnings == (free_text(warning.text),)
    assert deidentified(loaded, Key.draw()).warnings == (Remark(Code.WITHHELD),)


def patched(path, begin, text):
    raw = path.read_bytes()
    path.write_bytes(raw[:begin] + text + raw[begin + len(text) :])
    return path


def faulty(path, code):
    """A file that is read with this warning."""
    signals, notes, n = eeg(4000), [(0.0, 0.0, "room" * 9)], len(COLUMNS)
    dimensions = 256 + 96 * n
    match code:
        case Code.TRAILING_BYTES:
            path.write_bytes(write(path, signals).read_bytes() + b"Vogelsang")
            return path
        case Code.ONSETS_DISBELIEVED:
            path = write(path, signals, annotations=notes)
            return delay_records(path, 8, -5.0, reserved="EDF+C")
        case Code.ONSETS_UNSTATED:
            return stamped(write(path, signals, annotations=notes), {8: "noon"})
        case Code.ONSETS_EARLY:
            path = write(path, signals, annotations=notes)
            return delay_records(path, 8, -0.4)
        case Code.START_BEYOND:
            path = write(path, signals, annotations=notes)
            recorded = b"Startdate 31-DEC-9999 X X X".ljust(80)
            return patched(patched(path, 88, recorded), 168, b"31.12.9923.59.58")
        case Code.EMPTY_CHANNEL:
            labels = ("Fp1-Vogelsang", *COLUMNS[1:])
            return patched(write(path, signals, labels=labels), 256 + 128 * n, b"-32000  ")
        case Code.NO_UNIT:
            return write(path, signals, unit="")
        case Code.NO_VOLTAGE:
            return patched(write(path, signals), dimensions, b"10uV    ")
        case Code.OTHER_QUANTITY:
            return patched(write(path, signals), dimensions, b"Vogelsa ")
        case Code.UNIT_UNDONE_ON_SOME:
            labels = ("Fp1-Vogelsang", *(f"{name}-Vogelsang" for name in COLUMNS[1:]))
            return patched(write(path, signals, labels=labels), dimensions, b"mV      ")
        case Code.SECOND_CHANNEL:
            labels = (*COLUMNS[:-1], "Fp1-Vogelsang")
            return write(path, signals, labels=labels)
        case Code.REFERENCE_OF_ALL:
            labels = tuple(f"{name}-Cz" for name in ELECTRODES if name != "Cz")
            return write(path, signals[: len(labels)], labels=labels)
        case Code.MIXED_REFERENCES:
            return write(path, signals, labels=("Fp1-Vogelsang", *COLUMNS[1:]))
        case Code.UNIT_UNDONE:
            return patched(write(path, signals), dimensions, b"V       " * n)
        case _:
            return patched(write(path, 15 * signals), dimensions, b"V       " * n)


@pytest.mark.parametrize("code", READ)
def test_each_warning_of_a_file_goes_through_a_reading_as_data(tmp_path, code):
    one = read(faulty(tmp_path / "a.edf", code))
    assert [warning.code for warning in one.warnings] == [code]
    folder.save(one, tmp_path / "saved")
    loaded = folder.load(tmp_path / "saved")
    assert loaded.warnings == one.warnings
    (clean,) = deidentified(loaded, Key.draw()).warnings
    assert clean.code is code
    assert "vogelsa" not in f"{clean} {clean!r}".lower()
    for name, kind in code.value.kinds.items():
        if kind not in (Kind.LABEL, Kind.TEXT):
            assert clean.values[name] == one.warnings[0].values[name]


def test_labels_of_a_technical_kind_stay_in_warnings():
    twice = Remark(Code.SECOND_CHANNEL, {"labels": ("RABE", "EEG C3-REF")})
    assert clean_remark(twice).text == (
        "a second channel of the same electrode or derivation was left out: removed, EEG C3-REF"
    )


def test_warnings_of_a_stay_lose_the_names_of_its_files(tmp_path):
    parts = []
    for number, labels in enumerate((ELECTRODES, [f"{name}-A1" for name in ELECTRODES[:-3]])):
        path = tmp_path / f"Vogelsang {number}.edf"
        signals = np.random.default_rng(number).standard_normal((len(labels), 4000)) * 30
        start = START + timedelta(seconds=19.5 * number)
        write_edf(
            path,
            [signals.astype(np.float32)],
            labels=labels,
            sfreq=200.0,
            n_times=4000,
            start=start,
        )
        parts.append(open_recording(path))
    stay = joined(parts, "Vogelsang")
    assert len([1 for warning in stay.warnings if "Vogelsang" in warning.text]) >= 3
    found = deidentified(
        reading(warnings=stay.warnings, name=stay.name), Key.draw(stay.start)
    ).warnings
    assert "Vogelsang" not in str(found)
    assert [warning.code for warning in found] == [warning.code for warning in stay.warnings]
    assert any(warning.text.startswith("begins 0.5 s before ... ends") for warning in found)


def test_events_of_a_deidentified_reading_are_the_same(tmp_path):
    one = reading(name="Vogelsang")
    key = Key.draw(one.start)
    folder.save(deidentified(one, key), tmp_path)
    found = folder.load(tmp_path)
    assert found.events == (SEIZURE, LPD)
    assert found.clock(0) - one.clock(0) == timedelta(days=key.days)
