"""Faults of a data set: one line a kind, none lost."""

from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest

from hms_folder import noise, segment, write_hms
from nasion.config import HMS_VIEW, Signal, Spectrogram
from nasion.data.store import open_store
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.hms.agreement import refuse_unseen
from nasion.hms.check import check_segments
from nasion.hms.layout import to_table
from nasion.hms.segments import load_segments
from nasion.hms.writer import spectrogram_of


def test_a_kind_of_fault_is_one_line_with_its_count_and_first_file(tmp_path):
    signals = {i: noise(10.0 + i % 3, i) for i in range(11, 17)}
    signals |= {i: noise(52.0, i) for i in (17, 18, 19)}
    signals[18][3] = signals[19][5] = 0.0
    folder = write_hms(tmp_path / "hms", [segment(i) for i in signals], signals=signals)
    file = {i: folder / "train_eegs" / f"{i}.parquet" for i in signals}
    file[16].write_bytes(b"PAR1")
    answer = check_segments(load_segments(folder))
    short, torn, lost, mended = answer["findings"]
    assert short.startswith(f"5 of 9 EEGs, the first {file[11]}: 12 s long")
    assert torn.startswith(f"{file[16]}: ")
    assert lost.startswith(f"2 of 9 EEGs, the first {file[18]}: P3 holds nothing")
    assert mended == f"2 of 9 EEGs, the first {file[18]}: interpolated: P3"
    n_by_eeg = {name: len(texts) for name, texts in answer["findings_by_eeg"].items()}
    once, twice = (dict.fromkeys(range(*ids), n) for ids, n in (((11, 17), 1), ((18, 20), 2)))
    assert n_by_eeg == {str(file[i]): n for i, n in (once | twice).items()}


def test_a_label_beyond_its_eeg_is_a_fault(tmp_path):
    rows = [segment(11), segment(11, sub_id=1, offset_s=4.0)]
    folder = write_hms(tmp_path / "hms", rows, duration_s=52.0)
    (finding,) = check_segments(load_segments(folder))["findings"]
    assert finding.endswith("52 s long, but a label begins at 4 s")


def test_files_that_can_not_be_read_are_one_line_a_reason(tmp_path):
    folder = write_hms(tmp_path / "hms", [segment(i) for i in (11, 12, 13, 14)], duration_s=52.0)
    file = {i: folder / "train_eegs" / f"{i}.parquet" for i in (11, 12, 13)}
    for i in (11, 12):
        file[i].write_bytes(b"PAR1")
    file[13].write_bytes(b"")
    torn, empty = check_segments(load_segments(folder))["findings"]
    assert torn.startswith(f"2 of 4 EEGs, the first {file[11]}: not a parquet file")
    assert empty.startswith(f"{file[13]}: is empty")


def genuine(path: Path, first_time_s: float) -> pd.DataFrame:
    """The spectrogram of an EEG, whose clock is that much later than the EEG's."""
    power = spectrogram_of(open_recording(path).signals())
    return to_table(power, first_time_s + HMS_VIEW.window_s / 2)


@pytest.fixture
def paired(tmp_path):
    """Two patients with an EEG and its own spectrogram each, one of 60 s and one of 10 s."""
    rows = [
        segment(11, spectrogram_id=5, offset_s=6.0, spectrogram_offset_s=-169.0),
        segment(12, spectrogram_id=6, offset_s=0.0, spectrogram_offset_s=205.0),
    ]
    signals = {11: noise(60.0, 11), 12: noise(10.0, 12)}
    folder = write_hms(tmp_path / "hms", rows, signals=signals)
    for eeg_id, spectrogram_id, later_s in ((11, 5, 100.0), (12, 6, 500.0)):
        table = genuine(folder / "train_eegs" / f"{eeg_id}.parquet", later_s)
        table.to_parquet(folder / "train_spectrograms" / f"{spectrogram_id}.parquet")
    return folder


def findings(folder):
    return check_segments(load_segments(folder))["findings"]


def change(folder, **columns):
    table = pd.read_csv(folder / "train.csv").assign(**columns)
    table.to_csv(folder / "train.csv", index=False)


def test_a_spectrogram_of_its_own_eeg_is_none_of_another(paired):
    (short,) = findings(paired)
    assert "10 s long" in short


def test_a_spectrogram_of_another_patient_is_found(paired):
    one, other = (paired / "train_spectrograms" / f"{n}.parquet" for n in (5, 6))
    longer = genuine(paired / "train_eegs" / "11.parquet", 480.0)
    longer.to_parquet(other)
    genuine(paired / "train_eegs" / "12.parquet", 125.0).to_parquet(one)
    found = findings(paired)
    assert sum("shows another EEG" in finding for finding in found) == 1
    assert any("2 of 2 EEGs, the first" in finding for finding in found)


def test_a_spectrogram_of_another_time_is_found(paired):
    change(paired, spectrogram_label_offset_seconds=[-155.0, 205.0])
    assert any("shows another EEG" in finding for finding in findings(paired))
    change(paired, spectrogram_label_offset_seconds=[1e6, 205.0])
    assert any("begin at 1e+06 s of its spectrogram 5.parq" in text for text in findings(paired))


def test_a_spectrogram_that_can_not_be_read_is_found(paired):
    (paired / "train_spectrograms" / "5.parquet").write_bytes(b"PAR1")
    assert any("5.parquet: not a readable parquet" in finding for finding in findings(paired))


@pytest.mark.parametrize(("offset_s", "says"), [(-1.0, "begins at -1 s, before"), (11, "at 11 s")])
def test_a_label_that_reaches_beyond_its_eeg_is_found(paired, offset_s, says):
    change(paired, eeg_label_offset_seconds=[offset_s, 0.0])
    assert any(says in finding for finding in findings(paired))


@pytest.mark.parametrize(
    ("offset_s", "seen"), [(-20.0, True), (-20.5, False), (30.0, True), (30.5, False), (1e9, False)]
)
def test_a_label_of_seconds_that_are_not_there_is_no_data(paired, offset_s, seen):
    change(paired, eeg_label_offset_seconds=[offset_s, -20.0])
    segments = load_segments(paired)
    with nullcontext() if seen else pytest.raises(NasionError, match="eeg_sub_id 0 begins at"):
        refuse_unseen(segments, {11: 60.0, 12: 10.0}.__getitem__)


@pytest.mark.parametrize(
    ("offset_s", "seen"), [(-50, False), (-49, True), (9.9, True), (10, False), (1e308, False)]
)
def test_a_label_of_a_short_eeg_may_not_lie_outside_altogether(paired, offset_s, seen):
    change(paired, eeg_label_offset_seconds=[6.0, offset_s])
    segments = load_segments(paired)
    with nullcontext() if seen else pytest.raises(NasionError, match="its EEG is 10 s long"):
        refuse_unseen(segments, {11: 60.0, 12: 10.0}.__getitem__)
    assert any("a label begins at" in text for text in findings(paired)) == (offset_s != -49)


CONTEXT = Signal(spectrogram=Spectrogram(views=("centre", "context")))


@pytest.mark.parametrize("offset_s", [1e6, -1e6, 1e308, -1e308])
def test_a_label_that_its_spectrogram_does_not_reach_is_no_data(paired, offset_s, tmp_path):
    change(paired, spectrogram_label_offset_seconds=[offset_s, 205.0])
    assert any("of its spectrogram 5.parquet" in text for text in findings(paired))
    says = r"train\.csv: a label's 10 min begin at .* of spectrogram_id 5, which ends at"
    with pytest.raises(NasionError, match=says):
        open_store(load_segments(paired), CONTEXT, tmp_path / "store")
    centre = Signal(spectrogram=Spectrogram(views=("centre",)))
    open_store(load_segments(paired), centre, tmp_path / "store")  # which does not show it


def test_a_spectrogram_of_another_patient_is_said_before_it_is_learned_from(
    paired, tmp_path, caplog
):
    open_store(load_segments(paired), CONTEXT, tmp_path / "store")
    assert not caplog.records
    one = paired / "train_spectrograms" / "5.parquet"
    genuine(paired / "train_eegs" / "12.parquet", 125.0).to_parquet(one)
    for _ in range(2):  # also where the store is there already
        caplog.clear()
        open_store(load_segments(paired), CONTEXT, tmp_path / "store")
        (record,) = caplog.records
        text = record.getMessage()
        assert text.startswith(f"{paired}: 1 of ")
        assert "(5.parquet first): wrong spectrogram_id or offsets; nasion check" in text
