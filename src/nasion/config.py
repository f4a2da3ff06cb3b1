"""Every setting, its default and its unit, once. An experiment is a TOML file of what differs."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nasion.errors import NasionError
from nasion.loading import read_toml, reason_of, toml
from nasion.settings import Before, Settings, as_before, checked, fingerprint
from nasion.terms import (
    BLOCK_S,
    CENTRE_S,
    CONTEXT_S,
    HMS_COLUMN_S,
    READING_STEP_S,
    SEGMENT_S,
    SFREQ,
)

# More than any machine holds: what is asked for beyond is a slip.
MOST = 65_536
MOST_SEED = 2**32 - 1  # of scikit-learn
Width = Annotated[int, Field(ge=1, le=MOST)]


class Waveform(Settings):
    """The loader of the paper (2.2): differences, low-pass, clip, constant scale, quantisation."""

    band_hz: tuple[float, float] = (0.5, 20.0)  # Butterworth, forward and backward: -6 dB there
    order: int = Field(default=4, ge=1, le=8)  # of one pass; both together have twice that
    clip_uv: float = Field(default=1024.0, gt=0)
    scale_uv: float = Field(default=32.0, gt=0)
    sfreq: float = Field(default=50.0, gt=0)  # Hz after decimation
    anti_alias: Annotated[bool, Before(value=False)] = False  # filter once more before decimation
    quantise: Literal["none", "mu-law"] = "none"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.band_hz
        if SFREQ % self.sfreq or (BLOCK_S * self.sfreq) % 1:
            raise ValueError(f"sfreq must divide {SFREQ:g} Hz, with whole samples in {BLOCK_S:g} s")
        if not 0 <= low < high <= self.sfreq / 2:
            raise ValueError("band_hz must rise and stay below half of sfreq")
        return self


class View(Settings):
    """One multitaper spectrogram of the four chains."""

    span_s: float = Field(gt=0, le=3600)
    window_s: float = Field(gt=0)
    step_s: float = Field(gt=0)
    bandwidth: float = Field(default=2.0, ge=1)  # NW, the tapers' time-bandwidth product
    n_tapers: int = Field(default=3, ge=1, le=100)
    n_fft: int = Field(ge=16, le=MOST)
    bins: tuple[int, int]  # first and last frequency bin kept

    @property
    def n_freqs(self) -> int:
        """Rows of the image."""
        return self.bins[1] - self.bins[0] + 1

    @property
    def n_columns(self) -> int:
        """Columns of the image."""
        return round(self.span_s / self.step_s)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.window_s * SFREQ > self.n_fft:
            raise ValueError("n_fft must hold the window")
        if not 0 <= self.bins[0] <= self.bins[1] <= self.n_fft // 2:
            raise ValueError("bins must rise and stay within n_fft / 2")
        step = self.step_s * SFREQ
        if step % 1 or (READING_STEP_S * SFREQ) % step:
            raise ValueError(f"step_s must be whole samples and divide {READING_STEP_S:g} s")
        return self


# The ready-made spectrograms of HMS, exactly: 0.59-19.92 Hz, one column every 2 s.
HMS_VIEW = View(span_s=CONTEXT_S, window_s=4.0, step_s=HMS_COLUMN_S, n_fft=1024, bins=(3, 102))


class Spectrogram(Settings):
    """Images for the spectrogram branch: the 10 minutes of HMS and finer ones around the label."""

    views: tuple[Literal["context", "window", "centre"], ...] = ("window", "context")
    context: View = HMS_VIEW
    window: View = View(span_s=SEGMENT_S, window_s=2.0, step_s=0.5, n_fft=512, bins=(2, 51))
    centre: View = View(
        span_s=CENTRE_S,
        window_s=1.0,
        step_s=0.125,
        bandwidth=1.0,
        n_tapers=1,
        n_fft=512,
        bins=(2, 51),
    )
    log_centre: float = 2.0  # of ln(µV²/Hz): about the mean over HMS
    log_scale: float = Field(default=2.0, gt=0)
    log_range: tuple[float, float] = (-6.0, 10.0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.views or len(set(self.views)) < len(self.views):
            raise ValueError("views must name each image once")
        return self


class Signal(Settings):
    """What the two branches see."""

    waveform: Waveform = Waveform()
    spectrogram: Spectrogram = Spectrogram()


class WaveNetSettings(Settings):
    """Dilated gated residual convolutions; `layers` and `channels` hold one number a block."""

    layers: tuple[Annotated[int, Field(ge=1, le=32)], ...] = (6,)
    channels: tuple[Width, ...] = (48,)
    kernel: int = Field(default=3, ge=2, le=1000)
    padding: Literal["valid", "same", "causal"] = "valid"  # dense reading needs valid
    # What a layer hands on: sum or gated output.
    residual: Annotated[Literal["stream", "skip-sum"], Before("stream")] = "stream"
    hemispheres: Literal["stacked", "shared"] = "stacked"  # shared: symmetric by construction

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.layers or len(self.layers) != len(self.channels):
            raise ValueError("layers and channels need one number a block each")
        return self


class ConvTransformer(Settings):
    """Strided convolutions, one number a stage, then layers of attention between their tokens."""

    channels: tuple[Width, ...] = (64, 128)
    strides: tuple[Width, ...] = (2, 5)
    n_layers: int = Field(default=3, ge=1, le=1000)
    n_heads: Width = 4


class Siamese(Settings):
    """Strided convolutions over either side, one number a stage; similarity by channel group."""

    channels: tuple[Width, ...] = (48, 96, 128)
    strides: tuple[Width, ...] = (2, 2, 5)
    n_groups: Width = 16


class SpectrogramNet(Settings):
    """Any timm backbone on the chains as channels."""

    backbone: str = "efficientnet_b0"
    # "" random, "hub" ImageNet from the hub, "package:file" in an installed package, or a file
    weights: str = ""
    stack: Literal["chains", "symmetric", "repeated", "asymmetry"] = "chains"
    drop_path: float = Field(default=0.1, ge=0, lt=1)


# Waveform extractors by the name in `model.waveform`: the class whose `of` builds each.
EXTRACTORS = {
    "wavenet": "nasion.models.wavenet.WaveformBranch",
    "wavenet-gru": "nasion.models.recurrent.RecurrentBranch",
    "conv-transformer": "nasion.models.conv_transformer.ConvTransformerBranch",
    "siamese": "nasion.models.siamese.SiameseBranch",
}


def _extractor(name: str) -> str:
    if name not in EXTRACTORS:
        raise ValueError(f"Input should be {', '.join(map(repr, EXTRACTORS))}")
    return name


class Model(Settings):
    """The paper's figure 3; one modality alone is its baseline."""

    modality: Literal["both", "waveform", "spectrogram"] = "both"
    waveform: Annotated[str, AfterValidator(_extractor)] = "wavenet"
    wavenet: WaveNetSettings = WaveNetSettings()
    gru_width: Width = 64  # of `wavenet-gru`, in each direction
    conv_transformer: ConvTransformer = ConvTransformer()
    siamese: Siamese = Siamese()
    spectrogram: SpectrogramNet = SpectrogramNet()
    n_features: Width = 128  # of each branch's feature vector
    dropout: float = Field(default=0.2, ge=0, lt=1)


class Loss(Settings):
    """a KL(wave) + a KL(spec) + (1 - 2a) KL(fused) + b Sim (paper 3.1.2)."""

    objective: Literal["kl", "focal", "logit-adjusted"] = "kl"  # of every head
    gamma: float = Field(default=2.0, ge=0)  # of `focal`; 0 is kl
    tau: float = Field(default=1.0, ge=0)  # of `logit-adjusted`; 0 is kl
    alpha: float = Field(default=0.25, ge=0, le=0.5)
    beta: float = Field(default=0.5, ge=0)
    similarity: Literal[
        "cosine", "squared-cosine", "cross-correlation", "cka", "debiased-cka", "none"
    ] = "cosine"


class Augment(Settings):
    """Each is off at 0. The mirror swaps left and right electrodes."""

    mirror: float = Field(default=0.5, ge=0, le=1)  # probability
    shift_s: float = Field(default=1.0, ge=0)  # largest shift of the waveform
    drop_channel: float = Field(default=0.1, ge=0, le=1)  # probability of each derivation lost
    amplitude: float = Field(default=0.2, ge=0)  # sd of the log gain
    mask: float = Field(default=0.2, ge=0, le=1)  # probability of a time and a frequency stripe
    mixup: float = Field(default=0.0, ge=0)  # parameter of the Beta distribution
    hide_context: float = Field(default=0.2, ge=0, le=1)  # share of batches cut to 10-50 s


class Training(Settings):
    """Settings of one fit: length, rates, loss, precision."""

    init: str = ""  # a RUN, or a model by name, whose weights to start from; "" starts anew
    freeze_statistics: bool = False  # keep the normalisation statistics of `init`
    epochs: int = Field(default=12, ge=1, le=1_000_000)
    batch_size: Width = 32
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)  # share of all steps
    schedule: Literal["cosine", "one-cycle"] = "cosine"
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    clip_norm: float = Field(default=1.0, gt=0)
    ema: float = Field(default=0.0, ge=0, lt=1)  # decay of the averaged weights; 0 is off
    patience: int = Field(default=0, ge=0)  # epochs without a better validation KLD; 0 is off
    weighting: Literal["none", "votes"] = "none"  # votes: a row counts log(1 + votes)
    # Of the rows that repeat a period: the middle one, all, or another one every epoch.
    rows: Annotated[Literal["period", "all", "period-random"], Before("all")] = "period"
    sampling: Literal["none", "votes", "square-root", "balanced", "balanced-votes"] = "none"
    mirrored_copies: Literal["none", "lrda", "lateralized"] = "none"
    second_stage_epochs: int = Field(default=0, ge=0)  # of them, the last ones, on many votes only
    second_stage_votes: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.second_stage_epochs >= self.epochs:
            raise ValueError("second_stage_epochs must be fewer than epochs")
        return self


class Phantoms(Settings):
    """Simulated patients to learn from, alone or beside one's own segments of `data.path`."""

    path: str = ""  # where they are; simulated by the training verbs if not there yet
    patients: int = Field(default=0, ge=0, le=1_000_000)
    segments_per_patient: Width = 2
    seed: int = Field(default=0, ge=0, le=MOST_SEED)
    short_share: float = Field(default=0.5, ge=0, le=1)  # EEGs of 10 s; the others 50 s and more
    context_share: float = Field(default=0.0, ge=0, le=1)  # EEGs with a 10-min spectrogram
    stay_share: float = Field(default=0.0, ge=0, le=1)  # patients whose EEGs are cut from a stay
    # Patients on recorded backgrounds: a list of them, and the folder that its files stand below
    # ("" is the folder of the list).
    recorded_share: Annotated[float, Before(0.0), Field(ge=0, le=1)] = 0.0
    backgrounds: Annotated[str, Before("")] = ""
    backgrounds_folder: Annotated[str, Before("")] = ""
    montage_share: Annotated[float, Before(0.0), Field(ge=0, le=1)] = 0.0  # EEGs lacking electrodes


class Data(Settings):
    """What is learned from."""

    path: str = ""  # folder in HMS layout, train form
    phantoms: Phantoms = Phantoms()
    folds: str = ""  # an existing folds.csv; "" makes one
    n_folds: int = Field(default=5, ge=2, le=MOST)
    store: str = ""  # where the array store goes; "" is a folder beside the runs


class Experiment(Settings):
    """The whole experiment; `configs/*.toml` hold only what differs from these defaults."""

    name: str = "run"
    seed: int = Field(default=0, ge=0, le=MOST_SEED)
    data: Data = Data()
    signal: Signal = Signal()
    augment: Augment = Augment()
    model: Model = Model()
    loss: Loss = Loss()
    training: Training = Training()

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of what determines the result, wherever the data lie."""
        return fingerprint(self.without_paths)

    @property
    def without_paths(self) -> "Experiment":
        """The same experiment without the folders of the machine that ran it."""
        places = dict.fromkeys(("path", "backgrounds", "backgrounds_folder"), "")
        phantoms = self.data.phantoms.model_copy(update=places)
        nowhere = dict.fromkeys(("path", "folds", "store"), "")
        data = self.data.model_copy(update={**nowhere, "phantoms": phantoms})
        init = {"init": Path(self.training.init).name}
        training = self.training.model_copy(update=init)
        return self.model_copy(update={"data": data, "training": training})


def parse(content: dict[str, Any], source: str) -> Experiment:
    """Check a nested dictionary of what differs; errors name `source` and the key."""
    defaults = Experiment().model_dump(mode="json")
    _merge(defaults, content)
    return checked(Experiment, defaults, source)


def made_with(content: Any, source: str) -> Experiment:
    """Check the settings that something was made with, by this version or an older one."""
    if not isinstance(content, dict):
        raise NasionError(f"{source}: holds no settings; train it anew")
    return parse(as_before(Experiment, content), source)


def load(path: Path, changes: tuple[str, ...] = ()) -> Experiment:
    """Read an experiment; each change is a line of TOML such as `training.lr = 3e-4`."""
    content = differences(path, changes)
    content.pop("search", None)  # of no other verb's concern
    return parse(content, str(path))


def differences(path: Path, changes: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a file and the changes say, unchecked: an experiment's settings and its [search]."""
    what = "give a configuration file (.toml)"
    content = read_toml(path, "correct it, and quote strings", absent=what)
    for change in changes:
        try:
            _merge(content, toml(change))
        except ValueError as error:
            raise NasionError(
                f"--set {change}: not TOML ({reason_of(error)}); quote strings"
            ) from None
    return content


def _merge(content: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            _merge(content[key], value)
        else:
            content[key] = value
