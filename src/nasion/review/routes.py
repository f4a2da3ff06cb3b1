"""What the page may ask: JSON of a reading, arrays of its columns and pages, verdicts."""

import json
import re
from typing import Annotated, Literal, cast

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict

from nasion.display import pages
from nasion.display.columns import Columns
from nasion.display.montages import TRACES, Montage
from nasion.errors import NasionError
from nasion.review.case import Asked, Unfit
from nasion.review.exports import REVIEW, export_bids, export_edf
from nasion.review.session import Session
from nasion.review.verdicts import standing
from nasion.review.votes import ZIP, export_votes, votes_of
from nasion.terms import Pattern
from nasion.windowing import step_at

router = APIRouter(prefix="/api/readings")
MOST_COLUMNS = 8192
FARTHEST_S = 1e8  # three years; beyond it floats lose milliseconds
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


def _session(request: Request) -> Session:
    return cast(Session, request.app.state.session)


SessionOf = Annotated[Session, Depends(_session)]
Seconds = Annotated[float, Query(ge=-FARTHEST_S, le=FARTHEST_S, allow_inf_nan=False)]


def _columns(
    start_s: Seconds, stop_s: Seconds, columns: Annotated[int, Query(ge=1, le=MOST_COLUMNS)]
) -> Columns:
    if not start_s < stop_s:
        raise Unfit("stop_s must be after start_s")
    return Columns(start_s, stop_s, columns)


ColumnsOf = Annotated[Columns, Depends(_columns)]


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
def reading(number: str, session: SessionOf) -> Response:
    """All that the page has to know of one recording at first."""
    maps = session.explainer.available and not session.reviewer.blind
    return _json(session.case(number).text(session.reviewer, maps=maps))


@router.get("/{number}/probabilities")
def probabilities(number: str, columns: ColumnsOf, session: SessionOf) -> Response:
    """Six probabilities and the share of judged steps."""
    return _array(session.sighted(number).probabilities(columns))


@router.get("/{number}/quality")
def quality(number: str, columns: ColumnsOf, session: SessionOf) -> Response:
    """Why columns were not judged."""
    return _array(session.case(number).quality(columns))


@router.get("/{number}/spectrogram")
def spectrogram(number: str, columns: ColumnsOf, session: SessionOf) -> Response:
    """Levels of the four chains."""
    display = session.case(number).display
    return _array(display.spectrogram(columns.start_s, columns.stop_s, columns.n))


@router.get("/{number}/trends")
def trends(number: str, columns: ColumnsOf, session: SessionOf) -> Response:
    """Mean of each trend in each column, shape (n_trends, columns)."""
    return _array(session.case(number).display.trends(columns.start_s, columns.stop_s, columns.n))


@router.get("/{number}/envelope")
def envelope(
    number: str, columns: ColumnsOf, session: SessionOf, montage: Montage = "bipolar"
) -> Response:
    """Lowest and highest of each trace."""
    display = session.case(number).display
    array = display.envelope(columns.start_s, columns.stop_s, columns.n, montage)
    return _array(array, Names=",".join(TRACES[montage]))


@router.get("/{number}/page")
def page(
    number: str,
    start_s: Seconds,
    session: SessionOf,
    duration_s: Annotated[float, Query(gt=0, le=pages.LONGEST_S)] = 10.0,
    montage: Montage = "bipolar",
    low_hz: float = 1.0,
    high_hz: float = 70.0,
    notch_hz: float = 0.0,
) -> Response:
    """Traces of some seconds, filtered."""
    try:
        filters = pages.Filters(low_hz, high_hz, notch_hz)
    except ValueError as error:
        raise Unfit(str(error)) from None
    content = pages.page(session.case(number).display, start_s, duration_s, montage, filters)
    return _array(content.values, Names=",".join(content.names), Start=f"{content.start_s:.6g}")


@router.get("/{number}/map")
def map_over_time(
    number: str,
    at_s: Seconds,
    pattern: Pattern,
    session: SessionOf,
    duration_s: Annotated[float, Query(gt=0, le=pages.LONGEST_S)] = 10.0,
) -> Response:
    """What speaks for a pattern over the page whose middle is `at_s`."""
    case = session.sighted(number)
    step = step_at(at_s, case.reading.n_steps)
    array = session.explainer.over_time(case, at_s, duration_s, pattern)
    return _array(
        array,
        Probability=",".join(f"{value:.4f}" for value in case.reading.probability[step]),
        Judged="1" if case.reading.judged[step] else "0",
    )


@router.get("/{number}/map_spectrogram")
def map_over_spectrogram(
    number: str, at_s: Seconds, pattern: Pattern, session: SessionOf
) -> Response:
    """What speaks for a pattern in the spectrogram of the 50 s around `at_s`."""
    array, start_s, stop_s = session.explainer.over_image(session.sighted(number), at_s, pattern)
    return _array(array, Start=f"{start_s:g}", Stop=f"{stop_s:g}")


class VerdictBody(BaseModel):
    """A verdict; `predictions_visible` is the page's word, what counts is how it was served."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    action: str
    event: str | None = None
    pattern: Pattern | None = None
    onset_s: float | None = None
    duration_s: float | None = None
    note: str | None = None
    predictions_visible: bool = True


class ReviewerBody(BaseModel):
    """Initials of the reviewer."""

    initials: str


class ExportBody(BaseModel):
    """What to write; `with_visible` adds verdicts to votes that were given seeing predictions."""

    kind: Literal["bids", "edf", "votes"]
    with_visible: bool = False


@router.post("/{number}/verdicts")
def judge(number: str, body: VerdictBody, session: SessionOf) -> Response:
    """Write a verdict."""
    fields = body.model_dump(exclude={"predictions_visible", "note"})
    entry = session.case(number).judge(Asked(**fields, note=body.note or ""), session.reviewer)
    return _json(json.dumps({"event": entry.as_dict()}))


@router.post("/{number}/undo")
def undo(number: str, session: SessionOf) -> Response:
    """Take back the last verdict of this reader."""
    entry = session.case(number).undo(session.reviewer)
    return _json(json.dumps({"event": entry.as_dict() if entry else None}))


@router.post("/{number}/reviewer")
def reviewer(number: str, body: ReviewerBody, session: SessionOf) -> Response:
    """Tell who looks; it holds for all recordings."""
    session.case(number)
    try:
        session.call(initials(body.initials))
    except NasionError as error:
        raise Unfit(str(error)) from None
    return _json(json.dumps({"reviewer": session.reviewer.initials}))


@router.post("/{number}/export")
def export(number: str, body: ExportBody, session: SessionOf) -> Response:
    """Write files into `review/` of the reading."""
    case = session.case(number)
    if body.kind == "votes":
        verdicts = standing(case.journal.verdicts())
        votes = votes_of(verdicts, with_visible=body.with_visible)
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
def exported(number: str, name: str, session: SessionOf) -> Response:
    """A file that was written."""
    path = session.case(number).folder / REVIEW / name
    if name not in EXPORTS or not path.is_file():
        raise Unfit("no such file; export first", 404)
    return FileResponse(path, filename=name, media_type="application/octet-stream")
