"""The model card of an exported file, in Markdown, from what it says of itself."""

from nasion.accuracy import Table
from nasion.alarms import Curve
from nasion.config import View
from nasion.contract import About, LearnedFrom
from nasion.provenance import Provenance
from nasion.terms import DISCLAIMER, OLDEST_YEARS

TEMPLATE = """# {about.name}

**{disclaimer}**

**What.** Probabilities of {patterns} in the central 10 s of 50 s of EEG, from {kinds}. {mean}.

**Inputs.**

{inputs}

**Calibration.** {about.calibration}.

**Learned from.** {learned}, {about.learned_from.epochs} epochs. Experiment
{about.experiment}, labels {labels}, weights {about.weights}. {known}

**Licence of the weights.** {licence}.

**Explains itself.** {maps}.
{accuracy}{alarms}
**Limits.** It knows these six patterns and no others, and was made for patients {ages}.
How well it does on other patients, machines and montages is not in this file: judge it on your own
votes (`nasion evaluate`) before you rely on it.

Model {about.identity}, nasion {about.nasion}, ONNX opset {about.opset}, torch {about.torch}.
"""


def card(about: About) -> str:
    """Describe a model: what it is, takes, was calibrated on and learned from."""
    networks = {"waveform": about.waveform, "spectrogram": about.backbone}
    kinds = networks if about.modality == "both" else {about.modality}
    mean = f"Mean over {about.fits} fits" if about.fits > 1 else "One fit"
    mirror = "gives the same by construction" if about.symmetric else "is averaged with it"
    maps = ", ".join(about.maps)
    return TEMPLATE.format(
        about=about,
        disclaimer=DISCLAIMER,
        patterns=", ".join(about.patterns),
        kinds=" and ".join(f"{kind} ({networks[kind]})" for kind in kinds),
        mean=f"{mean}; the mirrored EEG {mirror}",
        inputs="\n".join(_inputs(about, waveform="waveform" in kinds)),
        learned=_training_text(about.learned_from),
        known=_provenance_text(about.learned_from.provenance),
        labels=about.labels or "not stated",
        licence=about.licence or "not stated",
        accuracy=_accuracy(about.accuracy),
        alarms=_alarms(about.alarms),
        ages=_ages_text(about.ages_years),
        maps=f"Class-activation maps of every pattern over: {maps}" if maps else "No",
    )


def _inputs(about: About, *, waveform: bool) -> list[str]:
    settings = about.signal.waveform
    low, high = settings.band_hz
    lines = []
    if waveform:
        derivations = ", ".join(about.derivations)
        lines.append(
            f"- waveform: {derivations}; {low:g} to {high:g} Hz, clipped at "
            f"{settings.clip_uv:g} µV, in units of {settings.scale_uv:g} µV, at "
            f"{settings.sfreq:g} Hz"
        )
    chains = ", ".join(about.spectrogram_chains)
    for name in about.views:
        view: View = getattr(about.signal.spectrogram, name)
        lines.append(
            f"- {name}: multitaper spectrograms of {chains}; {view.span_s:g} s, windows of "
            f"{view.window_s:g} s every {view.step_s:g} s"
        )
    return lines


def _training_text(origin: LearnedFrom) -> str:
    if not origin.simulated_patients:
        return "Labelled EEG of one's own"
    simulated = f"{origin.simulated_patients} simulated patients"
    if origin.own_data:
        return f"Labelled EEG of one's own and {simulated}"
    return f"{simulated} (whether labelled EEG came on top, the weights do not tell)"


def _provenance_text(provenance: Provenance | None) -> str:
    if provenance is None:
        return "Whom it learned from is not stated."
    n_eegs = sum(len(source.eegs) for source in provenance.sources)
    seeds = ", ".join(map(str, sorted({drawn.seed for drawn in provenance.simulations})))
    simulated = f", seed {seeds} of the simulator" if seeds else ""
    return f"It knows again whom it learned from: {n_eegs} EEGs by their hashes{simulated}."


def _ages_text(ages_years: tuple[float, float]) -> str:
    least, below = ages_years
    return f"from {least:g} years" + (f" to below {below:g}" if below < OLDEST_YEARS else "")


def _accuracy(accuracy: Table) -> str:
    """A row a montage, and what the rule in `nasion.accuracy` makes of it."""
    if not accuracy:
        return ""
    rows = [
        "\n**Accuracy by montage** (95 % intervals over patients).\n",
        "| montage | electrodes | n | accuracy | KLD | KLD above all electrodes | not judged |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in accuracy.items():
        numbers = (
            f"{value:.3f} ({low:.3f} to {high:.3f})"
            for value, (low, high) in (
                (row.accuracy, row.accuracy_ci95),
                (row.kld, row.kld_ci95),
                (row.above, row.above_ci95),
            )
        )
        untold = ", ".join(pattern.label for pattern in row.untold) or "-"
        cells = name, str(row.electrodes), str(row.n), *numbers, untold
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _alarms(curve: Curve | None) -> str:
    """What events do at each threshold, a row a pattern and threshold."""
    if curve is None:
        return ""
    head = (
        f"\n**False events a day** by the threshold of events, in {curve.hours:.3g} h of"
        f" {curve.recordings} recordings ({curve.empty_hours:.3g} h of them without any pattern;"
        f" `{curve.command}`); {curve.least:.1f} at the least, all patterns together.\n"
    )
    rows = [
        head,
        "| pattern | true runs | threshold | false events a day | share found |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {pattern.label} | {course.true} | {point.threshold:.2f} | {point.false_a_day:.1f}"
        f" | {point.found:.3f} |"
        for pattern, course in curve.patterns.items()
        for point in course.points
    ]
    return "\n".join(rows) + "\n"
