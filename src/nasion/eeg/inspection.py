"""What is wrong with a recording: gaps, dead and clipped electrodes, units, line noise.

The recording is read in pieces of a minute, so that memory does not grow with its length; of a very
long one, minutes spread evenly stand for the whole, and that is said.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg import age
from nasion.eeg.findings import RANGE_UV, of_extent, of_faults, of_nothing
from nasion.eeg.recording import Recording, Signals
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.stretches import Spans, blocks, pieces, places, recorded
from nasion.terms import COLUMNS, EKG, ELECTRODES, SFREQ

Array = NDArray[np.float64]

PIECE_S = 60.0
MOST_MINUTES = 25 * 60  # that are all looked at
SAMPLED_MINUTES = 720  # of a longer recording, at most
BLOCK = 200  # samples: flatness is judged second by second
FLAT_UV = 0.5  # peak to peak within a second; amplifiers alone make more
CLIP_SHARE = 0.001  # of the peak-to-peak range: so close to an extreme is at the rail
CLIP_UV = 200.0  # peak to peak, the least that can clip
LINE_HZ = (50.0, 60.0)
LINE_BLOCK = 400  # samples of one spectrum
LINE_CONTRAST = 3.0  # times the power beside it: so far it is a peak; noise alone makes .5
LEAST_LINE_UV = 0.1  # what a notch leaves is none

PROBE_S, N_PROBES = 10.0, 5  # pieces that tell whether the unit is believable
PROBE_BLOCK = 20  # samples: their mean has no 50 or 60 Hz
PLAUSIBLE_UV = (0.05, 1000.0)  # median absolute deviation of such means
USUAL_UV = (1.0, 200.0)  # the same where a mistaken unit is taken back
OFF_UV, OFF_RATIO = 100.0, 8.0  # an electrode above both, against the others, is off
MISTAKES = (1e-3, 1e3, 1e-6, 1e6)  # mV for µV, µV for mV, V for µV, µV for V

NOTABLE_LINE_UV = 20.0  # below it the filters of any reader do away with it


@dataclass(frozen=True)
class _Piece:
    """Counts over one piece, a value for each of the 20 rows."""

    samples: int
    nan: Array
    lost: Array  # NaN outside of gaps
    seconds: Array  # without NaN
    flat: Array
    clipped: Array
    out_of_range: Array
    amplitude_uv: Array  # NaN where nothing is known
    line: Array  # mean square of 50 and 60 Hz, µV², shape (20, 2)
    beside: Array  # the same of as wide a band beside them
    spectra: Array


def check_recording(recording: Recording) -> dict[str, Any]:
    """Describe a recording and its faults; the answer can be written as JSON.

    Returns
    -------
    dict
        What the recording says of itself, `electrodes` with the share of samples that are NaN,
        flat, clipped or out of range, the typical amplitude and the line noise of each channel,
        `derivations` with the same of each that electrodes were rebuilt from, and `findings`:
        sentences, empty if nothing is wrong. Nothing is found in what was rebuilt.
    """
    description, findings = inspect(recording)
    return {**description, "findings": [finding.text for finding in findings]}


def inspect(recording: Recording) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    """Give the answer of `check_recording` without its findings, and these as data."""
    minutes = _minutes(recording)
    every = -(-len(minutes) // SAMPLED_MINUTES) if len(minutes) > MOST_MINUTES else 1
    measured = [_measure(recording, *place) for place in minutes[::every]]
    names = _channels(recording) if measured else COLUMNS
    n_read = max(sum(piece.samples for piece in measured), 1)
    n_finite = n_read - _total(measured, "nan")
    n_recorded = sum(stop - start for start, stop in minutes)  # the rest lies in long gaps
    shares = {
        "nan": 1 - n_finite / n_read * n_recorded / max(recording.n_times, 1),
        "flat": _total(measured, "flat") / np.maximum(_total(measured, "seconds"), 1),
        "clipped": _total(measured, "clipped") / np.maximum(n_finite, 1),
        "out_of_range": _total(measured, "out_of_range") / np.maximum(n_finite, 1),
    }
    amplitude = _middle(np.array([piece.amplitude_uv for piece in measured]))
    spectra = np.maximum(_total(measured, "spectra"), 1)[:, None]
    line = np.sqrt(np.maximum(_total(measured, "line") / spectra, 0))
    beside = np.sqrt(_total(measured, "beside") / spectra)
    measurable = np.array([_reaches(recording, hz) for hz in LINE_HZ])
    peaks = (line > np.sqrt(LINE_CONTRAST) * beside) & (line > LEAST_LINE_UV) & measurable
    strength = np.where(peaks, line, 0.0)[[name != EKG for name in names]].max(axis=0)
    strongest = int(np.argmax(strength if strength.any() else line.max(axis=0)))
    line_hz = LINE_HZ[strongest] if strength.any() else None
    line_known = bool(line_hz or measurable.all())
    channels = {
        name: {
            "status": _status(recording, name, no_ekg=bool(shares["nan"][row] >= 1)),
            **{f"{kind}_share": round(float(share[row]), 5) for kind, share in shares.items()},
            "amplitude_uv": _rounded(amplitude[row]),
            "line_uv": _rounded(line[row, strongest]) if line_known else None,
        }
        for row, name in enumerate(names)
    }
    description = {
        "name": recording.name,
        "duration_s": recording.duration_s,
        "source_sfreq": recording.source_sfreq,
        "start": recording.start.isoformat() if recording.start else None,
        "references": list(recording.references),
        "montage": recording.montage.name,
        "channels": list(recording.montage.recorded),
        "rebuilt": list(recording.montage.rebuilt),
        "missing": list(recording.missing),
        "interpolated": list(recording.interpolated),
        "ignored": list(recording.ignored),
        "gaps": [{"onset_s": onset, "duration_s": length} for onset, length in recording.gaps_s],
        "n_annotations": len(recording.annotations),
        "age_group": None if recording.age_years is None else age.group_of(recording.age_years),
        "line_hz": line_hz,
        "line_measurable": line_known,
        "electrodes": {name: channels[name] for name in COLUMNS},
        "derivations": {name: channels[name] for name in names[len(COLUMNS) :]},
    }
    lost = dict(zip(names, (_total(measured, "lost") / n_read).tolist(), strict=True))
    findings = _findings(recording, channels, lost, line_hz)
    if every > 1:
        values = {"n": len(measured), "of": len(minutes), "every": every}
        findings.insert(0, Remark(Code.SAMPLED, values))
    aged = age.remark(recording.age_years)
    return description, (*([aged] if aged else []), *recording.warnings, *findings)


def _minutes(recording: Recording) -> list[tuple[int, int]]:
    """First sample of each minute and the one after its last, without long gaps."""
    minute, spans = round(PIECE_S * SFREQ), recording.stretches
    found = []
    for start in (minute * first for first, _ in pieces(blocks(spans, minute), 1)):
        end = min(start + minute, recording.n_times)
        inside = [span for span in spans if span[0] < end and start < span[1]]
        skipped = max(inside[0][0] - start, 0) // LINE_BLOCK * LINE_BLOCK
        found.append((start + skipped, min(end, inside[-1][1])))
    return found


def _channels(recording: Recording) -> tuple[str, ...]:
    """The 20 rows, and the derivations that any of them was rebuilt from."""
    if recording.read_channels is None:
        return COLUMNS
    return (*COLUMNS, *(name for name in recording.montage.recorded if "-" in name))


def _read(recording: Recording, start: int, stop: int) -> Signals:
    """Signals of `_channels`."""
    signals = recording.read(start, stop)
    if recording.read_channels is None:
        return signals
    rows = ["-" in name for name in recording.montage.recorded]
    return np.concatenate([signals, recording.read_channels(start, stop)[rows]])


def _measure(recording: Recording, start: int, stop: int) -> _Piece:
    signals = _read(recording, start, stop)
    finite = ~np.isnan(signals)
    filled = np.where(finite, signals, 0.0).astype(np.float64)
    middle = _middle(signals[:, ::5].T)
    deviation = np.abs(np.where(finite, filled - np.nan_to_num(middle)[:, None], 0.0))
    high = np.where(finite, filled, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(finite, filled, np.inf).min(axis=1, initial=np.inf)
    span = np.where(finite.any(axis=1), high - low, 0.0)
    edge = CLIP_SHARE * span
    at_rail = (filled >= (high - edge)[:, None]) | (filled <= (low + edge)[:, None])
    blocks, complete = _blocks(filled, BLOCK), np.all(_blocks(finite, BLOCK), axis=2)
    line, beside, spectra = _line_noise(filled, finite)
    return _Piece(
        samples=signals.shape[1],
        nan=(~finite).sum(axis=1),
        lost=(~finite & recorded(recording.gaps_s, start, stop)).sum(axis=1),
        seconds=complete.sum(axis=1),
        flat=(complete & (np.ptp(blocks, axis=2) < FLAT_UV)).sum(axis=1),
        clipped=(at_rail & finite).sum(axis=1) * (span >= CLIP_UV),
        out_of_range=(deviation > RANGE_UV).sum(axis=1),
        amplitude_uv=_middle(np.where(finite, deviation, np.nan)[:, ::5].T),
        line=line,
        beside=beside,
        spectra=spectra,
    )


def _line_noise(filled: Array, finite: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Sum over blocks the mean square at 50 and 60 Hz above that beside them, and the latter."""
    blocks, complete = _blocks(filled, LINE_BLOCK), np.all(_blocks(finite, LINE_BLOCK), axis=2)
    taper = np.hanning(LINE_BLOCK)
    centred = blocks - blocks.mean(axis=2, keepdims=True) if blocks.size else blocks
    power = 2 * np.abs(np.fft.rfft(centred * taper)) ** 2 / (LINE_BLOCK * (taper**2).sum())
    hertz = np.fft.rfftfreq(LINE_BLOCK, 1 / SFREQ)
    excess, besides = [], []
    for line_hz in LINE_HZ:
        distance = np.abs(hertz - line_hz)
        mains, beside = distance <= 1.0, (distance >= 2.0) & (distance <= 4.0)
        background = np.median(power[..., beside], axis=-1)
        besides.append(background * mains.sum())
        excess.append(power[..., mains].sum(axis=-1) - besides[-1])
    line, level = (
        np.where(complete[..., None], np.stack(parts, axis=-1), 0.0).sum(axis=1)
        for parts in (excess, besides)
    )
    return line, level, complete.sum(axis=1).astype(np.float64)


def _blocks(values: NDArray[Any], length: int) -> NDArray[Any]:
    n_blocks = values.shape[1] // length
    return values[:, : n_blocks * length].reshape(len(values), n_blocks, length)


def _middle(values: NDArray[Any]) -> Array:
    """Median over the first axis, NaN aside; NaN where there is nothing else."""
    ordered = np.sort(values, axis=0)  # NaN goes last
    n_finite = (~np.isnan(values)).sum(axis=0)
    if not len(values):
        return np.full(values.shape[1:] or (len(COLUMNS),), np.nan)
    medians = np.take_along_axis(ordered, np.maximum(n_finite - 1, 0)[None] // 2, axis=0)[0]
    return np.asarray(medians, np.float64)


def _total(pieces: list[_Piece], name: str) -> Array:
    if not pieces:
        by_line = name in ("line", "beside")
        return np.zeros((len(COLUMNS), len(LINE_HZ)) if by_line else len(COLUMNS))
    return np.sum([getattr(piece, name) for piece in pieces], axis=0, dtype=np.float64)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 2)


def _reaches(recording: Recording, line_hz: float) -> bool:
    """Whether the rate of the file lets a line frequency through undamped."""
    return recording.source_sfreq >= 3.2 * line_hz


def _status(recording: Recording, name: str, *, no_ekg: bool) -> str:
    return "missing" if name == EKG and no_ekg else recording.montage.state_of(name)


def _findings(
    recording: Recording,
    channels: dict[str, Any],
    lost: Mapping[str, float],
    line_hz: float | None,
) -> list[Remark]:
    """Say what is wrong; `lost` is the share of samples outside of gaps without a value."""
    recorded = {
        name: channel
        for name, channel in channels.items()
        if channel["status"] == "recorded" and (name,) != recording.references
    }
    eeg = {name: channel for name, channel in recorded.items() if name != EKG}
    shares = {
        kind: {name: channel[f"{kind}_share"] for name, channel in recorded.items()}
        for kind in ("nan", "flat", "clipped", "out_of_range")
    }
    shares["out_of_range"].pop(EKG, None)
    if nothing := of_nothing(eeg, shares):
        return nothing
    shares["nan"] = {name: lost[name] for name in recorded}
    findings = [*of_extent(recording), *of_faults(shares)]
    lines = {name: channel["line_uv"] or 0.0 for name, channel in eeg.items()}
    noisy = tuple(name for name, value in lines.items() if value > NOTABLE_LINE_UV)
    if noisy and line_hz:
        largest = {"line_hz": line_hz, "line_uv": max(lines.values())}
        findings.append(Remark(Code.LINE_NOISE, {**largest, "electrodes": noisy}))
    return findings


def believable(read: Callable[[int, int], Signals], spans: Spans) -> tuple[float, Remark | None]:
    """Compare the amplitudes of a few pieces with those of EEG.

    Parameters
    ----------
    spans
        The stretches of the recording.

    Returns
    -------
    The factor that undoes a mistaken unit (1 where there is no such mistake), and what to say
    about it, None if the amplitudes are believable.
    """
    deviations = [
        float(np.median(np.abs(known - np.median(known))))
        for piece in _probes(read, spans)
        for means in piece
        if len(known := means[np.isfinite(means)])
    ]
    typical = float(np.median([value for value in deviations if value] or [1.0]))
    if PLAUSIBLE_UV[0] <= typical <= PLAUSIBLE_UV[1]:
        return 1.0, None
    values = {"typical_uv": typical, "side": "above" if typical > 1 else "below"}
    for scale in MISTAKES:
        if USUAL_UV[0] <= typical * scale <= USUAL_UV[1]:
            return scale, Remark(Code.UNIT_UNDONE, {**values, "factor": scale})
    return 1.0, Remark(Code.UNIT_WRONG, values)


def towering(read: Callable[[int, int], Signals], spans: Spans) -> tuple[str, ...]:
    """Electrodes that tower over the others in a few pieces: what they show is no EEG."""
    spreads = []
    for means in _probes(read, spans):
        finite = np.isfinite(means)
        n_finite = np.maximum(finite.sum(axis=1), 1)
        filled = np.where(finite, means - _middle(means)[None], 0.0)
        filled -= np.where(finite, filled.sum(axis=1, keepdims=True) / n_finite[:, None], 0.0)
        spreads.append(np.sqrt((filled**2).sum(axis=1) / n_finite))
    largest = np.max(spreads, axis=0, initial=0.0)
    typical = float(np.median(largest[largest > 0])) if largest.any() else 0.0
    high = (largest > OFF_UV) & (largest > OFF_RATIO * typical)
    return tuple(name for name, is_high in zip(ELECTRODES, high, strict=True) if is_high)


def _probes(read: Callable[[int, int], Signals], spans: Spans) -> Iterator[Signals]:
    """Means of a few pieces over a tenth of a second, shape (19, n)."""
    n_times = sum(stop - start for start, stop in spans)
    length = min(round(PROBE_S * SFREQ), n_times)
    for begin in places(spans, np.linspace(0, n_times - length, N_PROBES).astype(int)):
        piece = read(begin, min(begin + length, spans[-1][1]))[: len(ELECTRODES)]
        yield _blocks(piece, PROBE_BLOCK).mean(axis=2)
