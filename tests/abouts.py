"""What models say of themselves, made for tests."""

import json
from pathlib import Path
from typing import Any

from nasion.contract import About
from nasion.terms import EVENTFUL, PATTERNS

# As the first schema wrote it, into model.onnx and into the readings that it made.
V1 = json.loads((Path(__file__).parent / "fixtures" / "about.json").read_text(encoding="utf-8"))


def measured(**changed: object) -> dict[str, Any]:
    """A row of a table of accuracy: all electrodes, and as well as ever, but for what is changed.

    `patterns` are given by the upper limit of what a montage costs them.
    """
    limits = changed.pop("patterns", {})
    assert isinstance(limits, dict)
    row = {
        "kind": "full",
        "electrodes": 19,
        "bipolar": False,
        "n": 71,
        "patients": 66,
        "accuracy": 0.789,
        "accuracy_ci95": [0.675, 0.87],
        "kld": 0.488,
        "kld_ci95": [0.41, 0.57],
        "above": 0.0,
        "above_ci95": [0.0, 0.0],
    }
    patterns = {
        str(pattern): {"n": 9, "recall": 0.8, "above": 0.0, "most_above": limits.get(pattern, 0.0)}
        for pattern in PATTERNS
    }
    return {**row, "patterns": patterns, **changed}


def alarms(**courses: list[tuple[float, float]]) -> dict[str, Any]:
    """A curve of false alarms: of each pattern (false a day, share found) at .5, .6 and so on."""
    usual = [(2.0, 0.9), (1.0, 0.5)]
    patterns = {
        str(pattern): {
            "true": 9,
            "points": [
                {"threshold": round(0.5 + 0.1 * place, 1), "false_a_day": rate, "found": share}
                for place, (rate, share) in enumerate(
                    courses.get(str(pattern), [(0.0, 0.5)] if courses else usual)
                )
            ],
        }
        for pattern in EVENTFUL
    }
    content = {"hours": 960.0, "recordings": 12, "empty_hours": 2.0, "command": "a test"}
    return {**content, "patterns": patterns}


def about(**changed: object) -> About:
    """The model of the fixture, but for what is changed."""
    return About.from_dict({**V1, **changed}, "a test")
