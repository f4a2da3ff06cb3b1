"""The model card of an exported file, in Markdown, from what the file says of itself."""

import json
from pathlib import Path
from typing import Any

from nasion.errors import NasionError
from nasion.models.export import KEY

TEMPLATE = """# {name}

**Decision support for research, not a diagnosis; not a medical device.**

**What.** Probabilities of {patterns} in the central 10 s of 50 s of EEG, from {kinds}. {mean}.

**Inputs.**

{inputs}

**Calibration.** {calibration}.

**Learned from.** {learned}, {epochs} epochs. Experiment {experiment}, labels {labels}, weights
{weights}.

**Explains itself.** {maps}.

**Limits.** It knows these six patterns and no others. How well it does on other patients, machines
and montages is not in this file: judge it on your own votes (`nasion evaluate`) before you rely on
it.

nasion {nasion}, ONNX opset {opset}, torch {torch}.
"""


def card(path: Path) -> str:
    """Describe an exported model: what it is, takes, was calibrated on and learned from.

    Raises
    ------
    NasionError
        Where the file is not there, or was not exported by nasion.
    """
    about = _read(path)
    networks = {"waveform": about["waveform"], "spectrogram": about["backbone"]}
    kinds = networks if about["modality"] == "both" else {about["modality"]}
    mean = f"Mean over {about['fits']} fits" if about["fits"] > 1 else "One fit"
    mirror = "gives the same by construction" if about["symmetric"] else "is averaged with it"
    maps = ", ".join(about["maps"])
    written = {
        "patterns": ", ".join(about["patterns"]),
        "kinds": " and ".join(f"{kind} ({networks[kind]})" for kind in kinds),
        "mean": f"{mean}; the mirrored EEG {mirror}",
        "inputs": "\n".join(_inputs(about, waveform="waveform" in kinds)),
        "learned": _learned(about["learned_from"]),
        "epochs": about["learned_from"]["epochs"],
        "labels": about["labels"] or "not stated",
        "maps": f"Class-activation maps of every pattern over: {maps}" if maps else "No",
    }
    return TEMPLATE.format_map(about | written)


def _inputs(about: dict[str, Any], *, waveform: bool) -> list[str]:
    settings = about["signal"]["waveform"]
    low, high = settings["band_hz"]
    lines = []
    if waveform:
        derivations = ", ".join(about["derivations"])
        lines.append(
            f"- waveform: {derivations}; {low:g} to {high:g} Hz, clipped at "
            f"{settings['clip_uv']:g} µV, in units of {settings['scale_uv']:g} µV, at "
            f"{settings['sfreq']:g} Hz"
        )
    for view in about["views"]:
        one = about["signal"]["spectrogram"][view]
        chains = ", ".join(about["spectrogram_chains"])
        lines.append(
            f"- {view}: multitaper spectrograms of {chains}; {one['span_s']:g} s, windows of "
            f"{one['window_s']:g} s every {one['step_s']:g} s"
        )
    return lines


def _learned(learned: dict[str, Any]) -> str:
    n_patients = learned["simulated_patients"]
    if not n_patients:
        return "Labelled EEG of one's own"
    simulated = f"{n_patients} simulated patients"
    if learned["own_data"]:
        return f"Labelled EEG of one's own and {simulated}"
    return f"{simulated} (whether labelled EEG came on top, the weights do not tell)"


def _read(path: Path) -> dict[str, Any]:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        found = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    except FileNotFoundError:
        raise NasionError(f"{path}: not found; make one with nasion export") from None
    except DecodeError:
        raise NasionError(f"{path}: not an ONNX file; export it anew") from None
    if KEY not in found:
        raise NasionError(f"{path}: not exported by nasion; make one with nasion export")
    return dict(json.loads(found[KEY]))
