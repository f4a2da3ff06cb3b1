"""An explanation: what was seen, what was said of it, and where in it the pattern was.

On disk it is one `.npz` without pickled objects. Times count from the start of the 50-s window,
whose central 10 s the label is about; an EEG shorter than that is the middle of it.

schema              1
name                text: which EEG and segment
pattern             the pattern explained
patterns            the six, in the order of `probability` and `votes`
probability         (6,) calibrated, mean over the networks, of the EEG as it is (not mirrored)
votes               (6,) counts, or empty
signal              JSON: the signal settings, that is rates, bands and views
waveform            (18, n_times) on the network's scale, NaN where missing; sample i at i / sfreq
waveform_map        (n_times,) raw Grad-CAM, logit units; absent without a waveform branch
side_maps           (2, n_times) its left and right part; absent where the sides share no WaveNet
image_VIEW          (4, n_freqs, n_columns) on the network's scale, chains LL LP RP RL
image_map_VIEW      (1 or 4, n_freqs, n_columns) raw HiResCAM; absent where the view was not used
occlusion           (5,) fall of the logit without the chain, LL LP Z RP RL
input_x_gradient    (5,) input times gradient summed over the chain
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal
from nasion.data.dataset import SegmentDataset
from nasion.data.representation import represent
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.explanation.attribution import input_times_gradient, occlusion
from nasion.explanation.gradcam import Maps, gradcam, mean_maps
from nasion.files import replacing, safe_name
from nasion.hms.segments import KEYS, Segments
from nasion.hms.segments import votes as votes_of
from nasion.loading import loading, of_schema
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import Inputs
from nasion.terms import CENTRE_S, PATTERNS, SFREQ, Pattern
from nasion.windowing import CENTRE_FROM_S, Window, Windows, cut_at, reach_s

Array = NDArray[np.float32]

SCHEMA = 1


@dataclass(frozen=True)
class Explanation:
    """Arrays as the module describes them; `window` holds waveform and images."""

    name: str
    pattern: Pattern
    probability: NDArray[np.float64]
    votes: NDArray[np.float64] | None
    signal: Signal
    window: Window
    maps: Maps
    occlusion: Array
    input_x_gradient: Array

    @property
    def file_name(self) -> str:
        """What to call its files, without a suffix."""
        return safe_name(f"{self.name} {self.pattern}", "explanation")


def explain(
    ensemble: Ensemble, dataset: SegmentDataset, row: int, pattern: Pattern | None = None
) -> Explanation:
    """Explain one segment of a data set; without a pattern, the one predicted.

    Parameters
    ----------
    ensemble
        What predicts; maps and attributions are means over its fits.
    row
        Of the table of `dataset`, which is taken unaugmented.
    """
    table = dataset.segments.table.iloc[[row]]
    segment = next(table.itertuples(index=False))
    return explain_window(
        ensemble,
        dataset.store.window(segment),
        pattern,
        name=f"EEG {segment.eeg_id}, segment {segment.eeg_sub_id}",
        votes=votes_of(table)[0] if dataset.segments.labelled else None,
    )


def row_of(segments: Segments, eeg_id: int | None, sub_id: int | None) -> int:
    """The row of a segment; what is None need not be said where there is but one.

    Raises
    ------
    NasionError
        Where there is none, or several.
    """
    table = segments.table
    mask = np.ones(len(table), bool)
    for name, value in zip(KEYS, (eeg_id, sub_id), strict=True):
        if value is not None:
            mask &= (table[name] == value).to_numpy()
    matches = table[mask]
    if len(matches) == 1:
        return int(np.flatnonzero(mask)[0])
    if matches.empty:
        label = f"EEG {eeg_id}" if sub_id is None else f"EEG {eeg_id}, segment {sub_id}"
        raise NasionError(f"{segments.folder}: has no {label}; see eeg_id in {segments.part}.csv")
    if matches["eeg_id"].nunique() > 1:
        first = int(matches["eeg_id"].iloc[0])
        raise NasionError(
            f"{segments.folder}: holds {matches['eeg_id'].nunique()} EEGs; give --eeg-id, such as "
            f"{first}"
        )
    sub_ids = [str(sub) for sub in matches["eeg_sub_id"]]
    raise NasionError(
        f"{segments.folder}: EEG {matches['eeg_id'].iloc[0]} has {len(matches)} segments; give "
        f"--sub-id: {', '.join(sub_ids[:5])}{' ...' if len(sub_ids) > 5 else ''}"
    )


def explain_window(
    ensemble: Ensemble,
    window: Window,
    pattern: Pattern | None = None,
    *,
    name: str = "",
    votes: NDArray[np.float64] | None = None,
) -> Explanation:
    """Explain one window as `explain` does a segment."""
    windows = Windows.of([window], ensemble.signal)
    probability = ensemble.predict(windows, mirror=False)[0]
    pattern = pattern or PATTERNS[int(probability.argmax())]
    inputs, nets = Inputs.of(windows), ensemble.nets
    return Explanation(
        name=name,
        pattern=pattern,
        probability=probability,
        votes=votes,
        signal=ensemble.signal,
        window=window,
        maps=mean_maps([gradcam(net, inputs, pattern) for net in nets]),
        occlusion=np.mean([occlusion(net, inputs, pattern) for net in nets], 0),
        input_x_gradient=np.mean([input_times_gradient(net, inputs, pattern) for net in nets], 0),
    )


def window_at(recording: Recording, at_s: float, signal: Signal) -> Window:
    """The window whose central 10 s begin at a time of a recording.

    Raises
    ------
    NasionError
        Where these 10 s are not within the recording.
    """
    if not 0 <= at_s <= recording.duration_s - CENTRE_S:
        raise NasionError(
            f"{recording.name}: has no 10 s at {at_s:g} s; give --at from 0 to "
            f"{recording.duration_s - CENTRE_S:g}"
        )
    window_s = at_s - CENTRE_FROM_S
    begin_s, end_s = reach_s(signal)
    start, stop = (round((window_s + beside_s) * SFREQ) for beside_s in (begin_s, end_s))
    margins = Margins.around(start, stop, recording.n_times)
    piece = represent(recording.read(margins.first, margins.last), signal, margins)
    return cut_at(piece, signal, -begin_s)


def save(path: Path, explanation: Explanation) -> None:
    """Write the arrays that the module describes."""
    maps, window = explanation.maps, explanation.window
    arrays: dict[str, Any] = {
        "schema": np.array(SCHEMA),
        "name": np.array(explanation.name),
        "pattern": np.array(str(explanation.pattern)),
        "patterns": np.array([str(pattern) for pattern in PATTERNS]),
        "probability": explanation.probability,
        "votes": np.array([] if explanation.votes is None else explanation.votes),
        "signal": np.array(explanation.signal.model_dump_json()),
        "waveform": window.waveform,
        "occlusion": explanation.occlusion,
        "input_x_gradient": explanation.input_x_gradient,
    }
    if maps.time is not None:
        arrays["waveform_map"] = maps.time
    if maps.sides is not None:
        arrays["side_maps"] = maps.sides
    arrays |= {f"image_{view}": image for view, image in window.images.items()}
    arrays |= {f"image_map_{view}": values for view, values in maps.images.items()}
    with replacing(path.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> Explanation:
    """Read what `save` wrote, to draw it anew.

    Raises
    ------
    NasionError
        Where the file is broken or of another schema.
    """
    with loading(path, "not an explanation", "explain anew"):
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        of_schema(arrays, SCHEMA, path, "explain anew")
        return _explanation(arrays)


def _explanation(arrays: Mapping[str, Any]) -> Explanation:
    """Make of a file's arrays what they were."""
    signal = Signal.model_validate(json.loads(str(arrays["signal"])), strict=False)
    views = signal.spectrogram.views
    map_keys = {view: f"image_map_{view}" for view in views}
    return Explanation(
        name=str(arrays["name"]),
        pattern=Pattern(str(arrays["pattern"])),
        probability=arrays["probability"],
        votes=arrays["votes"] if len(arrays["votes"]) else None,
        signal=signal,
        window=Window(arrays["waveform"], {view: arrays[f"image_{view}"] for view in views}),
        maps=Maps(
            arrays.get("waveform_map"),
            arrays.get("side_maps"),
            {view: arrays[key] for view, key in map_keys.items() if key in arrays},
        ),
        occlusion=arrays["occlusion"],
        input_x_gradient=arrays["input_x_gradient"],
    )
