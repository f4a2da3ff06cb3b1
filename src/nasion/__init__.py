"""nasion reads critical-care EEG: waveform and spectrogram together, on a plain CPU."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["compare", "evaluate", "load", "open_recording", "read", "simulate"]

if TYPE_CHECKING:
    from nasion.eeg.formats import open_recording
    from nasion.evaluation.report import compare, evaluate
    from nasion.phantom.cohort import simulate
    from nasion.reader.reader import read
    from nasion.training.run import load

_HOMES = {
    "compare": "nasion.evaluation.report",
    "evaluate": "nasion.evaluation.report",
    "load": "nasion.training.run",
    "open_recording": "nasion.eeg.formats",
    "read": "nasion.reader.reader",
    "simulate": "nasion.phantom.cohort",
}


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for, so that `import nasion` is light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nasion' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
