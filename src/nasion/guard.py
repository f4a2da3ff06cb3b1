"""Guard: no number of a data set by weights that learned from its patients, unless it says so."""

import logging
from pathlib import Path

from nasion.errors import NasionError
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.subjects import Subjects

log = logging.getLogger(__name__)


def guard_unseen(
    provenance: Provenance,
    subjects: Subjects,
    place: Path,
    learner: str,
    *,
    allow_seen: bool = False,
    instead: str = "",
) -> Seen:
    """Compare a data set, by patient and by EEG, with what a model learned from.

    Parameters
    ----------
    place
        Where the data set lies, for messages.
    learner
        What the model is called in messages.
    allow_seen
        Give what they share, to mark what comes of it, rather than raise.
    instead
        Another way that the refusal names.

    Returns
    -------
    Nothing seen, unless `allow_seen`.

    Raises
    ------
    NasionError
        Where the model learned from some of these patients or EEGs.
    """
    shared = provenance.shared_with(subjects).seen
    if shared and not allow_seen:
        advice = "simulate with another --seed" if shared.seeds else "give other patients"
        raise NasionError(
            f"{place}: {learner} learned from {shared} of it; {advice}{instead}, or mark the "
            "output with --allow-seen"
        )
    if provenance.tables and not shared:
        log.warning(
            "%s: was made before patients and EEGs were kept; told by its whole table alone, "
            "it learned from none of %s",
            learner,
            place,
        )
    return shared
