"""Readings drawn at random, whatever the network would say."""

from datetime import datetime

import numpy as np
from hypothesis import strategies as st

from abouts import about
from nasion.eeg.form import TERMS, Kind
from nasion.eeg.remarks import Code, Remark
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS
from nasion.terms import COLUMNS, ELECTRODES, PATTERNS, Chain, Pattern
from nasion.windowing import n_steps_of

SECONDS = st.floats(0, 1e6, allow_nan=False)
SHARES = st.floats(0, 1)
TEXTS = st.text(max_size=20)
ACCURACY = st.dictionaries(TEXTS, SHARES, max_size=2)
NAMES = st.lists(st.sampled_from(ELECTRODES), unique=True, max_size=4).map(tuple)
EVENTS = st.builds(
    Event,
    onset_s=SECONDS,
    duration_s=SECONDS,
    pattern=st.sampled_from(PATTERNS),
    probability=SHARES,
    peak=SHARES,
    side=st.sampled_from(["left", "right", "bilateral", ""]),
    frequency_hz=st.none() | st.floats(0.3, 12),
    chains=st.lists(st.sampled_from(list(Chain)), unique=True).map(tuple),
    length=st.sampled_from(["", "very brief", "brief", "very long"]),
)
STARTS = st.datetimes(datetime(1985, 1, 2), datetime(2084, 12, 30))


def arrays(duration_s: float, seed: int) -> dict[str, np.ndarray]:
    """Probabilities of which some are not judged, with quality."""
    rng, n = np.random.default_rng(seed), n_steps_of(duration_s)
    probability = rng.dirichlet(np.full(len(PATTERNS), 0.3), n).astype(np.float32)
    reason = np.where(rng.random(n) < 0.2, rng.integers(1, len(REASONS), n), 0).astype(np.uint8)
    probability[reason > 0] = np.nan
    quality = rng.integers(0, 128, (n, len(COLUMNS)), np.uint8)
    return {"probability": probability, "reason": reason, "quality": quality}


@st.composite
def remarks(draw, code: Code | None = None) -> Remark:
    """Any remark that can be, or any of one code."""
    code = code or draw(st.sampled_from(Code))
    form, n = code.value, draw(st.integers(1, 3))
    entries = {
        Kind.NUMBER: st.integers(0, 10**6) | st.floats(-1e9, 1e9),
        Kind.ELECTRODE: st.sampled_from(COLUMNS),
        Kind.TERM: st.sampled_from(TERMS),
        Kind.LABEL: TEXTS,
        Kind.TEXT: TEXTS,
    }
    # What makes a text of values pairs them; numbers in a format string are single.
    values = {
        name: draw(entries[kind])
        if (kind is Kind.NUMBER and name not in ("shares", "components"))
        else tuple(draw(entries[kind]) for _ in range(n))
        for name, kind in form.kinds.items()
    }
    return Remark(code, values, draw(st.just("") | TEXTS))


@st.composite
def readings(draw) -> Reading:
    """Any reading that can be."""
    duration_s = draw(st.integers(1, 60_000)) / 200
    return Reading(
        name=draw(st.text(min_size=1, max_size=20)),
        duration_s=duration_s,
        **arrays(duration_s, draw(st.integers(0, 99))),
        events=tuple(draw(st.lists(EVENTS, max_size=5))),
        start=draw(st.none() | STARTS),
        source_sfreq=draw(st.sampled_from([200.0, 256.0, 499.907])),
        gaps_s=tuple(draw(st.lists(st.tuples(SECONDS, SECONDS), max_size=3))),
        annotations=tuple(draw(st.lists(st.tuples(SECONDS, SECONDS, TEXTS), max_size=4))),
        missing=draw(NAMES),
        interpolated=draw(NAMES),
        ignored=tuple(draw(st.lists(TEXTS, max_size=3))),
        warnings=tuple(draw(st.lists(remarks(), max_size=3))),
        model=draw(st.none() | st.builds(about, name=TEXTS, licence=TEXTS, accuracy=ACCURACY)),
    )


START = datetime(2031, 2, 3, 4, 5, 6)
SEIZURE = Event(
    12.5, 31.25, Pattern.SEIZURE, 0.8125, 0.97, "left", 2.5, (Chain.LL, Chain.LP), "brief"
)
LPD = Event(100.0, 60.0, Pattern.LPD, 0.6, 0.8, "right", 1.17, (Chain.RL,), "intermediate")


def reading(**more) -> Reading:
    """Five minutes with a seizure and LPDs."""
    settings = {"name": "stay-1", "duration_s": 300.0, "events": (SEIZURE, LPD), "start": START}
    return Reading(**{**settings, **arrays(300.0, 1), **more})
