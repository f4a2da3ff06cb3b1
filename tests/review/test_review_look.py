"""What the page draws and to whom it is open: the numbers of the traces, axe-core, refusals."""

from http.client import HTTPConnection
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import CHROMIUM, chromium, opened, served, settled, stays_of
from scipy.signal import butter, sosfiltfilt

from nasion.display.display import Display
from nasion.terms import CHAIN_DERIVATIONS, COLUMNS, DERIVATIONS, SFREQ

pytest.importorskip("fastapi", reason="the review needs fastapi and uvicorn")
pytest.importorskip("playwright", reason="the page is driven by playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")

START_S = 755.0
PAGE_S = 10
UV_PER_MM = 3
PX_PER_MM = 96 / 25.4
HIGH_HZ = 15  # muscle would cover what is to be seen
DARK = 165  # grey of a trace on paper at most, where it lies between two pixels
LANES_PX = 45  # above the traces
FAR_PX = 12  # from the baseline, where a wrong gain is seen


@pytest.fixture(scope="module")
def stay(tmp_path_factory):
    """The reading that the page opens first."""
    return stays_of(tmp_path_factory) / "stay-217"


@pytest.fixture(scope="module")
def address(stay):
    with served(stay.parent) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def expected(stay):
    """Bipolar traces of the page from the electrodes, filtered with room on either side, µV."""
    margin = 20.0
    first = round((START_S - margin) * SFREQ)
    electrodes = Display.open(stay).signals(first, round((START_S + PAGE_S + margin) * SFREQ))
    pairs = [(COLUMNS.index(a), COLUMNS.index(b)) for a, b in DERIVATIONS]
    traces = np.stack([electrodes[a] - electrodes[b] for a, b in pairs]).astype(float)
    for edge, kind in ((1, "highpass"), (HIGH_HZ, "lowpass")):
        traces = sosfiltfilt(butter(2, edge, kind, fs=SFREQ, output="sos"), traces)
    return traces[:, round(margin * SFREQ) : -round(margin * SFREQ)]


def picture(page):
    """(height, width) grey levels of the canvas under the EEG."""
    from base64 import b64decode

    from PIL import Image

    address = page.locator("#eeg-base").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(BytesIO(b64decode(address.partition(",")[2]))).convert("RGB"))


def baselines(ink, trace, gain, columns):
    """Share of columns in which ink lies where a trace is expected, for each height of it."""
    offsets = np.rint(trace * gain).astype(int)
    heights = np.arange(ink.shape[0])
    places = heights[:, None] + offsets[None]
    seen = (places >= 0) & (places < len(heights))
    return (ink[places.clip(0, len(heights) - 1), columns] & seen).mean(1)


@pytest.mark.parametrize("ratio", [1, 2])
def test_amplitude_polarity_and_order_of_the_traces_are_right(browser, address, stay, ratio):
    """Of the pixels alone: each trace is found where its numbers say, and nowhere else."""
    with opened(
        browser, address, viewport={"width": 1400, "height": 1700}, device_scale_factor=ratio
    ) as page:
        edges = page.evaluate("import('/static/traces.js').then(m => [m.LEFT, m.RIGHT])")
        page.evaluate(f"import('/static/state.js').then(m => m.turnTo({START_S}))")
        page.locator("#sensitivity").select_option(str(UV_PER_MM))
        page.locator("#high-hz").select_option(str(HIGH_HZ))
        settled(page)
        rgb = picture(page).astype(int)
    left, right = edges
    ink = (rgb.max(2) < DARK) & (np.ptp(rgb, axis=2) < 25)
    ink[: LANES_PX * ratio] = False
    ink |= np.roll(ink, 1, 0) | np.roll(ink, -1, 0)
    scale = (rgb.shape[1] / ratio - left - right) / (PAGE_S * SFREQ)
    times = np.arange(5, round(PAGE_S * SFREQ) - 5)
    columns = np.rint((left + times * scale) * ratio).astype(int)
    gain = PX_PER_MM / UV_PER_MM * ratio
    places, n_far = [], 0
    for trace in expected(stay)[:, times]:
        true = baselines(ink, trace, gain, columns)
        assert true.max() > 0.9
        places.append(int(true.argmax()))
        far = np.abs(trace * gain) > FAR_PX * ratio
        if far.sum() < 40:
            continue
        n_far += 1
        for wrong in (-gain, gain * 0.7, gain * 1.4):
            assert baselines(ink, trace[far], wrong, columns[far])[places[-1]] < 0.5
    assert n_far >= 8
    steps = np.diff(places)
    assert (steps > 0).all()
    ends = np.cumsum([len(pairs) for pairs in CHAIN_DERIVATIONS.values()])[:-1]
    between = np.isin(np.arange(1, len(places)), ends)
    assert steps[between].min() > 1.4 * steps[~between].max()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, address, scheme):
    from axe_playwright_python.sync_playwright import Axe

    def serious(page):
        found = Axe().run(page).response["violations"]
        return [
            (one["id"], [node["target"] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    with opened(browser, address, color_scheme=scheme) as page:
        page.keyboard.press("n")
        settled(page)
        assert serious(page) == []
        for tab in ("notes", "facts"):
            page.locator(f"#tab-{tab}").click()
            assert serious(page) == []
        for dialog in ("help", "recordings", "export", "calibration"):
            page.locator(f"#open-{dialog}").click()
            assert serious(page) == []
            page.keyboard.press("Escape")


def answer(address, path, *, method="GET", body=None, **headers):
    """Status and text of a raw request, with just these headers."""
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname, place.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": place.netloc, **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    if body is not None:
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    found = connection.getresponse()
    said = found.status, found.read().decode(errors="replace"), found.headers
    connection.close()
    return said


@pytest.fixture(scope="module")
def cookie(address):
    place = urlsplit(address)
    status, _, headers = answer(address, f"{place.path}?{place.query}")
    assert status == 303
    assert headers["Location"] == "/"
    assert "HttpOnly" in headers["Set-Cookie"]
    return headers["Set-Cookie"].partition(";")[0]


def test_without_the_right_token_nothing_is_shown(browser, address, cookie):
    for path in ("/", "/?token=wrong", "/static/main.js", "/api/readings"):
        assert answer(address, path)[0] == 401
    assert answer(address, "/api/readings", Cookie=cookie)[0] == 200
    with browser.new_context() as context:
        page = context.new_page()
        wrong = page.goto(address.partition("?")[0] + "?token=wrong")
        assert wrong.status == 401
        assert page.locator("#eeg-view").count() == 0


def test_foreign_hosts_and_origins_are_refused(address, cookie):
    for host in ("evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:80"):
        assert answer(address, "/api/readings", Host=host, Cookie=cookie)[0] == 403
    number = answer(address, "/api/readings", Cookie=cookie)[1].split('"id": "')[1].split('"')[0]
    path, body = f"/api/readings/{number}/reviewer", b'{"initials": "XY"}'
    write = {"method": "POST", "body": body, "Cookie": cookie}
    assert answer(address, path, **write)[0] == 403
    assert answer(address, path, **write, Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/api/readings/../../reading.json",
        "/api/readings/%2e%2e%2f%2e%2e/export/reading.json",
    ],
)
def test_no_path_leads_out(address, cookie, path):
    status, said, _ = answer(address, path, Cookie=cookie)
    assert status == 404
    assert "root:" not in said
    assert "import" not in said
