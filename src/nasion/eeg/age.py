"""Age: of which group a patient is, and what to say where weights were made for another.

A group is all that is told; the age itself is personal and is written nowhere.
"""

from dataclasses import replace

from nasion.eeg.form import AGE_GROUPS
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError
from nasion.terms import ADULTS, OLDEST_YEARS

YEAR_DAYS = 365.2425
# From so many years on. Up to 28 days an EEG is read by terms of its own (ACNS 2013).
GROUPS = dict(zip(AGE_GROUPS, (0.0, 28 / YEAR_DAYS, 1.0, 12.0, ADULTS[0]), strict=True))


def group_of(age_years: float) -> str:
    """Name the group: newborn, infant, child, adolescent or adult."""
    return [name for name, least in GROUPS.items() if age_years >= least][-1]


def stated(recording: Recording, age_years: float | None) -> Recording:
    """Give the recording of a patient of this age, whatever its header says; None believes it.

    Raises
    ------
    NasionError
        For an age that nobody has.
    """
    if age_years is None:
        return recording
    if not believable(age_years):
        raise NasionError(f"an age is given in years, from 0 to below {OLDEST_YEARS:g}")
    return replace(recording, age_years=age_years)


def believable(age_years: float) -> bool:
    """Whether it can be the age of a patient; dates that stand for none give others."""
    return 0 <= age_years < OLDEST_YEARS


def remark(age_years: float | None, ages_years: tuple[float, float] = ADULTS) -> Remark | None:
    """Say that a patient is of another age than the weights were made for.

    Parameters
    ----------
    age_years
        None where it is not known: then there is nothing to say.
    ages_years
        The lowest age that the weights were made for, and the age below which they were.
    """
    least, below = ages_years
    if age_years is None or least <= age_years < below:
        return None
    values = {"group": group_of(age_years), "least_years": least, "below_years": below}
    return Remark(Code.AGE, values)
