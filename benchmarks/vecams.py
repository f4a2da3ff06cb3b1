"""Inpatients whose EEG was described in words: which of REAL/vecams are told as captioned.

python benchmarks/vecams.py ../shared/real [--model MODEL]... [--cross RUN]...

Rows that the folder marks ambiguous are left out; a caption describes the recording as much as the
15 s at hand, and no vote was counted.
"""

import argparse
from pathlib import Path

import numpy as np
from estimates import Ratio
from voted import with_columns
from weights import VECAMS, add_options, chosen

from nasion.hms.segments import Segments, consensus, load_segments
from nasion.terms import PATTERNS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    add_options(parser)
    arguments = parser.parse_args()
    segments = clean(arguments.real / "vecams")
    unit, truth = segments.table["patient_id"].to_numpy(), consensus(segments.table)
    before: Ratio | None = None
    for weights in chosen(arguments):
        values = weights.predict(segments, VECAMS)
        hits = values.argmax(1) == truth
        right = Ratio.mean(hits, unit)
        print(f"\n{weights.name}: {hits.sum()} of {len(hits)} right: {right.share()}")
        if before:
            print(f"against the first: {right.minus(before)}")
        before = before or right
        print("\n| | n | right |\n|---|---|---|")
        for place, pattern in enumerate(PATTERNS):
            own = truth == place
            print(f"| {pattern.label} | {own.sum()} | {hits[own].sum()} |")
        print("\n| wrong | captioned | told | p of it, of the captioned | caption |")
        print("|---|---|---|---|---|")
        for row in np.flatnonzero(~hits):
            told, own = PATTERNS[values[row].argmax()], PATTERNS[truth[row]]
            of = segments.table.iloc[row]
            print(
                f"| {of['eeg_id']} | {own.label} | {told.label} | {values[row].max():.2f},"
                f" {values[row, truth[row]]:.2f} | {of['caption']} |"
            )


def clean(folder: Path) -> Segments:
    segments = with_columns(load_segments(folder, "train"), caption="", ambiguous="")
    ambiguous = segments.table["ambiguous"]
    return segments.subset((ambiguous.isna() | (ambiguous == "")).to_numpy())


if __name__ == "__main__":
    main()
