"""Settings: frozen, checked whatever they come from, and told apart by a fingerprint."""

import hashlib
import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from nasion.errors import NasionError


class Settings(BaseModel):
    """Frozen; unknown keys and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Kind = TypeVar("Kind", bound=Settings)


def checked(kind: type[Kind], content: dict[str, Any], source: str, prefix: str = "") -> Kind:
    """Give settings of this kind; errors name `source` and the key, which stands below `prefix`."""
    try:
        return kind.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise NasionError(f"{source}: {_explain(error.errors()[0], kind, prefix)}") from None
    except TypeError as error:
        raise NasionError(f"{source}: {error}") from None


def _explain(error: Any, kind: type[Settings], prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        parent: Any = kind
        for part in error["loc"][:-1]:
            parent = parent.model_fields[part].annotation
        return f"unknown key '{key}'; known here: {', '.join(parent.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    value = "" if isinstance(error["input"], dict) else f" (got {error['input']!r})"
    return f"'{key.removesuffix('.')}': {message}{value}"


def fingerprint(settings: Settings) -> str:
    """Give eight hexadecimal digits that change with any setting."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]
