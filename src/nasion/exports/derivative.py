"""A BIDS derivative data set: the events of readings under BIDS names, and what they are.

Held to the validators of BIDS (`bids-validator-deno`) and of HED (`hedtools`), neither of which
finds an error or a warning.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from nasion.errors import NasionError
from nasion.exports.bids import write_events
from nasion.files import write_json, write_text
from nasion.loading import is_there, read_json
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Reason
from nasion.terms import DISCLAIMER, EVENTFUL, READING_STEP_S
from nasion.version import VERSION

DATA_SET = "bids"  # its folder, beside those of readings
BIDS_VERSION = "1.11.1"
HED_VERSION = "score_2.1.0"  # the newest that both validators carry with them
FOUND, REVIEWED = "nasion", "reviewed"  # labels of desc: what the network found, a reader said
DESCRIPTIONS = {
    FOUND: "Events that nasion found in the EEG; nobody has read them.",
    REVIEWED: "Events that a reader confirmed, corrected or added.",
}
ORDER = ("sub", "ses", "task", "acq", "run")  # entities that a table of events may have, but desc
NO_TASK = "eeg"
LONGEST = 120  # letters of a name; a file's own end and those of file systems follow

AUTHORS = ["nasion (software)", "the contributors of nasion"]
README = f"""# Events of critical-care EEG, found by nasion

Each `*_desc-nasion_events.tsv` lists what the program nasion found in one recording, after the
terminology of ACNS 2021, with the probability of each event. What the columns mean stands in the
`.json` file beside it, and under `Reading` there how much of the recording was judged, by which
model, and what is to be known before trusting it. Files with `desc-reviewed`, where there are any,
hold what a reader confirmed, corrected or added.

`eventType` is `sz` for seizures and `bckg` for everything else, as SzCORE's tools want it; the
column `pattern` says more. A recording without events has one row of its whole length. Where
`judged` is below 1, a part of that time was not judged: no event there does not mean no seizure.

{DISCLAIMER}

Recordings are not part of this data set. A recording whose name has the form of BIDS keeps its
entities; any other gets a subject made of its name.

Add your names to `Authors` in `dataset_description.json`, and to this file what others should know
of the recordings: what nasion finds there it keeps.
"""

_ENTITY = re.compile(r"([a-z]+)-([A-Za-z0-9+]+)")


def to_bids(
    reading: Reading,
    folder: Path,
    *,
    name: str = "",
    label: str = FOUND,
    more: Mapping[str, Any] | None = None,
) -> Path:
    """Write the events into a BIDS derivative data set; several readings may share it.

    A recording that is named as BIDS wants it (sub-01_ses-01_task-szMonitoring_run-00_eeg) keeps
    its entities; others get a subject each.

    Parameters
    ----------
    folder
        Of the data set; it may be new.
    name
        Of the recording in it; the reading's own if none is given.
    label
        Of `DESCRIPTIONS`: whose events they are.
    more
        What else the .json of the events shall hold, as in `write_events`.

    Returns
    -------
    Path of the events (.tsv); what the columns mean is beside it (.json).

    Raises
    ------
    NasionError
        If the folder is a data set of something else.
    """
    entities = _entities(name or reading.name)
    _describe(folder)
    # Apart from the columns: hedtools takes each entry beside them for a column.
    parent = f"task-{entities['task']}_desc-{label}_events.json"
    write_json(folder / parent, {"Description": DESCRIPTIONS[label]})
    stem = "_".join(f"{key}-{value}" for key, value in entities.items())
    place = [f"{key}-{entities[key]}" for key in ("sub", "ses") if key in entities]
    path = folder.joinpath(*place, "eeg", f"{stem}_desc-{label}_events.tsv")
    by_onset = sorted(reading.events, key=lambda event: event.onset_s)
    events = tuple({repr(event): event for event in by_onset}.values())  # BIDS: in order, HED: once
    write_events(
        replace(reading, events=events), path, {"Reading": _about(reading), **(more or {})}
    )
    return path


def _entities(name: str) -> dict[str, str]:
    """Entities that stand for a recording alone, and all others of its name."""
    stem = name.removesuffix("_eeg")
    matches = [_ENTITY.fullmatch(part) for part in stem.split("_")]
    told = {match[1]: match[2] for match in matches if match}
    if len(stem) > LONGEST or len(told) != len(matches) or "sub" not in told:
        # Letters keep no marks: Müller is Muller.
        letters = re.sub("[^A-Za-z0-9]", "", normalize("NFKD", name))[:LONGEST]
        return {"sub": letters if letters == name else letters + _mark(name), "task": NO_TASK}
    entities = {key: told[key] for key in ORDER if key in told}
    if "run" in entities and not entities["run"].isdigit():
        del entities["run"]
    if list(entities.items()) != list(told.items()) or "task" not in entities:
        # What has no place in the name of a table of events still tells recordings apart.
        entities["acq"] = entities.get("acq", "") + _mark(name)
        entities = {"task": NO_TASK, **entities}
    return {key: entities[key] for key in ORDER if key in entities}


def _mark(name: str) -> str:
    return f"x{sha256(name.encode(errors='surrogatepass')).hexdigest()[:6]}"


def _describe(folder: Path) -> None:
    """Write what the data set is; what its owners added there stays."""
    path = folder / "dataset_description.json"
    ours = {
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "nasion", "Version": VERSION, "Description": DISCLAIMER}],
    }
    content: Mapping[str, Any] = {
        "Name": "Events of critical-care EEG, found by nasion",
        "Authors": AUTHORS,
    }
    if is_there(path):
        before = read_json(path)
        if not _is_ours(before):
            raise NasionError(f"{path}: a data set that nasion did not make; give another folder")
        content = {**content, **before}
    if not path.exists() or before != {**content, **ours}:
        write_json(path, {**content, **ours})
    if not any((folder / f"README{suffix}").exists() for suffix in ("", ".md", ".txt", ".rst")):
        write_text(folder / "README.md", README)


def _is_ours(description: Any) -> bool:
    makers = description.get("GeneratedBy") if isinstance(description, Mapping) else None
    if not isinstance(makers, Iterable):
        return False
    return any(isinstance(maker, Mapping) and maker.get("Name") == "nasion" for maker in makers)


def _about(reading: Reading) -> dict[str, Any]:
    """Give what has to be known of a reading beside its events."""
    borders_s = np.minimum(np.arange(reading.n_steps + 1) * READING_STEP_S, reading.duration_s)
    lengths_s = np.diff(borders_s)
    seconds = {
        str(text): float(lengths_s[reading.reason == code].sum())
        for code, text in enumerate(REASONS)
    }
    judged_s = seconds.pop(str(Reason.JUDGED))
    return {
        "Description": "What was read, by what, and how much of it was judged.",
        "Software": f"nasion {VERSION}",
        "Model": reading.model.identity if reading.model else "",
        "Weights": reading.model.words if reading.model else "",
        "RecordingDuration": float(reading.duration_s),
        "JudgedDuration": judged_s,
        "NotJudgedDuration": {reason: length for reason, length in seconds.items() if length},
        "Montage": reading.trust.statement,
        "ChannelsUsed": list(reading.montage.recorded),
        "ElectrodesMissing": list(reading.missing),
        "ElectrodesRebuilt": list(reading.montage.rebuilt),
        "ElectrodesInterpolated": list(reading.interpolated),
        "PatternsNotJudged": {
            str(pattern): share
            for pattern in EVENTFUL
            if (share := round(reading.share_untold(pattern), 4))
        },
        "Cautions": list(reading.cautions),
        "Warnings": [warning.text for warning in reading.warnings],
    }
