"""Where windows begin and what of an EEG each view of them is."""

import pytest

from nasion.config import Signal, Spectrogram
from nasion.terms import BLOCK_S, HMS_COLUMN_S, READING_STEP_S, SEGMENT_S
from nasion.windowing import N_BLOCKS, first_column, n_steps_of, views_of

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
VIEWS = views_of(ALL)


def test_a_window_is_whole_blocks_and_a_step_is_whole_blocks_and_columns():
    assert N_BLOCKS * BLOCK_S == SEGMENT_S
    for pitch_s in (BLOCK_S, HMS_COLUMN_S, *(view.step_s for view in VIEWS.values())):
        assert READING_STEP_S % pitch_s == 0


@pytest.mark.parametrize(("duration_s", "n_steps"), [(10, 5), (10.01, 6), (12, 6), (12 + 1e-9, 6)])
def test_steps_cover_a_recording(duration_s, n_steps):
    assert n_steps_of(duration_s) == n_steps


@pytest.mark.parametrize("name", VIEWS)
def test_the_first_column_is_the_first_centred_at_or_after_a_time(name):
    view = VIEWS[name]
    for start_s in (-295.0, -20.0, -0.5, 0.0, 0.3, 1.0, 2.0, 17.0):
        column = first_column(view, start_s)
        centre_s = column * view.step_s + view.window_s / 2
        assert start_s <= centre_s < start_s + view.step_s
