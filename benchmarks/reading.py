"""How long a day takes to read, how much memory, and against what.

python benchmarks/reading.py DAY.edf FOLDER [--windows 100] [--skip-sparcnet]

In one run: `nasion read` of the whole recording and of its first quarter (wall clock and peak
memory of the process), the same windows one by one in PyTorch with the packaged weights, and
braindecode's SPARCNet stepping through the recording by itself (its published use: 16 channels,
10-s windows every 2 s, batches of 32; no reading, no filters). Then where the time goes, beside
what the machine could do.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nasion.config import HMS_VIEW
from nasion.data.representation import represent
from nasion.display.cache import DisplayWriter
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.eeg.spectrogram import cleaned, power
from nasion.eeg.waveform import waveform
from nasion.network import Network
from nasion.reading.stream import Strip, piece_of
from nasion.reading.windows import reach, windows_of
from nasion.signal.quality import faults
from nasion.terms import CONTEXT_S, READING_STEP_S, SFREQ
from nasion.windowing import Windows, cut, views_of

STEP = round(READING_STEP_S * SFREQ)
MINUTES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--skip-sparcnet", action="store_true")
    arguments = parser.parse_args()
    day = open_recording(arguments.day)
    n_windows = round(day.duration_s / READING_STEP_S)
    print(f"{day.duration_s / 3600:.1f} h, {n_windows} windows, {os.cpu_count()} cores")
    seconds, memory = whole(arguments.day, arguments.folder / "day")
    print(f"nasion read, everything: {seconds:.0f} s, {memory:.2f} GB at most")
    quarter = arguments.folder / "quarter.edf"
    shorten(arguments.day, quarter, 0.25)
    _, quarter_memory = whole(quarter, arguments.folder / "quarter")
    print(
        f"of a quarter of it: {quarter_memory:.2f} GB at most; ratio {memory / quarter_memory:.3f}"
    )
    windows, networks = (
        seconds_each * n_windows for seconds_each in one_by_one(day, arguments.windows)
    )
    print(f"windows one by one in PyTorch: {windows:.0f} s; {windows / seconds:.1f} times as long")
    print(f"of it the network: {networks:.0f} s; {networks / seconds:.1f} times as long")
    if not arguments.skip_sparcnet:
        network = sparcnet(arguments.windows) * n_windows
        print(f"SPARCNet's network alone: {network:.0f} s; {network / seconds:.1f} times as long")
    stages(day)
    machine()


def whole(recording: Path, folder: Path) -> tuple[float, float]:
    """Wall clock (s) and peak memory (GB) of the command."""
    code = (
        "import resource, sys; from nasion.cli import app; sys.argv[0] = 'nasion'\n"
        "app(standalone_mode=False)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    call = [sys.executable, "-c", code, "read", str(recording), "-o", str(folder), "--again"]
    start = time.perf_counter()
    process = subprocess.run(call, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    return seconds, int(process.stdout.split()[-1]) / 1e6


def shorten(source: Path, target: Path, share: float) -> None:
    """The first part of an EDF, record by record."""
    from nasion.eeg.edf.header import read_header

    header = read_header(source)
    n_records = round(header.n_records * share)
    with source.open("rb") as file:
        head = bytearray(file.read(header.n_header_bytes))
        head[236:244] = f"{n_records:<8}".encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            out.write(head)
            for _ in range(n_records):
                out.write(file.read(header.record_bytes))


def one_by_one(day: Recording, n_windows: int) -> tuple[float, float]:
    """Seconds a window: cut, filtered and predicted by itself, its 10 minutes too; and the last."""
    import torch

    from nasion.contract import PACKAGED
    from nasion.models.fusion import Inputs
    from nasion.training.run import Run

    torch.set_num_threads(os.cpu_count() or 1)
    ensemble = Run(PACKAGED).ensemble()
    signal, net = ensemble.signal, ensemble.nets[0]
    starts_s = (
        np.linspace(CONTEXT_S, day.duration_s - 2 * CONTEXT_S, n_windows)
        // READING_STEP_S
        * READING_STEP_S
    )
    start, networks = time.perf_counter(), 0.0
    for start_s in starts_s:
        before_s = (CONTEXT_S - 50) / 2
        representation = represent(day.signals(start_s - before_s, start_s + 50 + before_s), signal)
        inputs = Inputs.of(Windows.of([cut(representation, signal, before_s)], signal))
        ready_s = time.perf_counter()
        with torch.inference_mode():
            net(inputs)
        networks += time.perf_counter() - ready_s
    return (time.perf_counter() - start) / n_windows, networks / n_windows


def sparcnet(n_windows: int) -> float:
    """Seconds a window of its network alone, in batches of 32."""
    import torch
    from braindecode.models import SPARCNet  # pip install braindecode

    net = SPARCNet(n_chans=16, n_times=2000, n_outputs=6, sfreq=200).eval()
    batch = torch.randn(32, 16, 2000)
    with torch.inference_mode():
        net(batch)
        start = time.perf_counter()
        for _ in range(max(n_windows // 32, 3)):
            net(batch)
    return (time.perf_counter() - start) / max(n_windows // 32, 3) / 32


def stages(day: Recording) -> None:
    """CPU time of each stage on one core, for a day, from ten minutes in its middle."""
    network = Network.open(threads=1)
    signal = network.signal
    first = round(day.duration_s / 2 / READING_STEP_S)
    n_steps = MINUTES * 60 // round(READING_STEP_S)
    times = first * READING_STEP_S, (first + n_steps) * READING_STEP_S
    signals = day.signals(*times)
    pairs, gaps = cleaned(signals)
    before, after = reach(signal)
    pieces = [piece_of(day, signal, first - before, first + n_steps + after)]
    strip = Strip.around(pieces, first - before, first + n_steps + after)
    steps = range(first, first + n_steps)
    windows = windows_of(strip, signal, steps)
    views = {**views_of(signal), "display": HMS_VIEW}
    target = Path(os.environ.get("TMPDIR", "/tmp")) / "nasion-stages"

    def display() -> None:
        with DisplayWriter(target, n_steps) as writer:
            writer.add(0, signals[:, : n_steps * STEP], pieces[0].spectrum[..., :n_steps])

    tasks: dict[str, Callable[[], object]] = {
        "read": lambda: day.signals(*times),
        "waveform (filter)": lambda: waveform(signals, signal.waveform),
        "pairs (two filters)": lambda: cleaned(signals),
        "multitaper power": lambda: [power(pairs, gaps, view) for view in set(views.values())],
        "quality": lambda: faults(signals),
        "windows (copies)": lambda: windows_of(strip, signal, steps),
        "network": lambda: network.run(**vars(windows)),
        "display": display,
    }
    share = day.duration_s / 60 / MINUTES
    print("\n| stage | CPU s a day |\n|---|---|")
    for name, task in tasks.items():
        task()
        start = time.process_time()
        task()
        print(f"| {name} | {(time.process_time() - start) * share:.1f} |")


def machine() -> None:
    """What the machine can do: float32 matrix products and copying, on all cores."""
    a = np.random.default_rng(0).normal(size=(4096, 4096)).astype(np.float32)
    a @ a
    start = time.perf_counter()
    a @ a
    print(f"\nGEMM: {2 * 4096**3 / (time.perf_counter() - start) / 1e9:.0f} GFLOP/s", end=", ")
    array = np.zeros(2**28, np.uint8)
    copy = array.copy()
    start = time.perf_counter()
    copy[:] = array
    print(f"copying: {2 * len(array) / (time.perf_counter() - start) / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
