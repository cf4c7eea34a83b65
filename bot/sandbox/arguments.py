"""The arguments of a Web API call, from a query, a form or JSON, in one shape.

Source: docs.slack.dev/apis/web-api#basics.
"""

from typing import Any
from urllib.parse import parse_qsl

import orjson

from bot.sandbox.answers import Json, Refusal

_STRUCTURES = frozenset({"attachments", "blocks", "chunks", "files", "message", "metadata", "view"})
_TRUE = frozenset({True, "1", "true", "True"})


def read_arguments(query: str, content_type: str, body: bytes) -> Json:
    """All arguments of a request; structures that came as JSON text are parsed."""
    arguments: Json = dict(parse_qsl(query, keep_blank_values=True))
    if content_type == "application/json":
        arguments |= _read_json(body)
    elif body:
        try:
            arguments |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError as error:
            raise Refusal("invalid_charset") from error
    for name in _STRUCTURES & arguments.keys():
        arguments[name] = _structure(arguments[name])
    return arguments


def _read_json(body: bytes) -> Json:
    try:
        parsed = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise Refusal("invalid_json") from error
    if not isinstance(parsed, dict):
        raise Refusal("json_not_object")
    return parsed


def _structure(value: Any) -> Any:
    """A value that should be a list or object; what is no JSON stays text, and who needs it refuses it."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def text(arguments: Json, name: str, *, code: str = "invalid_arguments") -> str:
    """A required text argument."""
    value = arguments.get(name)
    if value is None or value == "":
        raise Refusal(code)
    return str(value)


def flag(arguments: Json, name: str, *, default: bool = False) -> bool:
    """A yes or no, as JSON or as the SDK writes it in a query."""
    value = arguments.get(name)
    return default if value is None else value in _TRUE


def number(arguments: Json, name: str, *, default: int, most: int) -> int:
    """A whole number of at least 1; above ``most`` Slack says ``invalid_limit``."""
    value = arguments.get(name)
    if value is None or value == "":
        return default
    try:
        given = int(value)
    except (TypeError, ValueError) as error:
        raise Refusal("invalid_arguments") from error
    if not 1 <= given <= most:
        raise Refusal("invalid_limit")
    return given


def names(arguments: Json, name: str) -> list[str]:
    """A list that comes as JSON or separated by commas."""
    value = arguments.get(name)
    if not value:
        return []
    return (
        [str(each) for each in value]
        if isinstance(value, list)
        else [each.strip() for each in str(value).split(",")]
    )
