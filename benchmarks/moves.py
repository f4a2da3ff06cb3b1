"""Whether a prediction moves with what says nothing of the pattern: context, EKG, a notch.

python benchmarks/moves.py SIMULATED|REAL... [--model MODEL]... [--cross RUN]...

The same EEGs with and without: the EEGs of SIMULATED, a data set in HMS layout (the context is its
ready-made spectrogram), and a recording of each person of REAL/awake, gone on with there and back
to ten minutes. Of each EEG the largest change of any probability counts; intervals of the median.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from shifts import cut_out, window_of
from weights import AWAKE, Weights, add_options, chosen

from nasion.api.arrays import recordings_of
from nasion.api.model import Model
from nasion.data.representation import represent
from nasion.eeg.filters import band_stop
from nasion.eeg.formats import open_recording
from nasion.evaluation.intervals import interval
from nasion.hms.layout import NO_SPECTROGRAM
from nasion.hms.segments import Segments, load_segments
from nasion.phantom.patient import Patient
from nasion.terms import COLUMNS, ELECTRODES, SEGMENT_S, SFREQ
from nasion.windowing import Window, Windows, cut_at

SEED = 0
N_EEG = len(ELECTRODES)
EKG_UV = 300.0
CONTINUED = 5  # copies of an awake recording, there and back: ten minutes
MOST, MANY = 0.05, 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    add_options(parser)
    arguments = parser.parse_args()
    for weights in chosen(arguments):
        print(f"\n{weights.name}: largest change of p, median and 90 %\n")
        print("| EEGs | with and without | n | median | 90 % |\n|---|---|---|---|---|")
        for folder in arguments.folders:
            if (folder / "train.csv").exists():
                moves(load_segments(folder, "train"), weights)
            else:
                moves_awake(folder / "awake", weights)


def report(of: str, what: str, change: np.ndarray) -> None:
    draws = np.random.default_rng(SEED).integers(len(change), size=(1000, len(change)))
    median, (low, high) = np.median(change), interval(np.median(change[draws], axis=1))
    print(
        f"| {of} | {what} | {len(change)} | {median:.3f} ({low:.3f} to {high:.3f})"
        f"{' !' if median > MOST else ''} | {np.percentile(change, 90):.3f} |"
    )


def moves(segments: Segments, weights: Weights) -> None:
    """What context, EKG and notch do to the EEGs of a data set."""
    has = (segments.table["spectrogram_id"] != NO_SPECTROGRAM).to_numpy()
    if has.any():
        around = segments.subset(has)
        alone = replace(around, table=around.table.assign(spectrogram_id=NO_SPECTROGRAM))
        change = np.abs(weights.whole.predict(around) - weights.whole.predict(alone)).max(1)
        report("simulated", "context", change)
    first = segments.subset(np.arange(min(len(segments), MANY)))
    changes(weights, "simulated", [(signals, weights.model) for signals in cut_out(first)])


def moves_awake(folder: Path, weights: Weights) -> None:
    """The same for a recording of each awake person, gone on with there and back."""
    of_person = {int(path.stem.split("-")[1]): path for path in sorted(folder.glob("*.edf"))}
    change, pieces = [], []
    for person, path in of_person.items():
        if not weights.reads(person, AWAKE):
            continue
        model = weights.of(person, AWAKE)
        recording = open_recording(path)
        once = recording.signals(0.0, recording.duration_s)
        long = np.concatenate([once[:, :: (-1) ** k] for k in range(CONTINUED)], axis=1)
        start_s = (long.shape[1] / SFREQ - SEGMENT_S) / 2
        window = cut_at(represent(long, model.signal), model.signal, start_s)
        nothing = np.full_like(window.images["context"], np.nan)
        bare = Window(window.waveform, {**window.images, "context": nothing})
        p = model.predictor.predict(Windows.of([window, bare], model.signal))
        change.append(np.abs(p[0] - p[1]).max())
        first = round(start_s * SFREQ)
        pieces.append((long[:, first : first + round(SEGMENT_S * SFREQ)].astype(float), model))
    report("awake", "context", np.array(change))
    changes(weights, "awake", pieces)


def changes(weights: Weights, of: str, pieces: list[tuple[np.ndarray, Model]]) -> None:
    """What an EKG and a notch of the mains do."""
    ekg, notch = [], []
    for k, (signals, model) in enumerate(pieces):
        rng = np.random.default_rng((SEED, k))
        n = signals.shape[1]
        heart = EKG_UV * Patient.draw(rng).hardware.heart(rng, n)
        eeg = signals[:N_EEG]
        with_ekg, plain = np.vstack([eeg, heart[None]]), np.vstack([eeg, np.full((1, n), np.nan)])
        known = np.isfinite(eeg).all(1)
        notched = plain.copy()
        for band in ((49.0, 51.0), (59.0, 61.0)):
            notched[:N_EEG][known] = band_stop(notched[:N_EEG][known], band, 2)
        p = [judged(one, model) for one in (plain, with_ekg, notched)]
        ekg.append(np.abs(p[1] - p[0]).max())
        notch.append(np.abs(p[2] - p[0]).max())
    report(of, "EKG", np.array(ekg))
    report(of, "notch", np.array(notch))


def judged(signals: np.ndarray, model: Model) -> np.ndarray:
    known = np.isfinite(signals).any(1)
    names = [name for name, is_known in zip(COLUMNS, known, strict=True) if is_known]
    (recording,) = recordings_of(signals[known][None], SFREQ, names)
    windows = Windows.of([window_of(recording, model.signal)], model.signal)
    return model.predictor.predict(windows)[0]


if __name__ == "__main__":
    main()
