import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasion
from hms_folder import noise, segment, spectrogram, write_hms
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.hms.layout import (
    COLUMNS,
    OFFSET_S,
    PARTS,
    SPECTROGRAM_OFFSET_S,
    from_table,
    hms_columns,
)
from nasion.hms.segments import (
    NO_SPECTROGRAM,
    consensus,
    counts_by_pattern,
    fingerprint,
    load_segments,
    read_spectrogram,
    targets,
    votes,
)
from nasion.hms.writer import Label, eeg_writer, write_labels, write_spectrogram
from nasion.terms import PATTERNS, VOTE_COLUMNS, Pattern

ROWS = [
    segment(11, (3, 0, 0, 0, 0, 0), patient_id=1, spectrogram_id=5),
    segment(11, (3, 0, 0, 0, 0, 0), patient_id=1, sub_id=1, offset_s=2.0, spectrogram_id=5),
    segment(12, (0, 4, 0, 4, 0, 1), patient_id=2),
    segment(13, (0, 0, 0, 0, 1, 12), patient_id=3),
]


@pytest.fixture
def folder(tmp_path):
    return write_hms(tmp_path / "hms", ROWS, spectrograms={5: spectrogram(301)})


def refusal(call, *arguments, **keywords) -> str:
    with pytest.raises(NasionError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(folder, change) -> str:
    """Change train.csv as text cells and give what loading then says."""
    path = folder / "train.csv"
    frame = pd.read_csv(path, dtype=str)
    change(frame).to_csv(path, index=False)
    return refusal(load_segments, folder)


def put(column, line, value):
    return lambda frame: frame.assign(
        **{column: [value if i + 2 == line else old for i, old in enumerate(frame[column])]}
    )


def test_a_table_holds_what_was_written(folder):
    segments = load_segments(folder)
    assert (len(segments), segments.part, segments.labelled) == (4, "train", True)
    written = pd.DataFrame(ROWS).drop(columns="expert_consensus")
    pd.testing.assert_frame_equal(segments.table[list(written)], written, check_dtype=False)
    assert segments.eeg_path(11).exists()
    assert segments.spectrogram_path(5).exists()
    assert segments.table["spectrogram_id"].tolist() == [5, 5, NO_SPECTROGRAM, NO_SPECTROGRAM]


@pytest.mark.real
def test_the_real_folders_load(real):
    hms = load_segments(real / "hms")
    assert (len(hms), hms.part, hms.table["eeg_id"].nunique()) == (29, "train", 5)
    test = load_segments(real / "hms", "test")
    assert (len(test), test.labelled) == (1, False)
    assert test.eeg_path(int(test.table["eeg_id"][0])).exists()
    assert test.spectrogram_path(int(test.table["spectrogram_id"][0])).exists()
    iiic = load_segments(real / "iiic")
    assert len(iiic) == 71
    assert (iiic.table["spectrogram_id"] != NO_SPECTROGRAM).sum() == 4
    for segments, path in ((hms, "hms"), (iiic, "iiic")):
        official = pd.read_csv(real / path / "train.csv")["expert_consensus"]
        assert [PATTERNS[i].label for i in consensus(segments.table)] == official.tolist()


def test_a_test_folder_needs_ids_alone(tmp_path):
    rows = [{"spectrogram_id": 5, "eeg_id": 11, "patient_id": 1}]
    folder = write_hms(tmp_path, rows, part="test")
    segments = load_segments(folder)
    assert (segments.part, segments.labelled, len(segments)) == ("test", False, 1)
    row = segments.table.iloc[0]
    assert (row["eeg_sub_id"], row["eeg_label_offset_seconds"]) == (0, 0.0)
    assert segments.eeg_path(11).parent.name == "test_eegs"


def test_train_comes_first_where_both_are(folder):
    write_hms(folder, [{"spectrogram_id": 5, "eeg_id": 99, "patient_id": 1}], part="test")
    assert load_segments(folder).part == "train"
    assert load_segments(folder, "test").table["eeg_id"].tolist() == [99]


def test_an_empty_spectrogram_id_means_none(folder):
    path = folder / "train.csv"
    pd.read_csv(path).replace({"spectrogram_id": {5: np.nan}}).to_csv(path, index=False)
    assert (load_segments(folder).table["spectrogram_id"] == NO_SPECTROGRAM).all()


def test_a_subset_keeps_folder_and_order(folder):
    segments = load_segments(folder)
    some = segments.subset(np.array([3, 1]))
    assert some.table["eeg_id"].tolist() == [13, 11]
    assert some.table.index.tolist() == [0, 1]
    assert some.eeg_path(13) == segments.eeg_path(13)
    assert len(segments.subset(segments.table["eeg_id"].to_numpy() == 11)) == 2


@pytest.mark.parametrize("column", ["eeg_id", "patient_id", *VOTE_COLUMNS])
def test_a_column_that_is_missing_is_named(folder, column):
    message = edit(folder, lambda frame: frame.drop(columns=column))
    assert message.startswith(f"{folder / 'train.csv'}: lacks column {column};")


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (put("lpd_vote", 4, "many"), 4, "lpd_vote is not a number ('many')"),
        (put("gpd_vote", 3, ""), 3, "gpd_vote is not a number"),
        (put("gpd_vote", 3, "inf"), 3, "gpd_vote is not a number"),
        (put("other_vote", 5, "-1"), 5, "other_vote is negative"),
        (put("seizure_vote", 2, "0"), 2, "nobody voted"),
        (put("eeg_sub_id", 3, "0"), 3, "the same eeg_id and eeg_sub_id again"),
        (put("eeg_id", 4, "abc"), 4, "eeg_id is not a number ('abc')"),
        (put("patient_id", 4, ""), 4, "patient_id is not a number"),
        (put("eeg_label_offset_seconds", 4, "x"), 4, "eeg_label_offset_seconds is not a number"),
        (put("eeg_id", 4, "77"), 4, "77.parquet is missing"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(folder, change, line, says):
    message = edit(folder, change)
    assert message.startswith(f"{folder / 'train.csv'}, line {line}: ")
    assert says in message


@pytest.mark.parametrize("votes", ["0.5", "2.5", "1e308", "1e7"])
def test_votes_are_counts(folder, votes):
    message = edit(folder, put("lpd_vote", 4, votes))
    assert f"line 4: lpd_vote is {votes}; votes are counts" in message


@pytest.mark.parametrize("total", [1, 100])
@pytest.mark.parametrize("digits", [2, 17])
def test_probabilities_are_no_votes(folder, total, digits):
    def shares(frame):
        counts = frame[list(VOTE_COLUMNS)].astype(float)
        part = counts.div(counts.sum(axis=1), axis=0) * total
        return frame.assign(**part.round(digits))

    says = f"its votes are probabilities (each row sums to {total}); votes are counts"
    assert says in edit(folder, shares)


def test_one_vote_a_row_is_no_probability(folder):
    path = folder / "train.csv"
    frame = pd.read_csv(path)
    frame[list(VOTE_COLUMNS)] = np.eye(6, dtype=int)[[0, 0, 1, 5]]
    frame.to_csv(path, index=False)
    assert votes(load_segments(folder).table).sum() == 4


@pytest.mark.parametrize(("column", "of"), [("eeg_id", "11"), ("spectrogram_id", "5")])
def test_a_file_is_of_one_patient(folder, column, of):
    def share(frame):
        frame.loc[2, [column, "eeg_sub_id"]] = of, "7"
        return frame

    message = edit(folder, share)
    assert message.startswith(f"{folder / 'train.csv'}, line 4: {column} {of} is of patient 1 and")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_is_read_however_it_is_written(folder, separator, encoding):
    before = load_segments(folder)
    frame = pd.read_csv(folder / "train.csv").rename(columns=lambda name: f" {name.upper()}")
    decimal = "." if separator == "," else ","
    text = frame.to_csv(index=False, sep=separator, decimal=decimal, float_format="%.1f")
    (folder / "train.csv").write_bytes(text.encode(encoding))
    pd.testing.assert_frame_equal(load_segments(folder).table, before.table)
    assert fingerprint(load_segments(folder)) == fingerprint(before)


def test_an_id_that_is_not_whole_is_refused(folder):
    message = edit(folder, put("eeg_id", 4, "12.5"))
    assert message.startswith(f"{folder / 'train.csv'}, line 4: eeg_id")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\xff\xfe\x00\x00", b"Dear reader\n", b'a,b\n1,2,3\n"'],
)
def test_what_is_no_table_is_refused(folder, content):
    path = folder / "train.csv"
    path.write_bytes(content)
    assert refusal(load_segments, folder).startswith(f"{path}: ")


def test_a_table_without_rows_is_refused(folder):
    message = edit(folder, lambda frame: frame.iloc[:0])
    assert message == f"{folder / 'train.csv'}: has no rows"


def test_no_folder_and_no_table_are_refused(tmp_path):
    missing = tmp_path / "nowhere"
    assert refusal(load_segments, missing).startswith(f"{missing}: not a folder")
    assert refusal(load_segments, tmp_path).startswith(f"{tmp_path}: holds neither")
    assert refusal(load_segments, tmp_path, "test").startswith(f"{tmp_path / 'test.csv'}: not f")
    (tmp_path / "train.csv").mkdir()
    assert refusal(load_segments, tmp_path).startswith(f"{tmp_path / 'train.csv'}: ")


def test_targets_are_fractions_and_ties_go_to_the_first():
    table = pd.DataFrame(ROWS)
    np.testing.assert_allclose(targets(table).sum(axis=1), 1)
    np.testing.assert_allclose(targets(table)[2], np.array([0, 4, 0, 4, 0, 1]) / 9)
    assert votes(table)[3].tolist() == [0, 0, 0, 0, 1, 12]
    winners = [PATTERNS[i] for i in consensus(table)]
    assert winners == [Pattern.SEIZURE, Pattern.SEIZURE, Pattern.LPD, Pattern.OTHER]
    assert counts_by_pattern(table) == {
        "seizure": 2, "lpd": 1, "gpd": 0, "lrda": 0, "grda": 0, "other": 1,
    }  # fmt: skip


def test_votes_are_found_by_name():
    table = pd.DataFrame(ROWS)
    shuffled = table[list(table.columns[::-1])]
    np.testing.assert_array_equal(votes(shuffled), votes(table))


@pytest.mark.real
def test_real_spectrograms_come_as_they_are(real):
    paths = [*(real / "hms").glob("*_spectrograms/*"), *(real / "iiic").glob("*_spectrograms/*")]
    assert len(paths) == 10
    for path in paths:
        frame = pd.read_parquet(path)
        first_time_s, power = read_spectrogram(path)
        assert first_time_s == frame["time"].iloc[0]
        assert power.shape == (4, 100, len(frame))
        np.testing.assert_array_equal(power, from_table(frame))


def test_rows_left_out_of_a_spectrogram_are_nan(tmp_path):
    frame = spectrogram(10)
    frame.drop(index=[3, 4]).to_parquet(tmp_path / "a.parquet")
    first_time_s, power = read_spectrogram(tmp_path / "a.parquet")
    assert first_time_s == 1.0
    whole = from_table(frame)
    np.testing.assert_array_equal(np.delete(power, [3, 4], 2), np.delete(whole, [3, 4], 2))
    assert np.isnan(power[:, :, 3:5]).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.drop(columns=["RL_5.08", "time"]), "lacks 2 columns (time first)"),
        (lambda frame: frame.rename(columns=str.lower), "lacks 400 columns (LL_0.59 first)"),
        (lambda frame: frame.iloc[:0], "has no rows"),
        (lambda frame: frame.assign(**{"LP_5.08": "x"}), "holds text"),
        (lambda frame: frame.iloc[::-1], "column time must rise"),
        (lambda frame: frame.assign(**{"LP_5.08": -1.0}), "holds power below 0"),
        (lambda frame: frame.assign(**{"LP_5.08": 1e308}), "or without end"),
        (lambda frame: frame.assign(time=1), "column time must rise"),
        (lambda frame: frame.assign(time=np.nan), "column time must rise"),
        (lambda frame: frame.iloc[:1].assign(time=np.nan), "column time must rise"),
    ],
)
def test_a_broken_spectrogram_is_refused(tmp_path, change, says):
    path = tmp_path / "a.parquet"
    frame = change(spectrogram(5))
    frame.to_parquet(path)
    message = refusal(read_spectrogram, path)
    assert message.startswith(f"{path}: ")
    assert says in message


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    spectrogram(300).to_parquet(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no parquet", whole[:-8] + b"\0" * 8):
        path.write_bytes(content)
        message = refusal(read_spectrogram, path)
        assert message.startswith(f"{path}: not a readable parquet file")
    path.unlink()
    assert refusal(read_spectrogram, path).startswith(f"{path}: ")


def test_a_column_of_nulls_of_a_spectrogram_is_nan(tmp_path):
    spectrogram(9).assign(**{"LL_0.59": None}).to_parquet(tmp_path / "a.parquet")
    _, power = read_spectrogram(tmp_path / "a.parquet")
    assert np.isnan(power).sum() == np.isnan(power[0, 0]).sum() == 9


def test_names_of_columns_are_rounded_halves_up():
    assert {"LL_0.59", "LL_3.13", "RP_19.92"} <= set(hms_columns())
    assert len(set(hms_columns())) == 400


@pytest.mark.parametrize("part", PARTS)
def test_what_is_written_is_read(part, tmp_path):
    signals = noise(60.0)
    signals[4, 100:5000] = np.nan
    power = np.random.default_rng(0).lognormal(2.0, 1.0, (4, 100, 29)).astype(np.float32)
    power[2, :, 7:9] = np.nan
    counts = np.array([0, 2, 0, 5, 0, 5])
    with eeg_writer(tmp_path, part, 12) as write:
        for piece in np.split(signals, [1, 4000, 9000], axis=1):
            write(piece)
    write_spectrogram(tmp_path, part, 7, np.split(power, [10, 11], axis=2), 2.0)
    labels = [
        Label(12, i, 2.0 * i, 3, 7, 2.0 * i - 275, counts if part == "train" else None, "night")
        for i in range(3)
    ]
    path = write_labels(tmp_path, part, labels)
    assert tuple(pd.read_csv(path)) == COLUMNS[part]
    segments = load_segments(tmp_path)
    assert (segments.part, segments.labelled) == (part, part == "train")
    for row, label in zip(segments.table.itertuples(), labels, strict=True):
        assert (row.eeg_id, row.eeg_sub_id, row.patient_id) == (12, label.sub_id, 3)
        assert row.eeg_label_offset_seconds == label.offset_s
        assert row.spectrogram_label_offset_seconds == label.spectrogram_offset_s
    if segments.labelled:
        assert votes(segments.table).tolist() == [counts.tolist()] * 3
        assert pd.read_csv(path)["expert_consensus"].tolist() == ["LRDA"] * 3
    np.testing.assert_array_equal(open_recording(segments.eeg_path(12)).signals(), signals)
    first_s, columns = read_spectrogram(segments.spectrogram_path(7))
    assert first_s == 2.0
    np.testing.assert_array_equal(columns, power)


def test_an_eeg_that_breaks_off_leaves_no_file(tmp_path):
    def lost():
        with eeg_writer(tmp_path, "test", 1) as write:
            write(noise(1.0))
            raise NasionError("lost")

    with pytest.raises(NasionError, match="lost"):
        lost()
    assert list(tmp_path.rglob("*.parquet")) == []


def test_only_the_layout_knows_what_files_and_offsets_are_called():
    names = ("_eegs", "_spectrograms", OFFSET_S, SPECTROGRAM_OFFSET_S, "spectrogram_sub_id")
    for path in Path(nasion.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if is_scope(node)}
        knowing = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value not in texts
            and any(node.value.endswith(name) for name in names)
        ]
        assert not knowing or path.parent.name == "hms", path


def is_scope(node):
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
