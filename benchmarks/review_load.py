"""Time the review server under many clients: pages while maps are made, memory, many verdicts.

python benchmarks/review_load.py FOLDER [--clients 8] [--turns 30] [--verdicts 100000]

FOLDER holds readings, as `nasion read` writes them; it is copied. Each client turns pages, each
time asks for the map of the page, and gives it up when it turns on, as the page does. What counts
is the ratio to the same pages without maps, in the same run. Linux only (memory is of /proc).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from nasion.exports.folder import load
from nasion.review.verdicts import FILE, Verdict, stamp
from review import SERVE

READING_S = 0.25  # that even a fast reader looks at a page
PAGE_S = 10


@dataclass(frozen=True)
class Server:
    """A running server, and the cookie that lets in."""

    process: subprocess.Popen[str]
    place: str
    cookie: str

    def connection(self, path: str) -> HTTPConnection:
        """A question that was sent."""
        connection = HTTPConnection(self.place, timeout=300)
        connection.request("GET", path, headers={"Cookie": self.cookie})
        return connection

    def get(self, path: str) -> bytes:
        """An answer; it has to be one."""
        connection = self.connection(path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return body

    @property
    def memory_mb(self) -> float:
        """What it holds in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server of a folder."""
    command = [sys.executable, "-c", SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        jar = CookieJar()
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(jar), urllib.request.ProxyHandler({})
        )
        opener.open(address).read()
        (cookie,) = jar
        yield Server(process, urlsplit(address).netloc, f"{cookie.name}={cookie.value}")
        process.terminate()


def timed(ask: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begin = time.perf_counter()
    ask()
    return time.perf_counter() - begin


def turn_pages(server: Server, path: str, first_s: float, n: int, *, maps: bool) -> list[float]:
    """Seconds of each page turn."""
    times_s, map_ = [], None
    for turn in range(n):
        start_s = first_s + turn * PAGE_S
        times_s.append(timed(lambda at=start_s: server.get(f"{path}/page?start_s={at}")))
        if map_:
            map_.close()  # given up, if it was not answered
        if maps:
            middle_s = start_s + PAGE_S / 2
            map_ = server.connection(f"{path}/map?pattern=seizure&at_s={middle_s}")
        time.sleep(READING_S)
    return times_s


def told(name: str, times_s: list[float]) -> float:
    """Print the median and the 99th percentile, which is given."""
    median, slow = np.percentile(times_s, [50, 99])
    print(f"{name}: median {median:.3f}, p99 {slow:.3f} s (n {len(times_s)})")
    return float(slow)


def measure_pages(server: Server, n_clients: int, n_turns: int) -> None:
    """Pages alone, pages with maps that are given up, maps that are waited for, memory."""
    longest = max(json.loads(server.get("/api/readings"))["readings"], key=_duration_s)
    path = f"/api/readings/{longest['id']}"
    server.get(f"{path}/map?pattern=lpd&at_s=60")  # loads the model
    last_s = longest["duration_s"] - n_turns * PAGE_S
    first_s = [float(at_s) for at_s in np.linspace(0, last_s, n_clients)]
    before_mb = server.memory_mb
    with ThreadPoolExecutor(n_clients) as pool:

        def all_of(work: Callable[[float], list[float]]) -> list[float]:
            return [one for times_s in pool.map(work, first_s) for one in times_s]

        alone = all_of(lambda at_s: turn_pages(server, path, at_s, n_turns, maps=False))
        alone_s = told("pages alone", alone)
        beside = all_of(lambda at_s: turn_pages(server, path, at_s, n_turns, maps=True))
        beside_s = told("pages while maps are made", beside)
        print(f"  p99 {beside_s / alone_s:.2f} times that of pages alone")
        asked = [f"{path}/map?pattern=gpd&at_s={at_s + 3:.0f}" for at_s in first_s]
        told(
            "maps, one a client", list(pool.map(lambda one: timed(lambda: server.get(one)), asked))
        )
    time.sleep(1)
    after_mb = server.memory_mb
    share = after_mb / before_mb
    print(f"memory: {before_mb:.0f} MB with one map, {after_mb:.0f} after ({share:.2f} of it)")


def _duration_s(summary: dict[str, float]) -> float:
    return summary["duration_s"]


def write_verdicts(folder: Path, n: int) -> None:
    """Lines of a reader who changed their mind often."""
    events, (_, at) = load(folder).events, stamp()
    with (folder / FILE).open("wb") as file:
        for number in range(n):
            event = events[number % len(events)]
            subject = event.onset_s, event.duration_s, str(event.pattern)
            file.write(
                Verdict(
                    f"{number:016x}", "relabel", f"e{number % len(events)}", subject, event.pattern,
                    event.onset_s, event.duration_s, "", "BM", at, predictions_visible=True,
                ).line
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--verdicts", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(arguments.folder, Path(temporary) / "readings"))
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        with served(folder) as server:
            few_s = timed(lambda: server.get("/api/readings"))
            measure_pages(server, arguments.clients, arguments.turns)
        write_verdicts(next(folder.glob("*/reading.json")).parent, arguments.verdicts)
        with served(folder) as server:
            first_s = timed(lambda: server.get("/api/readings"))
            again_s = timed(lambda: server.get("/api/readings"))
        print(
            f"{arguments.verdicts} verdicts: listed first in {first_s:.2f} s (without any "
            f"{few_s:.2f}), then in {again_s:.3f} s"
        )


if __name__ == "__main__":
    main()
