"""Events of voted segments: what `nasion read` finds where experts named a pattern.

python benchmarks/voted_events.py ../shared/real [--model MODEL]... [--cross RUN]...

Every open segment whose consensus is a pattern, one row a stationary period, is read from its file
with the settings that ship; what is found has to share time with the labelled 10 s. Uncertain
events count as none. Lists the
segments in which the first weights find an event and others none, and the other way round.
"""

import argparse
from pathlib import Path

import pandas as pd
from estimates import Ratio
from voted import open_segments
from weights import Weights, add_options, chosen

from nasion.eeg.formats import open_recording
from nasion.hms.segments import Segments, consensus
from nasion.terms import CENTRE_S, EVENTFUL, PATTERNS, Pattern
from nasion.windowing import CENTRE_FROM_S, label_start_s

FOUND = ("right", "some")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    add_options(parser)
    arguments = parser.parse_args()
    first: pd.DataFrame | None = None
    for weights in chosen(arguments):
        parts = [table(segments, weights) for segments in open_segments(arguments.real)]
        rows = pd.concat(parts, ignore_index=True)
        report(weights.name, rows)
        if first is not None:
            compared(first, rows)
        first = rows if first is None else first


def table(segments: Segments, weights: Weights) -> pd.DataFrame:
    """A row a segment with a pattern: what was found in its labelled 10 s."""
    places = consensus(segments.table)
    own = [PATTERNS[place] in EVENTFUL for place in places]
    rows = []
    for row, place in zip(segments.table[own].itertuples(), places[own], strict=True):
        reading = weights.reader(row.patient_id).read(open_recording(segments.eeg_path(row.eeg_id)))
        offset_s = row.eeg_label_offset_seconds
        begin_s = label_start_s(offset_s, reading.duration_s) + CENTRE_FROM_S
        within = [
            event
            for event in reading.events
            if event.onset_s < begin_s + CENTRE_S and event.stop_s > begin_s
        ]
        events = [event.pattern for event in within if event.is_certain]
        rows.append(
            {
                "segment": row.eeg_id,
                "source": row.source,
                "patient": row.patient_id,
                "pattern": PATTERNS[place],
                "right": PATTERNS[place] in events,
                "some": bool(events),
                "doubted": bool(within) and not events,
                "found": ", ".join(f"{e.pattern.label}, {e.certainty}" for e in within) or "none",
                "judged": reading.judged.mean(),
            }
        )
    return pd.DataFrame(rows)


def share(rows: pd.DataFrame, column: str) -> Ratio:
    return Ratio.mean(rows[column].to_numpy(float), rows["patient"].to_numpy())


def report(name: str, rows: pd.DataFrame) -> None:
    print(
        f"\n{name}: {len(rows)} segments of {rows['patient'].nunique()} patients, judged"
        f" {rows['judged'].mean():.3f}\n"
    )
    print("| | n | right event | any event | uncertain alone | none |\n|---|---|---|---|---|---|")
    groups = {
        "all": rows,
        **{pattern.label: rows[rows["pattern"] == pattern] for pattern in EVENTFUL},
        **dict(list(rows.groupby("source"))),
    }
    for title, part in groups.items():
        cells = [share(part, column).share() for column in FOUND]
        cells += [str(part["doubted"].sum()), str((~part["some"] & ~part["doubted"]).sum())]
        print(f"| {title} | {len(part)} | {' | '.join(cells)} |")
    print("\nnone in: " + "; ".join(map(named, rows[~rows["some"]].itertuples())))
    print("another in: " + "; ".join(map(named, rows[rows["some"] & ~rows["right"]].itertuples())))


def named(row: object) -> str:
    return f"{row.segment} {row.source} {Pattern(row.pattern).label} ({row.found})"


def compared(first: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Print paired differences, and which segments were lost and won."""
    for column, words in zip(FOUND, ("right event", "any event"), strict=True):
        print(f"\n{words}, against the first: {share(rows, column).minus(share(first, column))}")
        lost, won = rows[first[column] & ~rows[column]], rows[~first[column] & rows[column]]
        for title, part in (("lost", lost), ("won", won)):
            print(f"{title} {len(part)}: " + "; ".join(map(named, part.itertuples())))


if __name__ == "__main__":
    main()
