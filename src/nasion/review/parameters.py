"""Parameters of requests: each is checked against the recording before anything is read of it."""

import unicodedata
from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from pydantic import AfterValidator

from nasion.display.columns import Columns
from nasion.display.pages import LONGEST_S
from nasion.review.case import Case
from nasion.review.judgement import Unfit
from nasion.review.session import Session
from nasion.review.why import SFREQ as MAP_SFREQ
from nasion.terms import READING_STEP_S, SFREQ

MOST_COLUMNS = 8192
ROUNDING_S = 1e-3  # by which a page may round over the end


async def _session(request: Request) -> Session:
    return cast(Session, request.app.state.session)


SessionOf = Annotated[Session, Depends(_session)]


def _case(number: str, session: SessionOf) -> Case:  # reads, so it waits in a thread
    return session.case(number)


CaseOf = Annotated[Case, Depends(_case)]


async def _sighted(session: SessionOf, case: CaseOf) -> Case:
    session.show_predictions()
    return case


SightedCase = Annotated[Case, Depends(_sighted)]


async def _gone(request: Request) -> Callable[[], Awaitable[None]]:
    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return gone


Gone = Annotated[Callable[[], Awaitable[None]], Depends(_gone)]
Number = Annotated[float, Query(allow_inf_nan=False)]
Length = Annotated[float, Query(ge=1 / SFREQ, le=LONGEST_S, allow_inf_nan=False)]
MapLength = Annotated[float, Query(ge=1 / MAP_SFREQ, le=LONGEST_S, allow_inf_nan=False)]


def _within(case: Case, name: str, at_s: float) -> float:
    """A time of the recording, its last step filled up."""
    end_s = case.reading.n_steps * READING_STEP_S
    if not end_s:
        raise Unfit("this recording is empty")
    if not 0 <= at_s <= end_s + ROUNDING_S:
        raise Unfit(f"{name}: this recording is from 0 to {end_s:g} s")
    return min(at_s, end_s)


async def _start(case: CaseOf, start_s: Number) -> float:
    return _within(case, "start_s", start_s)


async def _at(case: CaseOf, at_s: Number) -> float:
    return _within(case, "at_s", at_s)


Start = Annotated[float, Depends(_start)]
At = Annotated[float, Depends(_at)]


async def _columns(
    case: CaseOf,
    start_s: Number,
    stop_s: Number,
    columns: Annotated[int, Query(ge=1, le=MOST_COLUMNS)],
) -> Columns:
    span = Columns(_within(case, "start_s", start_s), _within(case, "stop_s", stop_s), columns)
    if not span.stop_s - span.start_s >= 1 / SFREQ:
        raise Unfit("stop_s must be after start_s, by a sample or more")
    return span


ColumnsOf = Annotated[Columns, Depends(_columns)]


def _text(text: str) -> str:
    """Text that any file can hold: no half of a character, nothing that steers a terminal."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r":
            raise ValueError("holds characters that are no text")
    return text


Text = Annotated[str, AfterValidator(_text)]
