"""What an exported model is: its file, the names of its inputs and outputs, and what it says.

One ONNX file holds all fits of a run, their calibration and their maps, for onnxruntime alone:
`models.export` writes it, `network` runs it.

inputs
    waveform         (batch, 18, time), time whole blocks of 2 s, 0 where missing: windows of 25
                     blocks, or as much of a recording as one likes where the model is `dense`;
                     rows as `About.derivations`
    window_blocks    (n, 25) int64: places of a window's blocks among all batch * blocks
    present          (n, 25): share of signal in each of them; below .5 it does not count
    explain          (k,) int64: windows to make maps of; k may be 0
    image_V          (m, 4, n_freqs, n_columns) for each view V, 0 where missing; chains as
                     `About.spectrogram_chains`
    known_V          (j, width): what `embedding_V` gave of images before; none if it is not given
    image_V_of       (n,) int64: the image of each window, a row of image_V or, counted on after
                     its last, of known_V; of image_V where the window is to be explained
    image_V_present  (n,): 1 where the window has that view
outputs
    probability      (n, 6): calibrated, mean over fits and, where a network tells sides apart,
                     over the mirrored EEG; columns as `About.patterns`
    waveform_map     (k, 6, 25 * block_length): raw Grad-CAM of the final logit of each pattern,
                     before ReLU; 0 where the network does not look
    map_V            (k, 6, height, width): raw HiResCAM over a view, on the grid of the feature
                     maps (interpolate bilinearly); 0 where the window has no such view
    embedding_V      (m, width): what the backbone says of each image

A modality that the model lacks leaves out its inputs and outputs, a map without closed form its
output. The key `nasion` of the file's metadata is JSON: `About.as_dict`.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, field_validator

from nasion.accuracy import Measured, whole
from nasion.alarms import Curve
from nasion.config import Signal
from nasion.errors import NasionError
from nasion.loading import of_schema, sound
from nasion.provenance import Provenance
from nasion.settings import Before, Settings, as_before, checked, unsaid
from nasion.terms import ADULTS, DERIVATION_NAMES, PATTERNS, SPECTROGRAM_CHAINS
from nasion.windowing import Windows

SCHEMA = 1
KEY = "nasion"  # of the file's metadata
FILE_NAME = "model.onnx"
PRETRAINED = "model.safetensors"  # of one fit, as model hubs lay it out
PACKAGED = Path(__file__).with_name("weights")  # a RUN; by name `phantom`, see `catalogue`
PACKAGED_MODEL = PACKAGED / FILE_NAME

WAVEFORM, WINDOW_BLOCKS, PRESENT, EXPLAIN = "waveform", "window_blocks", "present", "explain"
IMAGE, KNOWN = "image_{}", "known_{}"  # of a view
IMAGE_OF, IMAGE_PRESENT = "image_{}_of", "image_{}_present"
PROBABILITY, WAVEFORM_MAP = "probability", "waveform_map"
IMAGE_MAP, EMBEDDING = "map_{}", "embedding_{}"
_NONCOMMERCIAL = re.compile(r"\bNC\b|non-?commercial", re.IGNORECASE)  # names of licences


def _provenance(content: Any) -> Provenance | None:
    if content is None or isinstance(content, Provenance):
        return content
    try:
        return Provenance.from_dict(content, FILE_NAME)
    except NasionError as error:
        raise ValueError(str(error).removeprefix(f"{FILE_NAME}: ")) from None


class Predictor(Protocol):
    """What predicts, by PyTorch (`models.ensemble.Ensemble`) or without it (`network.Network`)."""

    @property
    def signal(self) -> Signal:
        """How windows are to be prepared."""

    def predict(self, windows: Windows, *, mirror: bool = True) -> NDArray[np.float64]:
        """Calibrated probabilities of windows, (n, 6) as `terms.PATTERNS`; rows sum to 1.

        `mirror` averages with the mirrored EEG where the model tells sides apart.
        """


class LearnedFrom(Settings):
    """What the weights learned from.

    Attributes
    ----------
    own_data
        Whether labelled EEG of one's own was among it, where the run still tells.
    simulated_patients, epochs
        How many.
    provenance
        Hashes of patients and EEGs, and seeds; None where not stated.
    """

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    own_data: bool
    simulated_patients: int = Field(ge=0)
    epochs: int = Field(ge=0)
    provenance: Annotated[
        Provenance | None,
        PlainValidator(_provenance),
        PlainSerializer(lambda value: value and value.as_dict()),
    ] = None


class About(Settings):
    """What a model says of itself, wherever its predictions go.

    Attributes
    ----------
    nasion, opset, torch
        Versions that exported it.
    patterns, derivations, spectrogram_chains
        Names of what the model gives and takes, in its own order.
    signal
        How EEG is prepared for it.
    modality, waveform, backbone, stack
        Which networks it is made of, as in the settings.
    views
        Images that it takes.
    block_length
        Samples of the waveform in a block of 2 s.
    dense
        Whether windows may share blocks of a longer waveform.
    least_blocks
        Of a row of the waveform.
    symmetric
        Whether the mirrored EEG gives the same by construction.
    maps
        What it can explain: ``waveform`` and views.
    tiled
        Whether maps of images stand for four chains.
    fits
        How many are averaged.
    experiment, weights
        Fingerprints of the settings and of the numbers.
    calibration
        In words.
    name, labels
        What it is called; fingerprint of the labels learned from, empty where not stated.
    licence
        Of the weights, as SPDX writes it; empty where not stated.
    ages_years
        Of patients that the weights were made for: the lowest, and the one below which they were;
        adults where a file does not say.
    accuracy
        What was measured, by the name of the montage; empty where nothing was.
    alarms
        False events a day by threshold; None where nothing was measured.
    """

    model_config = ConfigDict(extra="ignore")  # a later nasion may say more

    nasion: str
    patterns: tuple[str, ...]
    derivations: tuple[str, ...]
    spectrogram_chains: tuple[str, ...]
    signal: Signal
    modality: str
    waveform: str
    backbone: str
    stack: str
    views: tuple[str, ...]
    block_length: int = Field(ge=1)
    dense: bool
    least_blocks: int = Field(ge=1)
    symmetric: bool
    maps: tuple[str, ...]
    tiled: bool
    fits: int = Field(ge=1)
    experiment: str
    weights: str
    learned_from: LearnedFrom
    calibration: str
    opset: int
    torch: str
    name: str
    labels: str
    licence: str = ""
    ages_years: Annotated[tuple[float, float], Before(ADULTS)] = ADULTS
    accuracy: dict[str, Measured] = Field(default_factory=dict)
    alarms: Curve | None = None

    @field_validator("patterns")
    @classmethod
    def _patterns(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _of_all(names, PATTERNS)

    @field_validator("derivations")
    @classmethod
    def _derivations(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _of_all(names, DERIVATION_NAMES)

    @field_validator("spectrogram_chains")
    @classmethod
    def _chains(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _of_all(names, SPECTROGRAM_CHAINS)

    @field_validator("ages_years")
    @classmethod
    def _ages(cls, ages: tuple[float, float]) -> tuple[float, float]:
        least, below = ages
        if not 0 <= least < below:
            raise ValueError("is the lowest age and a higher one, years")
        return ages

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits: models that share them say the same of any EEG."""
        parts = self.weights, self.experiment, self.calibration
        return sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @property
    def title(self) -> str:
        """Its name and identity, for people."""
        return f"{self.name} ({self.identity})"

    @property
    def licence_text(self) -> str:
        """Its licence, as it stands beside its name."""
        return f"licence {self.licence}" if self.licence else "no licence stated"

    @property
    def origin_text(self) -> str:
        """What it learned from, in a few words."""
        patients = self.learned_from.simulated_patients
        sources = [f"{patients:,} simulated patients"] * bool(patients)
        sources += ["labelled EEG of its owner"] * self.learned_from.own_data
        return f"learned from {' and '.join(sources) or 'what is not stated'}"

    @property
    def credit(self) -> str:
        """Its title and licence: how whatever it made names it."""
        return f"{self.title}, {self.licence_text}"

    @property
    def restriction(self) -> str:
        """A sentence on weights whose licence forbids commercial use; else empty."""
        if not _NONCOMMERCIAL.search(self.licence):
            return ""
        return "These weights are not for commercial use."

    @property
    def accuracy_text(self) -> str:
        """How accurate it is on all electrodes, where that was measured."""
        if found := whole(self.accuracy):
            name, measured = found
            return f"{measured.statement} with {name}"
        return "how accurate it is was not measured"

    @property
    def words(self) -> str:
        """What an output says of the weights behind it, in a line."""
        return " ".join(filter(None, (f"Weights: {self.credit}.", self.restriction)))

    @property
    def without_provenance(self) -> "About":
        """The same, but for the hashes of whom it learned from: what its readings keep."""
        learned_from = self.learned_from.model_copy(update={"provenance": None})
        return self.model_copy(update={"learned_from": learned_from})

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all that the graph gives."""
        maps = (map_of(part) for part in self.maps)
        return PROBABILITY, *maps, *(EMBEDDING.format(view) for view in self.views)

    @property
    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """Of the inputs that hold EEG; None for any length."""
        shapes: dict[str, tuple[int | None, ...]] = {}
        for view in self.views:
            image = getattr(self.signal.spectrogram, view)
            rows = len(self.spectrogram_chains)
            shapes[IMAGE.format(view)] = (None, rows, image.n_freqs, image.n_columns)
        return shapes

    def as_dict(self) -> dict[str, Any]:
        """Give what the file holds; what is not stated is left out."""
        content = {
            "schema": SCHEMA,
            **self.model_dump(mode="json", exclude_none=True, exclude=unsaid(self)),
        }
        return {key: value for key, value in content.items() if value or key not in _NEWER}

    @classmethod
    def from_dict(cls, content: Any, source: str, *, fix: str = "export it anew") -> "About":
        """Check what a file held.

        Parameters
        ----------
        source, fix
            What errors name, and what they advise.

        Raises
        ------
        NasionError
            For another schema, a key that is missing or of another kind, or patterns, derivations
            or chains that are not the ones known here.
        """
        if not isinstance(content, dict):
            raise NasionError(f"{source}: does not say what model it is; {fix}")
        of_schema(content, SCHEMA, source, fix)
        try:
            return checked(cls, as_before(cls, content), source)
        except NasionError as error:
            raise NasionError(f"{error}; {fix}") from None

    @classmethod
    def from_json(cls, text: str, source: str) -> "About":
        """Check the metadata of a file."""
        try:
            content = sound(json.loads, text)
        except ValueError:
            content = None
        return cls.from_dict(content, source)


_NEWER = frozenset(name for name, field in About.model_fields.items() if not field.is_required())


def map_of(part: str) -> str:
    """Name the output that explains ``waveform`` or a view."""
    return WAVEFORM_MAP if part == WAVEFORM else IMAGE_MAP.format(part)


def _of_all(names: Sequence[str], vocabulary: Sequence[str]) -> tuple[str, ...]:
    """The names, where they are all of the known ones, each once, in any order."""
    for name in names:
        if name not in vocabulary:
            raise ValueError(f"'{name}' is not known here")
    for name in vocabulary:
        if list(names).count(name) != 1:
            raise ValueError(f"needs {name} once")
    return tuple(names)
