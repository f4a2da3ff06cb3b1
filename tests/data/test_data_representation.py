import numpy as np
import pytest

from hms_folder import noise
from nasion.config import Signal, Spectrogram
from nasion.data.representation import ReadyMade, represent
from nasion.eeg.formats import open_recording
from nasion.windowing import cut

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
SFREQ = ALL.waveform.sfreq


@pytest.mark.parametrize(("offset_s", "first"), [(0, 0), (6, 3), (40, 20), (1, 0), (-4, -2)])
def test_an_image_begins_with_the_first_column_in_it(offset_s, first):
    columns = np.random.default_rng(0).normal(size=(4, 100, 310)).astype(np.float32)
    image = ReadyMade(1.0, columns).image(float(offset_s), ALL.spectrogram.context)
    assert image.shape == (4, 100, 300)
    inside = np.arange(first, first + 300)
    there = (inside >= 0) & (inside < 310)
    np.testing.assert_array_equal(image[:, :, there], columns[:, :, inside[there]])
    assert np.isnan(image[:, :, ~there]).all()


def test_a_shorter_image_is_the_middle_of_the_ready_made_one():
    columns = np.random.default_rng(0).normal(size=(4, 100, 300)).astype(np.float32)
    shorter = ALL.spectrogram.context.model_copy(update={"span_s": 100.0})
    image = ReadyMade(1.0, columns).image(0.0, shorter)
    np.testing.assert_array_equal(image, columns[:, :, 125:175])


def test_only_the_views_asked_for_are_computed():
    settings = Signal(spectrogram=Spectrogram(views=("centre",)))
    whole = represent(noise(52.0), settings)
    assert set(whole.columns) == set(cut(whole, settings, 0.0).images) == {"centre"}


@pytest.mark.real
def test_views_of_a_real_eeg_are_on_the_scale_of_the_network(real):
    recording = open_recording(real / "hms" / "train_eegs" / "1628180742.parquet")
    whole = represent(recording.signals(), ALL)
    low, high = ((x - 2.0) / 2.0 for x in ALL.spectrogram.log_range)
    for columns in whole.columns.values():
        assert np.isfinite(columns).all()
        assert columns.min() >= low
        assert columns.max() <= high
        assert abs(columns.mean()) < 2
    assert 0.1 < whole.waveform.std() < 10
