"""Faults of a data set: one line a kind, none lost."""

from hms_folder import noise, segment, write_hms
from nasion.hms.check import check_segments
from nasion.hms.segments import load_segments


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
