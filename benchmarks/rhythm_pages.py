"""Draw ten seconds of the rhythms, transients and interference of backgrounds, and of seizures.

python benchmarks/rhythm_pages.py docs/figures/rhythms.png [--seed 3]
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from artifact_pages import HEAD, N, background, draw

from nasion.phantom import transients
from nasion.phantom.background import Background
from nasion.phantom.head import direction
from nasion.phantom.interference import Interference
from nasion.phantom.rhythms import TYPES, Rhythm
from nasion.phantom.seizure import KINDS, Seizure
from nasion.phantom.timeline import Span
from nasion.terms import SFREQ

LONG_S = 60.0  # of which the middle is drawn
SEIZURE_S = 40.0
FOCUS = ((60, 80), (100, 80), (80, 50), (-60, 80))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    pages = {}
    for name in TYPES:
        rhythm = replace(Rhythm.draw(rng, name), presence=1.0, size_uv=25.0)
        pages[name] = on_background(rng, rhythm.potential(rng, HEAD, N))
    pages["interference"] = on_background(rng, Interference.draw(rng).potential(0, N))
    for transient in transients.ALL:
        pages[transient.__name__.replace("_", " ")] = busiest(rng, transient)
    for title, trait in (("in bursts", "bursting"), ("attenuated", "attenuation")):
        drawn = Background.draw(rng, "slowed")
        drawn = replace(drawn, **{"bursting": 0.0, "attenuation": 0.0} | {trait: 0.9}, line=None)
        pages[f"slowing {title}"] = HEAD.referencing @ drawn.potential(rng, HEAD, N)
    for kind in KINDS:
        pages[f"seizure, {kind}, its onset"] = seizure(rng, kind, "growing", "waning", -2.0)
    for offset in ("slowing", "clonic"):
        pages[f"seizure, rhythmic, {offset}"] = seizure(rng, "rhythmic", "abrupt", offset, 32.0)
    draw(pages, arguments.picture)


def on_background(rng: np.random.Generator, potential: np.ndarray) -> np.ndarray:
    """It and quiet awake EEG."""
    return background(rng) + HEAD.referencing @ potential


def busiest(rng: np.random.Generator, transient: transients.Transient) -> np.ndarray:
    """Those ten seconds of a minute with most of it."""
    potential = np.zeros((len(HEAD.positions), round(LONG_S * SFREQ)), np.float32)
    transient(rng, HEAD, potential)
    power = np.convolve((potential**2).sum(0), np.ones(N), mode="valid")
    start = int(power.argmax())
    return on_background(rng, potential[:, start : start + N])


def seizure(
    rng: np.random.Generator, kind: str, onset: str, offset: str, from_s: float
) -> np.ndarray:
    """Ten seconds of one of the left temple, from a time after its onset on."""
    span = Span(0.0, 10.0)
    drawn = Seizure.draw(rng, len(FOCUS), 150.0, span, kind)
    drawn = replace(
        drawn, onset_s=-from_s, duration_s=SEIZURE_S, onset=onset, offset=offset, looseness=0.2
    )
    fields = np.stack([HEAD.patch(direction(*angles), 25) for angles in FOCUS], 1)
    activity = drawn.activity(rng, np.asarray(fields, np.float32), 10.0, span)
    return on_background(rng, activity.potential)


if __name__ == "__main__":
    main()
