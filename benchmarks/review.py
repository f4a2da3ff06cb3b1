"""Time the review page in a browser: first paint, page turns, zooms of the day view.

python benchmarks/review.py FOLDER [--turns 200] [--zooms 40] [--size 1280x720]

FOLDER holds readings, as `nasion read` writes them. A turn or zoom counts from the key until the
browser has painted what it asked for.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SERVE = """
import sys
from functools import partial
from pathlib import Path
from nasion.review.server import serve
serve(Path(sys.argv[1]), reviewer="BM", no_browser=True, announce=partial(print, flush=True))
"""
# Presses keys one after the other; each time ends when the section is no longer busy and the next
# frame has begun, so that layout and drawing are in it.
TIMED = """
async ([keys, id, pause]) => {
  const section = document.getElementById(id);
  const frame = () => new Promise(requestAnimationFrame);
  const later = (ms) => new Promise((go) => setTimeout(go, ms));
  const times = [];
  for (const key of keys) {
    const begin = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    while (section.getAttribute("aria-busy") === "true") await later(0);
    await frame();
    await later(0);
    times.push(performance.now() - begin);
    await later(pause);
  }
  return times;
}
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
READY = """
() => ["page", "day"].every((id) => document.querySelector(`#${id}[aria-busy=false]`))
  && performance.now()
"""
READING_MS = 250  # that even a fast reader looks at a page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--zooms", type=int, default=40)
    parser.add_argument("--size", default="1280x720")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    command = [sys.executable, "-c", SERVE, str(arguments.folder)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout
        address = server.stdout.readline().strip()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for visit in ("first visit", "second visit"):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            ready_ms = page.wait_for_function(READY).json_value()
            painted_ms = page.evaluate(PAINT)
            print(f"{visit}: painted after {painted_ms:.0f} ms, all shown after {ready_ms:.0f} ms")
        page.keyboard.press("Escape")
        measure(page, arguments.turns, arguments.zooms)
        browser.close()
        server.terminate()


def measure(page: Page, n_turns: int, n_zooms: int) -> None:
    """Print medians, 95th percentiles and the slowest of each kind."""
    jumps = "import('/static/state.js').then(m => m.turnTo(m.state.reading.duration_s / 3))"
    page.evaluate(jumps)
    page.wait_for_selector("#page[aria-busy=false]")
    page.wait_for_timeout(500)
    kinds = {
        "page turns, read": (["ArrowRight"] * n_turns, "page", READING_MS),
        "page turns, key held": (["ArrowRight"] * n_turns, "page", 0),
        "events, there and back": (["n"] * 8 + ["p"] * 7, "page", READING_MS),
        "zooms of the day view": ((["i"] * 5 + ["o"] * 5) * (n_zooms // 10), "day", READING_MS),
    }
    for kind, (keys, section, pause) in kinds.items():
        times = sorted(page.evaluate(TIMED, [keys, section, pause]))
        median, slow = statistics.median(times), times[int(0.95 * (len(times) - 1))]
        slowest = f"95 % {slow:.0f}, slowest {times[-1]:.0f} ms"
        print(f"{kind}, {len(times)}: median {median:.0f}, {slowest}")


if __name__ == "__main__":
    main()
