"""What a model says of itself: written as it was read, and refused where it is not all there."""

import json

import pytest

from abouts import V1, about, measured
from nasion.contract import PACKAGED_MODEL, About
from nasion.errors import NasionError
from nasion.network import Network
from nasion.provenance import Provenance, Source
from nasion.simulation import Simulation
from nasion.terms import DERIVATION_NAMES, PATTERNS


def test_what_schema_1_wrote_opens_and_is_written_as_it_was():
    assert json.dumps(about().as_dict()) == json.dumps(V1)
    assert (about().licence, about().accuracy) == ("", {})
    assert about().ages_years == (18.0, 120.0)


def test_the_packaged_model_opens():
    assert PACKAGED_MODEL.is_file()
    assert set(Network.open().about.patterns) == set(PATTERNS)


def test_what_is_stated_comes_back():
    stated = about(
        licence="Apache-2.0",
        ages_years=[0.0, 18.0],
        accuracy={"10-20": measured(), "below the hairline": measured(electrodes=10)},
    )
    assert stated.ages_years == (0.0, 18.0)
    assert About.from_dict(stated.as_dict(), "a test") == stated
    assert stated.as_dict()["licence"] == "Apache-2.0"
    assert about(said_by_a_later_nasion=1) == about()


def test_whom_it_learned_from_comes_back_and_stays_out_of_its_readings():
    source = Source.of([("ab" * 32, 1), ("cd" * 32, 2)], {1: 0, 2: 1})
    provenance = Provenance((source,), (Simulation(7, ((1, 100),)),))
    stated = about(learned_from={**V1["learned_from"], "provenance": provenance.as_dict()})
    assert stated.learned_from.provenance == provenance
    assert About.from_json(json.dumps(stated.as_dict()), "a test") == stated
    assert stated.without_provenance == about()
    assert stated.identity == about().identity


@pytest.mark.parametrize("key", ["weights", "experiment", "calibration"])
def test_what_changes_predictions_changes_the_identity(key):
    assert about(**{key: "other"}).identity != about().identity


def test_what_changes_no_prediction_leaves_the_identity():
    other = about(
        name="other",
        labels="",
        licence="CC0-1.0",
        ages_years=[0.0, 1.0],
        accuracy={"10-20": measured()},
        nasion="9.9",
        torch="9",
        patterns=V1["patterns"][::-1],
    )
    assert other.identity == about().identity
    assert other.title == f"other ({about().identity})"


@pytest.mark.parametrize("key", sorted({*V1} - {"schema"}))
def test_a_key_that_is_missing_is_named(key):
    with pytest.raises(NasionError, match=rf"^m\.onnx: .*{key}.*; export it anew$"):
        About.from_dict({name: value for name, value in V1.items() if name != key}, "m.onnx")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "schema 99, this nasion reads 1"),
        ({"fits": "many"}, "'fits'"),
        ({"signal": {**V1["signal"], "smell": 1}}, "unknown key 'signal.smell'"),
        ({"accuracy": {"10-20": 80.3}}, "'accuracy.10-20'"),
        ({"accuracy": {"10-20": measured(accuracy=80.3)}}, "'accuracy.10-20.accuracy'"),
        ({"accuracy": {"10-20": measured(kind="hat")}}, "'accuracy.10-20.kind'"),
        ({"ages_years": [18.0, 18.0]}, "'ages_years'"),
        ({"ages_years": [-1.0, 18.0]}, "'ages_years'"),
        ({"learned_from": {**V1["learned_from"], "provenance": {}}}, "'learned_from.provenance'"),
        ({"patterns": [*PATTERNS[:5], "burst"]}, "'burst' is not known here"),
        ({"patterns": PATTERNS[:5]}, "needs other once"),
        ({"derivations": [*DERIVATION_NAMES, "Fp1-F7"]}, "needs Fp1-F7 once"),
        ({"derivations": ["F7-Fp1", *DERIVATION_NAMES[1:]]}, "'F7-Fp1' is not known here"),
        ({"spectrogram_chains": ["LL", "LP", "Z", "RL"]}, "'Z' is not known here"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change, words):
    with pytest.raises(NasionError, match=words) as caught:
        About.from_dict({**V1, **change}, "m.onnx", fix="do so")
    assert str(caught.value).startswith("m.onnx: ")
    assert str(caught.value).endswith("; do so")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, [], "nasion"])
def test_what_is_no_description_is_refused(content):
    with pytest.raises(NasionError, match=r"^m\.onnx: .*; export it anew$"):
        About.from_dict(content, "m.onnx")
    with pytest.raises(NasionError, match=r"^m\.onnx: "):
        About.from_json("{", "m.onnx")
