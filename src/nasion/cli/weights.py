"""Verbs of weights: what is installed, and what is given away by a name."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasion.cli.app import app
from nasion.errors import NasionError
from nasion.terms import ADULTS

if TYPE_CHECKING:
    from nasion.catalogue import Published


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the installed models: licence, what they learned from, how accurate they are."""
    from nasion import catalogue

    models, errors = catalogue.installed()
    described, broken = [], [*map(str, errors)]
    for model in models:
        try:
            described.append(_described(model))
        except NasionError as error:
            broken.append(f"{model.distribution}: {error}")
    if as_json:
        content = {"default": catalogue.default(), "models": described, "broken": broken}
        typer.echo(json.dumps(content, indent=2))
    else:
        for about in described:
            mark = " (default)" if about["name"] == catalogue.default() else ""
            typer.echo(f"{about['name']}{mark}: {about['model']}, {about['licence']}")
            typer.echo(f"  {about['learned_from']}; {about['accuracy']}")
            typer.echo(f"  of {about['distribution']}: {about['path']}")
    for line in broken:
        typer.echo(f"nasion: {line}", err=True)
    if broken:
        raise typer.Exit(1)


@app.command()
def publish(
    run: Annotated[Path, typer.Argument(help="A finished RUN.")],
    folder: Annotated[Path, typer.Argument(help="Of the weights; with --package of the package.")],
    name: Annotated[str, typer.Option(help="By which the model is to be known.")],
    licence: Annotated[str, typer.Option(help="Of the weights, as SPDX writes it: CC-BY-4.0.")],
    package: Annotated[
        bool, typer.Option("--package", help="A package that pip installs, around the weights.")
    ] = False,
    card: Annotated[
        Path | None, typer.Option(help="Model card written by hand; default: one is drawn.")
    ] = None,
    ages: Annotated[
        tuple[float, float],
        typer.Option(help="Of the patients it is made for: lowest, and first above, in years."),
    ] = ADULTS,
) -> None:
    """Weights of a run to give away by a name: packed, as model.onnx and with a card."""
    from nasion.study import publication
    from nasion.training.run import Run

    write = publication.publish_package if package else publication.publish
    typer.echo(write(Run(run), folder, name=name, licence=licence, ages_years=ages, card_path=card))


@app.command()
def average(
    runs: Annotated[list[str], typer.Argument(help="RUNs, or models by their names.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder: a RUN.")],
    shares: Annotated[
        list[float] | None,
        typer.Option("--share", help="Of each RUN in their order, in any unit; default: equal."),
    ] = None,
    by_fold: Annotated[
        bool,
        typer.Option("--by-fold", help="Each fold by itself, for whom it held out; else one fit."),
    ] = False,
) -> None:
    """Average the weights of fits that began alike into one network, which reads as fast as one."""
    from nasion import catalogue
    from nasion.training.averaging import average as averaged
    from nasion.training.run import Run

    members = [Run(catalogue.run_folder(run)) for run in runs]
    typer.echo(averaged(members, out, shares=shares or (), by_fold=by_fold).folder)


def _described(model: "Published") -> dict[str, str]:
    """What a model says of itself."""
    from nasion.network import Network

    about = Network.open(model.path).about
    return {
        "name": model.name,
        "model": about.title,
        "licence": " ".join(filter(None, (about.licence_text, about.restriction))),
        "learned_from": about.origin_text,
        "accuracy": about.accuracy_text,
        "distribution": model.distribution,
        "path": str(model.path),
    }
