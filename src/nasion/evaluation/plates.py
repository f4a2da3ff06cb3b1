"""Plates: which figures a report has, drawn and saved as SVG and PNG under their names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasion.errors import NasionError
from nasion.evaluation import curves, epochs, figures
from nasion.evaluation.assessment import Assessment
from nasion.evaluation.judged import Judged
from nasion.evaluation.ranking import curves as ranking_curves
from nasion.evaluation.system import System


def draw(
    systems: list[System],
    judged: dict[str, Judged],
    assessments: Mapping[str, Assessment],
    out: Path,
) -> dict[str, Any]:
    """Draw what there is to draw; give SVG text by name, of some by name and system."""
    names = check_names(list(assessments))
    histories = {s.name: s.history for s in systems if not s.history.empty}
    two_branches = epochs.of_two_branches(histories)
    lines = {name: ranking_curves(rows) for name, rows in judged.items()}
    raters = next(iter(assessments.values())).people.raters
    experts = raters.each if raters else ()
    images: dict[str, Any] = {
        "recall": figures.save(figures.recall_radar(assessments), out, "recall"),
        "kld": figures.save(figures.vote_bars(assessments), out, "kld_by_votes"),
        "cant_tell": figures.save(curves.cant_tell(assessments), out, "cant_tell"),
        "confusion": {},
        "reliability": {},
        "learning": {},
    }
    for plane in curves.PLANES:
        figure = curves.rates(plane, lines, assessments, experts)
        images[plane] = figures.save(figure, out, plane)
    for name, system in assessments.items():
        confusion, reliability = figures.confusions(system), curves.reliability(system)
        images["confusion"][name] = figures.save(confusion, out, f"confusion{names[name]}")
        images["reliability"][name] = figures.save(reliability, out, f"reliability{names[name]}")
    for score in epochs.SCORES if histories else ():
        figure = epochs.scores(histories, score)
        images["learning"][score] = figures.save(figure, out, f"learning_{score}")
    images["similarity"] = (
        figures.save(epochs.similarity(two_branches), out, "similarity") if two_branches else None
    )
    return images


def check_names(systems: list[str]) -> dict[str, str]:
    """Give what ends the file names of each system.

    Raises
    ------
    NasionError
        Where two systems would write the same file.
    """
    if len(systems) == 1:
        return {systems[0]: ""}
    endings = {system: "_" + re.sub(r"[^\w-]+", "-", system) for system in systems}
    if len({ending.casefold() for ending in endings.values()}) < len(systems):
        raise NasionError(f"names of systems are too much alike: {', '.join(systems)}; rename one")
    return endings
