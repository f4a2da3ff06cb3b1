"""nasion reads critical-care EEG: waveform and spectrogram together, on a plain CPU."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["compare", "evaluate", "load", "open_recording", "read", "simulate"]

if TYPE_CHECKING:
    from nasion.api.read import read
    from nasion.eeg.formats import open_recording
    from nasion.evaluation.evaluation import compare, evaluate
    from nasion.study.data_set import simulate
    from nasion.training.run import load

_HOMES = {
    "compare": "nasion.evaluation.evaluation",
    "evaluate": "nasion.evaluation.evaluation",
    "load": "nasion.training.run",
    "open_recording": "nasion.eeg.formats",
    "read": "nasion.api.read",
    "simulate": "nasion.study.data_set",
}
__version__: str


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for, so that `import nasion` is light."""
    if name == "__version__":
        return import_module("nasion.version").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'nasion' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
