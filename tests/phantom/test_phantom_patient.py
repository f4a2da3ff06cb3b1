from dataclasses import replace

import numpy as np
import pytest

from nasion.phantom.background import KINDS, Background
from nasion.phantom.head import Head
from nasion.phantom.patient import PROPORTIONS, Patient, draw_pattern, segment
from nasion.terms import COLUMNS, ELECTRODES, MIRRORED_COLUMNS, PATTERNS, Pattern

SEEDS = range(20)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("duration_s", [10.0, 50.0])
def test_signals_are_twenty_channels_in_microvolts(pattern, duration_s):
    for seed in range(3):
        one = segment(np.random.default_rng(seed), pattern, duration_s=duration_s)
        assert one.signals.shape == (len(COLUMNS), round(duration_s * 200))
        assert one.signals.dtype == np.float32
        assert np.isfinite(one.signals).all()
        assert 1 <= one.votes.sum() <= 28
        assert one.belief.sum() == pytest.approx(1)
        assert one.span.centre_s == duration_s / 2


def test_the_same_seed_gives_the_same_segment():
    first = segment(np.random.default_rng((1, 2)), Pattern.LPD)
    second = segment(np.random.default_rng((1, 2)), Pattern.LPD)
    assert first.signals.tobytes() == second.signals.tobytes()
    assert (first.votes == second.votes).all()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_mirrored_patient_has_the_sides_swapped(pattern):
    patient = Patient.draw(np.random.default_rng(4))
    one = replace(patient, mirrored=False).record(np.random.default_rng(5), pattern)
    two = replace(patient, mirrored=True).record(np.random.default_rng(5), pattern)
    assert (one.signals[MIRRORED_COLUMNS] == two.signals).all()
    assert (one.votes == two.votes).all()


def test_half_of_the_patients_are_mirrored():
    mirrored = [Patient.draw(np.random.default_rng(seed)).mirrored for seed in range(300)]
    assert abs(np.mean(mirrored) - 0.5) < 0.1


def test_amplitudes_are_those_of_scalp_eeg():
    sizes = []
    for pattern in PATTERNS:
        for seed in range(10):
            signals = segment(np.random.default_rng(seed), pattern).signals
            row = signals[ELECTRODES.index("Cz")] - signals[ELECTRODES.index("Pz")]
            sizes.append(row.std())
    assert 4 < np.median(sizes) < 40


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_panel_mostly_sees_what_was_planted(pattern):
    seen = [segment(np.random.default_rng(seed), pattern, duration_s=10.0) for seed in range(40)]
    shares = np.mean([one.belief for one in seen], axis=0)
    assert PATTERNS[int(shares.argmax())] is pattern
    agree = [PATTERNS[int(one.belief.argmax())] is pattern for one in seen]
    assert np.mean(agree) > 0.5


def test_raters_disagree_as_much_as_experts_do():
    entropies = []
    for seed in range(150):
        rng = np.random.default_rng((8, seed))
        one = segment(rng, draw_pattern(rng), duration_s=10.0, n_votes=14)
        share = one.votes[one.votes > 0] / one.votes.sum()
        entropies.append(-(share * np.log(share)).sum())
    # HMS with ten votes or more: 0.65 nats, one row a stationary period.
    assert 0.45 < np.mean(entropies) < 0.85


def test_patterns_are_drawn_in_their_proportions():
    rng = np.random.default_rng(0)
    drawn = [draw_pattern(rng) for _ in range(3000)]
    for pattern, share in PROPORTIONS.items():
        assert abs(drawn.count(pattern) / 3000 - share) < 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_backgrounds_have_the_traits_of_their_kind(kind):
    spectra, quiet = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        scalp = Background.draw(rng, kind).potential(rng, Head.draw(rng), 10000)
        o1 = scalp[ELECTRODES.index("O1")]
        power = np.abs(np.fft.rfft(o1)) ** 2
        frequency = np.fft.rfftfreq(o1.size, 1 / 200)
        alpha = power[(frequency > 7.5) & (frequency < 12)].sum()
        spectra.append(alpha / power[(frequency > 1) & (frequency < 30)].sum())
        pieces = o1.reshape(50, 200).std(1)
        quiet.append(np.quantile(pieces, 0.9) / np.quantile(pieces, 0.1))
    if kind == "awake":
        assert np.median(spectra) > 0.15
    if kind == "burst-suppression":
        assert np.median(quiet) > 3
    if kind == "suppressed":
        assert o1.std() < 15


def test_background_slows_beside_a_seizure_free_record():
    awake = Background.draw(np.random.default_rng(1), "awake")
    assert awake.suppression == 1.0
    assert awake.alpha_uv > 0
