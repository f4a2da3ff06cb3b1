"""Made recordings of some people, and the list that lends them as backgrounds."""

import numpy as np

from nasion.hms.writer import write_eeg
from nasion.phantom.recorded import Lender


def noise(seed, seconds, rows=20):
    rng = np.random.default_rng(seed)
    return (20 * rng.standard_normal((rows, round(seconds * 200)))).astype(np.float32)


def lender(number, *lengths_s):
    """A person in memory."""
    recordings = tuple(noise((number, k), seconds, 19) for k, seconds in enumerate(lengths_s))
    return Lender(10**9 + number, lengths_s, lambda: recordings)


def write_lent(folder, people):
    """Write recordings of `{number: (seconds, ...)}` and give the list beside them."""
    lines = ["person,file,start_s,stop_s,source,licence"]
    for number, lengths_s in people.items():
        for k, seconds in enumerate(lengths_s):
            eeg_id = 10 * number + k
            write_eeg(folder, "train", eeg_id, noise(eeg_id, seconds))
            lines.append(f"{number},train_eegs/{eeg_id}.parquet,0,{seconds:g},made,CC0-1.0")
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
