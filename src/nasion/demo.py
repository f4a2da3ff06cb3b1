"""The whole story on made-up patients, from nothing to a report."""

from collections.abc import Callable
from pathlib import Path

from nasion.config import Experiment, load
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.evaluation.evaluation import compare
from nasion.explanation.request import explain_run
from nasion.exports.folder import MANIFEST
from nasion.network import Network
from nasion.phantom.recordings import simulate_recordings
from nasion.progress import Progress
from nasion.reader.reader import REPORT, Reader
from nasion.study.data_set import simulate
from nasion.training.crossval import crossval
from nasion.training.memory import keep_freed_memory
from nasion.training.run import Run

CONFIG = Path(__file__).with_name("demo.toml")
MODALITIES = ("waveform", "spectrogram", "both")
N_PATIENTS = 320
SEGMENTS_PER_PATIENT = 2
HOURS = 0.5  # of the recording that is read
SHORT_SHARE, CONTEXT_SHARE = 0.9, 0.02  # mostly 10-s files: minutes have to do

Say = Callable[[str], None]


def run_demo(folder: Path, seed: int, say: Say, progress: Progress) -> str:
    """Simulate a cohort, cross-validate the paper's three models, compare, explain, read.

    Whatever is there already is kept, so a demo that was stopped goes on.

    Returns
    -------
    A table of scores and where the reports lie.
    """
    keep_freed_memory()
    data = folder / "data"
    if not (data / "train.csv").exists():
        say(f"1. {N_PATIENTS} made-up patients -> {data}")
        simulate(
            data,
            n_patients=N_PATIENTS,
            seed=seed,
            segments_per_patient=SEGMENTS_PER_PATIENT,
            short_share=SHORT_SHARE,
            context_share=CONTEXT_SHARE,
            progress=progress,
        )
    predictions = {}
    for number, modality in enumerate(MODALITIES, start=2):
        run = Run(folder / "runs" / modality)
        say(f"{number}. cross-validation by patient, {modality} -> {run.folder}")
        experiment = _experiment(data, folder / "store", modality, seed)
        predictions[modality] = crossval(experiment, run, fits=progress)
    say(f"{len(MODALITIES) + 2}. evaluation -> {folder / 'evaluation'}")
    scores = compare(predictions, None, folder / "evaluation", title="nasion demo")
    say(f"{len(MODALITIES) + 3}. Grad-CAM of the surest right and wrong -> {folder / 'gallery'}")
    fused_run = Run(folder / "runs" / MODALITIES[-1])
    oof = predictions[MODALITIES[-1]]
    gallery = explain_run(fused_run.ensemble(), oof, data, folder / "gallery", progress)
    say(
        f"{len(MODALITIES) + 4}. a recording, read with the packaged model -> {folder / 'readings'}"
    )
    reading = _read(folder, seed, progress)
    return "\n".join(
        (
            table(scores["systems"]),
            f"Report: {folder / 'evaluation' / 'report.html'}",
            f"Gallery: {gallery}",
            f"Reading: {reading / REPORT}",
            f"Review it in a browser: nasion review {folder / 'readings'}",
        )
    )


def _read(folder: Path, seed: int, progress: Progress) -> Path:
    """Read a recording of a made-up patient; a finished reading is left as it is."""
    paths = simulate_recordings(
        folder, n_recordings=1, hours=HOURS, seed=seed, write=write_edf, progress=progress
    )
    recording = open_recording(paths[0])
    out = folder / "readings" / recording.name
    if not (out / MANIFEST).exists():
        Reader(Network.open(threads=1)).read_to(recording, out, progress=progress)
    return out


def _experiment(data: Path, store: Path, modality: str, seed: int) -> Experiment:
    if not CONFIG.exists():
        raise NasionError(f"{CONFIG}: missing; install nasion anew")
    changes = (
        f'data.path = "{data.as_posix()}"',
        f'data.store = "{store.as_posix()}"',
        f'model.modality = "{modality}"',
        f"seed = {seed}",
    )
    return load(CONFIG, changes)


def table(systems: dict[str, dict]) -> str:
    """Scores of the models, one a line, and what each gains over the class prior."""
    lines = [f"{'model':13}{'KLD':>7}{'accuracy':>10}{'balanced':>10}   KLD against the prior"]
    for name, scores in systems.items():
        overall, gain = scores["overall"], scores["versus_prior"]
        low, high = gain["ci95"]
        lines.append(
            f"{name:13}{overall['kld']:7.3f}{overall['accuracy']:10.3f}"
            f"{overall['balanced_accuracy']:10.3f}"
            f"   {gain['kld_difference']:+.3f} (95 % interval {low:+.3f} to {high:+.3f})"
        )
    return "\n".join(lines)
