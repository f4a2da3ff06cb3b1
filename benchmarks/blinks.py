"""Measure blinks on awake people with open eyes: rate, size, spread, lobe, and after-swing.

python benchmarks/blinks.py ../shared/real [--simulated 40]

Mean blinks are fitted by a lobe with two Gaussian sides behind a Butterworth high pass of order 1
to 4. Recordings without five blinks alike are left out. Simulated ones are blinkers on awake EEG.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import butter, find_peaks, sosfilt, sosfiltfilt

from nasion.eeg.formats import open_recording
from nasion.phantom.background import Background
from nasion.phantom.habits import Habits
from nasion.phantom.head import Head
from nasion.phantom.ocular import blinks
from nasion.terms import ELECTRODES, SFREQ

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SHOWN = ("Fp1", "F3", "F7", "Fz", "C3", "T3", "P3", "O1", "Fp2", "F4", "F8", "O2")
BEFORE_S, AFTER_S = 0.6, 2.0
LEAST_ALIKE = 0.75  # correlation with the typical blink
SMOOTH = butter(2, 20, fs=SFREQ, output="sos")
SLOW = butter(2, (0.7, 8), "band", fs=SFREQ, output="sos")
FP1, FP2 = ELECTRODES.index("Fp1"), ELECTRODES.index("Fp2")


@dataclass(frozen=True)
class Typical:
    """Blinks of one recording."""

    a_minute: float
    size_uv: float
    variation: float
    spread: np.ndarray
    order: int
    corner_hz: float
    rise_s: float
    fall_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--simulated", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    paths = sorted((arguments.real / "awake").glob("*-open.edf"))
    show("real", list(filter(None, map(typical, real(paths)))), len(paths))
    if arguments.simulated:
        made = [typical(simulated(seed)) for seed in range(arguments.simulated)]
        show("simulated", list(filter(None, made)), arguments.simulated)


def real(paths: list[Path]) -> Iterator[np.ndarray]:
    for path in paths:
        recording = open_recording(path)
        yield recording.signals(0.0, recording.duration_s)[: len(ELECTRODES)]


def simulated(seed: int) -> np.ndarray:
    """Two minutes of a blinker against linked ears."""
    rng = np.random.default_rng(seed)
    head = replace(Head.draw(rng), reference="A1A2")
    potential = Background.draw(rng, "awake").potential(rng, head, round(120 * SFREQ))
    signals = head.referencing @ potential
    blinks(rng, head, Habits.draw(rng), signals)
    return signals


def typical(signals: np.ndarray) -> Typical | None:
    signals = sosfiltfilt(SMOOTH, np.nan_to_num(signals.astype(float)), axis=1)
    front = (signals[FP1] + signals[FP2]) / 2
    before, after, half = (round(s * SFREQ) for s in (BEFORE_S, AFTER_S, 0.5))
    power = np.convolve(sosfiltfilt(SLOW, front) ** 2, np.ones(half) / half, "same")
    found, _ = find_peaks(np.sqrt(power), height=3 * np.median(np.sqrt(power)), distance=half)
    pieces = []
    for centre in found[(found > 3 * half) & (found < front.size - 6 * half)]:
        around = front[centre - half : centre + half]
        high = np.flatnonzero(around > 0.35 * np.abs(around).max())
        if high.size:  # the first positive lobe
            first = int(high[0])
            peak = centre - half + first + int(around[first : first + 24].argmax())
            piece = signals[:, peak - before : peak + after]
            pieces.append(piece - piece[:, :48].mean(1, keepdims=True))
    if len(pieces) < 6:
        return None
    blink = np.array([(piece[FP1] + piece[FP2]) / 2 for piece in pieces])
    part = slice(before - 40, before + 190)
    middle = np.median(blink, 0)[part]
    alike = np.array([np.corrcoef(one[part], middle)[0, 1] > LEAST_ALIKE for one in blink])
    if alike.sum() < 5:
        return None
    mean = np.median(np.array(pieces)[alike], 0)
    source = (mean[FP1] + mean[FP2]) / 2
    sizes = np.ptp(blink[alike], axis=1)
    order, (rise_s, fall_s, corner_hz, *_) = fitted(source)
    return Typical(
        a_minute=alike.sum() / (front.size / SFREQ / 60),
        size_uv=float(np.median(sizes)),
        variation=float(np.log(sizes).std()),
        spread=mean[:, part] @ source[part] / (source[part] @ source[part]),
        order=order,
        corner_hz=corner_hz,
        rise_s=rise_s,
        fall_s=fall_s,
    )


def fitted(source: np.ndarray) -> tuple[int, np.ndarray]:
    """Order of the high pass that fits best; rise and fall, s, its corner, Hz, and the rest."""
    time = np.arange(source.size) / SFREQ - BEFORE_S
    target = source / np.abs(source).max()

    def residual(p: np.ndarray, order: int) -> np.ndarray:
        rise_s, fall_s, corner_hz, later_s, size = p
        lobe = np.exp(-0.5 * ((time - later_s) / np.where(time < later_s, rise_s, fall_s)) ** 2)
        high_pass = butter(order, corner_hz, "high", fs=SFREQ, output="sos")
        return (size * sosfilt(high_pass, lobe) - target)[48:]

    bounds = (0.02, 0.02, 0.05, -0.1, 0.2), (0.2, 0.4, 6, 0.15, 9)
    fits = [
        (order, least_squares(residual, (0.06, 0.1, hz, 0.03, 1), bounds=bounds, args=(order,)))
        for order in (1, 2, 3, 4)
        for hz in (0.6, 1.5)
    ]
    order, best = min(fits, key=lambda fit: fit[1].cost)
    return order, best.x


def show(title: str, rows: list[Typical], n: int) -> None:
    print(f"\n{title}: {len(rows)} of {n} recordings\n\n| | {' | '.join(map(str, QUANTILES))} |")
    print("|---" * (len(QUANTILES) + 1) + "|")
    for name in ("a_minute", "size_uv", "variation", "order", "corner_hz", "rise_s", "fall_s"):
        line(name, np.array([getattr(row, name) for row in rows]))
    for name in SHOWN:
        line(name, np.array([row.spread[ELECTRODES.index(name)] for row in rows]))


def line(name: str, values: np.ndarray) -> None:
    print(f"| {name} | {' | '.join(f'{q:.3g}' for q in np.quantile(values, QUANTILES))} |")


if __name__ == "__main__":
    main()
