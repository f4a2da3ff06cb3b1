"""nasion reads critical-care EEG: waveform and spectrogram together, on a plain CPU."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nasion.terms import ELECTRODES, PATTERNS

__all__ = [
    "ELECTRODES",
    "PATTERNS",
    "Model",
    "NasionClassifier",
    "compare",
    "crossval",
    "evaluate",
    "explain",
    "load",
    "open_reading",
    "open_recording",
    "read",
    "simulate",
    "train",
]

if TYPE_CHECKING:
    from nasion.api.classifier import NasionClassifier
    from nasion.api.model import Model, load, read
    from nasion.api.reading import open_reading
    from nasion.api.verbs import crossval, explain, simulate, train
    from nasion.eeg.formats import open_recording
    from nasion.evaluation.evaluation import compare, evaluate

    __version__: str

_HOMES = {
    "Model": "nasion.api.model",
    "NasionClassifier": "nasion.api.classifier",
    "__version__": "nasion.version",
    "compare": "nasion.evaluation.evaluation",
    "crossval": "nasion.api.verbs",
    "evaluate": "nasion.evaluation.evaluation",
    "explain": "nasion.api.verbs",
    "load": "nasion.api.model",
    "open_reading": "nasion.api.reading",
    "open_recording": "nasion.eeg.formats",
    "read": "nasion.api.model",
    "simulate": "nasion.api.verbs",
    "train": "nasion.api.verbs",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import nasion` is light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nasion' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
