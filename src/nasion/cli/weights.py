"""Verbs of weights: what is installed."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nasion.cli.app import app
from nasion.errors import NasionError

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
