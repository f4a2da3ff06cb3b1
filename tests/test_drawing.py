"""The drawing of EEG: in microvolts, negative up, chain by chain; strips that lose nothing seen."""

from base64 import b64decode
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from PIL import Image

from nasion.drawing import eeg, strips
from nasion.drawing.style import INK
from nasion.drawing.template import template
from nasion.terms import CHAIN_DERIVATIONS, DERIVATION_NAMES, DISCLAIMER, EKG, PATTERNS, Pattern

SFREQ = 200.0
N_TIMES = 2000


def waves(amplitude_uv=50.0):
    time_s = np.arange(N_TIMES) / SFREQ
    rates_hz = np.linspace(1, 6, len(DERIVATION_NAMES))[:, None]
    return (amplitude_uv * np.sin(2 * np.pi * rates_hz * time_s)).astype(np.float32)


def drawn(derivations, **options):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    gain = eeg.draw(ax, derivations, SFREQ, **options)
    figure.canvas.draw()
    return ax, gain


def traces(ax):
    return [line for line in ax.lines if len(line.get_ydata()) > 10 and line.get_ls() == "-"]


def test_what_is_drawn_is_the_signal_negative_up():
    signals = waves()
    ax, gain = drawn(signals)
    lines = traces(ax)
    assert len(lines) == len(DERIVATION_NAMES)
    for place, line, signal in zip(eeg.places(), lines, signals, strict=True):
        np.testing.assert_allclose((place - line.get_ydata()) * gain, signal, atol=1e-3)
    low, high = ax.get_ylim()
    assert low < high


def test_names_stand_beside_their_traces_from_left_lateral_to_right_lateral():
    ax, _ = drawn(waves(), ekg=np.zeros(N_TIMES, np.float32))
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [*DERIVATION_NAMES, EKG]
    assert np.all(np.diff(ax.get_yticks()) < 0)
    np.testing.assert_array_equal(ax.get_yticks()[:-1], eeg.places())


def test_chains_stand_apart():
    steps = -np.diff(eeg.places())
    ends = np.cumsum([len(pairs) for pairs in CHAIN_DERIVATIONS.values()])[:-1] - 1
    between = np.isin(np.arange(len(steps)), ends)
    assert np.all(steps[between] > steps[~between].max())


def test_scale_bars_are_a_row_and_a_second_high_and_long():
    ax, gain = drawn(waves(80))
    bars = next(line for line in ax.lines if len(line.get_ydata()) == 3)
    assert np.ptp(bars.get_ydata()) == pytest.approx(1)  # one row, that is gain µV
    assert np.ptp(bars.get_xdata()) == pytest.approx(1)
    assert {text.get_text() for text in ax.texts} >= {f"{gain:g} µV", "1 s"}


@pytest.mark.parametrize("amplitude_uv", [4.0, 40.0, 400.0, 4000.0])
def test_the_gain_holds_the_signal_or_is_the_largest(amplitude_uv):
    gain = eeg.gain_uv(waves(amplitude_uv))
    assert gain in eeg.GAINS_UV
    assert gain == eeg.GAINS_UV[-1] or gain >= amplitude_uv
    assert gain == eeg.GAINS_UV[0] or gain < 3 * amplitude_uv


def test_faulty_derivations_are_grey_and_do_not_set_the_gain():
    signals = waves()
    signals[4] *= 100
    ax, gain = drawn(signals, doubtful=[DERIVATION_NAMES[4]])
    assert gain == eeg.gain_uv(waves())
    colours = [line.get_color() for line in traces(ax)]
    assert [k for k, colour in enumerate(colours) if colour != INK] == [4]
    labels = [label.get_color() for label in ax.get_yticklabels()]
    assert [k for k, colour in enumerate(labels) if colour != INK] == [4]


def test_dotted_lines_stand_exactly_where_nothing_was_recorded():
    signals = waves()
    signals[2] = np.nan
    signals[9, 300:700] = np.nan
    ax, _ = drawn(signals)
    dotted = [line for line in ax.lines if line.get_ls() not in ("-", "None")]
    assert len(dotted) == 2
    places = eeg.places()
    for line, row in zip(dotted, (2, 9), strict=True):
        seen = np.isfinite(line.get_ydata())
        np.testing.assert_array_equal(seen, np.isnan(signals[row]))
        assert np.all(line.get_ydata()[seen] == places[row])
    assert ax.get_yticklabels()[2].get_color() != INK
    assert ax.get_yticklabels()[9].get_color() == INK


@pytest.mark.parametrize("n_map", [20, 500, N_TIMES])
def test_a_map_of_any_length_shades_the_time_it_speaks_of(n_map):
    over_time = np.full(n_map, -1.0)
    over_time[n_map // 2 :] = 3.0
    over_time[-1] = np.nan
    ax, _ = drawn(waves(), over_time=over_time, colour=Pattern.LPD.colour)
    picture = ax.images[0]
    left, right, low, high = picture.get_extent()
    alpha = np.asarray(picture.get_array())[0, :, 3]
    assert right - left == pytest.approx(N_TIMES / SFREQ)
    assert abs(left) <= N_TIMES / SFREQ / n_map
    assert (low, high) == ax.get_ylim()
    assert alpha[: n_map // 2].max() == 0
    np.testing.assert_allclose(alpha[n_map // 2 : -1], eeg.STRENGTH)
    assert alpha[-1] == 0


@pytest.mark.parametrize("options", [{}, {"ekg": np.full(N_TIMES, np.nan, np.float32)}])
def test_a_page_of_nothing_is_drawn(options):
    signals = np.full((len(DERIVATION_NAMES), N_TIMES), np.nan, np.float32)
    picture = Image.open(BytesIO(eeg.picture(signals, SFREQ, **options)))
    assert picture.format == "PNG"


def test_a_picture_holds_all_it_shows_on_white_paper():
    options = {"ekg": waves()[0], "over_time": np.ones(20), "colour": Pattern.SEIZURE.colour}
    content = eeg.picture(waves(), SFREQ, label="seconds from 12:34:56 on 31 Mar", **options)
    assert content == eeg.picture(
        waves(), SFREQ, label="seconds from 12:34:56 on 31 Mar", **options
    )
    pixels = np.asarray(Image.open(BytesIO(content)).convert("L"))
    for edge in (pixels[0, :40], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert np.all(edge == 255)
    assert len(content) < 250_000


def test_a_longer_page_has_fewer_lines():
    long = np.zeros((len(DERIVATION_NAMES), 60 * 200), np.float32)
    ax, _ = drawn(long)
    np.testing.assert_array_equal(ax.get_xticks(), np.arange(0, 61, 10))


def opened(uri):
    assert uri.startswith("data:image/png;base64,")
    picture = Image.open(BytesIO(b64decode(uri.partition(",")[2])))
    return np.asarray(picture.convert("RGB"))


def test_the_ribbon_stacks_the_probabilities_with_seizures_lowest():
    probability = np.tile(np.array([[0.5, 0.25, 0, 0, 0, 0.25]], np.float32), (100, 1))
    probability[40:60] = np.nan
    picture = opened(strips.ribbon(probability))
    assert picture.shape == (strips.RIBBON_ROWS, 100, 3)
    colours = [strips.rgb(colour) for colour in strips.RIBBON.values()]
    column = picture[:, 0]
    shares = [float((column == colour).all(1).mean()) for colour in colours]
    np.testing.assert_allclose(shares, probability[0], atol=1 / strips.RIBBON_ROWS)
    assert tuple(column[-1]) == colours[0]
    assert tuple(column[0]) == colours[PATTERNS.index(Pattern.OTHER)]
    assert np.all(picture[:, 40:60] == 255)
    assert not np.any((picture[:, :40] == 255).all(-1))


def test_the_spectrogram_has_low_frequencies_lowest_and_one_scale():
    decibels = np.full((4, 100, 50), strips.DECIBELS[0], np.float32)
    decibels[1, :10] = strips.DECIBELS[1] + 30
    decibels[:, :, 20:30] = np.nan
    picture = opened(strips.spectrogram(decibels))
    assert picture.shape == (4 * strips.BAND_ROWS, 50, 3)
    band = picture[strips.BAND_ROWS : 2 * strips.BAND_ROWS, 0]
    bright = band.sum(1) > band[0].sum()
    np.testing.assert_array_equal(np.flatnonzero(bright), np.arange(45, 50))
    assert np.all(picture[:, 20:30] == 255)
    again = decibels.copy()
    again[2] += 10
    assert np.array_equal(opened(strips.spectrogram(again))[: 2 * strips.BAND_ROWS], picture[:100])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 500), st.data())
def test_squeezing_keeps_the_mean_and_does_not_spread_gaps(n, data):
    n_columns = data.draw(st.integers(1, n))
    rng = np.random.default_rng(n)
    values = rng.normal(size=(2, n))
    values[0, rng.random(n) < 0.4] = np.nan
    found = strips.squeezed(values, n_columns)
    assert found.shape == (2, n_columns)
    edges = np.linspace(0, n, n_columns + 1).round().astype(int)
    for k, (low, high) in enumerate(pairwise(edges)):
        assert high > low
        assert found[1, k] == pytest.approx(values[1, low:high].mean())
        assert np.isnan(found[0, k]) == np.isnan(values[0, low:high]).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 8 * 86400))
def test_rows_cover_a_recording_once(duration_s):
    rows = list(strips.rows([(0.0, duration_s)]))
    assert rows[0][0] == 0
    assert rows[-1][1] == duration_s
    assert all(one[1] == two[0] for one, two in pairwise(rows))
    assert len(rows) <= strips.MOST_ROWS + 2


@pytest.mark.parametrize("clock", [None, datetime(2024, 2, 28, 22, 17, 40, 250000)])
@pytest.mark.parametrize("duration_s", [100.0, 2700.0, 86400.0, 5 * 86400.0])
def test_ticks_are_round_times(clock, duration_s):
    span = strips.span_s([(0.0, duration_s)])
    for start_s, stop_s in strips.rows([(0.0, duration_s)]):
        found = strips.ticks(start_s, stop_s, span, clock)
        assert len(found) <= strips.MOST_TICKS + 1
        for tick in found:
            assert start_s - 1e-6 <= tick.at_s <= stop_s + 1e-6
            if clock:
                at = clock + timedelta(seconds=tick.at_s)
                assert abs((at.replace(second=0, microsecond=0) - at).total_seconds()) < 1e-3
                assert tick.label.endswith(f"{at:%H:%M}")
            else:
                hours, minutes = map(int, tick.label.split(":"))
                assert (60 * hours + minutes) * 60 == pytest.approx(tick.at_s)


@given(st.lists(st.booleans(), max_size=50))
def test_runs_are_where_columns_are_set(flags):
    columns = np.array(flags, bool)
    again = np.zeros(len(columns), bool)
    for low, high in strips.runs(columns):
        again[round(low * len(columns)) : round(high * len(columns))] = True
    np.testing.assert_array_equal(again, columns)


def test_a_template_is_escaped_whole_and_knows_the_disclaimer(tmp_path):
    path = tmp_path / "page.html.j2"
    path.write_text(
        '<style>{% include "page.css" %}</style>{{ disclaimer }}{{ name }}{{ n|twice }}'
    )
    page = template(path, {"twice": lambda n: 2 * n})
    text = page.render(name="<b>", n=2)
    assert text.endswith(f"</style>{DISCLAIMER}&lt;b&gt;4")
    assert ".notice {" in text
    with pytest.raises(UndefinedError, match="name"):
        page.render(n=2)
