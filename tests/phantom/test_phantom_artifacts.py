import numpy as np
import pytest

from nasion.phantom.artifacts import SHARES, blinks, contaminate, gaze, muscle
from nasion.phantom.head import POSITIONS, SITES, Head
from nasion.terms import ELECTRODES

HEAD = Head(POSITIONS, 0.65, "Cz", np.ones(len(SITES), np.float32))


def added(artifact, seed, n_times=4000):
    signals = np.random.default_rng(99).normal(0, 1, (19, n_times)).astype(np.float32)
    before = signals.copy()
    artifact(np.random.default_rng(seed), HEAD, signals)
    return signals - before


@pytest.mark.parametrize("artifact", SHARES, ids=lambda artifact: artifact.__name__)
def test_every_artifact_changes_the_signals_and_stays_finite(artifact):
    for n_times in (2000, 10000):
        change = added(artifact, 1, n_times)
        assert change.dtype == np.float32
        assert np.isfinite(change).all()
        assert np.abs(change).max() > 0.5


def test_blinks_are_frontal_and_positive():
    change = added(blinks, 0)
    peak = change.max(1)
    assert {ELECTRODES[i] for i in np.argsort(peak)[-2:]} == {"Fp1", "Fp2"}
    assert peak[ELECTRODES.index("O1")] < 0.1 * peak[ELECTRODES.index("Fp1")]


def test_gaze_has_opposite_signs_at_the_temples():
    change = added(gaze, 0)
    assert np.corrcoef(change[ELECTRODES.index("F7")], change[ELECTRODES.index("F8")])[0, 1] < -0.9


def test_muscle_is_fast():
    change = added(muscle, 0)
    row = change[np.abs(change).max(1).argmax()]
    power = np.abs(np.fft.rfft(row)) ** 2
    frequency = np.fft.rfftfreq(row.size, 1 / 200)
    assert power[frequency > 20].sum() > power[frequency < 8].sum()


def test_no_burden_no_artifact():
    signals = np.zeros((19, 2000), np.float32)
    contaminate(np.random.default_rng(0), HEAD, signals, 0.0)
    assert not signals.any()


def test_more_burden_more_artifact():
    def size(burden):
        total = 0.0
        for seed in range(30):
            signals = np.zeros((19, 2000), np.float32)
            contaminate(np.random.default_rng(seed), HEAD, signals, burden)
            total += (np.abs(signals).max(1) > 5).mean()
        return total

    assert size(3.0) > size(0.5) > 0
