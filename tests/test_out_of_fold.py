"""The out-of-fold file: what is written is read, of old columns too, and anything else refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasion.errors import NasionError
from nasion.out_of_fold import NAMES, OLD_PROBABILITIES, OLD_VOTES, PROBABILITIES, OutOfFold
from nasion.terms import VOTE_COLUMNS

V1 = Path(__file__).parent / "fixtures" / "formats" / "v1"


def rows(n: int = 12, fold: int = 0) -> OutOfFold:
    rng = np.random.default_rng(fold)
    labels = pd.DataFrame(rng.integers(0, 9, (n, 6)) + 1, columns=list(VOTE_COLUMNS))
    labels["patient_id"] = rng.permutation(n) // 2
    labels["eeg_id"], labels["eeg_sub_id"] = rng.permutation(n) // 3, np.arange(n) % 3
    return OutOfFold.of(fold, labels, rng.dirichlet(np.ones(6), n))


def assert_same(one: OutOfFold, other: OutOfFold) -> None:
    pd.testing.assert_frame_equal(one.names, other.names)
    np.testing.assert_array_equal(one.probability, other.probability)
    np.testing.assert_array_equal(one.votes, other.votes)


def test_what_is_written_is_read_to_the_last_digit(tmp_path: Path) -> None:
    whole = OutOfFold.joined([rows(fold=fold) for fold in range(3)])
    whole.write(tmp_path / "oof.csv")
    assert_same(OutOfFold.read(tmp_path / "oof.csv"), whole)
    header = (tmp_path / "oof.csv").read_text().partition("\n")[0].split(",")
    assert header == [*NAMES, *PROBABILITIES, *VOTE_COLUMNS]


def test_a_file_of_the_old_columns_is_read_as_the_same(tmp_path: Path) -> None:
    old = pd.read_csv(V1 / "run" / "oof.csv")
    found = OutOfFold.read(V1 / "run" / "oof.csv")
    np.testing.assert_array_equal(found.probability, old[list(OLD_PROBABILITIES)])
    np.testing.assert_array_equal(found.votes, old[list(OLD_VOTES)])
    np.testing.assert_allclose(found.target.sum(1), 1)
    found.write(tmp_path / "oof.csv")
    assert_same(OutOfFold.read(tmp_path / "oof.csv"), found)


def test_order_moves_whole_rows() -> None:
    before = rows()
    after = before.in_order()
    assert after.names["eeg_id"].is_monotonic_increasing
    numbers = after.names.merge(before.names.reset_index(), how="left")["index"].to_numpy()
    moved = replace(before, probability=before.probability[numbers], votes=before.votes[numbers])
    np.testing.assert_array_equal(after.probability, moved.probability)
    np.testing.assert_array_equal(after.labels[list(VOTE_COLUMNS)], moved.votes)


def test_what_is_no_such_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "oof.csv"
    with pytest.raises(NasionError, match="run nasion crossval"):
        OutOfFold.read(path)
    path.write_bytes(b"")
    with pytest.raises(NasionError, match="not a csv table"):
        OutOfFold.read(path)
    rows().write(path)
    table = pd.read_csv(path)
    for column in (*NAMES, *PROBABILITIES, *VOTE_COLUMNS):
        table.drop(columns=column).to_csv(path, index=False)
        with pytest.raises(NasionError, match=f"lacks column {column}"):
            OutOfFold.read(path)
    table.astype({"lpd_vote": object}).assign(lpd_vote="many").to_csv(path, index=False)
    with pytest.raises(NasionError, match="not an oof"):
        OutOfFold.read(path)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (PROBABILITIES[2], np.nan, "its probabilities are not six from 0 to 1"),
        (PROBABILITIES[2], -0.1, "its probabilities are not six from 0 to 1"),
        (PROBABILITIES[2], 7, "its probabilities are not six from 0 to 1"),
        (PROBABILITIES[2], np.inf, "its probabilities are not six from 0 to 1"),
        (VOTE_COLUMNS[1], 0.5, "its votes are not six counts"),
        (VOTE_COLUMNS[1], 1e308, "its votes are not six counts"),
        (VOTE_COLUMNS[1], -1, "its votes are not six counts"),
        (VOTE_COLUMNS[1], np.nan, "its votes are not six counts"),
        ("fold", 0.5, "fold, eeg_id, eeg_sub_id, patient_id are whole numbers"),
        ("patient_id", np.inf, "fold, eeg_id, eeg_sub_id, patient_id are whole numbers"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_line(
    tmp_path: Path, column: str, value: float, says: str
) -> None:
    path = tmp_path / "oof.csv"
    rows().write(path)
    table = pd.read_csv(path).astype({column: float})
    table.loc[4, column] = value
    table.to_csv(path, index=False)
    with pytest.raises(NasionError) as caught:
        OutOfFold.read(path)
    assert str(caught.value).startswith(f"{path}, line 6: {says}")
