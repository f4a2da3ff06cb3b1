"""Files of vendors made for tests, from what is publicly known of their layout."""

import struct
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from nasion.terms import COLUMNS

START = datetime(2020, 2, 1, 10, 0, 0)
# Nihon Kohden's numbers of electrodes.
SITES = ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "F7", "F8",
         "T3", "T4", "T5", "T6", "Fz", "Cz", "Pz")  # fmt: skip
NUMBERS = {name: number for number, name in enumerate(SITES)} | {"EKG": 26}
NK_STEP_UV = 6400 / 65536
NICOLET = bytes.fromhex("0fc37b1ccf2d6d4b8aea1f64ced2b917")
ZONES = ("ORDER", "LABCOD", "NOTE", "FLAGS", "TRONCA", "IMPED_B", "IMPED_E", "MONTAGE",
         "COMPRESS", "AVERAGE", "HISTORY", "DVIDEO", "EVENT A", "EVENT B", "TRIGGER")  # fmt: skip
CHANNELS = "{A271CCCB-515D-4590-B6A1-DC170C8D6EE2}"


def write_nihon_kohden(
    path: Path, clips, *, sfreq=200, log=(), names=COLUMNS, extended=False, version="EEG-1100C"
) -> Path:
    """Write clips of (seconds after START, µV of shape (channels, n_times)), a .21E and a .LOG."""
    mark = f"{version} V01.00".encode()
    table = b"".join(bytes([NUMBERS[name]]) + bytes(9) for name in names)
    file = bytearray(0x1800)
    file[:16], file[0x81:0x91], file[0x17FE] = mark, mark, 1
    file[0x91] = 1
    struct.pack_into("<I", file, 0x92, 0x400)

    def block(onset_s, signals, *, long=False):
        start, n_times = START + timedelta(seconds=onset_s), signals.shape[1]
        words = np.vstack([signals / NK_STEP_UV + 32768, np.zeros((1, n_times))])
        data = np.round(words).T.astype("<u2").tobytes()
        if long:
            head = bytearray(0x48)
            head[0x14:0x28] = f"{start:%Y%m%d%H%M%S}000000".encode()
            struct.pack_into("<II", head, 0x28, sfreq, round(10 * n_times / sfreq))
            struct.pack_into("<I", head, 0x44, len(signals))
        else:
            head = bytearray(0x27)
            head[0x14:0x1A] = bytes.fromhex(f"{start:%y%m%d%H%M%S}")
            struct.pack_into("<HI", head, 0x1A, 0xC000 | sfreq, round(10 * n_times / sfreq))
            head[0x26] = len(signals)
        head[0], head[1:17] = 1, f"TIME{start:%H%M%S}000000".encode()
        return bytes(head) + table[: 10 * len(signals)] + data

    legacy = [(0.0, np.zeros((1, sfreq)))] if extended else clips
    file[0x411] = len(legacy)
    for number, clip in enumerate(legacy):
        struct.pack_into("<I", file, 0x412 + 20 * number, len(file))
        file += block(*clip)
    if extended:
        at = len(file)
        file += bytes(0x12 + 20)
        file[at + 1 : at + 17], file[at + 0x11] = b"EEG-1200A V01.00", 1
        control = len(file)
        struct.pack_into("<I", file, at + 0x12, control)
        file += bytes(0x14 + 24 * len(clips))
        struct.pack_into("<H", file, control + 0x11, len(clips))
        for number, clip in enumerate(clips):
            struct.pack_into("<Q", file, control + 0x14 + 24 * number, len(file))
            file += block(*clip, long=True)
    path.write_bytes(file)
    lines = "\n".join(f"{NUMBERS[name]:04d}={name}" for name in names)
    path.with_suffix(".21E").write_text(f"[ELECTRODE]\n{lines}\n[REFERENCE]\n0041=$0V\n")
    if log:
        path.with_suffix(".LOG").write_bytes(_log(mark, log))
    return path


def _log(mark: bytes, entries) -> bytes:
    """Entries of (seconds after START, text), to the whole second."""
    file = bytearray(0x400)
    file[:16], file[0x81:0x91], file[0x91] = mark, mark, 1
    struct.pack_into("<I", file, 0x92, 0x400)
    block = bytearray(0x14)
    block[1:17], block[0x12] = mark, len(entries)
    for onset_s, text in entries:
        elapsed = datetime.min + timedelta(seconds=onset_s)
        stamp = f"{elapsed:%H%M%S}({START + timedelta(seconds=onset_s):%y%m%d%H%M%S})"
        block += text.encode().ljust(20, b"\0") + stamp.encode().ljust(25, b"\0")
    return bytes(file + block)


def _wide(text: str, n_bytes: int) -> bytes:
    return text.encode("utf-16-le")[:n_bytes].ljust(n_bytes, b"\0")


def _days(onset_s: float) -> float:
    return (START + timedelta(seconds=onset_s) - datetime(1899, 12, 30)) / timedelta(days=1)


def write_nicolet(
    path: Path, segments, *, sfreq=200.0, step_uv=0.1, notes=(), stride=552, names=COLUMNS
) -> Path:
    """Write segments of (seconds after START, µV); stored samples are inverted."""
    channels = bytearray(760)
    struct.pack_into("<I", channels, 752, len(names))
    for name in names:
        record = bytearray(stride)
        record[:64], record[0x80:0xC0], record[0xC0:0x100] = (
            _wide(name, 64), _wide(name, 64), _wide("Ref", 64),
        )  # fmt: skip
        struct.pack_into("<dddd", record, 0x100, 0.5, 70.0, sfreq, step_uv)
        channels += record
    stream = bytearray()
    for onset_s, signals in segments:
        entry = bytearray(152)
        struct.pack_into("<d", entry, 0, _days(onset_s))
        struct.pack_into("<d", entry, 0x10, signals.shape[1] / sfreq)
        stream += entry
    events = bytearray()
    for onset_s, text in notes:
        packet = bytearray(272 + 2 * len(text))
        struct.pack_into("<Q", packet, 0x10, len(packet))
        struct.pack_into("<d", packet, 0x20, _days(onset_s))
        packet[0x88:0x98] = bytes.fromhex("1256a9a5f8a7cf11831a0800091b5bda")  # an annotation
        packet[0x108 : 0x108 + 2 * len(text)] = _wide(text, 2 * len(text))
        events += packet
    whole = np.concatenate([signals for _, signals in segments], axis=1)
    samples = np.round(-whole / step_uv).astype("<i2")
    sections = {CHANNELS: bytes(channels), "SegmentStream": bytes(stream)}
    if notes:
        sections["Events"] = bytes(events)
    sections |= {str(number): row.tobytes() for number, row in enumerate(samples)}
    file = bytearray(0xB0 + 84 * len(sections))
    file[:16] = NICOLET
    struct.pack_into("<I", file, 0xAC, len(sections))
    index = bytearray(struct.pack("<Q", len(sections)))
    at = len(file) + 8 + 24 * len(sections)
    for number, (name, content) in enumerate(sections.items()):
        file[0xB0 + 84 * number : 0xB0 + 84 * number + 80] = _wide(name, 80)
        struct.pack_into("<I", file, 0xB0 + 84 * number + 80, number)
        index += struct.pack("<QQII", number, at, len(content), len(content))
        at += len(content)
    struct.pack_into("<I", file, 0x18, len(file))
    path.write_bytes(bytes(file + index) + b"".join(sections.values()))
    return path


def write_micromed(path: Path, segments, *, sfreq=200, notes=(), negative="G2") -> Path:
    """Write segments of (samples after START, µV) with a header of type 4."""
    whole = np.concatenate([signals for _, signals in segments], axis=1)
    content = dict.fromkeys(ZONES, bytes(480))
    content["ORDER"] = np.arange(len(COLUMNS), dtype="<u2").tobytes()
    labels = b""
    for name in COLUMNS:
        entry = bytearray(128)
        entry[2:8], entry[8:14] = name.encode().ljust(6, b"\0"), negative.encode().ljust(6, b"\0")
        struct.pack_into("<iiiiih", entry, 14, 0, 65535, 32768, -3277, 3276, 0)
        struct.pack_into("<H", entry, 44, 1)
        labels += bytes(entry)
    content["LABCOD"] = labels
    content["NOTE"] = b"".join(
        struct.pack("<I", sample) + text.encode().ljust(40, b"\0") for sample, text in notes
    ).ljust(440, b"\0")
    if len(segments) > 1:
        starts = np.cumsum([0, *(signals.shape[1] for _, signals in segments[:-1])])
        content["TRONCA"] = b"".join(
            struct.pack("<II", onset, start)
            for (onset, _), start in zip(segments, starts.tolist(), strict=True)
        ).ljust(480, b"\0")
    file = bytearray(640)
    file[:32] = b"* MICROMED  Brain-Quick file *\r\n"
    file[128:134] = bytes([1, 2, 120, 10, 0, 0])
    for number, name in enumerate(ZONES):
        struct.pack_into("<8sII", file, 176 + 16 * number, name.ljust(8).encode(),
                         len(file), len(content[name]))  # fmt: skip
        file += content[name]
    struct.pack_into("<IHHHH", file, 138, len(file), len(COLUMNS), 2 * len(COLUMNS), sfreq, 2)
    file[175] = 4
    step_uv = (3276 + 3277) / 65536
    path.write_bytes(bytes(file) + np.round(whole / step_uv + 32768).T.astype("<u2").tobytes())
    return path
