"""A real browser before a real server, for tests and the benchmark."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from made_reading import make_readings

CHROMIUM = Path("/usr/bin/chromium")
SERVE = """
import sys
from functools import partial
from pathlib import Path
from nasion.review.server import serve
serve(Path(sys.argv[1]), blind=sys.argv[2] == "blind", reviewer=sys.argv[3], no_browser=True,
      announce=partial(print, flush=True))
"""


_made: list[Path] = []


def stays_of(tmp_path_factory: Any) -> Path:
    """A folder of two readings, made once for all tests; write only into copies or undo it."""
    if not _made:
        folder = tmp_path_factory.mktemp("stays")
        make_readings(folder, hours=0.3)
        _made.append(folder)
    return _made[0]


@contextmanager
def served(folder: Path, *, blind: bool = False, reviewer: str = "AB") -> Iterator[str]:
    """Serve a folder of readings in a process of its own; gives the address with its token."""
    command = [sys.executable, "-c", SERVE, str(folder), "blind" if blind else "open", reviewer]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser of playwright's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        yield browser
        browser.close()


def settled(page: Any) -> None:
    """Wait until the EEG and the day view show what was asked for."""
    page.wait_for_selector("#page[aria-busy=false]", timeout=10_000)
    page.wait_for_selector("#day[aria-busy=false]", timeout=10_000)


def is_error(line: Any) -> bool:
    """Whether the console tells of an error; what the server may refuse is none (409)."""
    return line.type == "error" and "409 (Conflict)" not in line.text


@contextmanager
def opened(browser: Any, address: str, **context: Any) -> Iterator[Any]:
    """The page of an address in a browser without a past; its errors are errors."""
    told: list[str] = []
    with browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **context}) as own:
        page = own.new_page()
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda line: is_error(line) and told.append(line.text))
        page.goto(address)
        settled(page)
        if page.locator("#recordings[open]").count():
            page.keyboard.press("Escape")
        yield page
        page.unroute_all(behavior="ignoreErrors")
    assert told == []
