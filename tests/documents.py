"""What docs/formats.md says of files."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "formats.md"


def section(heading):
    """Lines of the document below a heading, up to the next."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    assert found, f"docs/formats.md has no section {heading}"
    return found.group(1).splitlines()


def documented(heading):
    """Names in the first column of the table of a section, in order."""
    cells = [line.split("|")[1] for line in section(heading) if line.startswith("| `")]
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert names
    assert len(set(names)) == len(names)
    return names
