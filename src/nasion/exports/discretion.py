"""Discretion: errors that say what is wrong and nothing of whose recording it is.

The text of any other error may hold a path, a label or a word of a file. So none of it is passed
on: only those phrases of nasion's own that are listed here, where the text holds them.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from nasion.errors import NasionError

OTHERWISE = "can't be read"
# Phrases of errors, the telling ones first, and how they are told where that differs.
CAUSES = {
    "no room": "no room left on the disk",
    "cannot be written": "",
    "of the 19 electrodes": "holds too few of the 19 electrodes of the 10-20 system",
    "of depth or grid electrodes": "holds contacts of depth or grid electrodes",
    "which is no voltage": "its EEG is not measured in volts",
    "every channel of EEG is marked as bad": "",
    "holds annotations only": "",
    "holds no data records": "",
    "breaks off within its first record": "",
    "records was ever written": "none of its records was ever written",
    "its EDF header": "its EDF header is damaged",
    "not an EDF or BDF file": "",
    "not a parquet file, or cut short": "",
    "without a waveform": "is a DICOM object without a waveform",
    "its description is damaged": "",
    "are not beside it": "its samples are not beside it",
    "is only a part of a recording": "",
    "under another name": "is named as another format",
    "under this name": "is named as another format",
    "needs the package": "needs a package that is not installed",
    "needs a password": "",
    "names files outside of itself": "",
    "unpacks to more than": "unpacks to more than the limit for its size",
    "unpack it and give": "holds no single recording; unpack it",
    "is damaged or cut short": "",
    "is cut short": "",
    "is damaged": "",
    "without a clock time": "without a clock time, by which files are joined",
    "ends; ": "overlaps with another one, or is far from it",
    "gaps included": "spans more days than are read at once",
    "are one electrode after renaming": "",
    "is no electrode of the 10-20 system": "is renamed to what is no electrode",
    "--rename takes OLD=NEW": "takes OLD=NEW, as in --rename CH1=Fp1",
    "two names: ": "gives a channel two names",
    "--at is for a recording": "a folder takes --eeg-id and --sub-id, not --at",
    "give --eeg-id": "holds several EEGs; give --eeg-id",
    "give --sub-id": "its EEG has several segments; give --sub-id",
    "see eeg_id in": "has no such EEG or segment",
    "shorter than one spectrogram window": "",
    "has no 10 s at": "has no 10 s at that time; see --at",
    "holds no recording": "",
    "holds a data set already": "the new folder holds a data set already",
    "says where its seizures are": "no events beside it say where its seizures are",
    "is a reading": "",
    "is a folder": "",
    "is empty": "",
    "not found": "",
    "is for one recording": "is for one recording; give one of them",
    "learned from": "the model learned from it; give other patients, or --allow-seen",
    "none of its recordings could be read": "",
    "with its events": "is no data set in BIDS with its events",
    "export it as EDF+": "can't be read; export it as EDF+",
    "holds words of its header": "its name in --keys holds words of its header; give another",
}


class DiscreetError(NasionError):
    """A `NasionError` whose text holds nothing of a recording, nor of its path."""


def cause(error: Exception) -> str:
    """Say what of an error can be said; of one that nobody foresaw, where it was raised."""
    if isinstance(error, NasionError):
        text = str(error)
        return next(
            (told or phrase for phrase, told in CAUSES.items() if phrase in text), OTHERWISE
        )
    if isinstance(error, OSError):
        return error.strerror or OTHERWISE
    return f"{type(error).__name__} inside nasion ({_place(error.__traceback__)})"


@contextmanager
def discreet(subject: str) -> Iterator[None]:
    """Turn what is raised into one discreet line about the subject; warnings and logs say nothing.

    Parameters
    ----------
    subject
        Such as "recording 3 of 7".

    Raises
    ------
    DiscreetError
        In place of any other exception.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DiscreetError:
        raise
    except Exception as error:
        raise DiscreetError(f"{subject}: {cause(error)}") from None
    finally:
        logging.disable(disabled)


def _place(trace: TracebackType | None) -> str:
    """Function and line; names of nasion's own and of packages, never of data."""
    place = "?"
    while trace:
        place = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place
