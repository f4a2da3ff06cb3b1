"""Faithfulness: a map that is right beats other orders, one that is wrong does not."""

from dataclasses import replace

import numpy as np
import pytest
from explained_scenes import lateralized_segment, small, window_of

from hms_folder import noise, segment, write_hms
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.explanation.explanation import explain_window
from nasion.explanation.faithfulness import (
    OTHERS,
    TESTS,
    evenly_spread,
    faithfulness,
    gains,
    markdown,
    rows,
)
from nasion.hms.segments import load_segments
from nasion.models.ensemble import Ensemble
from nasion.terms import Pattern


@pytest.mark.parametrize("n", [1, 2, 7, 40, 64])
def test_an_even_order_takes_every_piece_once_and_spreads_its_beginning(n):
    order = evenly_spread(n)
    assert sorted(order) == list(range(n))
    if n >= 40:
        gaps = np.diff(sorted(order[: n // 4]))
        assert gaps.max() <= 2 * gaps.min() + 1


@pytest.mark.more
def test_deleting_by_the_map_hurts_more_than_at_random(packaged):
    found = []
    for seed in range(4):
        pattern = (Pattern.LPD, Pattern.LRDA)[seed % 2]
        signals, _ = lateralized_segment(seed, pattern)
        explained = explain_window(packaged, window_of(packaged.fits[0], signals))
        images = {"centre": explained.maps.images["centre"]}  # the others take longest
        explained = replace(explained, maps=replace(explained.maps, images=images))
        found.append(gains(packaged, explained, np.random.default_rng(seed)))
    for against in OTHERS:
        for test in TESTS:
            for part in ("waveform", "centre"):
                assert np.mean([one[part, test, against] for one in found]) > 0


def test_a_map_turned_over_wins_in_one_test_what_it_loses_in_the_other():
    checkpoint = small(1)
    explained = explain_window(Ensemble((checkpoint,)), window_of(checkpoint, noise(10.0)))
    maps = replace(explained.maps, time=-explained.maps.time)
    one, other = (
        gains(Ensemble((checkpoint,)), seen, np.random.default_rng(0))
        for seen in (explained, replace(explained, maps=maps))
    )
    deletion, insertion = (("waveform", test, "random") for test in TESTS)
    # Taking away from the other end is giving back.
    assert one[deletion] == pytest.approx(-other[insertion], abs=1e-9)
    assert one[insertion] == pytest.approx(-other[deletion], abs=1e-9)
    assert one[deletion] != one[insertion]


def test_the_table_has_every_part_test_and_order(tmp_path):
    checkpoint = small()
    folder = write_hms(tmp_path, [segment(1), segment(2)], signals={2: noise(10.0, 2)})
    segments = load_segments(folder)
    store = open_store(segments, checkpoint.experiment.signal, folder / "store")
    dataset = SegmentDataset(segments, store, checkpoint.experiment)
    told = []
    ensemble = Ensemble((checkpoint,))
    found = faithfulness(ensemble, dataset, [0, 1], progress=lambda *step: told.append(step))
    assert told == [(1, 2), (2, 2)]
    keys = {(one.part, one.test, one.against): one for one in found}
    parts = ("waveform", "centre", "window")
    assert set(keys) == {(p, t, a) for p in parts for t in TESTS for a in OTHERS}
    assert {one.part: one.n for one in found} == {"waveform": 2, "centre": 2, "window": 1}
    assert all(one.ci95[0] <= one.gain <= one.ci95[1] for one in found)
    assert found == faithfulness(ensemble, dataset, [0, 1])
    assert len(markdown(found).splitlines()) == 2 + len(parts) * len(TESTS)
    assert len(rows(found)) == len(found)


def test_a_map_with_chains_is_tested_chain_by_chain():
    checkpoint = small(spectrogram={"stack": "repeated"}, modality="spectrogram")
    explained = explain_window(Ensemble((checkpoint,)), window_of(checkpoint, noise(10.0)))
    whole = gains(Ensemble((checkpoint,)), explained, np.random.default_rng(0))
    shared = {view: values.mean(0, keepdims=True) for view, values in explained.maps.images.items()}
    merged = replace(explained, maps=replace(explained.maps, images=shared))
    assert whole != gains(Ensemble((checkpoint,)), merged, np.random.default_rng(0))
    assert {part for part, _, _ in whole} == {"centre"}
