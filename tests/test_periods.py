"""Rows of one EEG with the same votes are one period, whatever their order and number."""

import numpy as np
import pandas as pd
import pytest

from hms_folder import segment
from nasion.hms.segments import load_labels
from nasion.periods import middle_rows, random_rows
from nasion.terms import VOTE_COLUMNS

PERIOD = ["eeg_id", *VOTE_COLUMNS]
FEW, MANY = (1, 0, 0, 0, 0, 2), (0, 0, 0, 0, 5, 9)
TABLE = pd.DataFrame(
    [segment(1, FEW, sub_id=i) for i in range(5)]
    + [segment(1, MANY, sub_id=9), segment(2, MANY, sub_id=0), segment(2, MANY, sub_id=1)]
)
ORDERS = (
    TABLE,
    TABLE.sample(frac=1, random_state=1),
    TABLE.sample(frac=1, random_state=2).reset_index(drop=True),
)


@pytest.mark.real
@pytest.mark.parametrize("name", ["labels/hms_train.csv.gz", "hms/train.csv", "iiic/train.csv"])
def test_the_middle_row_is_that_of_the_score(real, name):
    table = load_labels(real / name, votes=True)
    rows = middle_rows(table)
    # The middle eeg_sub_id of each (eeg_id, votes), said in another way: by rank within the group.
    ranks = table.groupby(PERIOD)["eeg_sub_id"].rank(method="first") - 1
    sizes = table.groupby(PERIOD)["eeg_sub_id"].transform("size")
    np.testing.assert_array_equal(rows, np.flatnonzero(ranks == sizes // 2))
    assert not table.iloc[rows].duplicated(PERIOD).any()


@pytest.mark.real
def test_periods_of_hms_have_the_shares_of_the_paper(real):
    table = load_labels(real / "labels" / "hms_train.csv.gz", votes=True)
    periods = table.iloc[middle_rows(table)]
    assert len(periods) == 20_146
    votes = periods[list(VOTE_COLUMNS)].to_numpy()
    shares = np.bincount(votes.argmax(1), minlength=6) / len(votes)
    np.testing.assert_allclose(shares[3], 0.056, atol=5e-4)  # "only 5% of the data is LRDA"
    np.testing.assert_allclose(shares[5], 0.383, atol=5e-4)


@pytest.mark.parametrize("table", ORDERS)
def test_the_middle_row_does_not_depend_on_the_order_of_rows(table):
    rows = middle_rows(table)
    assert (np.diff(rows) > 0).all()
    middle = table.iloc[rows]
    assert set(zip(middle["eeg_id"], middle["eeg_sub_id"], strict=True)) == {(1, 2), (1, 9), (2, 1)}


def test_rows_without_a_number_are_periods_of_their_own():
    assert middle_rows(TABLE.drop(columns="eeg_sub_id")).tolist() == list(range(len(TABLE)))


@pytest.mark.parametrize("table", ORDERS)
def test_random_rows_are_one_of_each_period_and_any_of_them_alike(table):
    rng = np.random.default_rng(0)
    times = np.zeros(len(table))
    for _ in range(600):
        rows = random_rows(table, rng)
        assert (np.diff(rows) > 0).all()
        assert len(table.iloc[rows].drop_duplicates(PERIOD)) == len(rows) == 3
        times[rows] += 1
    sizes = table.groupby(PERIOD)["eeg_sub_id"].transform("size").to_numpy()
    np.testing.assert_allclose(times, 600 / sizes, rtol=0.3)


def test_the_same_generator_draws_the_same_rows():
    draws = [random_rows(TABLE, np.random.default_rng(seed)).tolist() for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len(set(map(tuple, draws))) > 1
