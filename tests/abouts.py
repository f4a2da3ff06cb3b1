"""What models say of themselves, made for tests."""

import json
from pathlib import Path

from nasion.contract import About

# As the first schema wrote it, into model.onnx and into the readings that it made.
V1 = json.loads((Path(__file__).parent / "fixtures" / "about.json").read_text(encoding="utf-8"))


def about(**changed: object) -> About:
    """The model of the fixture, but for what is changed."""
    return About.from_dict({**V1, **changed}, "a test")
