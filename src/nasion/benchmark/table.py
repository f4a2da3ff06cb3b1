"""The table: scores by subject and over subjects, on the screen and as files."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from nasion.benchmark.benchmark import Benchmark
from nasion.benchmark.score import Score
from nasion.evaluation.detection import HOUR_S, SZCORE, Counts
from nasion.evaluation.intervals import Estimate
from nasion.evaluation.subjects import SCORES, OverSubjects
from nasion.files import write_json, write_text
from nasion.seen import number_text
from nasion.version import VERSION

SCHEMA = 1
TABLE, DOCUMENT = "subjects.tsv", "benchmark.json"
MOST_CAUTIONS = 5  # on the screen
WAYS = ("events", "samples")
NONE = "–"
UNREAD = (
    "Recordings that were not read count as SzCORE counts them: nothing was found in them. So does "
    "what was not judged."
)


def text(benchmark: Benchmark) -> str:
    """Lines for the screen: what was read by which weights, and the scores."""
    over = over_lines(benchmark.events, benchmark.samples)
    return "\n".join((*_heading(benchmark), "", *_by_subject(benchmark), "", *over))


def write(benchmark: Benchmark, folder: Path) -> None:
    """Write subjects.tsv, a row a subject, and benchmark.json, which holds all."""
    file = StringIO()
    rows = [_row(name, subject) for name, subject in benchmark.subjects.items()]
    table = csv.DictWriter(file, rows[0], delimiter="\t", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(folder / TABLE, file.getvalue())
    write_json(folder / DOCUMENT, _document(benchmark))


def _heading(benchmark: Benchmark) -> Iterator[str]:
    total = benchmark.together
    yield (
        f"{benchmark.data_set.title}: {number_text(len(benchmark.subjects), 'subject')}, "
        f"{number_text(total.recordings, 'recording')}, {total.duration_s / HOUR_S:.1f} h, "
        f"{number_text(int(total.events.true), 'seizure')}; "
        f"{total.unseen_share:.1%} of the time not judged"
    )
    about = benchmark.model
    yield f"weights: {about.credit}; {about.origin_text}"
    if about.restriction:
        yield about.restriction
    for line in benchmark.broken:
        yield f"not read or not scored: {line}"
    yield from benchmark.notes
    for caution, n in [*benchmark.cautions.items()][:MOST_CAUTIONS]:
        yield f"caution, {number_text(n, 'recording')}: {caution}"
    if (more := len(benchmark.cautions) - MOST_CAUTIONS) > 0:
        yield f"and {number_text(more, 'other caution')} in {DOCUMENT}"
    if total.unseen_s:
        yield UNREAD


def _by_subject(benchmark: Benchmark) -> Iterator[str]:
    width = max(len("subject"), *map(len, benchmark.subjects))
    counts = f"{'rec.':>5} {'unread':>6} {'hours':>7} {'not judged':>10}"
    events = f"{'seizures':>8} {'found':>5} {'false':>6} {_names()} {'false/day':>9}"
    yield f"{'':{width}} {'':31} | {'events':{len(events)}} | seconds"
    yield f"{'subject':{width}} {counts} | {events} | {_names()}"
    for name, subject in benchmark.subjects.items():
        yield f"{name:{width}} {_line(subject)}"
    yield f"{'all':{width}} {_line(benchmark.together)}"


def _names() -> str:
    return f"{'sens.':>6} {'prec.':>6} {'F1':>6}"


def _line(score: Score) -> str:
    counts = (
        f"{score.recordings:5} {score.unread:6} {score.duration_s / HOUR_S:7.2f} "
        f"{score.unseen_share:10.1%}"
    )
    events = f"{score.events.true:8.0f} {score.events.found:5.0f} {score.events.false:6.0f}"
    rates, sample_rates = score.events.scores(), score.samples.scores()
    shares, sample_shares = (
        " ".join(f"{_number(rates_of[name]):>6}" for name in SCORES[:3])
        for rates_of in (rates, sample_rates)
    )
    return f"{counts} | {events} {shares} {rates['false_per_day']:9.1f} | {sample_shares}"


def over_lines(events: OverSubjects, samples: OverSubjects) -> Iterator[str]:
    """Mean, median and all together, with intervals; samples are seconds."""
    titles = ("sensitivity", "precision", "F1", "false in 24 h")
    yield f"{'over subjects (95 %)':24}" + "".join(f"{title:24}" for title in titles).rstrip()
    for way, over in (("events", events), ("seconds", samples)):
        for kind, scores in _kinds(over).items():
            cells = (_estimate(scores[name], name) for name in SCORES)
            yield f"{f'{way}, {kind}':24}" + "".join(f"{cell:24}" for cell in cells).rstrip()


def _kinds(over: OverSubjects) -> dict[str, Mapping[str, Estimate]]:
    return {"mean": over.mean, "median": over.median, "together": over.together.scores}


def _estimate(estimate: Estimate, name: str) -> str:
    digits = 1 if name == "false_per_day" else 3
    if estimate.value is None:
        return NONE
    value = f"{estimate.value:.{digits}f}"
    if estimate.ci95 is None:
        return value
    return f"{value} ({estimate.ci95.low:.{digits}f}-{estimate.ci95.high:.{digits}f})"


def _number(value: float) -> str:
    return NONE if value != value else f"{value:.3f}"


def _row(name: str, score: Score) -> dict[str, str]:
    """A row of subjects.tsv."""
    row = {
        "subject": name,
        "recordings": str(score.recordings),
        "unread": str(score.unread),
        "hours": f"{score.duration_s / HOUR_S:.4f}",
        "not_judged": f"{score.unseen_share:.4f}",
    }
    for way in WAYS:
        for key, value in _counts(getattr(score, way)).items():
            row[f"{way}_{key}"] = "n/a" if value is None else f"{value:.6g}"
    return row


def _counts(counts: Counts) -> dict[str, float | None]:
    scores = counts.scores()
    return {"true": counts.true, "found": counts.found, "false": counts.false} | {
        name: None if scores[name] != scores[name] else scores[name] for name in SCORES
    }


def _document(benchmark: Benchmark) -> dict[str, Any]:
    about, total = benchmark.model, benchmark.together
    over = {"events": benchmark.events, "samples": benchmark.samples}
    return {
        "schema": SCHEMA,
        "nasion": VERSION,
        **benchmark.seen.field,
        "data_set": benchmark.data_set.title,
        "model": {"name": about.name, "identity": about.identity, "licence": about.licence or None},
        "rules": {
            "before_s": SZCORE.before_s,
            "after_s": SZCORE.after_s,
            "merge_s": SZCORE.merge_s,
            "longest_s": SZCORE.longest_s,
        },
        "not_read_or_scored": list(benchmark.broken),
        "notes": list(benchmark.notes),
        "cautions": dict(benchmark.cautions),
        "subjects": {name: _score(subject) for name, subject in benchmark.subjects.items()},
        "together": _score(total),
        "over_subjects": {
            way: {
                kind: {name: _of_estimate(scores[name]) for name in SCORES}
                for kind, scores in _kinds(found).items()
            }
            for way, found in over.items()
        },
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "recordings": score.recordings,
        "unread": score.unread,
        "duration_s": round(score.duration_s, 3),
        "not_judged_s": round(score.unseen_s, 3),
        **{way: _counts(getattr(score, way)) for way in WAYS},
    }


def _of_estimate(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "ci95": list(estimate.ci95) if estimate.ci95 else None}
