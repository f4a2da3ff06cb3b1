"""One ONNX file of a run, as `nasion.contract` lists what goes in and comes out."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from nasion import contract
from nasion.calibration import Calibration, Mixture
from nasion.config import Experiment
from nasion.contract import About, LearnedFrom
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.models.ensemble import Ensemble
from nasion.models.graph import Graph
from nasion.models.protobuf import give_defaults, halve, share, strip
from nasion.provenance import Provenance
from nasion.terms import ADULTS, DERIVATION_NAMES, PATTERNS, SPECTROGRAM_CHAINS
from nasion.version import VERSION
from nasion.windowing import N_BLOCKS, block_length, own_blocks

OPSET = 20


def export(
    ensemble: Ensemble,
    path: Path,
    *,
    name: str,
    labels: str = "",
    licence: str = "",
    ages_years: tuple[float, float] = ADULTS,
    provenance: Provenance | None = None,
    half: bool = False,
    own_data: bool | None = None,
) -> About:
    """Write the ONNX file.

    Parameters
    ----------
    name
        What the model is called.
    labels
        Fingerprint of the labels learned from, as in run.json.
    licence
        Of the weights, as SPDX writes it.
    ages_years
        Of the patients that the weights were made for: the lowest, and the first above.
    provenance
        Whom the run learned from.
    half
        Store weights as 16-bit floats; they are computed with in 32 bits all the same.
    own_data
        Whether labelled EEG was learned from; without it, as far as the settings tell.

    Returns
    -------
    What the file says of itself.

    Raises
    ------
    NasionError
        Where the model has a part that does not export.
    """
    import onnx

    graph = Graph(ensemble).eval()
    graph.requires_grad_(requires_grad=False)
    model = _onnx_program(graph, ensemble.experiment, path)
    strip(model)
    give_defaults(model)
    share(model)
    if half:
        halve(model)
    if own_data is None:
        own_data = bool(ensemble.experiment.data.path)  # where the paths are kept
    about = _about(
        graph, ensemble, name=name, labels=labels, provenance=provenance, own_data=own_data
    )
    stated = {"licence": licence, "ages_years": ages_years}
    about = About.from_dict({**about.as_dict(), **stated}, str(path), fix="state it anew")
    entry = model.metadata_props.add()
    entry.key, entry.value = contract.KEY, json.dumps(about.as_dict())
    model.producer_name, model.producer_version = "nasion", VERSION
    onnx.checker.check_model(model, full_check=True)
    with replacing(path) as temporary:
        onnx.save(model, temporary)
    return about


def _about(
    graph: Graph,
    ensemble: Ensemble,
    *,
    name: str,
    labels: str,
    provenance: Provenance | None,
    own_data: bool,
) -> About:
    """What the file says of itself."""
    experiment = ensemble.experiment.without_paths
    model = experiment.model
    waveform = (contract.WAVEFORM,) if graph.explains_waveform else ()
    return About(
        nasion=VERSION,
        patterns=tuple(map(str, PATTERNS)),
        derivations=DERIVATION_NAMES,
        spectrogram_chains=tuple(map(str, SPECTROGRAM_CHAINS)),
        signal=experiment.signal,
        modality=model.modality,
        waveform=model.waveform,
        backbone=model.spectrogram.backbone,
        stack=model.spectrogram.stack,
        views=tuple(graph.views),
        block_length=block_length(experiment.signal.waveform.sfreq),
        dense=graph.dense,
        least_blocks=graph.least_blocks,
        symmetric=ensemble.symmetric,
        maps=(*waveform, *graph.explained_views),
        tiled=model.spectrogram.stack == "repeated",
        fits=len(ensemble.fits),
        experiment=experiment.fingerprint,
        weights=_fingerprint(ensemble),
        learned_from=LearnedFrom(
            own_data=own_data,
            simulated_patients=experiment.data.phantoms.patients,
            epochs=experiment.training.epochs,
            provenance=provenance,
        ),
        calibration=_mixture_text(ensemble.mixture),
        opset=OPSET,
        torch=torch.__version__,
        name=name,
        labels=labels,
    )


def _mixture_text(mixture: Mixture) -> str:
    if not mixture.mean.identity:
        return f"of the mean of all fits: {_calibration_text(mixture.mean)}"
    texts = list(dict.fromkeys(map(_calibration_text, mixture.each)))
    return texts[0] if len(texts) == 1 else "of each fit: " + "; ".join(texts)


def _calibration_text(calibration: Calibration) -> str:
    if calibration.identity:
        return "none"
    words = f"temperature {calibration.temperature:.3g}"
    if any(calibration.bias):
        bias = (f"{p.label} {b:+.2f}" for p, b in zip(PATTERNS, calibration.bias, strict=True))
        words += f", bias {', '.join(bias)}"
    return words


def _fingerprint(ensemble: Ensemble) -> str:
    digest = sha256()
    for net in ensemble.nets:
        for key, value in net.state_dict().items():
            digest.update(key.encode())
            digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _onnx_program(graph: Graph, experiment: Experiment, path: Path) -> Any:
    inputs, names, dynamic = _example(graph, experiment)
    with torch.no_grad():
        outputs = list(graph(**inputs))
    with _quietly():
        try:
            program = torch.onnx.export(
                graph,
                kwargs=inputs,
                input_names=names,
                output_names=outputs,
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=dynamic,
                verbose=False,
            )
        except (torch.onnx.OnnxExporterError, RuntimeError) as error:
            model = experiment.model
            parts = f"{model.waveform} with {model.spectrogram.backbone}"
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise NasionError(f"{path}: {parts} does not export ({reason})") from None
    assert program is not None
    return program.model_proto


def _example(
    graph: Graph, experiment: Experiment
) -> tuple[dict[str, Any], list[str], dict[str, Any]]:
    """Inputs to trace with, their names, and the axes that may have any length."""
    n, m, j, batch, n_blocks = 4, 3, 2, 2, N_BLOCKS + 2
    length = block_length(experiment.signal.waveform.sfreq)
    axis = {name: torch.export.Dim(name) for name in ("n", "k", "batch", "blocks")}
    waveform_axes = {0: axis["batch"], 2: length * axis["blocks"]}
    if not graph.dense:
        blockwise = graph.fits[0].net.waveform.blockwise
        n_blocks, batch = N_BLOCKS, batch if blockwise else n
        waveform_axes = {0: axis["batch" if blockwise else "n"]}
    inputs: dict[str, Any] = {
        contract.WAVEFORM: torch.randn(batch, len(DERIVATION_NAMES), n_blocks * length),
        contract.WINDOW_BLOCKS: torch.from_numpy(own_blocks(n)) % (batch * n_blocks),
        contract.PRESENT: torch.ones(n, N_BLOCKS),
        contract.EXPLAIN: torch.tensor([0, 2]),
    }
    dynamic: dict[str, Any] = {
        contract.WAVEFORM: waveform_axes,
        contract.WINDOW_BLOCKS: {0: axis["n"]},
        contract.PRESENT: {0: axis["n"]},
        contract.EXPLAIN: {0: axis["k"]},
    }
    names = list(inputs)
    kinds = {
        "images": contract.IMAGE,
        "known": contract.KNOWN,
        "image_of": contract.IMAGE_OF,
        "image_present": contract.IMAGE_PRESENT,
    }
    for kind in kinds:
        inputs[kind], dynamic[kind] = {}, {}
    for view in graph.views:
        view_settings = getattr(experiment.signal.spectrogram, view)
        image = torch.randn(
            m, len(SPECTROGRAM_CHAINS), view_settings.n_freqs, view_settings.n_columns
        )
        with torch.no_grad():
            width = graph.embedded(image)[0].shape[1]
        inputs["images"][view], dynamic["images"][view] = image, {0: torch.export.Dim(f"m_{view}")}
        inputs["known"][view] = torch.randn(j, width)
        dynamic["known"][view] = {0: torch.export.Dim(f"j_{view}")}
        inputs["image_of"][view] = torch.arange(n) % m
        inputs["image_present"][view] = torch.ones(n)
        dynamic["image_of"][view] = dynamic["image_present"][view] = {0: axis["n"]}
    names += [name.format(view) for name in kinds.values() for view in graph.views]
    return inputs, names, dynamic


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence what the exporter tells its developers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
