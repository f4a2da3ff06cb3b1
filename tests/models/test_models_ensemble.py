"""An ensemble: fits that belong together, and one rule for what they say together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from exported_models import BIASED, batch_of, checkpoint, ensemble_of
from nasion.calibration import Calibration, Mixture
from nasion.data.augment import mirror
from nasion.errors import NasionError
from nasion.models.ensemble import Ensemble, probabilities
from nasion.models.fusion import Inputs
from nasion.models.graph import mixed
from nasion.windowing import Window, Windows

SIDED = Calibration(1.4, (-0.2, 0.2, 0.1, -0.1, 0.0, 0.0))
MIXTURES = {
    "raw": Mixture((Calibration(),) * 2),
    "each, then mean": Mixture((BIASED, SIDED)),
    "mean, then calibrated": Mixture((Calibration(),) * 2, BIASED),
    "weighted": Mixture((BIASED, Calibration()), SIDED, (0.3, 0.7)),
}


def drawn(n_members=2, n=50, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(6, 0.3), (n_members, n))


@pytest.mark.parametrize("name", MIXTURES)
def test_a_graph_mixes_as_numpy_does(name):
    each, mixture = drawn(), MIXTURES[name]
    in_graph = mixed(list(torch.from_numpy(each)), mixture).numpy()
    np.testing.assert_allclose(mixture.apply(each), in_graph, atol=1e-12)


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_gives_probabilities_and_members_that_agree_are_calibrated(name):
    each, mixture = drawn(), MIXTURES[name]
    np.testing.assert_allclose(mixture.apply(each).sum(1), 1, atol=1e-12)
    alike = replace(mixture, each=mixture.each[:1] * 2)
    agreed = mixture.mean.apply(mixture.each[0].apply(each[0]))
    np.testing.assert_allclose(alike.apply(each[[0, 0]]), agreed, atol=1e-12)


def test_calibrating_each_is_not_calibrating_the_mean():
    fits = ensemble_of("fits").fits
    batch = batch_of(fits[0].experiment.signal)
    own, together = Ensemble(fits), Ensemble(fits, BIASED)
    each = own.each(batch)
    calibrated = [fit.calibration.apply(p) for fit, p in zip(fits, each, strict=True)]
    np.testing.assert_allclose(own.predict(batch), np.mean(calibrated, 0), atol=1e-12)
    np.testing.assert_allclose(together.predict(batch), BIASED.apply(each.mean(0)), atol=1e-12)
    assert np.abs(own.predict(batch) - together.predict(batch)).max() > 1e-2


@pytest.mark.parametrize("changed", [{"signal": "views"}, {"model": "n_features"}])
def test_fits_of_other_signals_or_models_are_not_averaged(changed):
    one = checkpoint("dense")
    ((part, key),) = changed.items()
    settings = getattr(one.experiment, part)
    if part == "signal":
        waveform = settings.waveform.model_copy(update={"clip_uv": 500.0})
        other = settings.model_copy(update={"waveform": waveform})
    else:
        other = settings.model_copy(update={key: 17})
    two = replace(one, experiment=one.experiment.model_copy(update={part: other}))
    with pytest.raises(NasionError, match=f"different {part}s; they cannot be averaged"):
        Ensemble((one, two))
    with pytest.raises(NasionError, match="needs a fit"):
        Ensemble(())


def windows_of(batch):
    """The windows that a batch was stacked from."""
    length = batch.waveform.shape[2] // 25
    waveform = np.where(np.repeat(batch.present > 0, length, 1)[:, None], batch.waveform, np.nan)
    return [
        Window(
            waveform[row],
            {
                view: image[row]
                if batch.image_present[view][row]
                else np.full_like(image[0], np.nan)
                for view, image in batch.images.items()
            },
        )
        for row in range(len(waveform))
    ]


def test_the_mirrored_eeg_is_averaged_in_where_a_fit_tells_sides_apart():
    sided, signal = ensemble_of("fits"), ensemble_of("fits").signal
    windows = windows_of(batch_of(signal))
    batch, other = (
        Windows.of(some, signal) for some in (windows, [mirror(window) for window in windows])
    )
    assert not sided.symmetric
    np.testing.assert_allclose(sided.predict(batch), sided.predict(other), atol=1e-6)
    one_sided = sided.predict(batch, mirror=False)
    assert np.abs(one_sided - sided.predict(other, mirror=False)).max() > 1e-3
    both = [sided.each(given, mirror=False) for given in (batch, other)]
    np.testing.assert_allclose(sided.each(batch), np.mean(both, 0), atol=1e-9)
    symmetric = ensemble_of("dense")
    assert symmetric.symmetric
    np.testing.assert_array_equal(symmetric.predict(batch), symmetric.predict(batch, mirror=False))


def test_an_ensemble_of_one_is_the_fit_that_held_a_fold_out():
    fits = tuple(replace(checkpoint("fits", seed), fold=str(seed)) for seed in range(2))
    ensemble = Ensemble(fits, SIDED)
    batch = batch_of(ensemble.signal)
    alone = ensemble.holding_out(1)
    np.testing.assert_array_equal(alone.predict(batch), BIASED.apply(ensemble.each(batch)[1]))
    with pytest.raises(NasionError, match="no finished fit of fold 2"):
        ensemble.holding_out(2)


def test_predicting_leaves_a_network_in_the_mode_it_was_in():
    one = checkpoint("dense")
    batch = batch_of(one.experiment.signal)
    expected = probabilities(one.net, Inputs.of(batch))
    one.net.train()
    ensemble = Ensemble.of(one.net, one.experiment)
    np.testing.assert_allclose(ensemble.predict(batch), expected, atol=1e-12)
    assert one.net.training
