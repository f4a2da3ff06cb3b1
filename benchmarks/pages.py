"""Draw pages of simulated EEG, one a pattern; beside real ones where their folder is given.

python benchmarks/pages.py FOLDER [--real ../shared/real] [--seed 3]

Pictures of real EEG are for looking at, not for passing on.
"""

import argparse
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from realism import real_pages
from scipy.signal import butter, sosfiltfilt

from nasion.phantom.patient import segment
from nasion.terms import CHAIN_DERIVATIONS, COLUMNS, DERIVATIONS, PATTERNS, SFREQ

mpl.use("Agg")
FILTER = butter(2, (0.5, 35), "band", fs=SFREQ, output="sos")
PAIRS = [(COLUMNS.index(a), COLUMNS.index(b)) for a, b in DERIVATIONS]
N = round(10 * SFREQ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    pages = [(p, f"{p.label}, simulated", simulated(p, arguments.seed)) for p in PATTERNS]
    draw(pages, 3, arguments.folder / "simulated.png")
    if arguments.real:
        real: dict[str, np.ndarray] = {}
        for consensus, signals in real_pages(arguments.real):
            real.setdefault(consensus, signals)
        originals = [(p, f"{p.label}, real", real[p.label]) for p in PATTERNS]
        draw([page for pair in zip(originals, pages, strict=True) for page in pair], 4,
             arguments.folder / "beside.png")  # fmt: skip


def simulated(pattern, seed):
    """The first segment of this pattern that most voters see so."""
    for i in range(1000):
        phantom = segment(np.random.default_rng((seed, i)), pattern, duration_s=50.0, n_votes=20)
        if phantom.votes[PATTERNS.index(pattern)] >= 14:
            return phantom.signals
    raise RuntimeError(f"no clear {pattern} among 1000")


def draw(pages, n_columns, path):
    n_rows = -(-len(pages) // n_columns)
    figure = Figure((5.2 * n_columns, 5.4 * n_rows), layout="constrained")
    for ax, (pattern, title, signals) in zip(
        figure.subplots(n_rows, n_columns).flat, pages, strict=True
    ):
        page(ax, np.nan_to_num(signals.astype(float)))
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=pattern.colour)
    raw = BytesIO()
    figure.savefig(raw, dpi=85)
    with Image.open(raw) as picture:  # few colours: a third of the size
        picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=24).save(path, optimize=True)


def page(ax, signals):
    """Ten seconds in chains, negative up, at a gain that suits the page."""
    middle = signals.shape[1] // 2
    traces = sosfiltfilt(FILTER, [signals[a] - signals[b] for a, b in PAIRS])
    traces = traces[:, middle - N // 2 : middle + N // 2]
    steps = np.array((50, 70, 100, 150, 200, 300, 500))  # µV between neighbouring traces
    gain = steps[min(np.searchsorted(steps, np.quantile(np.abs(traces), 0.99)), len(steps) - 1)]
    time = np.arange(N) / SFREQ
    places, place = [], 0.0
    for chain in CHAIN_DERIVATIONS.values():
        for _ in chain:
            places.append(place)
            place += 1.0
        place += 0.5
    for trace, at in zip(traces, places, strict=True):
        ax.plot(time, at + np.clip(trace / gain, -1.4, 1.4), lw=0.55, color="#222222")
    ax.invert_yaxis()
    ax.set_yticks(places, [f"{a}-{b}" for a, b in DERIVATIONS], fontsize=6)
    ax.set_xticks(range(11))
    ax.tick_params(length=0, labelsize=6)
    ax.grid(axis="x", lw=0.3, color="#CCCCCC")
    ax.set_xlim(0, 10.6)
    ax.spines[:].set_visible(False)
    ax.vlines(10.15, places[-1] - 1, places[-1], color="#222222", lw=1.5)
    ax.text(10.25, places[-1] - 0.5, f"{gain} µV", fontsize=6, rotation=90, va="center")
    ax.set_xlabel("s", fontsize=7, labelpad=0)


if __name__ == "__main__":
    main()
