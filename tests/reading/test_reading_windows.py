"""What the network is given for a step is what training would have cut, whatever the pieces."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasion.config import Signal, Spectrogram
from nasion.data.representation import represent
from nasion.eeg.recording import Recording
from nasion.reading.stream import Strip, piece_of, spans
from nasion.reading.windows import StepWindows, reach, windows_of
from nasion.terms import READING_STEP_S, SFREQ
from nasion.windowing import (
    Representation,
    Windows,
    block_length,
    cut,
    cut_at,
    n_steps_of,
    sliced,
    step_start_s,
    views_of,
)

SIGNAL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
DURATION_S = 500.6


def recorded(duration_s: float = DURATION_S, *, gaps: bool = False) -> Recording:
    rng = np.random.default_rng(5)
    n_times = round(duration_s * SFREQ)
    signals = rng.normal(0, 1, (20, n_times)).cumsum(1).astype(np.float32)
    signals -= signals.mean(1, keepdims=True)
    if gaps:
        signals[:, 40_000:42_500] = np.nan
        signals[3, 60_000:80_000] = np.nan
    return Recording("made", n_times, lambda start, stop: signals[:, start:stop])


def strip_of(recording: Recording, length: int, every: int) -> Strip:
    n_steps = n_steps_of(recording.duration_s)
    before, behind = reach(SIGNAL, every)
    pieces = [piece_of(recording, SIGNAL, *span) for span in spans(recording, SIGNAL, length)]
    return Strip.around(pieces, -before, n_steps + behind)


def strip_from(whole: Representation) -> Strip:
    """The strip of an EEG of which both representations are known already."""
    n_steps = n_steps_of(whole.duration_s)
    before, behind = reach(SIGNAL, 1)

    def placed(array: np.ndarray, pitch_s: float) -> np.ndarray:
        a_step = round(READING_STEP_S / pitch_s)
        return sliced(array, -before * a_step, (before + n_steps + behind) * a_step)

    return Strip(
        -before,
        n_steps + behind,
        placed(whole.waveform, 1 / SIGNAL.waveform.sfreq),
        {name: placed(whole.columns[name], view.step_s) for name, view in views_of(SIGNAL).items()},
    )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("length", [17, 300])
def test_pieces_of_any_length_make_the_strip_of_the_whole(length, gaps):
    recording = recorded(gaps=gaps)
    whole = strip_from(represent(recording.signals(), SIGNAL))
    joined = strip_of(recording, length, 1)
    assert (joined.first, joined.stop) == (whole.first, whole.stop)
    np.testing.assert_allclose(joined.waveform, whole.waveform, atol=1e-3 / 32)
    for name, columns in whole.columns.items():
        np.testing.assert_allclose(joined.columns[name], columns, atol=2e-3)


def together(windows: StepWindows) -> Windows:
    """Each window with a waveform and images of its own."""
    return Windows(
        windows.apart(block_length(SIGNAL.waveform.sfreq)).waveform,
        windows.present,
        {name: image[windows.image_of[name]] for name, image in windows.images.items()},
        windows.image_present,
    )


@pytest.mark.parametrize("duration_s", [DURATION_S, 10.0])
def test_a_window_of_a_strip_is_what_training_cuts(duration_s):
    whole = represent(recorded(duration_s, gaps=True).signals(), SIGNAL)
    steps = np.arange(n_steps_of(duration_s))[::3]
    windows = together(windows_of(strip_from(whole), SIGNAL, steps, 1))
    cuts = Windows.of([cut_at(whole, SIGNAL, step_start_s(step)) for step in steps], SIGNAL)
    for name, array in vars(cuts).items():
        np.testing.assert_equal(getattr(windows, name), array)


def test_steps_of_four_seconds_take_their_name_alone():
    code = (
        "from nasion import terms\n"
        "terms.READING_STEP_S = 4.0\n"
        "import test_reading_windows as laws\n"
        "assert len(laws.piece_of(laws.recorded(), laws.SIGNAL, 3, 9).faults) == 6\n"
        "laws.test_pieces_of_any_length_make_the_strip_of_the_whole(17, True)\n"
        "laws.test_a_window_of_a_strip_is_what_training_cuts(laws.DURATION_S)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def test_ten_seconds_are_read_as_they_are_learned():
    whole = represent(recorded(10.0).signals(), SIGNAL)
    read = together(windows_of(strip_from(whole), SIGNAL, [2], 1))
    np.testing.assert_equal(vars(read), vars(Windows.of([cut(whole, SIGNAL, 0.0)], SIGNAL)))


def test_steps_share_the_ten_minutes_of_their_neighbourhood():
    recording = recorded()
    own = windows_of(strip_of(recording, 300, 1), SIGNAL, range(251), 1)
    shared = windows_of(strip_of(recording, 300, 15), SIGNAL, range(251), 15)
    assert len(own.images["context"]) == 251
    assert len(shared.images["context"]) == 18
    for step in range(251):
        nearest = round(step / 15) * 15
        if nearest < 251:
            image = shared.images["context"][shared.image_of["context"][step]]
            np.testing.assert_array_equal(image, own.images["context"][nearest])


def test_steps_may_be_left_out():
    strip = strip_of(recorded(), 300, 15)
    some, every = [3, 4, 77, 200], list(range(251))
    few, all_of_them = windows_of(strip, SIGNAL, some), windows_of(strip, SIGNAL, every)
    np.testing.assert_array_equal(few.window_blocks, all_of_them.window_blocks[some])
    for name in few.images:
        mine = few.images[name][few.image_of[name]]
        theirs = all_of_them.images[name][all_of_them.image_of[name]][some]
        np.testing.assert_array_equal(mine, theirs)
