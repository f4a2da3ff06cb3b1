"""One's own segments and simulated ones as one data set to learn from.

Simulated patients and EEGs get negative numbers, so that nobody is taken for somebody else.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.data.store import Store
from nasion.hms.segments import Segments
from nasion.windowing import Window

PHANTOM = -2  # in place of a fold: always learned from, never held out


@dataclass(frozen=True)
class JointStore:
    """Two stores as one; EEGs below 0 are the second's."""

    own: Store
    phantoms: Store

    def window(self, row: Any, *, shift: int = 0) -> Window:
        """Window of one row of a joint table."""
        if row.eeg_id >= 0:
            return self.own.window(row, shift=shift)
        return self.phantoms.window(row._replace(eeg_id=-row.eeg_id), shift=shift)

    def duration_s(self, eeg_id: int) -> float:
        """Length of an EEG."""
        return self.own.duration_s(eeg_id) if eeg_id >= 0 else self.phantoms.duration_s(-eeg_id)


def joined(
    segments: Segments, fold: NDArray[np.int_], phantoms: Segments
) -> tuple[Segments, NDArray[np.int_]]:
    """Rows of both and their folds."""
    simulated = phantoms.table.copy()
    simulated[["eeg_id", "patient_id"]] *= -1
    table = pd.concat([segments.table, simulated], ignore_index=True)
    folds = np.concatenate([fold, np.full(len(simulated), PHANTOM)])
    return Segments(segments.folder, segments.part, table), folds
