"""A mark: by which a recording that was read before is known again, and read no second time."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from nasion.errors import NasionError
from nasion.exports.folder import MANIFEST
from nasion.loading import read_table
from nasion.reader.reader import Reader

HEAD_BYTES = 1 << 20  # of a file, which with its length tell it from others


def marked(files: Sequence[Path], reader: Reader, stated: Sequence[object]) -> str:
    """Digits of the recording's bytes, then of the model, the settings and what was stated."""
    source, settings = sha256(), reader.events.model_dump_json()
    for path in files:
        if path.is_file():
            source.update(str(path.stat().st_size).encode())
            with path.open("rb") as file:
                source.update(file.read(HEAD_BYTES))
        else:
            source.update(os.fsencode(path))
    about = reader.network.about
    says = repr((about.ages_years, about.accuracy)) if about.accuracy else ""  # in its readings
    more = (*stated, says) if says else stated
    identity = repr((about.identity, settings, reader.display, reader.report, *more))
    return f"{source.hexdigest()[:12]}-{sha256(identity.encode()).hexdigest()[:8]}"


def mark_of(folder: Path) -> str:
    """The mark of a finished reading; "" where there is none, none finished, or a broken one."""
    try:
        content = read_table(folder / MANIFEST)
    except NasionError:
        return ""
    unmarked = "?" if "files" in content else ""  # whole, of nobody known; else it is broken
    return str(content.get("mark") or unmarked)
