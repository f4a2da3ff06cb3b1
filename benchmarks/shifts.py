"""What shifts of a recording cost: mains, gain, rate, band, bits, electrodes off; and who says so.

python benchmarks/shifts.py ../shared/real|SIMULATED... [--model MODEL]... [--cross RUN]... [--n N]
    [--only electrode]

Each labelled segment (REAL: `hms` and `iiic`; SIMULATED: a data set of `nasion simulate` with an
unused seed, the first segment of each patient) is judged as it is and shifted, both without a
ready-made spectrogram; differences of the KLD are paired. Flagged: opening the file or its quality
in the labelled 10 s says something that it does not say of the segment as it is.
"""

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from estimates import Ratio
from scipy.signal import butter, resample_poly, sosfiltfilt
from voted import open_segments
from weights import Weights, add_options, chosen

from nasion.api.arrays import recordings_of
from nasion.config import Signal
from nasion.data.representation import represent
from nasion.eeg.recording import Recording
from nasion.evaluation.metrics import divergence
from nasion.hms.segments import load_segments, targets
from nasion.signal.quality import faults
from nasion.terms import CENTRE_S, COLUMNS, ELECTRODES, READING_STEP_S, SEGMENT_S, SFREQ
from nasion.windowing import Window, Windows, cut

SEED = 5
MAINS_UV = 20.0  # of which electrodes have from none to twice as much
HUM_UV = 300.0
RANGE_UV, BITS = 4000.0, 12
MOST = 0.1  # of the KLD

Rng = np.random.Generator
Shift = Callable[[np.ndarray, Rng], tuple[np.ndarray, float]]


def as_it_is(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
    return signals, SFREQ


def mains(hz: float) -> Shift:
    def add(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
        size = MAINS_UV * rng.uniform(0, 2, (len(signals), 1))
        time_s = np.arange(signals.shape[1]) / SFREQ
        return signals + size * np.sin(2 * np.pi * hz * time_s + rng.uniform(0, 6)), SFREQ

    return add


def gain(factor: float) -> Shift:
    return lambda signals, rng: (signals * factor, SFREQ)


def sampled(hz: int) -> Shift:
    def resample(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
        rows = np.isfinite(signals).all(1)
        common = np.gcd(hz, round(SFREQ))
        up, down = hz // common, round(SFREQ) // common
        made = resample_poly(np.where(rows[:, None], signals, 0), up, down, 1, padtype="line")
        made[~rows] = np.nan
        return made, float(hz)

    return resample


def low_pass(hz: float) -> Shift:
    sos = butter(4, hz, fs=SFREQ, output="sos")

    def smooth(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
        rows = np.isfinite(signals).all(1)
        made = sosfiltfilt(sos, np.where(rows[:, None], signals, 0))
        made[~rows] = np.nan
        return made, SFREQ

    return smooth


def coarse(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
    step_uv = RANGE_UV / 2**BITS
    return np.round(signals / step_uv) * step_uv, SFREQ


def off(n: int, hum_uv: float = 0.0) -> Shift:
    def silence(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
        made = signals.copy()
        rows = rng.permutation(len(ELECTRODES))[:n]
        time_s = np.arange(signals.shape[1]) / SFREQ
        made[rows] = hum_uv * np.sin(2 * np.pi * 60 * time_s + rng.uniform(0, 6, (n, 1)))
        return made, SFREQ

    return silence


def missing(n: int) -> Shift:
    """The electrodes that `off` silences, not in the file."""

    def drop(signals: np.ndarray, rng: Rng) -> tuple[np.ndarray, float]:
        made = signals.copy()
        made[rng.permutation(len(ELECTRODES))[:n]] = np.nan
        return made, SFREQ

    return drop


SHIFTS: dict[str, Shift] = {
    "50 Hz of 20 µV": mains(50),
    "60 Hz of 20 µV": mains(60),
    "gain x .5": gain(0.5),
    "gain x 2": gain(2.0),
    **{f"{hz} Hz": sampled(hz) for hz in (128, 256, 500)},
    "low-pass of 15 Hz": low_pass(15),
    "12 bits over 4 mV": coarse,
    **{f"{n} electrode{'s' * (n > 1)} off, flat": off(n) for n in (1, 2, 3, 4)},
    "4 electrodes off, 60 Hz of 300 µV": off(4, HUM_UV),
    **{f"{n} electrode{'s' * (n > 1)} missing": missing(n) for n in (1, 2, 3, 4)},
}


@dataclass(frozen=True)
class Rows:
    """Segments under one name: (20, n) µV each, shares of the votes, and patients."""

    name: str
    signals: list[np.ndarray]
    target: np.ndarray
    patient: np.ndarray
    simulated: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    add_options(parser)
    parser.add_argument("--n", type=int, default=200, help="simulated segments at most")
    parser.add_argument("--only", default="", help="shifts whose name holds this text")
    arguments = parser.parse_args()
    shifts = {name: shift for name, shift in SHIFTS.items() if arguments.only in name}
    compared = chosen(arguments)
    for folder in arguments.folders:
        simulated = (folder / "train.csv").exists()
        rows = of_simulated(folder, arguments.n) if simulated else of_real(folder)
        for weights in compared:
            report(rows, weights, shifts)


def of_real(real: Path) -> Rows:
    parts = list(open_segments(real))
    signals = [one for segments in parts for one in cut_out(segments)]
    table = pd.concat([segments.table for segments in parts], ignore_index=True)
    return Rows("real", signals, targets(table), table["patient_id"].to_numpy(), simulated=False)


def of_simulated(folder: Path, n: int) -> Rows:
    segments = load_segments(folder, "train")
    first = ~segments.table["patient_id"].duplicated().to_numpy()
    segments = segments.subset(np.flatnonzero(first)[:n])
    patient = segments.table["patient_id"].to_numpy()
    return Rows(
        "simulated", list(cut_out(segments)), targets(segments.table), patient, simulated=True
    )


def cut_out(segments) -> Iterator[np.ndarray]:
    """The labelled 50 s, or the 10 s that there are."""
    for row in segments.table.itertuples():
        frame = pd.read_parquet(segments.eeg_path(row.eeg_id))[list(COLUMNS)]
        first = round(row.eeg_label_offset_seconds * SFREQ)
        signals = frame.to_numpy(np.float64).T
        yield signals[:, first : first + round(SEGMENT_S * SFREQ)]


def report(rows: Rows, weights: Weights, shifts: dict[str, Shift]) -> None:
    """Print what each shift does to the KLD, and how many of the segments are flagged."""
    whole, before = judged(rows, weights, as_it_is)
    kld = divergence(rows.target, whole)
    base = Ratio.mean(kld, rows.patient)
    print(f"\n{weights.name}: {len(kld)} {rows.name} segments, KLD {base.number()}\n")
    print("| shift | KLD | less the KLD as it is | % | flagged | of the others, % | p, median |")
    print("|---|---|---|---|---|---|---|")
    for name, shift in shifts.items():
        values, remarks = judged(rows, weights, shift)
        shifted = divergence(rows.target, values)
        flagged = np.array([bool(now - then) for now, then in zip(remarks, before, strict=True)])
        after = Ratio.mean(shifted, rows.patient)
        rest = "-" if flagged.all() else f"{percent(shifted[~flagged], kld[~flagged]):+.0f}"
        moved = np.median(np.abs(values - whole).max(1))
        too_much = " !" if percent(shifted, kld) > 100 * MOST else ""
        print(
            f"| {name} | {after.value:.3f} | {after.minus(base)} |"
            f" {percent(shifted, kld):+.0f}{too_much} | {flagged.mean():.2f} | {rest} |"
            f" {moved:.3f} |",
            flush=True,
        )


def percent(shifted: np.ndarray, kld: np.ndarray) -> float:
    return 100 * (shifted.mean() / kld.mean() - 1)


def judged(rows: Rows, weights: Weights, shift: Shift) -> tuple[np.ndarray, list[set[str]]]:
    """Probabilities of shifted segments, (n, 6), and what is said of each."""
    values, remarks = [], []
    for k, (signals, patient) in enumerate(zip(rows.signals, rows.patient, strict=True)):
        model = weights.model if rows.simulated else weights.of(patient)
        made, sfreq = shift(signals, np.random.default_rng((SEED, k)))
        known = np.isfinite(made).any(1)
        names = [name for name, is_known in zip(COLUMNS, known, strict=True) if is_known]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks are counted below
            (recording,) = recordings_of(made[known][None], sfreq, names)
        window = window_of(recording, model.signal)
        values.append(model.predictor.predict(Windows.of([window], model.signal))[0])
        remarks.append(said(recording))
    return np.array(values), remarks


def window_of(recording: Recording, signal: Signal) -> Window:
    return cut(represent(recording.signals(), signal), signal, 0.0)


def said(recording: Recording) -> set[str]:
    """Remarks on a file and electrodes, and the faults in the labelled 10 s."""
    bits = faults(recording.signals(), source_sfreq=recording.source_sfreq)
    n_steps = round(CENTRE_S / READING_STEP_S)
    first = (len(bits) - n_steps) // 2
    faulty = bits[first : first + n_steps, : len(ELECTRODES)].any(0)
    found = {
        f"{name} faulty" for name, is_faulty in zip(ELECTRODES, faulty, strict=True) if is_faulty
    }
    gone = {f"{name} replaced" for name in (*recording.missing, *recording.interpolated)}
    return found | gone | {remark.code for remark in recording.warnings}


if __name__ == "__main__":
    main()
