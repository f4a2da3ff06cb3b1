"""How much a prediction depends on whether ten seconds were cut before or after filtering.

python benchmarks/edges.py ../shared/real [--run RUN] [--phantoms 100] [--seed 0]

A file of 10 s is filtered as it is, with the edges that brings; in a long recording the same ten
seconds are cut out of filtered signals. Both are predicted without context: the open real segments
of 50 s and simulated ones.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from nasion.contract import PACKAGED
from nasion.data.augment import narrowed
from nasion.data.representation import represent
from nasion.hms.segments import load_segments
from nasion.phantom.patient import draw_pattern, segment
from nasion.terms import CENTRE_S, COLUMNS, SEGMENT_S, SFREQ
from nasion.training.run import Run
from nasion.windowing import Windows, cut

CENTRE = slice(round((SEGMENT_S - CENTRE_S) / 2 * SFREQ), round((SEGMENT_S + CENTRE_S) / 2 * SFREQ))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--run", type=Path, default=PACKAGED)
    parser.add_argument("--phantoms", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    ensemble = Run(arguments.run).ensemble()
    simulated = []
    for i in range(arguments.phantoms):
        rng = np.random.default_rng((arguments.seed, i))
        simulated.append(segment(rng, draw_pattern(rng)).signals)
    print(
        "| 50-s segments | n | waveform rms, % | largest change of p, median | 90 % | same class |"
    )
    print("|---|---|---|---|---|---|")
    for name, segments in (("real", real_segments(arguments.real)), ("simulated", simulated)):
        rms, change, agreement = np.array([compare(ensemble, signals) for signals in segments]).T
        print(
            f"| {name} | {len(segments)} | {100 * np.median(rms):.0f} | {np.median(change):.3f} | "
            f"{np.quantile(change, 0.9):.3f} | {agreement.mean():.0%} |"
        )


def real_segments(real: Path) -> list[np.ndarray]:
    segments = []
    for folder in ("hms", "iiic"):
        table = load_segments(real / folder, "train").table.drop_duplicates("eeg_id")
        for row in table.itertuples():
            path = real / folder / "train_eegs" / f"{row.eeg_id}.parquet"
            signals = pd.read_parquet(path)[list(COLUMNS)].to_numpy(np.float32).T
            if signals.shape[1] >= SEGMENT_S * SFREQ:
                first = round(row.eeg_label_offset_seconds * SFREQ)
                segments.append(signals[:, first : first + round(SEGMENT_S * SFREQ)])
    return segments


def compare(ensemble, signals: np.ndarray) -> tuple[float, float, bool]:
    """Relative difference of the waveform, of the probabilities, and whether the class is one."""
    settings = ensemble.signal
    windows = [
        narrowed(cut(represent(piece, settings), settings, 0.0), settings, CENTRE_S)
        for piece in (signals, np.ascontiguousarray(signals[:, CENTRE]))
    ]
    after, before = (np.nan_to_num(window.waveform) for window in windows)
    first, second = ensemble.predict(Windows.of(windows, settings), mirror=False)
    rms = np.sqrt(np.mean((after - before) ** 2) / np.mean(after**2))
    return rms, np.abs(first - second).max(), first.argmax() == second.argmax()


if __name__ == "__main__":
    main()
