"""The OpenAPI 3.1 document (spec.openapis.org/oas/v3.1), made from the table of endpoints and their models."""

import json
import re
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.core.apikey import PATTERN, Scope
from bot.web.api.bodies import SUBSCRIPTION_ID, ProblemBody
from bot.web.api.table import ENDPOINTS, IDEMPOTENCY, IF_MATCH, PREFIX, Endpoint

_REF: Final = "#/components/schemas/{model}"

_IDS: Final[dict[str, dict[str, Any]]] = {
    "subscriptions": {
        "description": "The subscription's id.",
        "schema": {"type": "string", "pattern": SUBSCRIPTION_ID},
        "example": "k7m2qx",
    },
    "events": {
        "description": "The id of an event or of an inference, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
        "example": "inf-4711",
    },
    "places": {
        "description": "The place's name, as `status` has it, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
        "example": "slack/T024BE7LR/C024BE7LR",
    },
}
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    IF_MATCH: {
        "description": "The ETag of the state that is meant, or *; where it has changed since, nothing is done.",
        "schema": {"type": "string", "format": "tidings-etags"},
    },
    IDEMPOTENCY: {
        "description": "The same key with the same body, sent again, gives the same subscription.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
}
_REFUSED: Final = {
    400: "It can't be read, or its query or headers are wrong",
    401: "There is no key, or it opens nothing",
    403: "The key may not; `scope` says which scope may",
    404: "There is no such thing that the key may see",
    409: "It is there already, or was changed since",
    412: "It is not as If-Match says",
    413: "The body is too large",
    415: "The body is no JSON",
    422: "The body means nothing possible",
    503: "Redis, Kafka or Slack does not answer",
}
_EVERYWHERE: Final = (400, 401, 403, 503)


def document() -> dict[str, Any]:
    """The whole document."""
    models: set[type[BaseModel]] = {ProblemBody}
    models |= {one for endpoint in ENDPOINTS for one in (endpoint.body, endpoint.answer) if one is not None}
    ordered = sorted(models, key=lambda one: one.__name__)
    _, found = models_json_schema([(one, "validation") for one in ordered], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Tidings",
            "version": "1",
            "summary": "Subscriptions to inference events, for machines",
            "description": "What people do with /tidings in Slack, over HTTP. docs/api.md tells it with examples.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": found["$defs"],
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": PATTERN,
                    "description": f"An API key: tidings keys create. Scopes: {', '.join(Scope)}; each includes those "
                    "before it.",
                }
            },
        },
    }


def openapi() -> str:
    """The text of `docs/openapi.json`."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"Takes the scope {endpoint.scope}.",
        "tags": [endpoint.path.split("/")[1]],
        "responses": {str(endpoint.status): _answer(endpoint)}
        | {str(status): _problem(status) for status in sorted({*_EVERYWHERE, *endpoint.refuses})},
    }
    parameters = [*_path(endpoint), *_query(endpoint.query), *(_header(name) for name in endpoint.headers)]
    if parameters:
        found["parameters"] = parameters
    if endpoint.body is not None:
        found["requestBody"] = {"required": not endpoint.optional, "content": _json(endpoint.body)}
    return found


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {"description": endpoint.summary if endpoint.answer else "Done"}
    if endpoint.answer is not None:
        found["content"] = _json(endpoint.answer)
    if endpoint.tagged:
        found["headers"] = {"ETag": {"required": True, "schema": {"type": "string"}}}
    return found


def _problem(status: int) -> dict[str, Any]:
    headers = {401: "WWW-Authenticate", 503: "Retry-After"}
    found: dict[str, Any] = {
        "description": _REFUSED[status],
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemBody")}}},
    }
    if status in headers:
        found["headers"] = {headers[status]: {"required": True, "schema": {"type": "string"}}}
    return found


def _path(endpoint: Endpoint) -> list[dict[str, Any]]:
    about = _IDS.get(endpoint.path.split("/")[1], {})
    return [{"name": name, "in": "path", "required": True, **about} for name in re.findall("{(.+?)}", endpoint.path)]


def _query(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    properties = model.model_json_schema()["properties"]
    return [_parameter(name, dict(schema)) for name, schema in properties.items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema.pop("title", None)
    about = schema.pop("description", "")
    if "anyOf" in schema:  # a parameter that is not there is no null
        (schema,) = (one for one in schema["anyOf"] if one != {"type": "null"})
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, **_HEADERS[name]}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
