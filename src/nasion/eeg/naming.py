"""Which channel of a file is which electrode, and against which reference.

Laboratories write the same electrode as `Fp1`, `EEG FP1-REF`, `POL Fp1`, `Fp1-A1`, `Fp1.` or
`EEG Fp1-LE`; the temporal sites have two names (T7 = T3), sometimes both (`T3/T7`); the heart is
EKG or ECG. What a device derives from an electrode, as `Fp1 Impedance` or `O2 Sat`, is none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from nasion.eeg.remarks import Code, Remark
from nasion.terms import ALIASES, ELECTRODES, LEFT, MIDLINE, RIGHT, SITE

Kind = Literal["electrode", "ekg", "derivation", "other"]
LEAST_OF_A_REFERENCE = 3  # pairs that end in it

_SITES = {name.upper(): name for name in ELECTRODES} | {
    alias: name for alias, name in ALIASES.items() if name in ELECTRODES
}
_PREFIX = re.compile(r"^(?:(?:EEG|POL|SCALP)[\s_:-]*|\$)+")
# A number before the name, as of the input: CH1 Fp1, 1-Fp1.
_INPUT = re.compile(r"^(?:CH(?:AN(?:NEL)?)?\s?)?\d{1,3}[\s_:-]+(?=(?:FP|[FCPTO])[\s_-]?[\dZ])")
_SEPARATOR = re.compile(r"\s*[-–—−_:;/|,=]\s*|\s+")
_EKG = re.compile(r"(?:ECG|EKG)(|[LR]A?|[12]|I{1,3})")
_POLE = re.compile(r"(?:ECG|EKG)\s*(\+|-|POS|NEG|PLUS|MINUS)(?:[\s_-]+REF)?")
_LEADS = {"LA": "L", "RA": "R", "I": "1", "II": "2", "POS": "+", "PLUS": "+"} | {
    "NEG": "-",
    "MINUS": "-",
}
_EARS = re.compile(r"(?:[AM][12]\+?)+")
_KNOWN_REFERENCE = re.compile(
    r"V?REF\d*|LE|LER?|LM|LINKED(?:EARS?|MASTOIDS?)?|AR|AA|AAV|AVE?|AVG|AVR|AVERAGE|C?AR|CA|CAV"
    r"|CMS|COM|COMMON|CS\d|G\d?|GND|NOSE|ORG|SCR|SD|" + _EARS.pattern
)
_BARE = re.compile(r"FP|[FCPTOAM]")  # an electrode's name before its number
_IDLE = frozenset(("EEG", "RAW", "UV", "MV", "NV"))  # says nothing of the channel
# What follows an electrode's name where a channel is no EEG of it.
_DERIVED = re.compile(
    r"IMP(?:ED(?:ANCES?)?)?|K?OHMS?|RESISTANCE|CONTACT|[CSE]Q|QUALITY|STATUS|SATS?|SATURATION"
    r"|S[PA]O2|(?:ET)?CO2|PULSE|PLETH|HR|RATE|BPM|TEMP(?:ERATURE)?|RESP|FLOW|PRESS(?:URE)?|POWER"
    r"|BAND|DELTA|THETA|ALPHA|BETA|GAMMA|SEF|AEEG|CSA|RMS|ENVELOPE|TREND|INDEX|SNR|NOISE|LEVEL"
    r"|GAIN|FREQ(?:UENCY)?|MARKER|EVENTS?|TRIG(?:GER)?|ACC|GYRO|EMG|EOG"
)
_ZERO_FOR_O = re.compile(r"^0(?=[12](?!\d))")
_NUMBERED = re.compile(r"0*(?:[3-9]|[1-9]\d)(?!\d)")
_PADDED = re.compile(r"^(FP|[FCPTO])0(?=[1-8](?!\d))")
LEAST_ALIKE = 3  # channels that show how a file spells


@dataclass(frozen=True)
class Channel:
    """What one label says.

    Parameters
    ----------
    site
        The electrode (Fp1), the first one of a derivation, or the lead of an EKG ("", "L", "1").
    reference
        As the label states it, upper case ("REF", "A1", "LE"), an electrode by its usual name;
        empty where the label states none. Of a derivation: its second electrode.

    Of a derivation both are sites of the scalp or an ear, also such that are none of the 19.
    """

    kind: Kind
    site: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Selection:
    """Which labels stand for the 20 channels; numbers count the labels of the file."""

    electrodes: dict[str, int]
    references: dict[str, str]  # of each chosen electrode, "" where its label states none
    ekg: tuple[int, ...]  # one channel, or two whose difference it is
    derivations: dict[tuple[str, str], int]  # by their two sites
    duplicates: tuple[str, ...]  # labels left out because what they show came earlier
    ignored: tuple[str, ...]

    @property
    def stated(self) -> tuple[str, ...]:
        """Distinct references of the electrodes."""
        return tuple(dict.fromkeys(name for name in self.references.values() if name))


def parse(label: str) -> Channel:
    """Read one channel label."""
    parts = _parts(label)
    if len(parts) == 1 and (match := _POLE.fullmatch(parts[0])):
        return Channel("ekg", _LEADS.get(match[1], match[1]))
    if not parts or any(map(_DERIVED.fullmatch, parts[1:])):
        return Channel("other")
    first, tail = parts[0], parts[1:]
    if match := _EKG.fullmatch(first):
        return _heart(match[1], tail)
    site, reference = _scalp_site(first), "".join(tail)
    if len(tail) > 1 and _scalp_site(tail[0]) and _KNOWN_REFERENCE.fullmatch("".join(tail[1:])):
        reference = tail[0]  # Fp1-F7-Ref: what both were recorded against
    second = _scalp_site(reference)
    if first not in _SITES:
        return Channel("derivation", site, second) if site and second else Channel("other")
    if _EARS.fullmatch(reference):
        return Channel("electrode", site, reference.replace("+", ""))
    return Channel("derivation" if second else "electrode", site, second or reference)


def _parts(label: str) -> list[str]:
    """Give the words of a label, upper case, without those that say nothing of the channel."""
    text = re.sub(
        r"[()\[\].*#\"\s]+", " ", label.replace("µ", "u").upper().replace(")/2", ")")
    ).strip()
    text = _PREFIX.sub("", re.sub(r"\s*\+\s*", "+", text)).strip()
    text = _INPUT.sub("", text)
    if _POLE.fullmatch(text):
        return [text]
    parts = [part for part in _SEPARATOR.split(text) if part]
    for place in range(len(parts) - 1, 0, -1):
        if _BARE.fullmatch(parts[place - 1]) and re.fullmatch("[1-8Z]", parts[place]):
            parts[place - 1 : place + 1] = [parts[place - 1] + parts[place]]
    parts[1:] = [
        part
        for before, part in pairwise(parts)
        if part not in _IDLE and _SITES.get(part, part) != _SITES.get(before)
    ]  # of both names of a temporal electrode one
    if len(parts) == 2 and any(map(_scalp_site, parts)):
        parts = [_ZERO_FOR_O.sub("O", part) if len(part) == 2 else part for part in parts]
    if len(parts) > 1 and parts[-1].isdigit() and not _EKG.fullmatch(parts[0]):
        parts.pop()  # the running number that tells duplicates apart
    return parts


def states_reference(channel: Channel) -> bool:
    """Whether what follows the electrode is known to be a reference, or nothing follows."""
    return not channel.reference or bool(_KNOWN_REFERENCE.fullmatch(channel.reference))


def respelled(labels: Sequence[str]) -> tuple[str, ...]:
    """Spell electrodes as others do: `01` is O1 and `F03` is F3 where that can't be anything else.

    Numbered channels (01, 02, 03 ...) stay as they are, and so does a zero that the file writes
    in a few names only (P03 is PO3 to some).
    """
    texts = [_PREFIX.sub("", label.upper().strip()) for label in labels]
    sites = {parse(label).site for label in labels if parse(label).kind == "electrode"}
    numbered = any(_NUMBERED.match(text) for text in texts)
    stems = [match[1] for text in texts if (match := _PADDED.match(text))]
    zero_for_o = len(sites) >= LEAST_ALIKE and not numbered
    padded = len(stems) >= LEAST_ALIKE and len(set(stems)) > 1
    respelt = []
    for label, text in zip(labels, texts, strict=True):
        spelt = _ZERO_FOR_O.sub("O", text) if zero_for_o else text
        spelt = _PADDED.sub(r"\1", spelt) if padded else spelt
        channel = parse(spelt)
        usable = spelt != text and channel.kind == "electrode" and channel.site not in sites
        respelt.append(spelt if usable else label)
    return tuple(respelt)


def _scalp_site(name: str) -> str:
    """Give the usual name of a site of the scalp or of one ear, empty for anything else."""
    usual = name.replace("FP", "Fp").replace("Z", "z")
    return _SITES.get(name, usual if SITE.fullmatch(usual) else "")


def _heart(lead: str, tail: list[str]) -> Channel:
    second = _EKG.fullmatch(tail[0]) if tail else None
    if second:
        return Channel("ekg", "" if second[1] != lead else _LEADS.get(lead, lead))
    if tail and not lead and tail[0] in ("L", "R", "LA", "RA", "1", "2", "I", "II"):
        return Channel("ekg", _LEADS.get(tail[0], tail[0]))
    return Channel("ekg", _LEADS.get(lead, lead), "".join(tail))


def select(labels: Sequence[str]) -> Selection:
    """Choose one channel for each electrode or derivation; the first one where a file has two."""
    channels = _resolved([parse(label) for label in labels])
    electrodes: dict[str, int] = {}
    references: dict[str, str] = {}
    derivations: dict[tuple[str, str], int] = {}
    hearts: dict[str, int] = {}
    duplicates, ignored = [], []
    for number, (label, channel) in enumerate(zip(labels, channels, strict=True)):
        pair = channel.site, channel.reference
        if channel.kind == "electrode" and channel.site not in electrodes:
            electrodes[channel.site] = number
            references[channel.site] = channel.reference
        elif channel.kind == "electrode":
            duplicates.append(label)
        elif channel.kind == "ekg":
            hearts.setdefault(channel.site, number)
        elif channel.kind == "other" or channel.site == channel.reference:
            ignored.append(label)
        elif derivations.keys() & {pair, pair[::-1]}:
            duplicates.append(label)
        else:
            derivations[pair] = number
    ekg = _choose_ekg(hearts)
    unused = [labels[number] for number in hearts.values() if number not in ekg]
    return Selection(
        electrodes=electrodes,
        references=references,
        ekg=ekg,
        derivations=derivations,
        duplicates=tuple(duplicates),
        ignored=tuple(ignored + unused),
    )


def _resolved(channels: list[Channel]) -> list[Channel]:
    """Tell Fp1-Cz, F3-Cz, ... (one scalp reference) from Fp1-F7, F7-T3, ... (a chain).

    A reference is the second site of nine pairs, or of three where there are no others.
    """
    pairs = {
        (channel.site, channel.reference) for channel in channels if channel.kind == "derivation"
    }
    for reference in {second for _, second in pairs}:
        sites = {first for first, second in pairs if second == reference}
        alone = len(sites) == len(pairs) >= LEAST_OF_A_REFERENCE
        if alone or len(sites) >= len(ELECTRODES) // 2:
            return [
                Channel("electrode", channel.site, reference)
                if (channel.kind, channel.reference) == ("derivation", reference)
                and channel.site in ELECTRODES
                else channel
                for channel in channels
            ]
    return channels


def _choose_ekg(hearts: dict[str, int]) -> tuple[int, ...]:
    if "" in hearts:
        return (hearts[""],)
    for plus, minus in (("L", "R"), ("1", "2"), ("+", "-")):
        if plus in hearts and minus in hearts:
            return (hearts[plus], hearts[minus])
    return tuple(hearts.values())[:1]


def assumed(references: Mapping[str, str]) -> dict[str, str]:
    """Give the reference of each electrode, where it isn't stated that of the others.

    A word that is no known reference states none, and others are of use only where they state one.
    """
    known = {
        name
        for name in references.values()
        if _KNOWN_REFERENCE.fullmatch(name) or _scalp_site(name)
    }
    if len(known) > 1:
        return dict(references)
    common = next(iter(known), max([*references.values(), ""], key=[*references.values()].count))
    return dict.fromkeys(references, common)


def reference_warning(references: dict[str, str]) -> Remark | None:
    """Say what two references make wrong; None where there is one.

    Differences within a side are right as long as the side has one reference; the midline, the
    average reference and comparisons of the sides are not.
    """
    names = tuple(dict.fromkeys(references.values()))
    if len(names) < 2:
        return None
    mixed_sides = [
        side
        for side, sites in (("left", LEFT), ("right", RIGHT))
        if len({references[site] for site in sites if site in references}) > 1
    ]
    midline = tuple(site for site in MIDLINE if site in references)
    return Remark(
        Code.MIXED_REFERENCES,
        {
            "names": names,
            "midline": midline,
            "against": tuple(references[site] for site in midline),
            "sides": tuple(mixed_sides),
        },
    )
