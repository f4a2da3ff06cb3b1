"""Recordings of several files made for tests."""

import numpy as np

from nasion.terms import COLUMNS


def write_brainvision(folder, stem, signals, *, header="", data="eeg"):
    """Float microvolts; the description may have a name of its own."""
    signals.astype("<f4").T.tofile(folder / f"{stem}.{data}")
    channels = "\n".join(f"Ch{n + 1}={name},,1,µV" for n, name in enumerate(COLUMNS))
    (folder / f"{stem}.vmrk").write_text(
        f"Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\n"
        f"DataFile={stem}.{data}\n[Marker Infos]\nMk1=Stimulus,S  1,401,1,0\n"
    )
    path = folder / f"{header or stem}.vhdr"
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n"
        f"DataFile={stem}.{data}\nMarkerFile={stem}.vmrk\n"
        "DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=20\n"
        "SamplingInterval=5000\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n"
        f"[Channel Infos]\n{channels}\n",
        encoding="utf-8",
    )
    return path


def write_persyst(
    folder, stem, signals, *, times=(), header=b"", info="", patient="", folder_stated="C:\\EEG\\"
):
    """Whole tenths of microvolts; `times` are (sample, second of the day)."""
    stored = np.round(signals * 10).astype("<i2").T.tobytes()
    (folder / f"{stem}.dat").write_bytes(header + stored)
    names = "\n".join(f"{name}-Ref={n + 1}" for n, name in enumerate(COLUMNS))
    stamps = "\n".join(f"{sample}={second}" for sample, second in times)
    path = folder / f"{stem}.lay"
    path.write_text(
        f"[FileInfo]\nFile={folder_stated}{stem}.dat\nFileType=Interleaved\nSamplingRate=200\n"
        f"HeaderLength={len(header)}\nCalibration=0.1\nWaveformCount=20\nDataType=0\n{info}"
        f"[ChannelMap]\n{names}\n[SampleTimes]\n{stamps}\n"
        "[Sheets]\n[Comments]\n2.5,1.0,0,100,Eyes closed, no = artifact\n"
        f"[Patient]\n{patient or 'TestDate=2020.02.01'}\nTestTime=10:00:00\n"
    )
    return path
