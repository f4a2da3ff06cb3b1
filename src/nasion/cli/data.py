"""Verbs that make data, look at them and bring them into shape."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nasion.cli.app import (
    Deidentify,
    KeysOption,
    RenameOption,
    app,
    bar_of,
    discretion,
    refuse_lone_keys,
)
from nasion.errors import NasionError


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Of the made-up patients and the training.")] = 0,
) -> None:
    """The whole story on made-up patients: simulate, cross-validate, evaluate, explain."""
    from nasion.demo import run_demo

    with bar_of("demo") as bar:
        summary = run_demo(out, seed, lambda text: typer.echo(text), bar)
    typer.echo(summary)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="New folder for the data set.")],
    patients: Annotated[int, typer.Option(help="How many.")] = 60,
    segments: Annotated[int, typer.Option(help="EEGs of each.")] = 3,
    seed: Annotated[int, typer.Option()] = 0,
    short: Annotated[float, typer.Option(help="Share of EEGs of 10 s.")] = 0.3,
    context: Annotated[float, typer.Option(help="Share with a 10-min spectrogram.")] = 0.3,
    stays: Annotated[
        float, typer.Option(help="Share of patients whose EEGs are cut from one stay.")
    ] = 0.0,
    recorded_share: Annotated[
        float, typer.Option(help="Share of patients on the recorded backgrounds of a list.")
    ] = 0.0,
    backgrounds: Annotated[
        Path | None, typer.Option(help="The list, such as configs/backgrounds.csv.")
    ] = None,
    backgrounds_folder: Annotated[
        Path | None, typer.Option(help="What its files stand below; default: beside the list.")
    ] = None,
    montages: Annotated[float, typer.Option(help="Share of EEGs that lack electrodes.")] = 0.0,
    recordings: Annotated[int, typer.Option(help="Long recordings (EDF) with their truth.")] = 1,
    hours: Annotated[float, typer.Option(help="Length of each.")] = 0.5,
) -> None:
    """Write an HMS-layout data set and long recordings of simulated patients.

    Recorded backgrounds are told by source and number alone, so it needs no --deidentify.
    """
    from nasion.eeg.edf.writer import write_edf
    from nasion.phantom.recordings import simulate_recordings
    from nasion.study import data_set

    if patients:
        with bar_of("patients") as bar:
            data_set.simulate(
                folder,
                n_patients=patients,
                seed=seed,
                segments_per_patient=segments,
                short_share=short,
                context_share=context,
                stay_share=stays,
                recorded_share=recorded_share,
                backgrounds=backgrounds or "",
                backgrounds_folder=backgrounds_folder or "",
                montage_share=montages,
                progress=bar,
            )
        typer.echo(folder / "train.csv")
    with bar_of("minutes recorded") as bar:
        for path in simulate_recordings(
            folder, n_recordings=recordings, hours=hours, seed=seed, write=write_edf, progress=bar
        ):
            typer.echo(path)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A recording, or a folder in HMS layout.")],
    unit: Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")] = "",
    rename: RenameOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    deidentify: Deidentify = False,
) -> None:
    """Say what is in a recording or data set, and what is wrong with it."""
    with discretion(deidentify, "the recording or data set"):
        summary = _findings(path, unit, rename or [], deidentify)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    from nasion.cli.terminal import show_check

    show_check(summary)


def _findings(path: Path, unit: str, rename: list[str], deidentify: bool) -> dict[str, Any]:
    from nasion.exports.deidentification import clean_finding, without_patient
    from nasion.exports.keys import Key
    from nasion.hms.layout import parts_in

    if path.is_dir() and parts_in(path):
        from nasion.hms.check import check_segments
        from nasion.hms.segments import load_segments

        return check_segments(load_segments(path), clean_finding if deidentify else None)
    from nasion.eeg.formats import open_recording
    from nasion.eeg.inspection import check_recording
    from nasion.eeg.renaming import renames_of

    recording = open_recording(path, unit=unit, rename=renames_of(rename))
    if deidentify:
        recording = without_patient(recording, Key.draw(recording.start))
    return check_recording(recording)


@app.command()
def convert(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings, then the new folder.")],
    every: Annotated[float, typer.Option(help="Seconds from one window to the next.")] = 50.0,
    unit: Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")] = "",
    rename: RenameOption = None,
    deidentify: Deidentify = False,
    keys: KeysOption = None,
) -> None:
    """Any recording -> HMS layout, with the exact spectrogram."""
    from nasion.eeg.formats import open_recording
    from nasion.eeg.renaming import renames_of
    from nasion.exports.deidentification import without_patient
    from nasion.exports.keys import Keys, refuse_telling
    from nasion.hms import convert as conversion

    if len(recordings) < 2:
        raise NasionError("convert needs at least one recording and, last, the new folder")
    *sources, folder = recordings
    refuse_lone_keys(keys, deidentify)
    with discretion(deidentify, "--rename"):
        renames = renames_of(rename or [])
    known = Keys()
    if deidentify:
        refuse_telling(folder, sources, "the new folder")
        known = Keys.open(keys, [[path] for path in sources])
    eegs = []
    for number, path in enumerate(sources, 1):
        with discretion(deidentify, f"recording {number} of {len(sources)}"):
            eeg = open_recording(path, unit=unit, rename=renames)
            eegs.append(without_patient(eeg, known.of([path], eeg)) if deidentify else eeg)
    for recording in eegs:
        for warning in recording.warnings:
            typer.echo(f"{recording.name}: {warning}", err=True)
    with discretion(deidentify, "what is written"), bar_of("recordings") as bar:
        table = conversion.convert(eegs, folder, every, bar)
    typer.echo(table.name if deidentify else table)
