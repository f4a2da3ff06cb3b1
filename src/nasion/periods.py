"""Stationary periods: rows of one EEG with the same votes, which repeat one judgement.

HMS shows each of its 20,146 periods at 1 to some hundred overlapping offsets, and counts its votes
anew at each. One row a period is what is judged, and by default what is learned from.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.terms import VOTE_COLUMNS

SUB_ID = "eeg_sub_id"
KEYS = ("eeg_id", *VOTE_COLUMNS)  # what the rows of a period have in common


def middle_rows(table: pd.DataFrame) -> NDArray[np.int_]:
    """Positions of the middle row, by eeg_sub_id, of each period, in the table's order.

    Without eeg_sub_id no row is known to repeat another, and all stay.
    """
    if SUB_ID not in table:
        return np.arange(len(table))
    ordered = table.reset_index(drop=True).sort_values(SUB_ID, kind="stable")
    periods = ordered.groupby(list(KEYS), sort=False)[SUB_ID]
    middle = periods.cumcount() == periods.transform("size") // 2
    return np.sort(ordered.index[middle].to_numpy())


def random_rows(table: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.int_]:
    """Positions of a row of each period, any of them alike, in the table's order."""
    order = rng.permutation(len(table))
    first = ~table[list(KEYS)].iloc[order].duplicated()
    return np.sort(order[first])
