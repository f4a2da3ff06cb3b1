"""Recordings that tell of their patient wherever a file can, and the search for what was told.

Name, number, birth date and ward stand in header, labels, units, annotations, names of files and
names of folders, in good recordings and in such as can't be read.
"""

import gzip
import io
import re
import traceback
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from typer.testing import CliRunner

from eeg.made_edf import eeg, stamped, write
from nasion.cli import app
from nasion.terms import COLUMNS

NAME, NUMBER, WARD = "Vogelsang", "ZQ471108", "Ostfluegel7"
BIRTHS = "17-mar-1931", "1931-03-17", "17.03.1931", "17.03.31", "19310317", "17031931"
WORDS = (NAME.lower(), "hermine", "471108", WARD.lower(), *BIRTHS)
DAY = "2021-06-08"  # of the recording
FOLDER = f"{WARD} 17.03.1931"
STEM = f"{NAME}_Hermine_{NUMBER}_17031931_{WARD}"
PATIENT = f"{NUMBER} F 17-MAR-1931 {NAME}_Hermine"
RECORDED = f"Startdate 08-JUN-2021 {NUMBER} Dr._Rabe {WARD}"
NOTES = [
    (1.0, 0.0, f"{NAME}, Hermine *17.03.1931 {WARD}"),
    (2.0, 0.0, "eyes open"),
    (3.0, 1.0, f"{NUMBER} 1931-03-17"),
]
SECONDS = 24


def telling(
    path: Path, seconds: int = SECONDS, seed: int = 0, onsets: dict[int, str] | None = None
) -> Path:
    """Write an EDF+ or BDF+ that names its patient in every field that holds text."""
    labels = (f"Fp1-{NAME}", *COLUMNS[1:], NUMBER, f"{WARD} 1")
    signals = eeg(seconds * 200, len(labels), seed)
    write(path, signals, labels=labels, annotations=NOTES, record_s=1.0)
    if onsets:
        stamped(path, onsets)
    raw = bytearray(path.read_bytes())
    n = raw[252:256].decode().strip()
    n_signals, n_named = int(n), len(labels)
    raw[8:88] = PATIENT.encode().ljust(80)
    raw[88:168] = RECORDED.encode().ljust(80)
    raw[168:184] = b"08.06.2113.14.15"
    raw[192:236] = (bytes(raw[192:197]) + f" {NAME} {NUMBER}".encode()).ljust(44)
    begins = {"transducer": (16, 80), "dimension": (96, 8), "filter": (136, 80), "more": (224, 32)}
    for name, (begin, width) in begins.items():
        for number in range(n_named):
            if name == "dimension" and number < len(COLUMNS):
                continue
            place = 256 + begin * n_signals + width * number
            text = f"{NAME} {NUMBER} {WARD}"[:width]
            raw[place : place + width] = text.encode().ljust(width)
    path.write_bytes(bytes(raw) + f"{NAME} {NUMBER}".encode())
    return path


def table(path: Path, seconds: int = SECONDS) -> Path:
    """Write an EEG in HMS layout with a column too many."""
    frame = pd.DataFrame(eeg(seconds * 200).T.astype(np.float32), columns=list(COLUMNS))
    frame.assign(**{f"{NAME} {NUMBER}": 0.0}).to_parquet(path)
    return path


def good(folder: Path) -> list[Path]:
    """Recordings that can be read, below a folder of the patient's."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    first = telling(place / f"{STEM}.edf")
    packed = place / f"{STEM} 2.edf.gz"
    packed.write_bytes(gzip.compress(telling(folder / "plain.edf", seed=2).read_bytes()))
    (folder / "plain.edf").unlink()
    zipped = place / f"{STEM} 3.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"{STEM}/{STEM} 3.edf", first.read_bytes())
    onsets = telling(place / f"{STEM} 5.edf", seed=5, onsets={8: f"+{NUMBER}"})
    return [first, packed, zipped, table(place / f"{STEM} 4.parquet"), onsets]


def broken(folder: Path) -> list[Path]:
    """Files that can't be read, each for another reason."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    words = f"{NAME} {NUMBER} 17.03.1931 {WARD}"
    whole = telling(folder / "whole.edf").read_bytes()
    (folder / "whole.edf").unlink()
    few = write(folder / "few.edf", eeg(4000, 2), labels=(f"Fp1-{NAME}", NUMBER)).read_bytes()
    (folder / "few.edf").unlink()
    rates = bytearray(whole)
    n = int(whole[252:256])
    rates[256 + 216 * n : 256 + 216 * n + 8] = b"Vogelsan"
    members = io.BytesIO()
    with zipfile.ZipFile(members, "w") as archive:
        for number in (1, 2):
            archive.writestr(f"{STEM} {number}.edf", whole)
    outside = io.BytesIO()
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr(f"../{STEM}.edf", whole)
    listed = io.BytesIO()
    pd.DataFrame({f"{NAME} {NUMBER}": [1.0, 2.0]}).to_parquet(listed)
    contents = {
        f"{STEM} empty.edf": b"",
        f"{STEM} cut.edf": whole[:200],
        f"{STEM} cut2.edf": whole[:3000],
        f"{STEM} rates.edf": bytes(rates),
        f"{STEM} few.edf": few,
        f"{STEM} text.edf": words.encode() * 50,
        f"{STEM} wrong.bdf": words.encode("utf-16") * 50,
        f"{STEM} cut.edf.gz": gzip.compress(whole)[:500],
        f"{STEM} two.zip": members.getvalue(),
        f"{STEM} outside.zip": outside.getvalue(),
        f"{STEM} cut.zip": members.getvalue()[:600],
        f"{STEM} cut.parquet": b"PAR1" + words.encode(),
        f"{STEM} other.parquet": listed.getvalue(),
        f"{STEM}.vhdr": f"Brain Vision Data Exchange Header\n[Common Infos]\nDataFile={NAME}.eeg\n"
        f"MarkerFile={NAME}.vmrk\nSamplingInterval={NAME}\n".encode(),
        f"{STEM}.lay": f"[FileInfo]\nFile={NAME}.dat\nSamplingRate={NUMBER}\n[Patient]\n"
        f"Last={NAME}\nID={NUMBER}\nBirthDate=17.03.1931\n".encode(),
        f"{STEM}.set": words.encode() * 20,
        f"{STEM}.cnt": b"Version 3.0" + words.encode() * 50,
        f"{STEM}.trc": bytes(176) + b"ORDER   " + words.encode() * 50,
        f"{STEM}.eeg": b"EEG-1100" + words.encode() * 50,
        f"{STEM}.fif": bytes.fromhex("000000640000001f00000014") + words.encode() * 50,
        f"{STEM}.gdf": b"GDF 2.20" + words.encode() * 50,
        f"{STEM}.dcm": bytes(128) + b"DICM" + words.encode() * 50,
        f"{STEM}.erd": words.encode(),
        f"{STEM}.{NAME}": words.encode(),
    }
    for name, content in contents.items():
        (place / name).write_bytes(content)
    (place / f"{STEM}.mff").mkdir()
    (place / f"{STEM} folder").mkdir()
    names = [*contents, f"{STEM}.mff", f"{STEM} folder", f"{STEM} absent.edf"]
    return [place / name for name in names]


@dataclass(frozen=True)
class Told:
    """What a call told, in streams, exceptions and log."""

    text: str
    exit_code: int

    def __contains__(self, words: str) -> bool:
        """Whether it told this."""
        return words in self.text


def call(*arguments: object) -> Told:
    """Call a verb as the command line does."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    error = done.exception
    raised = "" if error is None else "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):
        raised = ""
    return Told("\n".join((done.stdout, done.stderr, raised)), done.exit_code)


def found_in_text(text: str, words: tuple[str, ...] = WORDS) -> set[str]:
    """Words that a text holds, also backwards and whatever the case."""
    small = text.lower()
    return {word for word in words if word in small or word[::-1] in small}


def found_below(folder: Path, words: tuple[str, ...] = WORDS) -> dict[str, set[str]]:
    """Words in names and bytes of all below a folder, also packed, encoded or backwards."""
    told: dict[str, set[str]] = {}
    for path in [folder, *folder.rglob("*")]:
        name = str(path.relative_to(folder))
        texts = [name]
        if path.is_file():
            texts += list(_texts(path.read_bytes()))
            if path.suffix == ".parquet":
                content = pq.read_table(path)
                texts += [str(content.schema), content.to_pandas().to_csv()]
        if found := set().union(*(found_in_text(text, words) for text in texts)):
            told[name] = found
    return told


def _texts(raw: bytes) -> Iterator[str]:
    """What bytes say in usual encodings, and in what they hold packed."""
    yield raw.decode("latin-1")
    for begin in (0, 1):
        yield raw[begin:].decode("utf-16-le", "ignore")
        yield raw[begin:].decode("utf-16-be", "ignore")
    if raw[:2] == b"\x1f\x8b":
        yield from _texts(zlib.decompressobj(31).decompress(raw))
    if raw[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for member in archive.namelist():
                yield member
                yield from _texts(archive.read(member))
    if raw[:4] == b"\x89PNG":
        for chunk in re.findall(rb"zTXt[^\0]*\0\0(.*?)IEND", raw, re.DOTALL):
            yield zlib.decompressobj().decompress(chunk).decode("latin-1")
