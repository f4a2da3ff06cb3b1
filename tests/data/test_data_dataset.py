from dataclasses import fields, replace

import numpy as np
import pytest

from hms_folder import noise, segment, spectrogram, write_hms
from nasion.config import Augment, Experiment, Signal, Spectrogram, Training
from nasion.data.augment import mirror
from nasion.data.dataset import Batch, SegmentDataset
from nasion.data.store import open_store
from nasion.hms.segments import load_segments
from nasion.terms import MIRRORED_DERIVATIONS

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
ROWS = [
    segment(11, (3, 1, 0, 0, 0, 0), patient_id=1, spectrogram_id=5),
    segment(11, (3, 0, 0, 0, 0, 0), patient_id=1, sub_id=1, offset_s=4.0, spectrogram_id=5),
    segment(12, (0, 4, 0, 4, 0, 1)),
    segment(13, (0, 0, 0, 0, 1, 12)),
    segment(14, (0, 0, 7, 0, 0, 0)),
]
STRONG = Augment(mirror=0.5, drop_channel=0.3, mask=0.5, mixup=0.4, hide_context=0.5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    signals = {11: noise(60.0, 11), 13: noise(10.0, 13), 14: noise(55.0, 14)}
    signals[14][:, 3000:5000] = np.nan
    folder = write_hms(
        tmp_path_factory.mktemp("hms"), ROWS, signals=signals, spectrograms={5: spectrogram(304)}
    )
    segments = load_segments(folder)
    store = open_store(segments, ALL, folder / "store")
    return SegmentDataset(segments, store, Experiment(signal=ALL, augment=STRONG))


def arrays(batch: Batch) -> dict[str, np.ndarray]:
    found = {}
    for field in fields(batch):
        value = getattr(batch, field.name)
        parts = value.items() if field.name.startswith("image") else [("", value)]
        found |= {f"{field.name} {name}": part for name, part in parts}
    return found


def same(one: Batch, other: Batch) -> bool:
    theirs = arrays(other)
    return all(np.array_equal(array, theirs[name]) for name, array in arrays(one).items())


def with_augment(dataset: SegmentDataset, **changes: float) -> SegmentDataset:
    augment = STRONG.model_copy(update=changes)
    experiment = dataset.experiment.model_copy(update={"augment": augment})
    return replace(dataset, experiment=experiment, epoch=0)


@pytest.mark.parametrize("epoch", [-1, 0, 1, 2])
@pytest.mark.parametrize("mirrored", [False, True])
def test_everything_is_finite_float32_of_the_shapes_told(dataset, epoch, mirrored):
    batch = replace(dataset, epoch=epoch, mirrored=mirrored).batch(range(5))
    for name, array in arrays(batch).items():
        assert array.dtype == np.float32, name
        assert np.isfinite(array).all(), name
        assert len(array) == 5
    assert batch.waveform.shape == (5, 18, 2500)
    assert batch.present.shape == (5, 25)
    assert {name: image.shape for name, image in batch.images.items()} == {
        "centre": (5, 4, 50, 80),
        "window": (5, 4, 50, 100),
        "context": (5, 4, 100, 300),
    }
    np.testing.assert_allclose(batch.target.sum(axis=1), 1, rtol=1e-6)


def test_seed_epoch_and_row_decide_everything(dataset):
    rows = [3, 0, 4]
    first = replace(dataset, epoch=2).batch(rows)
    assert same(replace(dataset, epoch=2).batch(rows), first)
    assert not same(replace(dataset, epoch=3).batch(rows), first)
    other = dataset.experiment.model_copy(update={"seed": 1})
    assert not same(replace(dataset, epoch=2, experiment=other).batch(rows), first)


def test_draws_of_a_row_do_not_depend_on_the_other_rows(dataset):
    alone = with_augment(dataset, mixup=0.0, hide_context=0.0)
    some = replace(alone, segments=alone.segments.subset(np.array([2, 4])))
    whole, part = alone.batch([0, 4, 2]), some.batch([1, 0])
    for name, array in arrays(part).items():
        np.testing.assert_array_equal(array, arrays(whole)[name][1:], err_msg=name)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_batch_of_one_is_that_row_of_a_batch_of_many(dataset, mirrored):
    given = replace(dataset, mirrored=mirrored)
    many = arrays(given.batch(range(5)))
    for row in range(5):
        for name, array in arrays(given.batch([row])).items():
            np.testing.assert_array_equal(array[0], many[name][row], err_msg=name)


def test_without_an_epoch_nothing_is_augmented(dataset):
    batch = dataset.batch([1])
    rows = list(dataset.segments.table.itertuples(index=False))
    window = dataset.store.window(rows[1])
    np.testing.assert_array_equal(batch.waveform[0], window.waveform)
    for name, image in window.images.items():
        np.testing.assert_array_equal(batch.images[name][0], image)
    np.testing.assert_allclose(batch.target[0], [1, 0, 0, 0, 0, 0])


def test_the_mirrored_data_set_is_the_mirror(dataset):
    plain, mirrored = dataset.batch(range(5)), replace(dataset, mirrored=True).batch(range(5))
    np.testing.assert_array_equal(mirrored.waveform, plain.waveform[:, MIRRORED_DERIVATIONS])
    for name, image in plain.images.items():
        np.testing.assert_array_equal(mirrored.images[name], image[:, ::-1])
    for name in ("present", "target", "weight"):
        np.testing.assert_array_equal(getattr(mirrored, name), getattr(plain, name))


def test_present_is_the_share_of_signal_in_two_seconds(dataset):
    present = dataset.batch(range(5)).present
    np.testing.assert_array_equal(present[:3], 1)
    blocks = np.arange(25)
    np.testing.assert_array_equal(present[3], (blocks >= 10) & (blocks < 15))
    lost_s = np.clip(np.minimum(2 * blocks + 2, 25) - np.maximum(2 * blocks, 15), 0, 2)
    np.testing.assert_allclose(present[4], 1 - lost_s / 2)


def test_what_is_missing_is_zero(dataset):
    batch = dataset.batch([3])
    assert not batch.waveform[0, :, :1000].any()
    assert not batch.waveform[0, :, 1500:].any()
    assert batch.waveform[0, :, 1000:1500].all(axis=0).mean() > 0.9
    assert not batch.images["window"][0, :, :, :42].any()


def test_without_labels_targets_are_uniform(dataset, tmp_path):
    folder = write_hms(
        tmp_path, [{"spectrogram_id": -1, "eeg_id": 11, "patient_id": 1}], part="test"
    )
    segments = load_segments(folder)
    unlabelled = replace(
        dataset, segments=segments, store=open_store(segments, ALL, tmp_path / "store")
    )
    batch = unlabelled.batch([0])
    np.testing.assert_allclose(batch.target, 1 / 6)
    np.testing.assert_array_equal(batch.weight, 1)


def test_votes_weigh_by_the_logarithm_of_their_number(dataset):
    np.testing.assert_array_equal(dataset.batch(range(5)).weight, 1)
    voted = dataset.experiment.model_copy(update={"training": Training(weighting="votes")})
    batch = replace(dataset, experiment=voted).batch([4, 2, 0])
    np.testing.assert_allclose(batch.weight, np.log1p([7, 9, 4]), rtol=1e-6)


def test_targets_stay_with_their_rows(dataset):
    expected = np.array([row["lpd_vote"] for row in ROWS]) / [4, 3, 9, 13, 7]
    for epoch in (-1, 0):
        given = replace(with_augment(dataset, mixup=0.0), epoch=epoch)
        np.testing.assert_allclose(given.batch([4, 2, 0]).target[:, 1], expected[[4, 2, 0]])


def test_the_context_is_hidden_from_a_whole_batch_or_none(dataset):
    shown = with_augment(dataset, hide_context=0.0, mask=0.0, mixup=0.0, shift_s=0.0)
    batch = shown.batch([0, 1, 2])
    assert batch.image_present["context"].sum() == 2  # 52 s are no 10 minutes
    assert batch.waveform[:, :, :1000].any(axis=(1, 2)).all()
    hidden = with_augment(dataset, hide_context=1.0, mask=0.0, mixup=0.0, shift_s=0.0)
    spans = set()
    for epoch in range(12):
        batch = replace(hidden, epoch=epoch).batch([0, 1, 2])
        assert not batch.image_present["context"].any()
        assert batch.waveform[:, :, 1000:1500].any(axis=(1, 2)).all()
        there = batch.waveform.any(axis=1).sum(axis=1)
        assert len(set(there)) == 1  # all rows alike
        spans.add(int(there[0]))
    assert min(spans) == 500
    assert len(spans) > 2


def test_mixing_mixes_signal_and_target_alike(dataset):
    given = with_augment(
        dataset, mirror=0.0, shift_s=0.0, drop_channel=0.0, amplitude=0.0, mask=0.0, mixup=1.0,
        hide_context=0.0,
    )  # fmt: skip
    plain = dataset.batch(range(5))
    mixed = 0
    for epoch in range(6):
        batch = replace(given, epoch=epoch).batch([0])
        # The one partner and share that explain the target explain the waveform.
        for partner in (2, 4):
            share = _share(batch.target[0], plain.target[0], plain.target[partner])
            if share is None:
                continue
            expected = share * plain.waveform[0] + (1 - share) * plain.waveform[partner]
            there = plain.waveform[partner] != 0
            np.testing.assert_allclose(batch.waveform[0][there], expected[there], atol=1e-4)
            mixed += 1
    assert mixed > 0


def test_a_mixed_row_stays_as_long_as_it_is(dataset):
    given = with_augment(dataset, shift_s=0.0, mask=0.0, mixup=0.5, hide_context=0.0)
    plain = dataset.batch(range(5))
    for epoch in range(10):
        batch = replace(given, epoch=epoch).batch(range(5))
        np.testing.assert_array_equal(batch.present > 0, plain.present > 0)
        for name, there in plain.image_present.items():
            np.testing.assert_array_equal(batch.image_present[name], there)


def _share(target, one, other):
    """The share of `one` that makes `target` with `other`; None where no share does."""
    difference = one - other
    share = float((target - other) @ difference / (difference @ difference))
    fits = np.allclose(share * one + (1 - share) * other, target, atol=1e-6)
    return share if fits and 0 < share < 0.999 else None


def test_short_rows_are_known(dataset):
    assert dataset.short.tolist() == [False, False, False, True, False]
    assert len(dataset) == 5


def test_a_window_mirrored_in_the_store_is_the_mirrored_batch(dataset):
    rows = list(dataset.segments.table.itertuples(index=False))
    window = mirror(dataset.store.window(rows[0]))
    batch = replace(dataset, mirrored=True).batch([0])
    np.testing.assert_array_equal(batch.waveform[0], window.waveform)
