"""Contradicted: events whose measured signal is not what ACNS 2021 calls the pattern.

One rule a contradiction, in the order of `Contradiction`, on what was measured of an event. That
nothing could be measured of it (`frequency_hz` is None) is a contradiction where there was time for
it: of short events in a large background a true rate is often lost.

Between 2.5 and 4 Hz what does not evolve may be discharges, which are a seizure, or rhythmic delta,
which is none. Their waves don't tell (on simulated stays, harmonics of delta are no weaker), so the
network's word stands there. Discharges need time for their after-waves: what recurs faster than
delta may and does not evolve is a rhythm.
"""

from collections.abc import Iterable
from dataclasses import replace

from nasion.reading.contradiction import Contradiction
from nasion.reading.event import Event
from nasion.terms import Pattern

SEIZURE_S = 10.0  # ACNS 2021: a seizure lasts so long, and so long are rates averaged
SEIZURE_HZ = 2.5  # discharges that average more are a seizure, fewer are periodic
MEASURABLE_S = 30.0  # twice six cycles of the slowest discharges, .4 Hz
DELTA_HZ = 4.0  # spikes with waves are not faster


def judge(events: Iterable[Event]) -> tuple[Event, ...]:
    """Say of measured events what contradicts each."""
    return tuple(replace(event, contradictions=contradictions(event)) for event in events)


def contradictions(event: Event) -> tuple[Contradiction, ...]:
    """What was measured of an event against its pattern."""
    seizure, rate_hz = event.pattern is Pattern.SEIZURE, event.frequency_hz
    lasts = event.duration_s >= SEIZURE_S
    found = {
        Contradiction.SHORT: seizure and not lasts,
        Contradiction.STEADY: seizure
        and rate_hz is not None
        and rate_hz <= SEIZURE_HZ
        and event.evolves is False,
        Contradiction.RHYTHM: seizure
        and rate_hz is not None
        and rate_hz > DELTA_HZ
        and event.evolves is False,
        Contradiction.FAST: event.pattern.periodic
        and rate_hz is not None
        and rate_hz > SEIZURE_HZ
        and lasts,
        Contradiction.IRREGULAR: event.pattern.periodic and event.regular is False,
        Contradiction.NO_CYCLE: rate_hz is None and event.duration_s >= MEASURABLE_S,
    }
    return tuple(entry for entry in Contradiction if found[entry])
