"""Patients on recorded backgrounds: what they stand on says nothing of what is planted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from nasion.errors import NasionError
from nasion.phantom.cohort import Plan, made_eegs
from nasion.phantom.patient import PROPORTIONS, Patient, Segment
from nasion.phantom.recorded import Take, drawn_lender
from nasion.terms import ELECTRODES, MIRROR, Pattern
from recordings_lent import lender

PEOPLE = (*(lender(number, 100.0, 90.0) for number in range(6)), lender(9, 15.0))
PLAN = Plan(5, 2, 0.5, 0.0, recorded_share=0.5, lenders=PEOPLE)


@pytest.fixture
def seen(monkeypatch):
    """What `Patient.record` is asked for, without making it."""
    calls = []

    def record(self, rng, pattern, *, duration_s, span, n_votes, recorded):
        calls.append((pattern, duration_s, recorded))
        return Segment(np.empty((20, 0)), np.zeros(6, np.int64), np.zeros(6), pattern, span)

    monkeypatch.setattr(Patient, "record", record)
    return calls


@pytest.fixture
def unfiltered(monkeypatch):
    """Backgrounds at no cost."""

    def potential(self, rng, shown_s, duration_s):
        assert shown_s <= duration_s
        assert shown_s + 0.5 <= max(self.lender.lengths_s) * 0.95
        return np.zeros((23, round(duration_s * 200)), np.float32)

    monkeypatch.setattr(Take, "potential", potential)


def asked(plan, seen, n_patients):
    """Pattern, shape, whether the background is real, and whose, of each EEG."""
    rows = []
    for number in range(n_patients):
        for eeg in made_eegs(plan, number):
            pattern, duration_s, recorded = seen[-1]
            assert (recorded is None) == (eeg.patient_id is None)
            if recorded is not None:
                assert recorded.shape == (23, round(duration_s * 200))
                assert np.isfinite(recorded).all()
            seen.clear()
            rows.append((pattern, eeg.shape, recorded is not None, eeg.patient_id))
    return rows


def assert_unrelated(pairs):
    """No table of two things may be so uneven by chance, but in one of 10,000."""
    first, second = zip(*pairs, strict=True)
    names = sorted(set(first)), sorted(set(second))
    counts = Counter(zip(first, second, strict=True))
    table = [[counts[a, b] for b in names[1]] for a in names[0]]
    assert chi2_contingency(table).pvalue > 1e-4, table


def test_pattern_length_and_whose_background_have_nothing_to_do_with_each_other(seen, unfiltered):
    rows = asked(PLAN, seen, 400)
    lengths = [str(min(shape.shown_s, 60.0)) for _, shape, _, _ in rows]
    real = [str(is_real) for _, _, is_real, _ in rows]
    patterns = [str(pattern) for pattern, _, _, _ in rows]
    assert 0.4 < real.count("True") / len(real) < 0.6
    assert_unrelated(zip(patterns, real, strict=True))
    assert_unrelated(zip(lengths, real, strict=True))
    assert_unrelated(zip(patterns, lengths, strict=True))
    lent = [(str(p), str(who)) for p, _, _, who in rows if who is not None]
    assert_unrelated(lent)
    assert len({who for _, who in lent}) == len(PEOPLE)


def test_the_same_seed_lends_the_same_whatever_is_planted(seen):
    plans = [
        replace(PLAN, recorded_share=1.0, context_share=0.5, proportions={pattern: 1.0})
        for pattern in (Pattern.GPD, Pattern.OTHER)
    ]
    for number in range(6):
        first = []
        for plan in plans:
            next(made_eegs(plan, number))
            first.append(seen[-1][2])
        np.testing.assert_array_equal(*first)


def test_everybody_lends_about_as_often():
    rng = np.random.default_rng(0)
    short_patients = 0.3
    counts = Counter(
        drawn_lender(
            rng, PEOPLE, short=rng.random() < short_patients, short_patients=short_patients
        ).patient_id
        for _ in range(2000)
    )
    assert min(counts.values()) > 0.7 * max(counts.values())
    whole = [drawn_lender(rng, PEOPLE, short=False, short_patients=0.3) for _ in range(200)]
    assert all(one.lends_long for one in whole)


def as_it_is(one):
    return Take(one, 1.0, 100, False, 1e-4, None)


def best_place(recording, piece):
    """Where in a recording a piece is found, and how alike they are there."""
    spectrum = np.fft.rfft(recording, recording.size + piece.size)
    other = np.fft.rfft(piece, recording.size + piece.size)
    likeness = np.fft.irfft(spectrum * other.conj())[: recording.size - piece.size + 1]
    place = int(likeness.argmax())
    return place, float(np.corrcoef(recording[place : place + piece.size], piece)[0, 1])


@pytest.mark.parametrize("duration_s", [50.0, 602.0])
def test_what_is_shown_is_one_piece_forwards_whatever_is_around(duration_s):
    one = PEOPLE[0]
    take = replace(as_it_is(one), highpass_hz=0.1)
    total = take.potential(np.random.default_rng(1), 50.0, duration_s)
    assert total.shape == (23, duration_s * 200)
    start = round((duration_s - 50) * 100)
    shown = total[3, start : start + 10_000].astype(float)
    found = [best_place(recording[3].astype(float), shown) for recording in one.read()]
    assert max(likeness for _, likeness in found) > 0.99
    # Noise of one size stays so where recordings are faded into each other.
    by_half_second = total[:19].reshape(19, -1, 100).std((0, 2))
    assert by_half_second.min() > 15
    assert by_half_second.max() < 25


def test_sides_are_swapped_as_sides():
    one = PEOPLE[0]
    usual, swapped = (
        replace(as_it_is(one), flipped=flipped).potential(np.random.default_rng(2), 10.0, 10.0)
        for flipped in (False, True)
    )
    for row, name in enumerate(ELECTRODES):
        np.testing.assert_array_equal(swapped[row], usual[ELECTRODES.index(MIRROR[name])])


def test_offsets_of_a_recording_are_taken_away_as_an_amplifier_does():
    one = lender(1, 100.0)
    far = replace(one, read=lambda: tuple(r + 5000 for r in one.read()))
    take = replace(as_it_is(far), highpass_hz=0.3)
    assert abs(take.potential(np.random.default_rng(0), 50.0, 50.0)[:19].mean()) < 5


def test_a_pattern_is_planted_on_what_was_lent_and_voted_on():
    quiet = lender(2, 100.0)
    small = replace(quiet, read=lambda: tuple(r / 10 for r in quiet.read()))
    plan = Plan(
        1,
        1,
        1.0,
        proportions={Pattern.GPD: 1.0},
        recorded_share=1.0,
        lenders=(small,),
    )
    eegs = [eeg for number in range(6) for eeg in made_eegs(plan, number)]
    votes = sum(eeg.segment.votes for eeg in eegs)
    assert votes[2] > 0.5 * votes.sum()
    same = next(made_eegs(plan, 0))
    np.testing.assert_array_equal(same.signals, eegs[0].signals)


def test_simulated_patients_stay_who_they_are_beside_those_on_recordings():
    without = replace(PLAN, recorded_share=0.0, segments_per_patient=1, short_share=1.0)
    with_lent = replace(without, recorded_share=0.5)
    kept = 0
    for number in range(6):
        before, now = (next(made_eegs(plan, number)) for plan in (without, with_lent))
        if now.patient_id is None:
            np.testing.assert_array_equal(before.signals, now.signals)
            kept += 1
    assert 0 < kept < 6


@pytest.mark.parametrize(
    "change",
    [
        {"recorded_share": 1.5},
        {"recorded_share": 0.6, "stay_share": 0.6},
        {"lenders": ()},
        {"lenders": (lender(9, 15.0),)},
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(change):
    with pytest.raises(NasionError, match="a cohort: "):
        replace(PLAN, **change)


def test_proportions_are_those_of_everybody(seen, unfiltered):
    rows = asked(replace(PLAN, recorded_share=1.0), seen, 200)
    shares = Counter(pattern for pattern, _, _, _ in rows)
    for pattern, share in PROPORTIONS.items():
        assert abs(shares[pattern] / len(rows) - share) < 0.09
