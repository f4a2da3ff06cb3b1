"""The session: what is on the shelf, and who looks at it."""

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from nasion.errors import NasionError
from nasion.review.case import Case
from nasion.review.judgement import Unfit
from nasion.review.reviewer import Reviewer
from nasion.review.shelf import Shelf
from nasion.review.why import Explainer
from nasion.terms import DISCLAIMER


@dataclass
class Session:
    """State of one server."""

    shelf: Shelf
    reviewer: Reviewer
    explainer: Explainer = field(default_factory=Explainer)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def case(self, number: str) -> Case:
        """The reading of a number, or what a page is told of an unknown or a broken one."""
        case = self.shelf.case(number)
        if case is None:
            raise Unfit("no such reading", 404)
        case.open()
        return case

    def show_predictions(self) -> None:
        """Refuse what a blind review must not show."""
        if self.reviewer.blind:
            raise Unfit("hidden in a blind review", 403)

    def call(self, initials: str) -> None:
        """Take note of who looks from now on."""
        with self.lock:
            self.reviewer = replace(self.reviewer, initials=initials)

    def overview(self) -> str:
        """The recordings, what needs eyes first before the others; JSON."""
        summaries: list[dict[str, Any]] = []
        problems = []
        for case in self.shelf.cases():
            try:
                case.open()
                summaries.append(case.summary(self.reviewer))
            except (Unfit, NasionError) as error:
                problems.append(str(error))
        summaries.sort(
            key=lambda summary: (-summary["urgency"], -summary["unread"], summary["name"])
        )
        return json.dumps(
            {
                "readings": summaries,
                "problems": problems,
                "blind": self.reviewer.blind,
                "reviewer": self.reviewer.initials,
                "disclaimer": DISCLAIMER,
            },
            allow_nan=False,
        )
