"""A model: probabilities of arrays and readings of recordings, whatever it was loaded from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasion import catalogue
from nasion.accuracy import Table
from nasion.api.arrays import recordings_of
from nasion.api.reading import OpenReading
from nasion.config import Signal
from nasion.contract import FILE_NAME, PRETRAINED
from nasion.data.representation import represent
from nasion.eeg import age
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.events.runs import DEFAULT
from nasion.network import Network
from nasion.progress import Progress
from nasion.reader.reader import Reader
from nasion.temporary import temporary_folder
from nasion.terms import PATTERNS
from nasion.windowing import Windows, cut

if TYPE_CHECKING:
    import mne

    from nasion.models.ensemble import Ensemble

BATCH = 64  # arrays that are prepared at once


@dataclass(frozen=True)
class Model:
    """A model that was loaded with `nasion.load`.

    Parameters
    ----------
    predictor
        An exported model, or the fits of a RUN.
    """

    predictor: "Network | Ensemble"

    @property
    def patterns(self) -> tuple[str, ...]:
        """What it tells apart, in the order of its probabilities."""
        return tuple(map(str, PATTERNS))

    @property
    def signal(self) -> Signal:
        """How EEG is prepared for it: rates, bands and views."""
        return self.predictor.signal

    @cached_property
    def network(self) -> Network:
        """The model as onnxruntime runs it; fits are exported when it is first asked for."""
        if isinstance(self.predictor, Network):
            return self.predictor
        from nasion.models.export import export

        with temporary_folder() as folder:
            path = folder / FILE_NAME
            export(self.predictor, path, name=self.predictor.experiment.name)
            return Network.open(path)

    @property
    def _accuracy(self) -> Table:
        """What was measured on montages; of fits nothing is stated."""
        return self.predictor.about.accuracy if isinstance(self.predictor, Network) else {}

    def predict(
        self, array: ArrayLike, sfreq: float, ch_names: Sequence[str]
    ) -> NDArray[np.float64]:
        """Probabilities of the six patterns in the central 10 s of each array.

        Parameters
        ----------
        array
            EEG in microvolts, shape (n_chans, n_times) or (n, n_chans, n_times), 10 to 50 s
            long; NaN where nothing was recorded.
        sfreq
            Sampling rate in Hz.
        ch_names
            Name of each channel in any common spelling (Fp1, FP1, EEG Fp1-Ref, T7 for T3); at
            least four of the 19 electrodes of the 10-20 system, and the EKG where there is one.

        Returns
        -------
        Shape (6,) or (n, 6), rows sum to 1, patterns as in `nasion.PATTERNS`.

        Raises
        ------
        NasionError
            Where shape, length, names or unit do not fit. What a reader has to know of the EEG,
            such as interpolated electrodes, is a warning.

        Examples
        --------
        >>> import nasion, numpy as np
        >>> model = nasion.load()
        >>> eeg = np.random.default_rng(0).normal(0, 20, (3, 19, 2560))  # three times 10 s
        >>> model.predict(eeg, sfreq=256, ch_names=nasion.ELECTRODES).shape
        (3, 6)
        """
        signals = np.asarray(array)
        if signals.ndim not in (2, 3):
            raise NasionError(
                f"array of shape {signals.shape}: give (n_chans, n_times) or (n, n_chans, n_times)"
            )
        segments = signals if signals.ndim == 3 else signals[None]
        parts = [np.empty((0, len(PATTERNS)))]
        for first in range(0, len(segments), BATCH):
            part = segments[first : first + BATCH]
            recordings = recordings_of(part, sfreq, ch_names, self._accuracy)
            wholes = (represent(recording.signals(), self.signal) for recording in recordings)
            windows = [cut(representation, self.signal, 0.0) for representation in wholes]
            parts.append(self.predictor.predict(Windows.of(windows, self.signal)))
        values = np.concatenate(parts)
        return values if signals.ndim == 3 else values[0]

    def read(
        self,
        source: "Path | str | mne.io.BaseRaw",
        *,
        unit: str = "",
        rename: Mapping[str, str] | None = None,
        age_years: float | None = None,
        false_alarms: float | None = None,
        threads: int = 0,
        progress: Progress | None = None,
    ) -> OpenReading:
        """Read a recording of any length, 10 s to days.

        Parameters
        ----------
        source
            A file, or an `mne.io.Raw`.
        unit
            Of the samples, where the header is wrong: nV, uV, mV or V.
        rename
            Which channel is which electrode, where its label doesn't tell: {"CH1": "Fp1"}.
        age_years
            Of the patient, whatever the header says.
        false_alarms
            False events a day that you will bear: thresholds of events are chosen by what was
            measured of the model. As they ship without it.
        threads
            Cores to work on; 0 takes all.
        progress
            Called with the steps of 2 s done and in all.

        Raises
        ------
        NasionError
            If the file can't be read, or ties fewer than four of the 19 electrodes; where the
            model holds no curve of false alarms, or its thresholds give more at the least.
        """
        settings = DEFAULT.bearing(self.network.about, false_alarms)
        recording = age.stated(open_recording(source, unit=unit, rename=rename), age_years)
        reader = Reader(self.network, settings, threads=threads)
        reading = reader.read(recording, progress=progress)
        return OpenReading.of(
            reading, recording=recording, network=self.network, settings=settings.as_dict()
        )

    def save_pretrained(self, folder: Path | str) -> Path:
        """Write config.json and model.safetensors, as model hubs have them; give the folder.

        Raises
        ------
        NasionError
            Where the model is an exported one, or has several fits.
        """
        if isinstance(self.predictor, Network) or len(self.predictor.fits) != 1:
            raise NasionError(
                f"{folder}: takes one fit; load a RUN that has one, without model.onnx"
            )
        from nasion.models.pretrained import save_pretrained

        return save_pretrained(self.predictor.fits[0], folder)


def load(source: Path | str | None = None) -> Model:
    """Load a model.

    Parameters
    ----------
    source
        Name of an installed model ("phantom", "tuned"; `nasion models` lists them), or the path of
        a RUN folder, an exported model.onnx, or a folder with config.json and model.safetensors
        as `Model.save_pretrained` writes it. By default what NASION_MODEL of the environment
        names, else "tuned" where it is installed, else "phantom". A text that is a name means
        that model; ``./tuned`` or a `Path` mean a folder. A RUN without a model.onnx, and
        safetensors, need PyTorch.

    Raises
    ------
    NasionError
        Where there is no model, or it or the package that publishes it is broken.

    Examples
    --------
    >>> import nasion
    >>> nasion.load().patterns
    ('seizure', 'lpd', 'gpd', 'lrda', 'grda', 'other')
    """
    path = catalogue.place(source)
    if path.is_file():
        return Model(Network.open(path))
    if (path / FILE_NAME).is_file():
        return Model(Network.open(path / FILE_NAME))
    if (path / PRETRAINED).is_file():
        from nasion.models.pretrained import load_pretrained

        return Model(load_pretrained(path))
    from nasion.training.run import Run

    return Model(Run(path).ensemble())


def read(
    source: "Path | str | mne.io.BaseRaw",
    *,
    model: Path | str | Model | None = None,
    unit: str = "",
    rename: Mapping[str, str] | None = None,
    age_years: float | None = None,
    false_alarms: float | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> OpenReading:
    """Read a recording of any length, as `Model.read` does.

    Parameters
    ----------
    model
        What `load` takes, or a loaded model; by default that of `load`.

    Raises
    ------
    NasionError
        If there is no such model, or the file can't be read.
    """
    loaded = model if isinstance(model, Model) else load(model)
    return loaded.read(
        source,
        unit=unit,
        rename=rename,
        age_years=age_years,
        false_alarms=false_alarms,
        threads=threads,
        progress=progress,
    )
