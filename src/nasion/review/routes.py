"""What the page may ask: JSON of a reading, arrays of its columns and pages, verdicts."""

import json
import re
from typing import Literal

import numpy as np
from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict

from nasion.display import pages
from nasion.display.montages import TRACES, Montage
from nasion.errors import NasionError
from nasion.review import why
from nasion.review.exports import REVIEW, export_bids, export_edf
from nasion.review.judgement import Judgement, Unfit
from nasion.review.parameters import (
    At,
    CaseOf,
    ColumnsOf,
    Gone,
    Length,
    MapLength,
    Number,
    SessionOf,
    SightedCase,
    Start,
    Text,
)
from nasion.review.votes import ZIP, export_votes, votes_of
from nasion.terms import Pattern

router = APIRouter(prefix="/api/readings")
EXPORTS = ("events.tsv", "events.json", "verdicts.tsv", "annotations.edf", ZIP)
_INITIALS = re.compile(r"[^\W_]{1,8}")


def initials(text: str, missing: str | None = None) -> str:
    """Initials as they go into files: up to 8 letters and digits; NasionError if they are none."""
    text = text.strip()
    if not text and missing is not None:
        return missing
    if not _INITIALS.fullmatch(text):
        raise NasionError(f"'{text[:20]}' are no initials; give up to 8 letters")
    return text


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _array(array: np.ndarray, **headers: str) -> Response:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    fields = {f"X-{name}": text for name, text in headers.items()}
    fields["X-Shape"] = ",".join(map(str, array.shape))
    return Response(little.tobytes(), media_type="application/octet-stream", headers=fields)


@router.get("")
def overview(session: SessionOf) -> Response:
    """Summaries of all recordings, the most urgent first."""
    return _json(session.overview())


@router.get("/{number}")
def reading(case: CaseOf, session: SessionOf) -> Response:
    """All that the page has to know of one recording at first."""
    maps = session.explainer.available and not session.reviewer.blind
    return _json(case.text(session.reviewer, maps=maps))


@router.get("/{number}/probabilities")
def probabilities(case: SightedCase, columns: ColumnsOf) -> Response:
    """Six probabilities and the share of judged steps."""
    return _array(case.probabilities(columns))


@router.get("/{number}/quality")
def quality(case: CaseOf, columns: ColumnsOf) -> Response:
    """Why columns were not judged."""
    return _array(case.quality(columns))


@router.get("/{number}/spectrogram")
def spectrogram(case: CaseOf, columns: ColumnsOf) -> Response:
    """Levels of the four chains."""
    return _array(case.display.spectrogram(columns.start_s, columns.stop_s, columns.n))


@router.get("/{number}/trends")
def trends(case: CaseOf, columns: ColumnsOf) -> Response:
    """Mean of each trend in each column, shape (n_trends, columns)."""
    return _array(case.display.trends(columns.start_s, columns.stop_s, columns.n))


@router.get("/{number}/envelope")
def envelope(case: CaseOf, columns: ColumnsOf, montage: Montage = "bipolar") -> Response:
    """Lowest and highest of each trace."""
    array = case.display.envelope(columns.start_s, columns.stop_s, columns.n, montage)
    return _array(array, Names=",".join(TRACES[montage]))


@router.get("/{number}/page")
def page(
    case: CaseOf,
    start_s: Start,
    duration_s: Length = 10.0,
    montage: Montage = "bipolar",
    low_hz: Number = 1.0,
    high_hz: Number = 70.0,
    notch_hz: Number = 0.0,
) -> Response:
    """Traces of some seconds, filtered."""
    try:
        filters = pages.Filters(low_hz, high_hz, notch_hz)
    except ValueError as error:
        raise Unfit(str(error)) from None
    content = pages.page(case.display, start_s, duration_s, montage, filters)
    return _array(content.values, Names=",".join(content.names), Start=f"{content.start_s:.6g}")


@router.get("/{number}/map")
async def map_over_time(
    case: SightedCase,
    at_s: At,
    pattern: Pattern,
    session: SessionOf,
    gone: Gone,
    duration_s: MapLength = 10.0,
) -> Response:
    """What speaks for a pattern over the page whose middle is `at_s`."""
    maps = await session.explainer.maps(case, at_s, gone)
    return _array(
        why.over_time(maps, at_s, duration_s, pattern),
        Probability=",".join(f"{value:.4f}" for value in case.reading.probability[maps.step]),
        Judged="1" if case.reading.judged[maps.step] else "0",
    )


@router.get("/{number}/map_spectrogram")
async def map_over_spectrogram(
    case: SightedCase, at_s: At, pattern: Pattern, session: SessionOf, gone: Gone
) -> Response:
    """What speaks for a pattern in the spectrogram of the 50 s around `at_s`."""
    maps = await session.explainer.maps(case, at_s, gone)
    array, start_s, stop_s = why.over_image(maps, case, pattern)
    return _array(array, Start=f"{start_s:g}", Stop=f"{stop_s:g}")


class VerdictBody(BaseModel):
    """A verdict; `predictions_visible` is the page's word, what counts is how it was served."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    action: Text
    event: Text | None = None
    pattern: Pattern | None = None
    onset_s: float | None = None
    duration_s: float | None = None
    note: Text | None = None
    predictions_visible: bool = True


class ReviewerBody(BaseModel):
    """Initials of the reviewer."""

    initials: Text


class ExportBody(BaseModel):
    """What to write; `with_visible` adds verdicts to votes that were given seeing predictions."""

    kind: Literal["bids", "edf", "votes"]
    with_visible: bool = False


@router.post("/{number}/verdicts")
def judge(case: CaseOf, body: VerdictBody, session: SessionOf) -> Response:
    """Write a verdict."""
    fields = body.model_dump(exclude={"predictions_visible", "note"})
    entry = case.judge(Judgement(**fields, note=body.note or ""), session.reviewer)
    return _json(json.dumps({"event": entry.as_dict()}))


@router.post("/{number}/undo")
def undo(case: CaseOf, session: SessionOf) -> Response:
    """Take back the last verdict of this reader."""
    entry = case.undo(session.reviewer)
    return _json(json.dumps({"event": entry.as_dict() if entry else None}))


@router.post("/{number}/reviewer")
def reviewer(case: CaseOf, body: ReviewerBody, session: SessionOf) -> Response:
    """Tell who looks; it holds for all recordings."""
    try:
        session.call(initials(body.initials))
    except NasionError as error:
        raise Unfit(str(error)) from None
    return _json(json.dumps({"reviewer": session.reviewer.initials}))


@router.post("/{number}/export")
def export(case: CaseOf, body: ExportBody, session: SessionOf) -> Response:
    """Write files into `review/` of the reading."""
    if body.kind == "votes":
        with case.journal.standing() as said:
            votes = votes_of(said, with_visible=body.with_visible)
        if not votes:
            raise Unfit("no blind verdicts yet; only those of nasion review --blind are votes", 409)
        names = export_votes(case.display, votes, case.reading.name, case.folder / REVIEW)
    else:
        entries = case.entries(session.reviewer).values()
        if body.kind == "bids":
            data_set = session.shelf.data_set(case)
            names = export_bids(case.reading, entries, case.folder, data_set)
        else:
            names = export_edf(case.reading, entries, case.folder)
    return _json(json.dumps({"files": names}))


@router.get("/{number}/export/{name}")
def exported(case: CaseOf, name: str) -> Response:
    """A file that was written."""
    path = case.folder / REVIEW / name
    if not (name in EXPORTS and path.is_file()):
        raise Unfit("no such file; export first", 404)
    return FileResponse(path, filename=name, media_type="application/octet-stream")
