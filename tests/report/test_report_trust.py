"""What a montage can't tell is never said to be absent, wherever a reading is put into words."""

import json
from dataclasses import replace

import numpy as np
import pytest

from abouts import about, measured
from drawn_readings import without
from nasion.eeg.montage import HEADBAND, Montage
from nasion.events.burden import Burden
from nasion.events.runs import find
from nasion.exports import folder, szcore
from nasion.exports.annotations import annotations
from nasion.exports.bids import write_events
from nasion.reading.contradiction import Contradiction
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.report import report, summary
from nasion.signal.fault import Fault
from nasion.terms import COLUMNS, ELECTRODES, EVENTFUL, LEFT, PATTERNS, RIGHT, Pattern

N = 150  # steps, 5 min
COSTLY = {"kind": "headband", "electrodes": 10, "above": 0.3, "above_ci95": [0.2, 0.4]}
NEGATIVE = ("none of the other four", "all of the recording was judged")


def of(montage, pattern=Pattern.OTHER, table=None, **more):
    """Five minutes that are of one pattern with a probability of .95."""
    probability = np.full((N, len(PATTERNS)), 0.01, np.float32)
    probability[:, PATTERNS.index(pattern)] = 0.95
    content = {
        "name": "night",
        "duration_s": 2.0 * N,
        "probability": probability,
        "reason": np.zeros(N, np.uint8),
        "quality": np.zeros((N, len(COLUMNS)), np.uint8),
        "montage": montage,
        "model": about(accuracy=table or {}),
    }
    return Reading(**content | more)


def headband(**limits):
    others = tuple(name for name in ELECTRODES if name not in HEADBAND)
    table = {"all": measured(), "headband": measured(**COSTLY, patterns=limits)}
    return {"montage": without(*others), "table": table}


def html(one):
    def nothing(start, stop):
        return np.full((4, 3, stop - start), np.nan, np.float32)

    return report.render(one, spectrogram=nothing, pages=[])


def test_a_headband_that_cannot_tell_gpds_does_not_say_that_there_are_none(tmp_path):
    one = of(pattern=Pattern.GPD, **headband(gpd=0.5))
    assert find(one) == ()
    found = " ".join(summary.sentences(one, Burden.of(one)))
    assert not any(words in found for words in NEGATIVE)
    assert "no LPD or LRDA or GRDA" in found
    assert "GPD not judged on these electrodes, though likely in 100" in found
    assert "Look first at 0:00:00" in found
    line = summary.headline(one, Burden.of(one))
    assert "Montage: headband (10 electrodes); accuracy 0.79 (0.68 to 0.87)" in line
    assert "Caution: not judged: GPD (KLD on headband may be more than 0.1 above" in line
    burden = Burden.of(one)
    assert burden.percent[Pattern.GPD] is None
    assert burden.percent[Pattern.LPD] == 0
    assert burden.told_minutes[Pattern.GPD] == 0
    assert burden.status.met is False
    folder.save(one, tmp_path)
    assert folder.load(tmp_path).untold.tolist() == one.untold.tolist()
    manifest = json.loads((tmp_path / "reading.json").read_text())
    assert set(manifest["accuracy"]["not_judged"]) == {"gpd"}
    assert manifest["accuracy"]["measured"]["electrodes"] == 10
    row = (tmp_path / "probabilities.csv").read_text().splitlines()[1]
    assert row.endswith(",,,gpd")  # no pattern is the most probable of those that are judged
    assert "\tgpd\n" in (tmp_path / "events.tsv").read_text()
    assert any("not judged: GPD" in text for _, _, text in annotations(one))
    assert "not judged on these electrodes" in html(one)


def test_where_seizures_cannot_be_told_nothing_says_that_there_are_none(tmp_path):
    one = of(**headband(seizure=None))
    found = " ".join(summary.sentences(one, Burden.of(one)))
    assert "no seizure" not in found
    assert "seizure not judged on these electrodes" in found
    assert Burden.of(one).status.met is None
    assert "60 min) is not judged" in html(one)
    assert {row.confidence for row in szcore.rows(one)} == {0.0}
    write_events(one, tmp_path / "events.tsv")
    assert (tmp_path / "events.tsv").read_text().endswith("\tseizure\n")


def test_where_seizures_cannot_be_told_no_pattern_of_an_uncertain_event_is_denied():
    doubted = Event(
        20.0, 60.0, Pattern.LPD, 0.8, 0.9, frequency_hz=3.0, contradictions=(Contradiction.FAST,)
    )
    one = of(**headband(seizure=None))
    assert "none of the other four patterns" in summary.sentences(one, Burden.of(one))[0]
    one = replace(one, events=(doubted,))
    found, _ = summary.sentences(one, Burden.of(one))
    assert "no GPD or LRDA or GRDA" in found
    assert found.endswith("1 uncertain event stands in the table (1 LPD).")
    every = tuple(replace(doubted, pattern=pattern) for pattern in EVENTFUL)
    one = replace(one, events=every)
    found, _ = summary.sentences(one, Burden.of(one))
    assert found.startswith("Seizures can't be told; seizure not judged on these electrodes")


@pytest.mark.parametrize(("sites", "unseen"), [(LEFT, "right"), (RIGHT, "left")])
def test_one_side_says_which_is_not_seen(sites, unseen):
    one = of(without(*(name for name in ELECTRODES if name not in sites)))
    found = summary.sentences(one, Burden.of(one))[0]
    assert "LPD, GPD, LRDA, GRDA not judged" in found
    assert f"the {unseen} side is not seen" in found
    assert any(f"the {unseen} side" in text for text in one.cautions)
    assert not any(words in found for words in NEGATIVE)


def test_a_full_montage_is_judged_throughout_and_says_how_well():
    one = of(Montage(), table={"all": measured()})
    assert not one.untold.any()
    assert one.cautions == ()
    assert "none of the other four patterns" in summary.headline(one, Burden.of(one))
    assert "accuracy 0.79 (0.68 to 0.87), KLD 0.49, measured on 71 segments" in html(one)
    assert "is not measured" in summary.headline(of(Montage()), Burden.of(of(Montage())))


def test_electrodes_that_come_off_for_a_while_are_not_judged_for_that_while():
    quality = np.zeros((N, len(COLUMNS)), np.uint8)
    lost = [COLUMNS.index(name) for name in (*RIGHT, "Fz", "Cz", "Pz")]
    quality[50:100, lost] = Fault.DISCONNECTED
    one = of(Montage(), Pattern.GPD, {"all": measured(), "few": measured(
        kind="one side (left)", electrodes=8)}, quality=quality)  # fmt: skip
    assert not one.untold[:40].any()
    assert one.untold[60:90, PATTERNS.index(Pattern.GPD)].all()
    assert not one.untold[60:90, PATTERNS.index(Pattern.SEIZURE)].any()
    first, last = find(one)
    assert first.stop_s <= 102
    assert last.onset_s >= 198
    one = replace(one, events=(first, last))
    text = " ".join(summary.sentences(one, Burden.of(one)))
    assert "partly not judged" in text
    assert Burden.of(one).percent[Pattern.GPD] == pytest.approx(100, abs=3)
    assert all(one.share_untold(pattern) < 0.4 for pattern in EVENTFUL)
