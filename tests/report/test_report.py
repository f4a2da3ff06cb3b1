"""The report of a reading: whole in one file, true to the reading, safe whatever a file holds."""

from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abouts import about, measured
from hms_folder import noise
from nasion.display import pages
from nasion.display.cache import DisplayWriter
from nasion.display.display import Display
from nasion.drawing.strips import MOST_ROWS
from nasion.eeg.derivations import bipolar
from nasion.eeg.montage import Montage
from nasion.eeg.remarks import free_text
from nasion.events.burden import Burden
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.report import examples, report, summary
from nasion.report.examples import ExamplePage, choose
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.terms import (
    CENTRE_S,
    COLUMNS,
    DERIVATION_NAMES,
    EVENTFUL,
    PATTERNS,
    READING_STEP_S,
    Pattern,
)
from nasion.windowing import n_steps_of, step_of_centre

EVIL = '<script>alert("x")</script>'
START = datetime(2024, 3, 9, 22, 17, 40)


def background(n_steps):
    return np.tile(np.array([0.02, 0.02, 0.02, 0.02, 0.02, 0.9], np.float32), (n_steps, 1))


def reading_of(events=(), duration_s=1800.0, **changes):
    """A reading whose probabilities rise in the events, to the peak in their middle."""
    probability = background(n_steps_of(duration_s))
    for event in events:
        first, stop = round(event.onset_s / READING_STEP_S), n_steps_of(event.stop_s)
        shape = np.hanning(stop - first + 2)[1:-1]
        own = 0.4 + (event.peak - 0.4) * shape / shape.max()
        probability[first:stop] *= (1 - own)[:, None]
        probability[first:stop, PATTERNS.index(event.pattern)] += own
    probability /= probability.sum(1, keepdims=True)
    n_steps = len(probability)
    content = {
        "name": "stay",
        "duration_s": duration_s,
        "probability": probability,
        "reason": np.zeros(n_steps, np.uint8),
        "quality": np.zeros((n_steps, len(COLUMNS)), np.uint8),
        "events": tuple(events),
    }
    return Reading(**content | changes)


def event(onset_s, duration_s, pattern=Pattern.LPD, peak=0.8, **more):
    return Event(onset_s, duration_s, pattern, probability=peak - 0.2, peak=peak, **more)


SEVERAL = (
    event(100, 30, side="left", frequency_hz=1.0, length="brief"),
    event(300, 120, peak=0.7, side="left", frequency_hz=1.4, length="intermediate"),
    event(600, 40, peak=0.95, side="right"),
    event(900, 60, Pattern.SEIZURE, 0.9, side="left", frequency_hz=3.0, length="intermediate"),
)


def page_of(example, **more):
    signals = noise(10.0)
    return ExamplePage(
        example=example,
        signals=bipolar(signals),
        probability=np.full(6, 1 / 6, np.float32),
        ekg=signals[-1],
        **more,
    )


def steps_of(spectrogram):
    return lambda first, stop: spectrogram[..., first:stop]


def rendered(reading, *, pages=(), spectrogram=None, **more):
    if spectrogram is None:
        spectrogram = np.zeros((4, 100, reading.n_steps), np.float32)
    return report.render(
        reading,
        spectrogram=spectrogram if callable(spectrogram) else steps_of(spectrogram),
        pages=pages,
        **more,
    )


class Seen(HTMLParser):
    """What a browser would meet: references, tags left open, and the text."""

    VOID = frozenset({"meta", "img", "br", "image", "path", "rect", "link"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.references, self.open, self.text = [], [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.text += " " if tag in ("td", "th", "br") else ""
        self.references += [value for name, value in attrs if name in ("src", "href", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in ("p", "li", "td", "th"):
            self.open.pop()
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def words(html):
    return " ".join(Seen(html).text.split())


# Examples


@st.composite
def eventful(draw):
    at, events = 0.0, []
    for gap, length, pattern, peak in draw(
        st.lists(
            st.tuples(
                st.integers(0, 20),
                st.integers(2, 60),
                st.sampled_from(EVENTFUL),
                st.floats(0.5, 0.95),
            ),
            max_size=15,
        )
    ):
        onset_s = at + 2.0 * gap
        events.append(event(onset_s, 2.0 * length, pattern, peak))
        at = events[-1].stop_s
    return reading_of(events, max(at + draw(st.integers(0, 30)), 12.0))


@settings(max_examples=100, deadline=None)
@given(eventful())
def test_each_pattern_has_its_first_longest_surest_and_least_sure_place_once(reading):
    chosen = choose(reading)
    assert {one.pattern for one in chosen} == {one.pattern for one in reading.events}
    for pattern in {one.pattern for one in chosen}:
        own = [one for one in chosen if one.pattern is pattern]
        events = [one for one in reading.events if one.pattern is pattern]
        reasons = [why for one in own for why in one.why]
        assert sorted(reasons) == ["first", "least certain", "longest", "most certain"]
        starts = sorted(one.at_s for one in own)
        assert np.all(np.diff(starts) >= CENTRE_S)
        for one in own:
            assert 0 <= one.at_s <= reading.duration_s - CENTRE_S
            assert one.at_s < one.event.stop_s
            assert one.at_s + CENTRE_S > one.event.onset_s
        assert next(one for one in own if "first" in one.why).at_s <= events[0].stop_s


def test_an_event_is_shown_where_it_is_most_certain_and_the_least_certain_away_from_borders():
    reading = reading_of([event(100, 200, peak=0.9), event(500, 100, peak=0.6)])
    probability = reading.probability.copy()
    probability[252:298] = [0, 0.6, 0, 0, 0, 0.4]
    step = round(540 / READING_STEP_S)
    probability[step] = [0, 0.5, 0.45, 0, 0, 0.05]
    probability[50:150] = np.maximum(probability[50:150], [0, 0.7, 0, 0, 0, 0])
    probability[[50, 149, 250, 299]] = [0, 0.4, 0, 0, 0, 0.6]  # less sure, as borders are
    chosen = choose(replace(reading, probability=probability))
    places = {why: one for one in chosen for why in one.why}
    assert places["first"] is places["longest"] is places["most certain"]
    best = int(probability[:, 1].argmax())
    assert places["first"].at_s == pytest.approx(best * READING_STEP_S - 4)
    assert places["least certain"].at_s == pytest.approx(step * READING_STEP_S - 4)
    assert step_of_centre(places["least certain"].at_s) == step


def test_what_was_not_judged_is_no_example():
    reading = reading_of([event(100, 60)])
    probability = reading.probability.copy()
    probability[50:80] = np.nan
    assert choose(replace(reading, probability=probability)) == []


def display_of(folder, signals):
    """The display of signals whose spectrogram rises from step to step."""
    n_steps = signals.shape[1] // 400
    spectrum = np.broadcast_to(np.arange(n_steps) % 40.0, (4, 100, n_steps))
    with DisplayWriter(folder, n_steps) as writer:
        writer.add(0, signals, spectrum.astype(np.float32))
    return Display.open(folder)


def test_a_page_is_what_the_display_shows(tmp_path):
    signals = noise(120.0)
    signals[3, 50 * 200 : 53 * 200] = np.nan
    display, reading = display_of(tmp_path, signals), reading_of([event(44, 20)], 120.0)
    example = choose(reading)[0]
    shown = examples.page(example, reading, display, np.arange(500.0))
    part = slice(round(example.at_s * 200), round((example.at_s + 10) * 200))
    gaps = np.isnan(bipolar(signals)[:, part])
    np.testing.assert_array_equal(np.isnan(shown.signals), gaps)
    whole = pages.page(display, 0, 120, "bipolar", examples.FILTERS).values[:, part]
    np.testing.assert_allclose(shown.signals[~gaps], whole[:-1][~gaps], atol=0.01)
    assert shown.ekg is not None
    step = step_of_centre(example.at_s)
    np.testing.assert_array_equal(shown.probability, reading.probability[step])


@pytest.mark.parametrize("duration_s", [2.0, 8.0])
def test_the_shortest_recordings_have_pages_too(duration_s, tmp_path):
    reading = reading_of([event(0, duration_s)], duration_s)
    (example,) = choose(reading)
    shown = examples.page(example, reading, display_of(tmp_path, noise(duration_s)))
    assert shown.signals.shape == (len(DERIVATION_NAMES), 2000)
    assert rendered(reading, pages=[shown])


# The page itself


def test_a_report_needs_nothing_but_itself():
    reading = reading_of(SEVERAL, start=START)
    chosen = choose(reading)[-2:]
    pages = [page_of(chosen[0]), page_of(chosen[1], map=np.arange(500.0))]
    html = rendered(reading, pages=pages)
    seen = Seen(html)
    assert seen.open == []
    assert "script" not in seen.tags
    assert seen.references
    assert all(value.startswith("data:image/png;base64,") for value in seen.references)
    assert "http" not in html
    assert "@import" not in html
    assert html.count("<figure>") == len(pages)
    assert "not a diagnosis" in seen.text


def test_nothing_that_a_file_holds_becomes_markup():
    reading = reading_of(
        [event(100, 30, length=EVIL)],
        name=EVIL,
        annotations=((10.0, 0.0, EVIL), (20.0, 1.0, '"><img src=x onerror=alert(1)>')),
        ignored=(EVIL,),
        montage=Montage(missing=(EVIL,), interpolated=(EVIL,)),
        warnings=(free_text(EVIL),),
        model=about(name=EVIL, calibration=EVIL, accuracy={EVIL: measured()}),
    )
    html = rendered(reading, pages=[page_of(choose(reading)[0])], settings={EVIL: EVIL})
    seen = Seen(html)
    assert "script" not in seen.tags
    assert "<script" not in html
    assert seen.text.count(EVIL) >= 9
    assert not any(value == "x" for value in seen.references)


def test_the_overview_shows_every_event_gap_and_annotation():
    reason = np.zeros(900, np.uint8)
    reason[300:400] = REASONS.index(Reason.GAP)
    reason[500:560] = REASONS.index(Reason.ARTIFACT)
    probability = reading_of(SEVERAL).probability.copy()
    probability[reason > 0] = np.nan
    notes = tuple((60.0 * k, 0.0, f"note {k}") for k in range(30))
    reading = reading_of(SEVERAL, probability=probability, reason=reason, annotations=notes)
    rows = report.overview.rows_of(reading, steps_of(np.zeros((4, 100, 900), np.float32)))
    assert len(rows) <= MOST_ROWS
    whole = sum(row.width for row in rows)
    per_second = whole / reading.duration_s
    marks = [mark for row in rows for mark in row.marks]
    assert sum(mark.width for mark in marks) == pytest.approx(250 * per_second, rel=0.02)
    assert sum(width for row in rows for _, width in row.gaps) == pytest.approx(200 * per_second)
    found = sum(width for row in rows for _, width in row.unjudged)
    assert found == pytest.approx(120 * per_second)
    titles = [note.title for row in rows for note in row.notes]
    assert [title.split(" ", 1)[1] for title in titles] == [text for *_, text in notes]
    html = words(rendered(reading))
    assert all(text in html for *_, text in notes)
    assert "18 % of the recording was not judged (mostly: nothing recorded)" in html
    assert "nothing recorded 11 %, artifact 6.7 % of the recording" in html


def test_more_events_than_the_table_holds_are_counted():
    many = tuple(event(4.0 * k, 2.0) for k in range(450))
    html = rendered(reading_of(many))
    assert html.count("<tr><td>") == report.MOST_EVENTS
    assert "250 more stand in events.tsv" in words(html)


def test_a_day_is_a_page_of_some_megabytes():
    day = [event(600.0 * k, 60, EVENTFUL[k % 5]) for k in range(144)]
    reading = reading_of(day, 86400.0, start=START)
    rng = np.random.default_rng(0)
    worst = rng.normal(0, 12, (4, 100, reading.n_steps)).astype(np.float32)
    html = rendered(reading, spectrogram=worst)
    assert len(html) < 4e6  # twenty pages of EEG, 0.15 MB each, bring 3 more
    assert html.count('class="strip"') == MOST_ROWS


@pytest.mark.parametrize("duration_s", [0.5, 9.0, 3600.0, 90000.0])
@pytest.mark.parametrize("start", [None, START])
def test_a_recording_of_any_length_without_anything_is_reported(duration_s, start):
    n = n_steps_of(duration_s)
    nothing = {
        "probability": np.full((n, 6), np.nan, np.float32),
        "reason": np.full(n, REASONS.index(Reason.GAP), np.uint8),
        "quality": np.full((n, 20), Fault.MISSING, np.uint8),
    }
    reading = reading_of((), duration_s, start=start, **nothing)
    spectrogram = np.full((4, 100, n), np.nan, np.float32)
    text = words(rendered(reading, spectrogram=spectrogram))
    assert "Nothing in this recording could be judged." in text
    assert "There is no event." in text
    calm = words(rendered(reading_of((), duration_s, start=start)))
    assert "marks no seizure in" in calm
    assert "none of the other four patterns" in calm


def test_a_spectrogram_of_another_recording_is_refused():
    with pytest.raises(ValueError, match="spectrogram"):
        rendered(reading_of(), spectrogram=np.zeros((4, 100, 5), np.float32))


def test_a_report_shows_the_display(tmp_path):
    reading = reading_of(SEVERAL, 1000.0)
    display = display_of(tmp_path, noise(1000.0))
    report.write(tmp_path / "report.html", reading, display)
    chosen = [examples.page(example, reading, display) for example in choose(reading)]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text == rendered(reading, spectrogram=display.decibels, pages=chosen)
    np.testing.assert_allclose(
        display.decibels(0, 500)[0, 0].astype(float), np.arange(500) % 40.0, atol=0.16
    )
    assert {path.name for path in tmp_path.iterdir()} == {"display", "report.html"}


# Words


def test_two_sentences_say_what_was_found_and_where_to_look():
    reading = reading_of(SEVERAL, start=START)
    found, look = summary.sentences(reading, Burden.of(reading))
    assert found.startswith("The model marks one seizure of 1 min at 22:32:40")
    assert "frequent LPD (11\u00a0%, left and right)" in found
    assert look == (
        "Look first at 22:32:40, the most certain seizure; all of the recording was judged."
    )


def test_the_criterion_of_status_is_said_where_it_is_met():
    def said(*events):
        reading = reading_of(events, 7200.0)
        return summary.sentences(reading, Burden.of(reading))[0]

    assert "status" in said(event(0, 600, Pattern.SEIZURE))
    assert "status" not in said(event(0, 500, Pattern.SEIZURE))
    both = said(event(0, 500, Pattern.SEIZURE), event(4000, 90, Pattern.SEIZURE))
    assert both.startswith(
        "The model marks 2 seizures, 9 min 50 s in all (8.2\u00a0%), the longest"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (8, "8 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (1860, "31 min"),
        (3599, "1 h"),
        (11100, "3 h 5 min"),
    ],
)
def test_lengths_in_words(seconds, text):
    assert summary.lasting(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (0.0002, "< 0.1 %"),
        (0.034, "3.4 %"),
        (0.5, "50 %"),
        (0.9998, "> 99 %"),
        (1, "100 %"),
    ],
)
def test_shares_in_words(share, text):
    assert summary.percent(share).replace("\u00a0", " ") == text


def test_times_have_a_day_where_there_are_several():
    short, long = (reading_of((), length, start=START) for length in (60.0, 7200.0))
    assert summary.when(short, 10.0) == "22:17:50"
    assert summary.when(long, 6200.0) == "00:01:00 on 10 Mar"
    assert summary.when(reading_of(()), 3725.0) == "1:02:05"


def test_sides_are_named_by_the_time_they_take():
    assert summary.sides([event(0, 100, side="left"), event(0, 10, side="right")]) == "left"
    assert summary.sides([event(0, 50, side="left"), event(0, 60, side="right")]) == "right, left"
    assert summary.sides([event(0, 50)]) == ""


def test_faults_are_shares_of_the_recorded_time_and_grey_the_page():
    reading = reading_of(SEVERAL)
    quality = reading.quality.copy()
    t3, o2 = COLUMNS.index("T3"), COLUMNS.index("O2")
    quality[:450, t3] = Fault.LINE | Fault.MUSCLE
    quality[450:, o2] = Fault.MISSING
    reason = np.zeros(900, np.uint8)
    reason[450:] = REASONS.index(Reason.GAP)
    reading = replace(reading, quality=quality, reason=reason)
    shares = summary.faults(reading)
    kinds = [kind for kind in Fault if kind]
    assert shares["T3"] == [float(kind in (Fault.LINE, Fault.MUSCLE)) for kind in kinds]
    assert not any(shares["O2"])
    text = words(rendered(reading))
    assert "Electrode mains noise muscle T3 100 % 100 % Share" in text
    assert report._doubtful(reading, 100.0) == ["F7-T3", "T3-T5"]
    assert report._doubtful(reading, 1400.0) == []
