"""A case: one reading under review, its display, its events and what was said of them."""

import json
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nasion.contract import About
from nasion.display.columns import Columns, mean, most
from nasion.display.display import Array, Display
from nasion.display.montages import TRACES
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports.folder import load
from nasion.reading.reading import Reading
from nasion.review.candidates import candidates
from nasion.review.judgement import Judgement, Unfit
from nasion.review.ledger import Entry, Sheet, View, minutes, urgency
from nasion.review.reviewer import Reviewer
from nasion.review.verdicts import Journal, Mark, Verdict, stamp
from nasion.review.vocabulary import VOCABULARY
from nasion.signal.fault import REASONS, Reason
from nasion.terms import COLUMNS, READING_STEP_S

ALL_TRACES = sorted({name for names in TRACES.values() for name in names})


class Case:
    """Everything that the server tells of one reading; arrays are read when they are asked for.

    Parameters
    ----------
    folder
        Of the reading.
    id
        What addresses hold in place of its name.
    """

    def __init__(self, folder: Path, id: str) -> None:
        self.folder, self.id = folder, id
        self.journal = Journal(folder)
        self._is_open = False
        self._lock = threading.Lock()
        self._view: View | None = None
        self._text: tuple[object, str] = None, ""

    @cached_property
    def reading(self) -> Reading:
        """The reading; NasionError where it is damaged."""
        return load(self.folder)

    @cached_property
    def display(self) -> Display:
        """Its display cache; NasionError where it is missing or of another recording."""
        display = Display.open(self.folder)
        if display.n_steps != self.reading.n_steps:
            raise NasionError(f"{self.folder}: display and reading differ; read it again")
        return display

    @cached_property
    def recording(self) -> Recording:
        """The signals as they are shown."""
        return self.display.recording(self.reading)

    @cached_property
    def _burden(self) -> dict[str, Any]:
        return Burden.of(self.reading).as_dict()

    @cached_property
    def _sheet(self) -> Sheet:
        return Sheet(self.reading.events)

    @cached_property
    def _blind_sheet(self) -> Sheet:
        return Sheet(candidates(self.reading))

    def open(self) -> None:
        """Read what pages show; Unfit with one line where a file of the reading is damaged."""
        if self._is_open:
            return
        try:
            reading = self.reading
            if not (isinstance(reading.name, str) and np.isfinite(reading.source_sfreq)):
                raise ValueError("its name or rate is none")
            _json(self._about(Reviewer(), maps=False))
            self.summary(Reviewer())
        except NasionError as error:
            raise Unfit(str(error), 409) from None
        except Exception as error:  # whatever a file holds, the other readings can be reviewed
            kind = type(error).__name__
            told = f"{self.folder}: can't be shown ({kind}); read the recording anew"
            raise Unfit(told, 409) from None
        self._is_open = True

    def entries(self, reviewer: Reviewer) -> dict[str, Entry]:
        """Events by number, with the verdicts that this reader may see."""
        return self._marked_entries(reviewer)[0]

    def _marked_entries(self, reviewer: Reviewer) -> tuple[dict[str, Entry], Mark]:
        """The same, and the mark of the lines that they come from."""
        eyes = reviewer.eyes
        with self._lock, self.journal.standing() as said:
            if self._view is None or not self._view.goes_on(eyes, said):
                sheet = self._blind_sheet if eyes.blind else self._sheet
                self._view = View(sheet, eyes, said)
            return self._view.entries(), self.journal.mark

    def _verdicts(self, reviewer: Reviewer) -> list[Verdict]:
        with self.journal.standing() as said:
            return [verdict for verdict in said if reviewer.may_see(verdict)]

    def summary(self, reviewer: Reviewer) -> dict[str, Any]:
        """One line of the list of recordings; blind, it tells nothing of what was detected."""
        reading, entries = self.reading, list(self.entries(reviewer).values())
        lengths = {} if reviewer.blind else minutes(reading)
        judged_minutes = float(reading.judged.sum()) * READING_STEP_S / 60
        return {
            "id": self.id,
            "name": reading.name,
            "start": reading.start.isoformat() if reading.start else None,
            "duration_s": reading.duration_s,
            "n_events": len(entries),
            "warnings": list(map(str, reading.warnings)),
            "uncertain": sum(entry.is_doubted for entry in entries),
            "judged": round(float(reading.judged.mean()), 4) if reading.n_steps else 0.0,
            "minutes": lengths,
            "percent": {
                name: None
                if length is None
                else round(100 * length / judged_minutes, 3)
                if judged_minutes
                else 0.0
                for name, length in lengths.items()
            },
            "urgency": urgency(entries),
            "unread": sum(entry.verdict is None for entry in entries),
        }

    def text(self, reviewer: Reviewer, *, maps: bool) -> str:
        """All that the page has to know at first, JSON; made anew only when a verdict came.

        Parameters
        ----------
        maps
            Whether the page may ask for maps.
        """
        entries, mark = self._marked_entries(reviewer)
        known, text = self._text
        if known != (reviewer.eyes, maps, mark):
            events = [entry.as_dict() for entry in entries.values()]
            text = _json(self._about(reviewer, maps=maps) | {"events": events})
            self._text = (reviewer.eyes, maps, mark), text
        return text

    def _about(self, reviewer: Reviewer, *, maps: bool) -> dict[str, Any]:
        reading, index = self.reading, self.display.index
        bits = reading.quality[reading.reason != REASONS.index(Reason.GAP)]
        faulty = (bits > 0).mean(0) if len(bits) else np.ones(len(COLUMNS))
        return {
            **VOCABULARY,
            "id": self.id,
            "name": reading.name,
            "start": reading.start.isoformat() if reading.start else None,
            "duration_s": reading.duration_s,
            "n_steps": reading.n_steps,
            "source_sfreq": reading.source_sfreq,
            "montage": reading.montage.name,
            "accuracy": reading.trust.statement,
            "recorded": list(reading.montage.recorded),
            "rebuilt": list(reading.montage.rebuilt),
            "missing": list(reading.missing),
            "interpolated": list(reading.interpolated),
            "bad": dict(zip(COLUMNS, np.round(faulty, 4).tolist(), strict=True)),
            "gaps": [
                {"onset_s": onset_s, "duration_s": duration_s}
                for onset_s, duration_s in reading.gaps_s
            ],
            "annotations": [
                {"onset_s": onset_s, "duration_s": duration_s, "text": text}
                for onset_s, duration_s, text in reading.annotations
            ],
            "states": {name: reading.montage.state_of(name) for name in ALL_TRACES},
            "untold": list(reading.trust.untold),
            "cautions": list(reading.cautions),
            "warnings": [*map(str, reading.warnings), *self.journal.warnings],
            "model": {**_model(reading.model), "maps": maps},
            "burden": {} if reviewer.blind else self._burden,
            "spectrogram": index["spectrogram"],
            "trends": index["trends"],
            "blind": reviewer.blind,
        }

    def probabilities(self, grid: Columns) -> Array:
        """Six mean probabilities and the share of judged steps, shape (7, n)."""
        pairs, first = grid.shared(READING_STEP_S, self.reading.n_steps)
        values = self.reading.probability[first : first + int(pairs.max(initial=0))]
        average, share = mean(values.T, pairs)
        return np.concatenate([average, share[:1]])

    def quality(self, grid: Columns) -> np.ndarray:
        """The commonest reason of each column, a place in `reading.REASONS`."""
        pairs, first = grid.shared(READING_STEP_S, self.reading.n_steps)
        codes = self.reading.reason[first : first + int(pairs.max(initial=0))]
        return most(codes, pairs, len(REASONS))

    def judge(self, judgement: Judgement, reviewer: Reviewer) -> Entry:
        """Write a verdict; what it leaves out is as it was before."""
        if not reviewer.initials:
            raise Unfit("give your initials first", 409)
        judgement.check()
        entry = self._entry_of(judgement, reviewer)
        pattern = judgement.pattern_of(entry)
        onset_s, duration_s = judgement.borders_of(entry, self.reading.duration_s)
        key, at = stamp()
        verdict = Verdict(
            key=key,
            action=judgement.action,
            event=entry.id if entry else "",
            subject=entry.subject if entry else None,
            pattern=pattern,
            onset_s=onset_s,
            duration_s=duration_s,
            note=judgement.note,
            reviewer=reviewer.initials,
            at=at,
            # Whatever the page says: one that was not started blind has shown what the model saw.
            predictions_visible=not reviewer.blind,
        )
        self.journal.append(verdict)
        for written in self.entries(reviewer).values():
            if written.verdict and written.verdict.key == key:
                return written
        raise NasionError(f"{self.folder}: its file of verdicts was replaced meanwhile; look again")

    def _entry_of(self, judgement: Judgement, reviewer: Reviewer) -> Entry | None:
        if judgement.action == "add":
            return None
        entry = self.entries(reviewer).get(judgement.event or "")
        if entry is None:
            raise Unfit("no such event", 404)
        return entry

    def undo(self, reviewer: Reviewer) -> Entry | None:
        """Take back this reader's last verdict; None where there is none or its event is gone."""
        verdicts = self._verdicts(reviewer)
        last = next(
            (verdict for verdict in reversed(verdicts) if verdict.reviewer == reviewer.initials),
            None,
        )
        if last is None:
            return None
        before = self.entries(reviewer)
        number = next(
            (id_ for id_, entry in before.items() if _same_event(entry, last)), last.event
        )
        key, at = stamp()
        self.journal.append(
            Verdict(
                key=key,
                action="undo",
                event=last.event,
                subject=last.subject,
                pattern=None,
                onset_s=last.onset_s,
                duration_s=last.duration_s,
                note="",
                reviewer=reviewer.initials,
                at=at,
                predictions_visible=last.predictions_visible,
                undoes=last.key,
            )
        )
        return self.entries(reviewer).get(number)


def _same_event(entry: Entry, verdict: Verdict) -> bool:
    return entry.id == verdict.event or (
        entry.subject is not None and entry.subject == verdict.subject
    )


def _model(about: About | None) -> dict[str, str]:
    """What the page tells of the model; nothing where there is none."""
    names = "title", "identity", "nasion", "calibration", "licence_text", "restriction"
    return {name: getattr(about, name) for name in names} if about else {}


def _json(content: Any) -> str:
    """JSON has no NaN; looking for one takes longer than writing all."""
    try:
        return json.dumps(content, allow_nan=False)
    except ValueError:
        return json.dumps(_valid(content), allow_nan=False)


def _valid(content: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(content, Mapping):
        return {str(key): _valid(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_valid(value) for value in content]
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
