"""The page: in microvolts, negative up, nothing clipped or overlapping, for every kind of net."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from explained_scenes import lateralized_segment, small, window_of
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hms_folder import noise
from nasion.config import Waveform
from nasion.drawing import eeg
from nasion.eeg.derivations import bipolar
from nasion.eeg.waveform import waveform
from nasion.evaluation.figures import save
from nasion.explanation import picture
from nasion.explanation.explanation import explain_window
from nasion.models.ensemble import Ensemble
from nasion.terms import DERIVATION_NAMES, PATTERNS, Pattern
from nasion.windowing import Window

CONTEXT = {"spectrogram": {"views": ["centre", "window", "context"]}}
KINDS = {
    "plain": {},
    "shared": {"wavenet": {"hemispheres": "shared"}, "spectrogram": {"stack": "symmetric"}},
    "tiled": {"spectrogram": {"stack": "repeated"}, "signal": CONTEXT},
    "waveform": {"modality": "waveform"},
    "spectrogram": {"modality": "spectrogram"},
    "mu-law": {"signal": {"waveform": {"quantise": "mu-law"}}},
}


def explained(kind="plain", signals=None, **changes):
    checkpoint = small(**KINDS[kind])
    signals = lateralized_segment(3)[0] if signals is None else signals
    found = explain_window(
        Ensemble((checkpoint,)),
        window_of(checkpoint, signals),
        Pattern.LPD,
        name="EEG 1234567890, segment 12",
        votes=np.array([0, 12, 1, 3, 0, 2.0]),
    )
    return replace(found, **changes)


def texts(figure):
    """Boxes of everything written, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    found = {}
    for area in [figure, *figure.subfigs, *figure.subfigs[1].subfigs]:
        for ax in area.axes if area is figure else []:
            labels = [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
            for axis in (ax.xaxis, ax.yaxis):
                low, high = sorted(axis.get_view_interval())
                for tick in axis.get_major_ticks():
                    if low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                        labels += [tick.label1]
            for label in labels:
                if label.get_text() and label.get_visible() and ax.axison | (label in ax.texts):
                    found[label] = label.get_window_extent(renderer)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_drawn_with_nothing_clipped_or_overlapping(kind):
    figure = picture.figure(explained(kind, noise(52.0) if kind in ("shared", "tiled") else None))
    found = texts(figure)
    written = {label.get_text() for label in found}
    assert set(DERIVATION_NAMES) | {pattern.label for pattern in PATTERNS} <= written
    assert {"12 votes", "1 vote", "1 s"} <= written
    width, height = figure.bbox.width, figure.bbox.height
    for label, box in found.items():
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, f"{label.get_text()!r} is clipped"
    for (one, first), (other, second) in combinations(found.items(), 2):
        shrunk = first.padded(-1)
        assert not shrunk.overlaps(second.padded(-1)), f"{one.get_text()!r} {other.get_text()!r}"


@pytest.mark.parametrize(
    "occlusion",
    [[0.4, -0.001, 0, 0.2, 0.1], [-3, -1, 0, -0.5, -2], [900, -700, 1, 2, 3]],
)
def test_chains_of_any_size_have_room(occlusion):
    figure = picture.figure(explained(occlusion=np.array(occlusion, np.float32)))
    boxes = list(texts(figure).values())
    assert all(box.x1 <= figure.bbox.width for box in boxes)
    assert not any(a.padded(-1).overlaps(b.padded(-1)) for a, b in combinations(boxes, 2))


def traces(figure):
    axes = next(ax for ax in figure.axes if ax.get_yticklabels()[0].get_text() == "Fp1-F7")
    return [line.get_ydata() for line in axes.lines if len(line.get_ydata()) > 10]


def test_negative_is_up():
    signals = np.zeros((20, 2000), np.float32)
    window = window_of(small(), signals)
    drawn = window.waveform.copy()
    drawn[3, 1200] = -2.0
    found = explained()
    found = replace(found, window=Window(drawn, window.images))
    trace = traces(picture.figure(found))[3]
    assert trace.argmax() == 200
    assert trace[200] > np.median(trace)


@pytest.mark.parametrize("quantise", ["none", "mu-law"])
def test_the_traces_are_microvolts(quantise):
    settings = Waveform(quantise=quantise)
    signal = small().experiment.signal.model_copy(update={"waveform": settings})
    time_s = np.arange(4000) / 200
    signals = np.zeros((20, 4000), np.float32)
    signals[0] = 80 * np.sin(2 * np.pi * 5 * time_s)
    shown = picture.microvolts(waveform(signals, settings), signal)[:, 200:-200]
    expected = bipolar(signals)[:, ::4][:, 200:-200]
    tolerance = 4.0 if quantise == "mu-law" else 0.5
    np.testing.assert_allclose(shown, expected, atol=tolerance)


@pytest.mark.parametrize("amplitude_uv", [4.0, 40.0, 400.0, 4000.0])
def test_the_gain_holds_the_signal_or_is_the_largest(amplitude_uv):
    trace = amplitude_uv * np.sin(np.linspace(0, 60, 500))[None]
    gain = eeg.gain_uv(trace)
    assert gain in eeg.GAINS_UV
    assert gain == eeg.GAINS_UV[-1] or gain >= amplitude_uv
    assert gain == eeg.GAINS_UV[0] or gain < 3 * amplitude_uv


def test_shading_follows_the_positive_part_of_the_map():
    found = explained()
    ramp = np.full(2500, np.nan, np.float32)
    ramp[1000:1500] = np.linspace(-1, 1, 500)
    figure = picture.figure(replace(found, maps=replace(found.maps, time=ramp)))
    axes = next(ax for ax in figure.axes if ax.get_yticklabels()[0].get_text() == "Fp1-F7")
    alpha = axes.images[0].get_array()[0, :, 3]
    assert np.all(alpha[:250] == 0)
    assert np.all(np.diff(alpha[250:]) > 0)
    assert alpha[-1] == pytest.approx(eeg.STRENGTH)


def test_a_page_of_gaps_is_drawn_without_shade_and_the_same_bytes_come_again(tmp_path):
    found = explained(signals=np.full((20, 2000), np.nan, np.float32), votes=None)
    written = [save(picture.figure(found), tmp_path, name) for name in ("one", "two")]
    assert written[0] == written[1]
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert Pattern.LPD.colour.lower() in written[0].lower() or found.probability[1] == 0
