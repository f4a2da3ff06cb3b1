"""Files are joined by name and refused, by row, where they are not what they should be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scored import score

from nasion.errors import NasionError
from nasion.evaluation.inputs import ABSTAINED, read_labels, read_predictions
from nasion.evaluation.judged import Judged, judge
from nasion.out_of_fold import NAMES, OutOfFold
from nasion.terms import PATTERNS, VOTE_COLUMNS

VOTES = list(VOTE_COLUMNS)


def labels_table(n: int = 6, **columns) -> pd.DataFrame:
    table = pd.DataFrame(np.eye(6, dtype=int)[np.arange(n) % 6] * 3 + 1, columns=VOTES)
    table.insert(0, "eeg_id", np.arange(100, 100 + n))
    return table.assign(**columns)


def predictions_table(n: int = 6, **columns) -> pd.DataFrame:
    values = np.random.default_rng(0).dirichlet(np.ones(6), n)
    table = pd.DataFrame(values, columns=VOTES)
    table.insert(0, "eeg_id", np.arange(100, 100 + n))
    return table.assign(**columns)


def write(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)
    return path


def join(tmp_path: Path, predictions: pd.DataFrame, labels: pd.DataFrame, **options) -> Judged:
    truth = read_labels(write(tmp_path / "labels.csv", labels))
    return judge(write(tmp_path / "predictions.csv", predictions), truth, **options)


def message(of: pytest.ExceptionInfo[NasionError]) -> str:
    assert "\n" not in str(of.value)
    return str(of.value)


def same(a: Judged, b: Judged) -> None:
    np.testing.assert_array_equal(a.votes, b.votes)
    np.testing.assert_array_equal(a.prediction, b.prediction)


def test_order_of_rows_and_columns_means_nothing(tmp_path: Path) -> None:
    labels, predictions = labels_table(), predictions_table()
    shuffled = predictions.sample(frac=1, random_state=1)[["other_vote", "eeg_id", *VOTES[4::-1]]]
    backwards = labels[labels.columns[::-1]]
    same(join(tmp_path, predictions, labels), join(tmp_path, shuffled, backwards))


def test_windows_are_joined_by_sub_id_where_both_have_it(tmp_path: Path) -> None:
    labels = labels_table().assign(eeg_id=7, eeg_sub_id=range(6))
    predictions = predictions_table().assign(eeg_id=7, eeg_sub_id=range(6))
    expected = predictions[VOTES].to_numpy()
    joined = join(tmp_path, predictions[::-1], labels)
    np.testing.assert_array_equal(joined.prediction, expected)
    one = join(tmp_path, predictions[:1].drop(columns="eeg_sub_id"), labels)
    np.testing.assert_array_equal(one.prediction, np.repeat(expected[:1], 6, axis=0))
    assert "share the prediction" in one.warnings[0]


def test_predictions_without_label_are_counted_and_ignored(tmp_path: Path) -> None:
    joined = join(tmp_path, predictions_table(9), labels_table(6))
    assert joined.rows == {
        "labelled": 6,
        "same_period": 0,
        "judged": 6,
        "predictions_without_label": 3,
    }
    same(joined, join(tmp_path, predictions_table(9)[:6], labels_table(6)))


def test_only_rows_that_are_judged_need_a_prediction(tmp_path: Path) -> None:
    labels = labels_table(3).assign(eeg_id=5, eeg_sub_id=range(3), **dict.fromkeys(VOTES, 1))
    middle = predictions_table(1).assign(eeg_id=5, eeg_sub_id=1)
    joined = join(tmp_path, middle, labels)
    assert joined.rows["same_period"] == 2
    with pytest.raises(NasionError) as error:
        join(tmp_path, middle, labels, one_row_per_period=False)
    assert "no prediction for 2 of 3 labelled rows, first eeg_id 5, eeg_sub_id 0" in message(error)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 12])
def test_the_middle_row_of_a_period_stays(n: int, tmp_path: Path) -> None:
    sub_ids = np.random.default_rng(n).permutation(40)[:n]  # 10 sorts after 9: numbers, not text
    labels = labels_table(n).assign(eeg_id=5, eeg_sub_id=sub_ids, **dict.fromkeys(VOTES, 2))
    middle = sorted(sub_ids)[n // 2]
    predictions = predictions_table(1).assign(eeg_id=5, eeg_sub_id=middle)
    assert join(tmp_path, predictions, labels).rows["judged"] == 1  # no other row needs one


def test_rows_of_other_eegs_with_equal_votes_all_stay(tmp_path: Path) -> None:
    labels = labels_table(6).assign(eeg_sub_id=0, **dict.fromkeys(VOTES, 1))
    for given in (labels, labels.drop(columns="eeg_sub_id")):
        assert join(tmp_path, predictions_table(6), given).rows["judged"] == 6


@pytest.mark.real
def test_middle_rows_and_scores_are_those_of_the_field(real: Path, tmp_path: Path) -> None:
    # The same rule in its plainest form, one EEG and vote vector at a time.
    for source in ("iiic", "hms"):
        table = pd.read_csv(real / source / "train.csv")
        predictions = table[["eeg_id", "eeg_sub_id"]].copy()
        predictions[VOTES] = np.random.default_rng(2).dirichlet(np.ones(6), len(table))
        path = write(tmp_path / "predictions.csv", predictions)
        scores = score(judge(path, read_labels(real / source / "train.csv")))
        keep = table.groupby(["eeg_id", *VOTES], sort=False).eeg_sub_id.transform(
            lambda s: s.sort_values().iloc[len(s) // 2]
        )
        both = table[table.eeg_sub_id == keep].merge(
            predictions, on=["eeg_id", "eeg_sub_id"], suffixes=("", "_p")
        )
        target = both[VOTES].to_numpy(float)
        target /= target.sum(1, keepdims=True)
        guess = both[[f"{c}_p" for c in VOTES]].to_numpy()
        truth = target.argmax(1)
        hit = truth == guess.argmax(1)
        klds = [
            sum(p * np.log(p / q) for p, q in zip(t, g, strict=True) if p > 0)
            for t, g in zip(target, guess, strict=True)
        ]
        assert scores["n"] == len(both)
        assert scores["kld"] == pytest.approx(np.mean(klds))
        assert scores["accuracy"] == pytest.approx(hit.mean())
        recalls = [hit[truth == k].mean() for k in np.unique(truth)]
        assert scores["balanced_accuracy"] == pytest.approx(np.mean(recalls))


@pytest.mark.real
def test_hms_labels_are_read_whole(real: Path) -> None:
    path = real / "labels" / "hms_train.csv.gz"
    table = pd.read_csv(path)
    labels = read_labels(path).table
    np.testing.assert_array_equal(labels[VOTES].to_numpy(), table[VOTES].to_numpy())


@pytest.mark.parametrize("old", [True, False])
def test_an_oof_table_carries_its_labels(tmp_path: Path, *, old: bool) -> None:
    labels = labels_table(6, patient_id=[1, 1, 2, 2, 3, 3], eeg_sub_id=0)
    oof = predictions_table(
        6, eeg_sub_id=0, patient_id=labels["patient_id"], fold=[0, 0, 1, 1, 2, 2]
    )
    path = tmp_path / "oof.csv"
    if old:
        write(path, oof.join(labels[VOTES].add_prefix("label_")))
    else:
        OutOfFold(oof[list(NAMES)], oof[VOTES].to_numpy(), labels[VOTES].to_numpy()).write(path)
    alone = judge(path, read_labels(path, carried=True))
    same(alone, join(tmp_path, oof, labels))
    assert list(alone.fold) == [0, 0, 1, 1, 2, 2]
    assert list(alone.unit) == [0, 0, 1, 1, 2, 2]
    assert alone.unit_name == "patient"
    assert alone.warnings == ()


def test_a_patient_in_two_folds_is_said_aloud(tmp_path: Path) -> None:
    predictions = predictions_table(6, fold=[0, 1, 1, 1, 0, 0], patient_id=list("aabbcc"))
    joined = join(tmp_path, predictions, labels_table(6))
    assert joined.warnings[0].startswith("1 patient in more than one fold")


def test_without_patients_rows_of_an_eeg_stay_together(tmp_path: Path) -> None:
    labels = labels_table(6).assign(eeg_id=[7, 7, 8, 8, 9, 9], eeg_sub_id=[0, 1] * 3)
    predictions = predictions_table(6).assign(eeg_id=labels.eeg_id, eeg_sub_id=labels.eeg_sub_id)
    joined = join(tmp_path, predictions, labels)
    assert list(joined.unit) == [0, 0, 1, 1, 2, 2]
    assert joined.unit_name == "eeg"


def test_a_sum_within_the_tolerance_is_accepted(tmp_path: Path) -> None:
    predictions = predictions_table()
    predictions["other_vote"] += 0.0009
    assert len(join(tmp_path, predictions, labels_table()).votes) == 6


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("lpd_vote", "abc", "lpd_vote is 'abc'; give a probability"),
        ("lpd_vote", "", "lpd_vote is ''"),
        ("lpd_vote", "nan", "lpd_vote is 'nan'"),
        ("lpd_vote", "inf", "lpd_vote is 'inf'"),
        ("lpd_vote", "-0.1", "lpd_vote is '-0.1'"),
        ("lpd_vote", "7", "probabilities sum to 7"),
        ("eeg_id", "100", "the eeg_id of row 2 again"),
        ("eeg_id", " ", "eeg_id is empty"),
        ("fold", "first", "fold is 'first'; give a whole number"),
    ],
)
def test_bad_predictions_are_refused_by_row(
    column: str, value: str, says: str, tmp_path: Path
) -> None:
    predictions = predictions_table(fold=0).astype(str)
    predictions.loc[3, column] = value
    with pytest.raises(NasionError) as error:
        join(tmp_path, predictions, labels_table())
    assert f"predictions.csv: row 5 (eeg_id {predictions.eeg_id[3].strip()}): " in message(error)
    assert says in message(error)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gpd_vote": "-1"}, "gpd_vote is '-1'; votes are whole numbers from 0"),
        ({"gpd_vote": "0.5"}, "gpd_vote is '0.5'"),
        ({"gpd_vote": "1e308"}, "gpd_vote is '1e308'"),
        ({"gpd_vote": "many"}, "gpd_vote is 'many'"),
        (dict.fromkeys(VOTES, "0"), "has no votes"),
        ({"eeg_sub_id": "0.5"}, "eeg_sub_id is '0.5'; give a whole number"),
        ({"eeg_id": "101"}, "the eeg_id and eeg_sub_id of row 3 again"),
        ({"patient_id": ""}, "patient_id is empty"),
    ],
)
def test_bad_labels_are_refused_by_row(changes: dict, says: str, tmp_path: Path) -> None:
    labels = labels_table(eeg_sub_id=0, patient_id=1).astype(str)
    labels.loc[4, list(changes)] = list(changes.values())
    with pytest.raises(NasionError) as error:
        join(tmp_path, predictions_table(), labels)
    assert "labels.csv: row 6 (eeg_id 10" in message(error)
    assert says in message(error)


def test_per_cent_are_no_votes(tmp_path: Path) -> None:
    labels = labels_table()
    labels[list(VOTES)] = (70, 10, 10, 5, 5, 0)
    with pytest.raises(NasionError, match=r"its votes are per cent \(each row sums to 100\)"):
        read_labels(write(tmp_path / "labels.csv", labels))


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", predictions_table().drop(columns=["lpd_vote", "eeg_id"]))
    with pytest.raises(NasionError, match=r"p\.csv: no column eeg_id, lpd_vote; needed are"):
        read_predictions(path)
    with pytest.raises(NasionError, match=r"no column eeg_id, label_seizure_vote.*csv of labels"):
        read_labels(path, carried=True)


def test_labelled_rows_without_prediction_are_counted(tmp_path: Path) -> None:
    with pytest.raises(NasionError) as error:
        join(tmp_path, predictions_table(4), labels_table(6))
    assert "no prediction for 2 of 6 labelled rows, first eeg_id 104" in message(error)
    assert "labels.csv" in message(error)


HEAD = "eeg_id," + ",".join(VOTES)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        HEAD.encode(),
        f"{HEAD}\n1,1,0,0,0,0,0,0\n".encode(),
        f"{HEAD}\n1,1,0,0,0,0,0\n2,1,0,0,0,0,0,0,0\n".encode(),
        f"{HEAD},lpd_vote\n1,1,0,0,0,0,0,1\n".encode(),
        f'{HEAD}\n"1,1,0,0,0,0,0\n'.encode(),
        HEAD.replace(",", ";").encode(),
        b"\xff\xfe\x00\x81",
        b"PAR1\x15\x04\x00\x00",
    ],
    ids=[
        "empty",
        "blank",
        "header",
        "long",
        "ragged",
        "twice",
        "quote",
        "semicolon",
        "utf16",
        "parquet",
    ],
)
def test_files_that_are_no_table_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    for read in (read_predictions, read_labels):
        with pytest.raises(NasionError) as error:
            read(path)
        assert message(error).startswith(f"{path}: ")


def test_absent_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NasionError, match="not found"):
        read_labels(tmp_path / "none.csv")
    with pytest.raises(NasionError, match="is a folder, not a file"):
        read_labels(tmp_path)
    (tmp_path / "x.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(NasionError, match="can't be read"):
        read_labels(tmp_path / "x.csv.gz")


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    text = labels_table().to_csv(index=False, lineterminator="\r\n")
    lines = text.replace("\r\n101,", "\r\n\r\n101,") + "\r\n"
    (tmp_path / "l.csv").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    read = read_labels(tmp_path / "l.csv").table
    np.testing.assert_array_equal(read[VOTES].to_numpy(), labels_table()[VOTES].to_numpy())
    assert list(read.index) == [2, 4, 5, 6, 7, 8]  # as a spreadsheet numbers them


def together(n: int = 6) -> pd.DataFrame:
    """Votes, probabilities and single votes in one table, as SPaRCNet's."""
    table = labels_table(n).rename(columns={"eeg_id": "segment"})
    table[[f"p_{pattern}" for pattern in PATTERNS]] = predictions_table(n)[VOTES].to_numpy()
    names = np.array([*PATTERNS, ""], dtype=object)
    for rater in range(3):
        table[f"rater_{rater:02}"] = names[(np.arange(n) + rater) % 7]
    return table


def in_one(path: Path) -> Judged:
    return judge(path, read_labels(path, carried=True))


def test_votes_and_probabilities_may_stand_in_one_file_of_either_kind(tmp_path: Path) -> None:
    table = together()
    typed = table.replace("", None).astype({f"rater_{r:02}": "category" for r in range(3)})
    typed.to_parquet(tmp_path / "both.parquet")
    a, b = in_one(write(tmp_path / "both.csv", table)), in_one(tmp_path / "both.parquet")
    same(a, b)
    np.testing.assert_array_equal(a.votes, table[VOTES])
    np.testing.assert_array_equal(a.prediction, table[[f"p_{p}" for p in PATTERNS]])
    assert a.raters.keys() == b.raters.keys() == {"rater_00", "rater_01", "rater_02"}
    assert a.raters["rater_01"].tolist() == b.raters["rater_01"].tolist() == [1, 2, 3, 4, 5, -1]
    assert ABSTAINED == -1
    labelled = judge(
        write(tmp_path / "p.csv", predictions_table()), read_labels(tmp_path / "both.parquet")
    )
    same(labelled, a)


def test_single_votes_that_were_not_counted_are_told(tmp_path: Path) -> None:
    assert (
        "votes of 6 rows do not add up" in in_one(write(tmp_path / "t.csv", together())).warnings[0]
    )
    table = together(5)
    chosen = table[[f"rater_{r:02}" for r in range(3)]].to_numpy()
    table[VOTES] = np.stack([(chosen == p).sum(1) for p in PATTERNS], axis=1)
    assert in_one(write(tmp_path / "t.csv", table)).warnings == ()


def test_single_votes_are_names_of_patterns(tmp_path: Path) -> None:
    table = together()
    table.loc[0, "rater_00"] = " LPD "
    assert in_one(write(tmp_path / "t.csv", table)).raters["rater_00"][0] == 1
    table.loc[2, "rater_01"] = "PLED"
    with pytest.raises(NasionError) as error:
        in_one(write(tmp_path / "t.csv", table))
    assert "row 4 (eeg_id 102): rater_01 is 'PLED'; give one of seizure, lpd" in message(error)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"eeg_id\n1\n"])
def test_a_broken_parquet_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(content)
    for read in (read_predictions, read_labels):
        with pytest.raises(NasionError, match="can't be read as parquet") as error:
            read(path)
        assert message(error).startswith(f"{path}: ")
    with pytest.raises(NasionError, match="not found"):
        read_labels(tmp_path / "none.parquet")


def test_rows_of_a_parquet_file_count_from_0(tmp_path: Path) -> None:
    table = labels_table()
    table.loc[3, VOTES] = 0
    table.to_parquet(tmp_path / "l.parquet")
    with pytest.raises(NasionError, match=r"row 3 \(eeg_id 103\): has no votes"):
        read_labels(tmp_path / "l.parquet")
    table[["eeg_id"]].to_parquet(tmp_path / "l.parquet")
    with pytest.raises(NasionError, match="no column seizure_vote"):
        read_labels(tmp_path / "l.parquet")
    labels_table(0).to_parquet(tmp_path / "l.parquet")
    with pytest.raises(NasionError, match="no rows"):
        read_labels(tmp_path / "l.parquet")
