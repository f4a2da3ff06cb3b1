"""What makes a reading less than it seems: a line each wherever the reading is told of."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import nasion
from made_eeg import made_eeg
from nasion.cli import app
from nasion.eeg.form import UNJUDGED
from nasion.eeg.remarks import Code
from nasion.exports.szcore import not_judged
from nasion.review.case import Case
from nasion.review.reviewer import Reviewer
from nasion.signal.fault import REASONS
from nasion.terms import COLUMNS, ELECTRODES

pytestmark = pytest.mark.more

SIGNALS = made_eeg(60.0).astype(np.float64)
ROWS = {name: row for row, name in enumerate(COLUMNS)}
HALF = SIGNALS.shape[1] // 2


def written(path, signals, names=COLUMNS):
    pq.write_table(pa.table({name: signals[ROWS[name]] for name in names}), path)
    return path


def changed(change):
    signals = SIGNALS.copy()
    change(signals)
    return signals


def half_gone(signals):
    signals[:, HALF:] = np.nan


def half_flat(signals):
    signals[:, HALF:] = 3.0


def half_a_head_gone(signals):
    signals[[ROWS[name] for name in ("F3", "C3", "P3", "F7")], HALF:] = np.nan


def infinite(signals):
    signals[ROWS["T3"], ::2] = np.inf


def a_sample_of_1e20(signals):
    signals[ROWS["C4"], HALF] = 1e20


def another_of_minus_1e308(signals):
    signals[ROWS["C4"], HALF] = -1e308


def every_second_one_huge(signals):
    signals[:19, ::2] = 1e20


def a_channel_of_1e36(signals):
    signals[ROWS["P3"]] *= 1e36


def an_offset_of_kilovolts(signals):
    signals[ROWS["O2"]] += 1e9


def subnormal(signals):
    signals *= 1e-300


def beyond_range(signals):
    signals[ROWS["Fz"], 3000:5000] += 6000 * np.sin(np.arange(2000) / 30)


LESS = {
    half_gone: (Code.GAPS, Code.NOT_JUDGED),
    half_flat: (Code.FLAT, Code.NOT_JUDGED),
    half_a_head_gone: (Code.NAN,),
    infinite: (Code.NAN,),
    a_sample_of_1e20: (Code.NAN,),
    another_of_minus_1e308: (Code.NAN,),
    every_second_one_huge: (Code.GAPS,),
    a_channel_of_1e36: (Code.EMPTY_CHANNEL, Code.INTERPOLATED),
    an_offset_of_kilovolts: (Code.NAN,),
    subnormal: (Code.ALL_FLAT, Code.NOT_JUDGED),
    beyond_range: (Code.OUT_OF_RANGE,),
}


@pytest.fixture(scope="module")
def lesser(tmp_path_factory):
    """All of them read at once, by the verb, in a process of its own."""
    folder = tmp_path_factory.mktemp("lesser")
    (folder / "in").mkdir()
    for change in LESS:
        written(folder / "in" / f"{change.__name__}.parquet", changed(change))
    few = [name for name in COLUMNS if name not in ("Fp1", "F3", "C3", "F7", "T3", "Fz", "Cz")]
    written(folder / "in" / "few.parquet", SIGNALS, few)
    command = [sys.executable, "-m", "nasion", "read", folder / "in", "-o", folder / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.parametrize("change", LESS, ids=lambda change: change.__name__)
def test_it_stands_on_the_terminal_in_the_reading_the_list_and_the_report(lesser, change):
    folder, done = lesser
    place = folder / "out" / change.__name__
    reading = nasion.open_reading(place)
    codes = [remark.code for remark in reading.warnings]
    assert set(LESS[change]) <= set(codes)
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"nasion: {place}: ")]
    listed = pd.read_csv(folder / "out" / "recordings.tsv", sep="\t").set_index("reading")
    report = (place / "report.html").read_text(encoding="utf-8")
    shelf = Case(place, "1").summary(Reviewer())["warnings"]
    told = json.loads((place / "reading.json").read_text(encoding="utf-8"))["warnings"]
    assert shelf == told == [str(remark) for remark in reading.warnings]
    for text in told:
        assert sum(line.endswith(f": {text}") for line in lines) == 1
        assert text in listed.loc[change.__name__, "remarks"]
        assert text.replace("'", "&#39;") in report


def test_no_warning_of_a_library_reaches_the_terminal(lesser):
    _, done = lesser
    for word in ("Warning", "Traceback", "site-packages", ".py:"):
        assert word not in done.stdout + done.stderr


def test_an_interpolated_half_of_the_head_is_said(lesser):
    folder, done = lesser
    reading = nasion.open_reading(folder / "out" / "few")
    assert len(reading.interpolated) + len(reading.missing) == 7
    for state in ("interpolated", "missing"):
        if names := getattr(reading, state):
            assert f"{folder / 'out' / 'few'}: {state}: {', '.join(names)}" in done.stderr


def test_half_that_was_not_judged_stands_in_the_summary(lesser):
    folder, done = lesser
    (line,) = (text for text in done.stdout.splitlines() if "/half_gone: " in text)
    assert "of the recording was not judged (nothing recorded)" in line
    reading = nasion.open_reading(folder / "out" / "half_gone")
    assert sum(stop - start for start, stop in not_judged(reading)) == pytest.approx(30, abs=6)


def test_one_sample_spoils_nothing_beside_it(lesser):
    """The same probabilities as where that sample is missing, and nearly those of the whole."""
    folder, _ = lesser
    whole = nasion.read(written(folder / "whole.parquet", SIGNALS), threads=1)
    assert {remark.code for remark in whole.warnings} == set()
    for change in (a_sample_of_1e20, another_of_minus_1e308):
        one = nasion.open_reading(folder / "out" / change.__name__)
        assert one.judged.all()
        np.testing.assert_allclose(one.probability, whole.probability, atol=0.02)


def test_what_was_read_before_says_it_again(lesser):
    folder, _ = lesser
    path = folder / "in" / "infinite.parquet"
    done = CliRunner().invoke(app, ["read", str(path), "-o", str(folder / "out")])
    assert "read already" in done.stdout
    assert "without values (NaN, infinite or beyond 1 V): T3 50% of the time" in done.stderr


def test_every_reason_can_be_told():
    assert tuple(map(str, REASONS[1:])) == UNJUDGED
    assert len(ELECTRODES) == 19
