"""The whole story on made-up patients, from nothing to a report."""

from collections.abc import Callable
from pathlib import Path

from nasion.catalogue import PHANTOM
from nasion.config import Experiment, load
from nasion.data.folds import make_folds, write_folds
from nasion.data.store import open_store
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.evaluation.evaluation import compare, line_of_pair
from nasion.explanation.request import explain_run
from nasion.exports.folder import is_whole
from nasion.hms.segments import load_segments
from nasion.network import Network
from nasion.phantom.recordings import simulate_recordings
from nasion.progress import Progress
from nasion.reader.reader import REPORT, Reader
from nasion.study.data_set import simulate
from nasion.training.abreast import crossvals
from nasion.training.memory import keep_freed_memory
from nasion.training.run import Run

CONFIG = Path(__file__).with_name("demo.toml")
FUSED = "both"
MODALITIES = (FUSED, "waveform", "spectrogram")
N_TRAININGS = 3  # of each: single ones differ by chance alone
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
    say(
        f"2. three models, {N_TRAININGS} trainings each, cross-validated by patient"
        f" -> {folder / 'runs'}"
    )
    runs = _trained(folder, seed, progress)
    say(f"3. evaluation: do two branches beat one? -> {folder / 'evaluation'}")
    systems = {name: [run.folder for run in trainings] for name, trainings in runs.items()}
    scores = compare(systems, None, folder / "evaluation", title="nasion demo")
    say(f"4. Grad-CAM of the surest right and wrong -> {folder / 'gallery'}")
    fused = runs[FUSED][0]
    gallery = explain_run(fused.ensemble(), fused.out_of_fold, data, folder / "gallery", progress)
    say(f"5. a recording, read with the model phantom -> {folder / 'readings'}")
    reading = _read(folder, seed, progress)
    return "\n".join(
        (
            table(scores["systems"]),
            *(line_of_pair(pair) for pair in scores["pairs"] if pair["a"] == FUSED),
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
    if not is_whole(out):
        Reader(Network.open(PHANTOM, threads=1)).read_to(recording, out, progress=progress)
    return out


def _trained(folder: Path, seed: int, progress: Progress) -> dict[str, list[Run]]:
    """Cross-validate each model some times, on the same arrays and folds."""
    planned = {
        modality: [
            (
                _experiment(folder, modality, seed + number),
                Run(folder / "runs" / f"{modality}-{number + 1}"),
            )
            for number in range(N_TRAININGS)
        ]
        for modality in MODALITIES
    }
    experiment, _ = planned[FUSED][0]
    segments = load_segments(Path(experiment.data.path), "train")
    open_store(segments, experiment.signal, Path(experiment.data.store))
    fold = make_folds(segments.table, experiment.data.n_folds, seed)
    write_folds(Path(experiment.data.folds), segments.table, fold)
    crossvals([one for trainings in planned.values() for one in trainings], progress)
    return {name: [run for _, run in trainings] for name, trainings in planned.items()}


def _experiment(folder: Path, modality: str, seed: int) -> Experiment:
    """One of the trainings, which differ by their seeds alone."""
    if not CONFIG.exists():
        raise NasionError(f"{CONFIG}: missing; install nasion anew")
    paths = {"path": "data", "store": "store", "folds": "folds.csv"}
    changes = [f'data.{name} = "{(folder / there).as_posix()}"' for name, there in paths.items()]
    return load(CONFIG, (*changes, f'model.modality = "{modality}"', f"seed = {seed}"))


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
