"""A classifier as scikit-learn knows them, on arrays of EEG."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.utils import estimator_checks
from sklearn.utils.validation import NotFittedError

import nasion
from hms_folder import noise
from nasion.errors import NasionError
from nasion.terms import PATTERNS

TINY = {
    "training.epochs": 1,
    "training.batch_size": 4,
    "model.n_features": 8,
    "model.wavenet.layers": [2],
    "model.wavenet.channels": [4],
    "signal.spectrogram.views": ["centre"],
}
# Checks of scikit-learn that need no table of two dimensions, nor labels that are no patterns.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


def arrays(n, duration_s=10.0):
    return np.stack([noise(duration_s, seed=k)[:19] for k in range(n)])


def names(n):
    return np.array([str(PATTERNS[k % 3]) for k in range(n)])


@pytest.fixture(scope="module")
def fitted():
    return nasion.NasionClassifier(settings=TINY).fit(arrays(9), names(9))


def test_probabilities_are_of_the_classes_and_sum_to_one(fitted):
    chances = fitted.predict_proba(arrays(4))
    assert list(fitted.classes_) == sorted(set(names(9)))
    assert chances.shape == (4, 3)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-6)
    assert (fitted.predict(arrays(4)) == fitted.classes_[chances.argmax(1)]).all()
    assert fitted.n_features_in_ == 19


def test_the_same_seed_learns_the_same(fitted):
    again = clone(fitted).fit(arrays(9), names(9))
    np.testing.assert_array_equal(again.predict_proba(arrays(2)), fitted.predict_proba(arrays(2)))


def test_votes_are_learned_as_names_are(fitted):
    votes = np.array([[pattern == name for pattern in PATTERNS] for name in names(9)], int)
    again = clone(fitted).fit(arrays(9), votes)
    np.testing.assert_array_equal(again.predict_proba(arrays(2)), fitted.predict_proba(arrays(2)))


@pytest.mark.more
def test_folds_of_patients_become_a_mean(fitted):
    several = clone(fitted).set_params(n_folds=2)
    several.fit(arrays(9), names(9), groups=np.repeat(["a", "b", "c"], 3))
    assert len(several.model_.predictor.fits) == 2
    assert several.predict_proba(arrays(2)).shape == (2, 3)


@pytest.mark.more
def test_it_is_cross_validated_by_scikit_learn(fitted):
    groups = np.repeat([0, 1, 2], 3)
    predicted = cross_val_predict(
        clone(fitted), arrays(9), names(9), groups=groups, cv=GroupKFold(3)
    )
    assert set(predicted) <= set(names(9))


@pytest.mark.parametrize(
    ("X", "y", "groups", "message"),
    [
        (arrays(3)[0], names(3), None, "n_chans"),
        (arrays(3), names(2), None, "y has 2"),
        (arrays(3), ["lpd", "gpd", "spike"], None, "'spike' is none of"),
        (arrays(3), np.full((3, 6), 0.5), None, "whole numbers"),
        (arrays(3), np.zeros((3, 6)), None, "no vote"),
        (arrays(3), names(3), [1], "groups"),
        (arrays(3, 4.0), names(3), None, "10 to 50 s"),
    ],
)
def test_what_can_not_be_learned_is_one_line(X, y, groups, message):
    with pytest.raises(NasionError, match=message):
        nasion.NasionClassifier(settings=TINY).fit(X, y, groups)


def test_it_predicts_nothing_before_it_is_fitted():
    with pytest.raises(NotFittedError):
        nasion.NasionClassifier().predict(arrays(1))


def test_its_tags_ask_for_three_dimensions():
    tags = nasion.NasionClassifier().__sklearn_tags__()
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.two_d_array
    assert tags.estimator_type == "classifier"


@pytest.mark.more
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("check", CHECKS)
def test_checks_of_scikit_learn_pass(check):
    run = getattr(estimator_checks, check)
    given = nasion.NasionClassifier(settings=TINY)
    first = next(iter(inspect.signature(run).parameters))
    assert first == "name"
    run("NasionClassifier", given)
