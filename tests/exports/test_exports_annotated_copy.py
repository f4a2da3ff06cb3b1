"""A copy is the recording to the last bit, with the events beside what it said before."""

import tracemalloc
from datetime import datetime, timedelta

import edfio
import mne
import numpy as np
import pytest

from drawn_readings import SEIZURE, START, arrays
from eeg.made_edf import delay_records, eeg, write
from exports.others import annotations_by_others
from nasion.eeg.edf.header import read_header
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.exports.annotated_copy import copy_with_annotations
from nasion.exports.annotations import words
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.terms import COLUMNS, DERIVATION_NAMES, Pattern

NOTES = [(1.5, 0.0, "eyes open"), (7.25, 3.0, "µ")]
EVENTS = (SEIZURE, *(Event(float(k), 2.5, Pattern.GPD, 0.5, 0.6) for k in range(20, 26)))


def read(path, events=EVENTS):
    recording = open_recording(path)
    told = {
        name: getattr(recording, name) for name in ("name", "duration_s", "start", "annotations")
    }
    return Reading(**told, **arrays(recording.duration_s, 0), events=events)


def made(path, form):
    """Files of several forms, 40 s."""
    signals = eeg(8000)
    if form == "written":
        start = START.replace(microsecond=250_000)
        write_edf(path, [signals.astype(np.float32)], labels=COLUMNS, sfreq=200.0, n_times=8000,
                  start=start, annotations=NOTES)  # fmt: skip
    elif form == "gaps":
        delay_records(write(path, signals, annotations=NOTES, record_s=1.0), 20, 7.5)
    else:
        notes = NOTES if form == "plus" else None
        write(path, signals, annotations=notes, record_s=2.0)
    return path


FORMS = [
    ("plain", ".edf"), ("plus", ".edf"), ("gaps", ".edf"), ("written", ".edf"), ("plain", ".bdf"),
    ("plus", ".bdf"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "suffix"), FORMS)
@pytest.mark.parametrize("deidentify", [False, True])
def test_a_copy_is_the_recording_with_the_events(tmp_path, form, suffix, deidentify):
    source, target = made(tmp_path / f"a{suffix}", form), tmp_path / f"b{suffix}"
    reading = read(source)
    copy_with_annotations(source, target, reading, deidentify=deidentify)
    one, other = open_recording(source), open_recording(target)
    np.testing.assert_array_equal(one.signals(), other.signals())
    assert (one.start, one.gaps_s, one.duration_s) == (other.start, other.gaps_s, other.duration_s)
    assert other.warnings == one.warnings
    ours = [(event.onset_s, event.duration_s, words(event)) for event in EVENTS]
    assert list(other.annotations) == sorted([*one.annotations, *ours])
    assert one.annotations == (() if form == "plain" else tuple(NOTES))


@pytest.mark.parametrize(("form", "suffix"), FORMS)
@pytest.mark.parametrize("deidentify", [False, True])
def test_edfio_and_mne_read_the_copy(tmp_path, form, suffix, deidentify):
    source, target = made(tmp_path / f"a{suffix}", form), tmp_path / f"b{suffix}"
    copy_with_annotations(source, target, read(source), deidentify=deidentify)
    load = edfio.read_edf if suffix == ".edf" else edfio.read_bdf
    one, other = load(source), load(target)
    for before, after in zip(one.signals, other.signals, strict=True):
        np.testing.assert_array_equal(before.digital, after.digital)
        assert (before.label, before.physical_range) == (after.label, after.physical_range)
    texts = [(a.onset, a.duration or 0.0, a.text) for a in other.annotations]
    assert len(texts) == len(one.annotations) + len(EVENTS)
    at = {onset for onset, _, text in texts if text == words(SEIZURE)}
    assert at == {SEIZURE.onset_s}
    if form != "gaps":  # MNE takes discontiguous files as contiguous ones
        kind = mne.io.read_raw_edf if suffix == ".edf" else mne.io.read_raw_bdf
        raws = [kind(path, verbose="error") for path in (source, target)]
        data = [raw.get_data(verbose="error") for raw in raws]
        np.testing.assert_array_equal(*data)
        assert raws[0].info["meas_date"] == raws[1].info["meas_date"]
        found = raws[1].annotations
        assert words(SEIZURE) in found.description
        assert found.onset[list(found.description).index(words(SEIZURE))] == SEIZURE.onset_s


@pytest.mark.parametrize(("form", "suffix"), FORMS)
@pytest.mark.parametrize("deidentify", [False, True])
def test_others_read_the_same_annotations(tmp_path, form, suffix, deidentify):
    source, target = made(tmp_path / f"a{suffix}", form), tmp_path / f"b{suffix}"
    at_once = tuple(Event(30 + k / 100, 0.25, Pattern.LPD, 0.5, 0.6) for k in range(100))
    reading = read(source, (*EVENTS, *at_once))
    copy_with_annotations(source, target, reading, deidentify=deidentify)
    notes = NOTES if form != "plain" else []
    told = [(event.onset_s, event.duration_s, words(event)) for event in reading.events]
    expected = sorted((round(a, 6), b, c) for a, b, c in [*notes, *told])
    found = annotations_by_others(target)
    assert len(found) == (2 if form == "gaps" else 3)
    assert all(entries == expected for entries in found.values())


def place(begin, width, text):
    def change(raw):
        raw[begin : begin + width] = text.ljust(width)

    return change


def units(raw):
    n = int(raw[252:256])
    for number in range(20):
        place(256 + 96 * n + 8 * number, 8, "µV".encode("latin-1"))(raw)


DAMAGED = {
    "not closed": place(236, 8, b"-1"),
    "no date": place(168, 8, b"00.00.00"),
    "blank date": place(168, 16, b""),
    "other separators": place(168, 16, b"03-02-3104:05:06"),
    "a patient not in ASCII": place(8, 80, "Müller, Änne  µ".encode("latin-1")),
    "NUL": place(8, 80, b"\0" * 80),
    "a month of another language": place(88, 80, b"Startdate 03-MRZ-2031 X X X"),
    "a label not in ASCII": place(256, 16, "Fp1-Réf".encode("latin-1")),
    "a unit not in ASCII": units,
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize(
    ("form", "deidentify"), [("plain", False), ("plus", False), ("plus", True)]
)
def test_a_copy_has_the_header_that_readers_insist_on(tmp_path, damage, form, deidentify):
    source, target = made(tmp_path / "a.edf", form), tmp_path / "b.edf"
    raw = bytearray(source.read_bytes())
    DAMAGED[damage](raw)
    source.write_bytes(raw)
    copy_with_annotations(source, target, read(source), deidentify=deidentify)
    one, other = open_recording(source), open_recording(target)
    np.testing.assert_array_equal(one.signals(), other.signals())
    assert (one.start, one.duration_s, one.missing) == (
        other.start, other.duration_s, other.missing,
    )  # fmt: skip
    found = annotations_by_others(target)
    assert len(found) == 3
    assert all(entries == sorted(other.annotations) for entries in found.values())


def test_a_copy_without_words_says_of_units_what_the_file_does(tmp_path):
    labels, units = (*COLUMNS[:-1], "Fp1 Impedance"), [b"uV"] * 19 + [b"kOhm"]
    source = write(tmp_path / "a.edf", eeg(8000), labels=labels, record_s=2.0)
    for unit in (b"kOhm", b"Rabe"):
        raw = bytearray(source.read_bytes())
        n = int(raw[252:256])
        for number, text in enumerate([*units[:-1], unit]):
            place(256 + 96 * n + 8 * number, 8, text)(raw)
        source.write_bytes(raw)
        copy_with_annotations(source, tmp_path / "b.edf", read(source), deidentify=True)
        assert b"Rabe" not in (tmp_path / "b.edf").read_bytes()
        one, other = open_recording(source), open_recording(tmp_path / "b.edf")
        assert one.missing == other.missing == ()
        np.testing.assert_array_equal(one.signals(), other.signals())


def test_a_plain_file_becomes_edf_plus_that_keeps_its_patient(tmp_path):
    source = made(tmp_path / "a.edf", "plain")
    raw = bytearray(source.read_bytes())
    raw[8:88] = b"Rabe, Hugo  4711".ljust(80)
    raw[88:168] = b"ward 3".ljust(80)
    raw[168:184] = b"03.02.3104.05.06"
    source.write_bytes(raw)
    copy_with_annotations(source, tmp_path / "b.edf", read(source))
    edf = edfio.read_edf(tmp_path / "b.edf")
    assert edf.local_patient_identification == "X X X Rabe,_Hugo_4711"
    assert edf.local_recording_identification == "Startdate 03-FEB-2031 X X ward_3"
    assert (edf.patient.code, edf.patient.name) == ("X", "Rabe,_Hugo_4711")
    assert edf.startdate == START.date()
    assert read_header(tmp_path / "b.edf").plus == "EDF+C"


def test_an_edf_plus_keeps_its_header_to_the_letter(tmp_path):
    source = made(tmp_path / "a.edf", "plus")
    raw = bytearray(source.read_bytes())
    raw[8:88] = b"4711 M 03-FEB-1931 Hugo_Rabe".ljust(80)
    source.write_bytes(raw)
    copy_with_annotations(source, tmp_path / "b.edf", read(source))
    assert (tmp_path / "b.edf").read_bytes()[:184] == bytes(raw[:184])


def test_a_moved_date_stands_in_the_copy(tmp_path):
    source = made(tmp_path / "a.edf", "written")
    moved = START.replace(microsecond=250_000) + timedelta(days=7000)
    reading = read(source)
    later = Reading(**{**vars(reading), "start": moved})
    copy_with_annotations(source, tmp_path / "b.edf", later, deidentify=True)
    assert open_recording(tmp_path / "b.edf").start == moved
    unknown = Reading(**{**vars(reading), "start": datetime(1971, 1, 1)})
    copy_with_annotations(source, tmp_path / "c.edf", unknown, deidentify=True)
    start = open_recording(tmp_path / "c.edf").start
    assert start is None or start.year == 1985


def test_a_bipolar_recording_without_its_patient_is_still_the_same(tmp_path):
    labels = ("T8-P8-0", *(name for name in DERIVATION_NAMES if name != "T4-T6"))
    signals = np.random.default_rng(0).normal(0, 20, (len(labels), 4000))
    source = write(tmp_path / "a.edf", signals, labels=labels)
    copy_with_annotations(source, tmp_path / "b.edf", read(source), deidentify=True)
    one, other = open_recording(source), open_recording(tmp_path / "b.edf")
    assert other.montage == one.montage
    np.testing.assert_array_equal(other.signals(), one.signals())


def test_no_events_and_many_are_copied_too(tmp_path):
    source = made(tmp_path / "a.edf", "plus")
    many = tuple(Event(k / 100, 1.0, Pattern.LPD, 0.5, 0.6) for k in range(3000))
    for events in ((), many):
        copy_with_annotations(source, tmp_path / "b.edf", read(source, events))
        found = open_recording(tmp_path / "b.edf")
        assert len(found.annotations) == len(NOTES) + len(events)
        np.testing.assert_array_equal(found.signals(), open_recording(source).signals())


def test_what_can_not_be_copied_is_refused(tmp_path):
    source = made(tmp_path / "a.edf", "plus")
    before = source.read_bytes()
    with pytest.raises(NasionError, match="itself"):
        copy_with_annotations(source, source, read(source))
    assert source.read_bytes() == before
    (tmp_path / "x.edf").write_text("none")
    with pytest.raises(NasionError, match="not an EDF"):
        copy_with_annotations(tmp_path / "x.edf", tmp_path / "b.edf", read(source))
    assert not (tmp_path / "b.edf").exists()


def test_memory_does_not_grow_with_the_recording(tmp_path):
    peaks = []
    for n in (600, 2400):
        source = tmp_path / f"{n}.edf"
        pieces = (np.zeros((20, 200), np.float32) for _ in range(n))
        write_edf(source, pieces, labels=COLUMNS, sfreq=200.0, n_times=200 * n)
        reading = Reading(name="a", duration_s=float(n), **arrays(float(n), 0), events=EVENTS)
        tracemalloc.start()
        copy_with_annotations(source, tmp_path / "b.edf", reading)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.real
@pytest.mark.parametrize("deidentify", [False, True])
def test_a_clinical_recording_is_copied_to_the_bit(tmp_path, real, deidentify):
    (source,) = (real / "edf").glob("*.edf")
    one = read(source)
    copy_with_annotations(source, tmp_path / "b.edf", one, deidentify=deidentify)
    copied = open_recording(tmp_path / "b.edf")
    assert len(copied.annotations) == len(one.annotations) + len(EVENTS)
    assert copied.missing == open_recording(source).missing
    np.testing.assert_array_equal(copied.signals(), open_recording(source).signals())
    raw = mne.io.read_raw_edf(tmp_path / "b.edf", verbose="error")
    assert words(SEIZURE) in raw.annotations.description
