"""Draw ten seconds of every kind of artifact, on quiet awake EEG.

python benchmarks/artifact_pages.py docs/figures/artifacts.png [--seed 3]
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from pages import page
from PIL import Image

from nasion.phantom.artifacts import SHARES
from nasion.phantom.background import Background
from nasion.phantom.habits import Habits
from nasion.phantom.hardware import Hardware
from nasion.phantom.head import POSITIONS, SITES, Head
from nasion.phantom.ocular import blinks, flurry
from nasion.terms import SFREQ

mpl.use("Agg")
N = round(10 * SFREQ)
N_COLUMNS = 4
HEAD = Head(POSITIONS, 0.65, "A1A2", np.ones(len(SITES), np.float32))
# Blinkers: (regular, coupling, Hz, order), the last two as most of the real awake recordings have.
BLINKERS = {
    "blinks, first order at .16 Hz": (False, 0.16, 1),
    "blinks, fourth order at .66 Hz": (False, 0.66, 4),
    "blinks, fourth order at 1.9 Hz": (False, 1.9, 4),
    "regular blinks, first order at .5 Hz": (True, 0.5, 1),
}
LOUD_UV = 20.0  # of the ballistocardiogram, where it is shown
N_DRAWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    pages = {}
    for title, (regular, corner_hz, order) in BLINKERS.items():
        habits = replace(
            Habits.draw(rng), regular=regular, blink_hz=0.7 if regular else 0.4, lean=0.0,
            coupling_hz=corner_hz, coupling_order=order, blink_uv=160.0, flurry_share=0.4,
        )  # fmt: skip
        pages[title] = shown(rng, lambda *given, h=habits: blinks(*given[:2], h, given[3]))
    for kind in SHARES:
        if kind is not flurry:
            pages[kind.__name__.replace("_", " ")] = shown(rng, kind)
    pages["ballistocardiogram"] = rocked(rng)
    draw(pages, arguments.picture)


def draw(pages: dict[str, np.ndarray], path: Path) -> None:
    """Pages of ten seconds side by side, by their titles."""
    n_rows = -(-len(pages) // N_COLUMNS)
    figure = Figure((4.6 * N_COLUMNS, 4.4 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, N_COLUMNS).ravel()
    for ax in axes[len(pages) :]:
        ax.set_visible(False)
    for ax, (title, signals) in zip(axes, pages.items(), strict=False):
        page(ax, signals)
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
    raw = BytesIO()
    figure.savefig(raw, dpi=70)
    with Image.open(raw) as picture:  # few colours: a third of the size
        picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=16).save(path, optimize=True)


def shown(rng: np.random.Generator, kind: Callable) -> np.ndarray:
    """One of a kind that is larger than most, of N_DRAWN."""
    drawn = []
    for _ in range(N_DRAWN):
        signals = background(rng)
        before = signals.copy()
        kind(rng, HEAD, replace(Habits.draw(rng), coupling_hz=0.3, coupling_order=1), signals)
        drawn.append((float(np.abs(signals - before).max()), signals))
    return sorted(drawn, key=lambda pair: pair[0])[-N_DRAWN // 4][1]


def background(rng: np.random.Generator) -> np.ndarray:
    """Quiet awake EEG."""
    drawn = replace(Background.draw(rng, "awake"), focus=0.0, weaker=1.0)
    potential = drawn.potential(rng, HEAD, N)
    signals = HEAD.referencing @ potential
    return signals * np.float32(6 / signals.std())


def rocked(rng: np.random.Generator) -> np.ndarray:
    """The first amplifier whose patient rocks with the heart."""
    while True:
        hardware = Hardware.draw(rng)
        if np.abs(hardware.sway_uv).max() > LOUD_UV:
            wave = hardware.sway(hardware.heart(rng, N))
            return background(rng) + hardware.sway_uv * wave


if __name__ == "__main__":
    main()
