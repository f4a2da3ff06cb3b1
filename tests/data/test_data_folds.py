import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_folder import segment
from nasion.data.folds import guard, make_folds, read_folds, write_folds
from nasion.errors import NasionError
from nasion.hms.segments import consensus, load_labels
from nasion.periods import middle_rows


def one_vote(pattern: int) -> tuple[int, ...]:
    return tuple(3 * (i == pattern) for i in range(6))


def cohort(n_patients: int, seed: int = 0) -> pd.DataFrame:
    """Patients with one to forty rows of any pattern each."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        segment(100 * patient + row // 3, one_vote(rng.integers(6)), sub_id=row, patient_id=patient)
        for patient in rng.permutation(n_patients)
        for row in range(rng.choice([1, 2, 5, 40]))
    )


def refusal(call, *arguments) -> str:
    with pytest.raises(NasionError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_by_patient(table: pd.DataFrame, fold: np.ndarray, n_folds: int) -> None:
    assert fold.shape == (len(table),)
    assert set(fold) == set(range(n_folds))
    assert (pd.Series(fold).groupby(table["patient_id"].to_numpy()).nunique() == 1).all()


@pytest.fixture(scope="module")
def hms(real):
    return load_labels(real / "labels" / "hms_train.csv.gz", votes=True)


@pytest.mark.real
def test_folds_of_hms_split_no_patient_and_share_the_classes_of_periods_alike(hms):
    fold = make_folds(hms, 5, seed=0)
    assert len(fold) == 106_647
    assert_by_patient(hms, fold, 5)
    middle = middle_rows(hms)
    labels = consensus(hms.iloc[middle])
    overall = np.bincount(labels, minlength=6) / len(labels)
    for number in range(5):
        held_out = labels[fold[middle] == number]
        shares = np.bincount(held_out, minlength=6) / len(held_out)
        np.testing.assert_allclose(shares, overall, atol=1e-3)
        assert len(held_out) == pytest.approx(len(labels) / 5, rel=0.01)


def test_folds_do_not_depend_on_how_often_a_period_is_repeated():
    table = cohort(40)
    once = table.iloc[middle_rows(table)]
    often = once.loc[once.index.repeat(np.random.default_rng(0).integers(1, 30, len(once)))]
    often = often.assign(eeg_sub_id=np.arange(len(often)))
    folds = [
        pd.Series(make_folds(each, 5, seed=0), each["patient_id"]).groupby(level=0).first()
        for each in (once, often)
    ]
    pd.testing.assert_series_equal(*folds)


def test_the_seed_alone_decides():
    table = cohort(60)
    first = make_folds(table, 5, seed=3)
    np.testing.assert_array_equal(make_folds(table, 5, seed=3), first)
    assert (make_folds(table, 5, seed=4) != first).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 8), st.integers(0, 10_000))
def test_small_cohorts_fill_every_fold(n_folds, more, seed):
    table = cohort(n_folds + more, seed)
    assert_by_patient(table, make_folds(table, n_folds, seed), n_folds)


def test_fewer_patients_than_folds_are_refused():
    assert "3 patients cannot fill 5 folds" in refusal(make_folds, cohort(3), 5, 0)


def test_folds_come_back_from_a_file(tmp_path):
    table = cohort(20)
    fold = make_folds(table, 4, seed=0)
    path = tmp_path / "folds.csv"
    write_folds(path, table, fold)
    assert list(pd.read_csv(path)) == ["patient_id", "fold"]
    assert len(pd.read_csv(path)) == 20
    np.testing.assert_array_equal(read_folds(path, table), fold)
    some = table.sample(frac=0.5, random_state=0)
    np.testing.assert_array_equal(read_folds(path, some), fold[some.index])


def test_folds_may_be_told_by_eeg(tmp_path):
    table = cohort(20)
    fold = make_folds(table, 4, seed=0)
    path = tmp_path / "folds.csv"
    pd.DataFrame({"eeg_id": table["eeg_id"], "fold": fold}).to_csv(path, index=False)
    np.testing.assert_array_equal(read_folds(path, table), fold)


TABLE = pd.DataFrame([segment(11, patient_id=1), segment(12, patient_id=1), segment(13)])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("patient_id,fold\n1,0\n1,1\n13,0\n", "patient_id 1 is in two folds"),
        ("eeg_id,fold\n11,0\n12,1\n13,0\n", "patient 1 is in two folds"),
        ("patient_id,fold\n1,0\n", "no fold for patient_id 13"),
        ("patient_id,fold\n1,0\n13,\n", "fold must hold whole numbers"),
        ("patient_id,fold\n1,a\n13,b\n", "fold must hold whole numbers"),
        ("fold\n1\n", "needs the columns"),
        ("patient_id;fold\n1;0,5\n13;1\n", "fold must hold whole numbers"),
        ("patient_id,fold\n1,-1\n13,0\n", "fold must hold whole numbers from 0"),
        ("patient_id,fold\n1,1e308\n13,0\n", "fold must hold whole numbers from 0"),
        ("patient_id,fold\n1,inf\n13,0\n", "fold must hold whole numbers from 0"),
        ("patient_id\n1\n", "needs the columns"),
        ("", "not a csv"),
        ("\xff\xfe", "not a csv"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "folds.csv"
    path.write_bytes(content.encode("latin-1"))
    message = refusal(read_folds, path, TABLE)
    assert message.startswith(f"{path}: ")
    assert says in message


def test_no_file_is_refused(tmp_path):
    assert refusal(read_folds, tmp_path / "a.csv", TABLE).startswith(f"{tmp_path / 'a.csv'}: ")


def test_the_guard_raises_exactly_where_a_patient_crosses():
    patients = np.array([1, 1, 2, 3])
    guard(patients, np.array([0, 0, 1, 0]))
    assert refusal(guard, patients, np.array([0, 1, 1, 0])).startswith("patient 1 is in two folds")
