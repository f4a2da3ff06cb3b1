"""Read a recording from Python, as `nasion read` does from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from nasion.api.reading import OpenReading
from nasion.eeg.formats import open_recording
from nasion.network import Network
from nasion.progress import Progress
from nasion.reader.reader import Reader

if TYPE_CHECKING:
    import mne


def read(
    source: "Path | str | mne.io.BaseRaw",
    *,
    model: Path | str | None = None,
    unit: str = "",
    threads: int = 0,
    progress: Progress | None = None,
) -> OpenReading:
    """Read a recording of any length.

    Parameters
    ----------
    source
        A file, or an `mne.io.Raw`.
    model
        A model.onnx or a RUN folder that holds one; the packaged model by default.
    unit
        Of the samples, where the header is wrong: nV, uV, mV or V.
    threads
        Cores to work on; 0 takes all.
    progress
        Called with the steps of 2 s done and in all.
    """
    network = Network.open(Path(model) if model else None)
    recording = open_recording(source, unit=unit)
    return OpenReading.of(Reader(network, threads=threads).read(recording, progress=progress))
