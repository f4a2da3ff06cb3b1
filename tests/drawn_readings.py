"""Readings drawn at random, whatever the network would say."""

from datetime import datetime

import numpy as np
from hypothesis import strategies as st

from abouts import about
from nasion.accuracy import Measured, OfPattern
from nasion.eeg.form import TERMS, Kind
from nasion.eeg.montage import Montage, MontageClass
from nasion.eeg.remarks import Code, Remark
from nasion.reading.contradiction import Contradiction
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS
from nasion.terms import COLUMNS, DERIVATION_NAMES, ELECTRODES, PATTERNS, Chain, Pattern
from nasion.windowing import n_steps_of

SECONDS = st.floats(0, 1e6, allow_nan=False)
SHARES = st.floats(0, 1)
BOUNDS = st.tuples(SHARES, SHARES)
TEXTS = st.text(max_size=20)
OF_PATTERN = st.builds(
    OfPattern, n=st.integers(0, 9), recall=SHARES, above=SHARES, most_above=st.none() | SHARES
)
MEASURED = st.builds(
    Measured,
    kind=st.sampled_from(MontageClass),
    electrodes=st.integers(1, 19),
    bipolar=st.booleans(),
    n=st.integers(1, 99),
    patients=st.integers(1, 99),
    accuracy=SHARES,
    accuracy_ci95=BOUNDS,
    kld=SHARES,
    kld_ci95=BOUNDS,
    above=SHARES,
    above_ci95=BOUNDS,
    patterns=st.dictionaries(st.sampled_from(PATTERNS), OF_PATTERN),
)
ACCURACY = st.dictionaries(TEXTS, MEASURED.map(lambda row: row.model_dump(mode="json")), max_size=2)
STATES = st.sampled_from(["recorded"] * 5 + ["rebuilt", "interpolated", "missing"])


def _montage(states: list[str], n_first: int) -> Montage:
    """A montage of electrodes in these states, of two components at most."""
    names = {
        state: tuple(name for name, own in zip(ELECTRODES, states, strict=True) if own == state)
        for state in ("recorded", "rebuilt", "interpolated", "missing")
    }
    there = tuple(name for name in ELECTRODES if name not in names["missing"])
    return Montage(**names, components=tuple(filter(None, (there[:n_first], there[n_first:]))))


def without(*names: str) -> Montage:
    """All electrodes but these, against one reference."""
    there = tuple(name for name in ELECTRODES if name not in names)
    return Montage(recorded=there, missing=names, components=(there,))


MONTAGES = st.builds(
    _montage,
    st.lists(STATES, min_size=len(ELECTRODES), max_size=len(ELECTRODES)),
    st.integers(0, len(ELECTRODES)),
)
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
    evolves=st.sampled_from([None, True, False]),
    contradictions=st.lists(st.sampled_from(Contradiction), unique=True).map(tuple),
)
STARTS = st.datetimes(datetime(1985, 1, 2), datetime(2084, 12, 30))


def arrays(duration_s: float, seed: int) -> dict[str, np.ndarray]:
    """Probabilities of which some are not judged, with quality; faults are rare."""
    rng, n = np.random.default_rng(seed), n_steps_of(duration_s)
    probability = rng.dirichlet(np.full(len(PATTERNS), 0.3), n).astype(np.float32)
    reason = np.where(rng.random(n) < 0.2, rng.integers(1, len(REASONS), n), 0).astype(np.uint8)
    probability[reason > 0] = np.nan
    quality = rng.integers(0, 128, (n, len(COLUMNS)), np.uint8)
    quality[rng.random(quality.shape) < 0.95] = 0
    return {"probability": probability, "reason": reason, "quality": quality}


@st.composite
def remarks(draw, code: Code | None = None) -> Remark:
    """Any remark that can be, or any of one code."""
    code = code or draw(st.sampled_from(Code))
    form, n = code.value, draw(st.integers(1, 3))
    entries = {
        Kind.NUMBER: st.integers(0, 10**6) | st.floats(-1e9, 1e9),
        Kind.ELECTRODE: st.sampled_from(COLUMNS),
        Kind.CHANNEL: st.sampled_from((*COLUMNS, *DERIVATION_NAMES, "T3-FT9")),
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
        montage=draw(MONTAGES),
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
