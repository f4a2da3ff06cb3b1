"""What the network is given for a step is what training would have cut, whatever the pieces."""

import numpy as np
import pytest

from nasion.config import Signal, Spectrogram
from nasion.data.dataset import collate
from nasion.data.representation import cut, represent
from nasion.eeg.recording import Recording
from nasion.reading.stream import Strip, piece_of, spans
from nasion.reading.windows import reach, windows_of
from nasion.terms import SFREQ
from nasion.windowing import n_steps_of

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
    pieces = [piece_of(recording, SIGNAL, *span) for span in spans(n_steps, length)]
    return Strip.around(pieces, -before, n_steps + behind)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("length", [17, 300])
def test_a_window_is_what_training_would_have_cut(length, gaps):
    recording = recorded(gaps=gaps)
    whole = represent(recording.signals(), SIGNAL)
    steps = [0, 1, 11, 12, 60, 101, 130, 237, 250]
    found = windows_of(strip_of(recording, length, 1), SIGNAL, steps, 1)
    wanted = collate([cut(whole, SIGNAL, 2.0 * step - 24) for step in steps], SIGNAL)
    np.testing.assert_allclose(found.present, wanted.present, atol=1e-6)
    blocks = found.waveform[0].reshape(18, -1, 100)
    windows = blocks[:, found.window_blocks].transpose(1, 0, 2, 3).reshape(len(steps), 18, -1)
    np.testing.assert_allclose(windows, wanted.waveform, atol=1e-3 / 32)
    for name, image in wanted.images.items():
        np.testing.assert_array_equal(found.image_present[name], wanted.image_present[name])
        np.testing.assert_allclose(found.images[name][found.image_of[name]], image, atol=2e-3)


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


def test_a_recording_of_ten_seconds_has_windows_too():
    recording = recorded(10.0)
    whole = represent(recording.signals(), SIGNAL)
    found = windows_of(strip_of(recording, 300, 1), SIGNAL, [2], 1)
    wanted = collate([cut(whole, SIGNAL, 0.0)], SIGNAL)
    np.testing.assert_allclose(found.present, wanted.present)
    for name, image in wanted.images.items():
        np.testing.assert_array_equal(found.image_present[name], wanted.image_present[name])
        np.testing.assert_allclose(found.images[name], image, atol=1e-6)
