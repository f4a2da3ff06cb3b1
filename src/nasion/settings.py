"""Settings: frozen, checked whatever they come from, and told apart by a fingerprint.

A setting that comes later says what was so before it (`Before`): then files that lack it are read
as what they were, and their fingerprints stay.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from nasion.errors import NasionError
from nasion.loading import MOST_TOLD


class Settings(BaseModel):
    """Frozen; unknown keys and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Kind = TypeVar("Kind", bound=Settings)


@dataclass(frozen=True)
class Before:
    """What was so before a setting came; stands in its type: ``Annotated[str, Before("all")]``."""

    value: Any


def checked(kind: type[Kind], content: dict[str, Any], source: str, prefix: str = "") -> Kind:
    """Give settings of this kind; errors name `source` and the key, which stands below `prefix`."""
    try:
        return kind.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise NasionError(f"{source}: {_explain(error.errors()[0], kind, prefix)}") from None
    except (TypeError, ValueError) as error:
        raise NasionError(f"{source}: {error}") from None


def _explain(error: Any, kind: type[Settings], prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        parent = kind
        for part in error["loc"][:-1]:
            if part in parent.model_fields:  # else a name or a place within one
                parent = _settings_in(parent.model_fields[str(part)].annotation) or parent
        return f"unknown key '{key}'; known here: {', '.join(parent.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    value = "" if isinstance(error["input"], dict) else f" (got {error['input']!r})"
    if len(value) > MOST_TOLD:
        value = f"{value[: MOST_TOLD - 4]}...)"
    return f"'{key.removesuffix('.')}': {message}{value}"


def _settings_in(annotation: Any) -> type[Settings] | None:
    """Give the settings that a type is, holds or may be."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    return next(filter(None, map(_settings_in, get_args(annotation))), None)


def as_before(kind: type[Settings], content: dict[str, Any]) -> dict[str, Any]:
    """Add to what an older file holds what was so before the settings that it lacks."""
    result = dict(content)
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            inner = result.get(name, {})
            result[name] = as_before(field.annotation, inner) if isinstance(inner, dict) else inner
        for before in _before(field):
            result.setdefault(name, before.value)
    return result


def fingerprint(settings: Settings) -> str:
    """Give eight hexadecimal digits that change with any setting."""
    content = settings.model_dump_json(exclude=unsaid(settings))
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def unsaid(settings: Settings) -> dict[str, Any]:
    """What is as it was before its setting came, for pydantic to leave out of files."""
    fields: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            fields |= {name: inner} if (inner := unsaid(value)) else {}
        elif any(before.value == value for before in _before(field)):
            fields[name] = True
    return fields


def _before(field: FieldInfo) -> Iterator[Before]:
    return (item for item in field.metadata if isinstance(item, Before))


def differing(
    settings: Settings, other: Settings, prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Dotted name of each setting that two of a kind don't share, and the value of either."""
    for name in type(settings).model_fields:
        value, other_value = getattr(settings, name), getattr(other, name)
        if isinstance(value, Settings):
            yield from differing(value, other_value, f"{prefix}{name}.")
        elif value != other_value:
            yield f"{prefix}{name}", value, other_value
