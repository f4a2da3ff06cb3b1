"""A statement: what is known of an exported model and not in its weights, written into its file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasion.contract import KEY, About
from nasion.errors import NasionError
from nasion.files import replacing, share, write_text
from nasion.loading import loading
from nasion.models.card import card
from nasion.tensors import refuse_unsound

CARD = "card.md"


def state(path: Path, stated: Mapping[str, Any], source: Path | None = None) -> About:
    """Write into a model what is stated of it: by key of `About`; its predictions stay.

    A card beside it that was drawn from what it said before is drawn anew.

    Parameters
    ----------
    source
        Where the statement is from, as errors name it.

    Raises
    ------
    NasionError
        Where the file is no model of this nasion, or can't say so.
    """
    import onnx

    absent = "make one with nasion export"
    with loading(path, "not an ONNX model", "export it anew", absent=absent):
        refuse_unsound(path)
        model = onnx.load(path)
    entry = next((entry for entry in model.metadata_props if entry.key == KEY), None)
    if entry is None:
        raise NasionError(f"{path}: not exported by nasion; make one with nasion export")
    before = About.from_json(entry.value, str(path))
    content = {**before.as_dict(), **stated}
    about = About.from_dict(content, str(source or path), fix="state what docs/formats.md lists")
    entry.value = json.dumps(about.as_dict())
    with replacing(path) as temporary:
        onnx.save(model, temporary)
    share(path)
    beside = path.with_name(CARD)
    if beside.is_file() and beside.read_bytes() == card(before).encode():
        write_text(beside, card(about))
        share(beside)
    return about
