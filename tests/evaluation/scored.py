"""What evaluation finds, as metrics.json has it."""

from pathlib import Path
from typing import Any

from nasion.evaluation import abstention, assessment, detection, metrics, people, recalibration
from nasion.evaluation.document import (
    of_assessment,
    of_detection,
    of_kept,
    of_people,
    of_recalibration,
    of_scores,
)
from nasion.evaluation.judged import Judged
from nasion.evaluation.trainings import Trainings


def score(rows: Judged, *drawn: Any) -> dict[str, Any]:
    return of_scores(metrics.score(rows, *drawn))


def assess(rows: Judged) -> dict[str, Any]:
    return of_assessment(assessment.assess(Trainings((rows,))))


def agreement_of_people(rows: Judged) -> dict[str, Any]:
    return of_people(people.agreement_of_people(rows))


def curve(rows: Judged) -> list[dict[str, Any]]:
    return [of_kept(kept) for kept in abstention.curve(rows)]


def recalibrated(rows: Judged) -> dict[str, Any] | None:
    found = recalibration.recalibrated(rows)
    return of_recalibration(found) if found else None


def score_pairs(pairs: list[tuple[Path, Path]], duration_s: float | None = None) -> dict[str, Any]:
    return of_detection(detection.score_pairs(pairs, duration_s))


def score_events(found: Path, truth: Path, duration_s: float | None = None) -> dict[str, Any]:
    return score_pairs([(found, truth)], duration_s)
