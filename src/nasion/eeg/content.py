"""Content: what a file is, told by its first bytes and never by its name."""

from collections.abc import Callable
from pathlib import Path

from nasion.errors import NasionError

HEAD_BYTES = 1024
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"

Test = Callable[[bytes], bool]


def head_of(path: Path) -> bytes:
    """First bytes of a file, nothing of a folder; raise NasionError where they can't be read."""
    if path.is_dir():
        return b""
    if path.exists() and not path.is_file():  # reading one may never end
        raise NasionError(f"{path}: is a pipe or a device; give a file")
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise NasionError(f"{path}: can't be read ({error.strerror})") from None


def starts(*marks: bytes, at: int = 0) -> Test:
    """Test for one of some marks at a place."""
    return lambda head: head[at:].startswith(marks)


def is_edf(head: bytes) -> bool:
    """Whether this is the header of an EDF or BDF file.

    EDF begins with a zero and blanks, as a text may; so the numbers of the header count as well.
    """
    return head[:8] in (b"\xffBIOSEMI", b"0       ") and all(
        head[begin:stop].strip().isdigit() for begin, stop in ((184, 192), (252, 256))
    )


def is_dicom_waveform(head: bytes) -> bool:
    """Whether this is a DICOM file of a class of waveforms, of which EEG are two."""
    return head[128:132] == b"DICM" and b"1.2.840.10008.5.1.4.1.1.9." in head


_OTHERS: tuple[tuple[Test, str], ...] = (
    (starts(b"DICM", at=128), "a DICOM object without a waveform; give the one with the EEG"),
    (starts(b"ustar", at=257), "a tar archive; unpack it and give the recording"),
    (starts(b"7z\xbc\xaf\x27\x1c"), "a 7z archive; unpack it and give the recording"),
    (starts(b"Rar!\x1a\x07"), "a rar archive; unpack it and give the recording"),
    (starts(b"\xfd7zXZ\0"), "compressed with xz; unpack it and give the recording"),
    (starts(b"BZh"), "compressed with bzip2; unpack it and give the recording"),
    (starts(b"\x28\xb5\x2f\xfd"), "compressed with zstd; unpack it and give the recording"),
    (starts(b"version https://git-lfs"), "a pointer of Git LFS; fetch the file (git lfs pull)"),
    (starts(b"%PDF-"), "a PDF; give the recording itself"),
    (
        lambda head: head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")),
        "a web page; download the recording again",
    ),
)


def no_recording(head: bytes) -> str:
    """Say what a file is that is no recording, and what to do; empty where nothing is known."""
    return next((text for test, text in _OTHERS if test(head)), "")
