"""Template: pages that are whole in one file, and what they share.

A page's template takes its style from `page.css` and, where it has tables of numbers,
`numbers.css`; its own rules follow them.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nasion.terms import DISCLAIMER

STYLES = Path(__file__).parent


def template(path: Path, filters: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Open a template of Jinja; it can `include` the style sheets, and knows the `disclaimer`.

    Text is escaped; a name that nobody gave is an error. Beside `filters` there is ``uri``, which
    turns SVG text into the address of an image.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([path.parent, STYLES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"uri": _uri, **(filters or {})}
    environment.globals["disclaimer"] = DISCLAIMER
    return environment.get_template(path.name)


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
