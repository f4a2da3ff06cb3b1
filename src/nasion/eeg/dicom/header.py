"""What a DICOM file says of its channels, its patient and its clock.

Electrodes as in DICOM PS3.16 CID 3030. Names and numbers of patients are not looked at.
"""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from nasion.eeg.age import YEAR_DAYS, believable
from nasion.eeg.naming import parse
from nasion.eeg.source import MICROVOLTS
from nasion.eeg.units import voltage

ELECTRODE_CODES = {
    "7:1041": "Fp1", "7:1057": "F3", "7:1137": "C3", "7:1185": "P3", "7:1073": "F7",
    "7:1249": "T3", "7:1257": "T5", "7:1209": "O1", "7:1008": "Fz", "7:1016": "Cz",
    "7:1024": "Pz", "7:1042": "Fp2", "7:1062": "F4", "7:1142": "C4", "7:1190": "P4",
    "7:1078": "F8", "7:1254": "T4", "7:1262": "T6", "7:1214": "O2", "7:1289": "A1",
    "7:1290": "A2",
}  # fmt: skip
AGE_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / YEAR_DAYS, "D": 1 / YEAR_DAYS}


def calibration(channel: Any, unit: str) -> tuple[float, float, str]:
    """Gain and offset to microvolts, and the unit as the file spells it."""
    sensitivity = channel.get("ChannelSensitivity")
    correction = channel.get("ChannelSensitivityCorrectionFactor")
    gain = (1.0 if sensitivity is None else float(sensitivity)) * (
        1.0 if correction is None else float(correction)
    )
    stated = "" if sensitivity is None else _unit(channel)
    scale = MICROVOLTS[unit or voltage(stated) or "uV"]
    offset = float(channel.get("ChannelBaseline") or 0.0)
    if not np.isfinite([gain, offset]).all() or gain == 0:
        raise ValueError(f"a channel's sensitivity is {gain:g}")
    return gain * scale, offset * scale, stated


def _unit(channel: Any) -> str:
    """Unit of the calibrated values: its code (UCUM), or its name where that is a voltage."""
    items = channel.get("ChannelSensitivityUnitsSequence")
    if not items:
        return ""
    code, meaning = (str(items[0].get(key) or "") for key in ("CodeValue", "CodeMeaning"))
    return meaning if voltage(meaning) and not voltage(code) else code


def label(channel: Any) -> str:
    """Name a channel as the reader of names knows it: an electrode, and its reference if told."""
    stated = str(channel.get("ChannelLabel") or "").strip()
    items = channel.get("ChannelSourceSequence")
    if not items:
        return stated
    site = _name(items[0])
    electrode = parse(site).site
    if stated and electrode and parse(stated).site == electrode:
        return stated
    for modifier in channel.get("ChannelSourceModifiersSequence") or ():
        name = _name(modifier)
        if parse(name).kind == "electrode" or str(modifier.get("CodeValue")) in ELECTRODE_CODES:
            return f"{site}-{name}"
    return site if electrode or not stated else stated


def _name(code: Any) -> str:
    value = str(code.get("CodeValue") or "")
    return ELECTRODE_CODES.get(value) or str(code.get("CodeMeaning") or value).strip()


def started(dataset: Any) -> datetime | None:
    """Clock time of the acquisition, as the device showed it."""
    acquired = clock(str(dataset.get("AcquisitionDateTime") or ""))
    if acquired or dataset.get("AcquisitionDateTime"):
        return acquired
    return clock(f"{dataset.get('ContentDate') or ''}{dataset.get('ContentTime') or ''}")


def clock(text: str) -> datetime | None:
    """Read YYYYMMDDHHMMSS.FFFFFF&ZZXX, without its zone."""
    plain = text.partition("+")[0].partition("-")[0].strip()
    whole, _, fraction = plain.partition(".")
    try:
        second = datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")
        return second + timedelta(seconds=float(f"0.{fraction or 0}"))
    except ValueError:
        return None


def age_years(dataset: Any, start: datetime | None) -> float | None:
    """Age as it is stated, or by the day of birth."""
    text, born = str(dataset.get("PatientAge") or ""), str(dataset.get("PatientBirthDate") or "")
    try:
        if text:
            years = int(text[:-1]) * AGE_YEARS[text[-1]]
        elif start:
            birth = date(int(born[:4]), int(born[4:6]), int(born[6:8]))
            years = (start.date() - birth).days / YEAR_DAYS
        else:
            return None
    except (ValueError, KeyError):
        return None
    return years if believable(years) else None
