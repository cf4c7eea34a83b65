"""The data of an event as bytes bring it, checked: the one place where pydantic stands between producers and `Event`.

The JSON Schema in `docs/` is made from these models, so a description here is what a producer reads there.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.core.aliases import Fields, as_part
from bot.core.document import UnreadableError, shown
from bot.core.event import Json, Sensitivity, Status

MOST_TOKENS: Final = 2**53
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""

WEB_PAGE: Final = r"^https?://[^\s<>|]+$"
SECURE_PAGE: Final = r"^https://[^\s<>|]+$"


def _no_truth(value: Any) -> Any:
    """Refuse true and false where a number belongs: Python would read them as 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("number", "must be a number")
    return value


def spelling(value: Any) -> Any:
    """A status or sensitivity in its own spelling; anything that is no text as it is."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower().replace("-", "_")
    return "cancelled" if word == "canceled" else word


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _flat(value: Any) -> Any:
    """Write true, false as text and leave out null; numbers are coerced by the model."""
    if not isinstance(value, dict):
        return value
    return {key: str(one).lower() if isinstance(one, bool) else one for key, one in value.items() if one is not None}


def _link(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


_Share = Annotated[float, Field(ge=0, le=1)]
_Amount = Annotated[float, Field(ge=0)]
_Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS)]
Share = Annotated[_Share, BeforeValidator(_no_truth, json_schema_input_type=_Share)]
Amount = Annotated[_Amount, BeforeValidator(_no_truth, json_schema_input_type=_Amount)]
Tokens = Annotated[_Tokens, BeforeValidator(_no_truth, json_schema_input_type=_Tokens)]


class Part(BaseModel):
    """A piece of the data; unknown fields are kept and shown, never a reason to refuse."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True, allow_inf_nan=False, protected_namespaces=())


class ModelPart(Part):
    """The model that inferred; its name alone, as text, will do."""

    name: str = Field(min_length=1, description="The model's name. OpenTelemetry: gen_ai.request.model.")
    version: str | None = Field(None, description="Its version or snapshot.")
    provider: str | None = Field(None, description="Who runs it. OpenTelemetry: gen_ai.provider.name.")


class UsagePart(Part):
    """What the inference used."""

    input_tokens: Tokens | None = Field(None, description="OpenTelemetry: gen_ai.usage.input_tokens.")
    output_tokens: Tokens | None = Field(None, description="OpenTelemetry: gen_ai.usage.output_tokens.")
    cost: Amount | None = Field(None, description="In US dollars.")


class ErrorPart(Part):
    """Why an inference failed; the message alone, as text, will do."""

    type: str | None = Field(None, description="A class of error, few in number. OpenTelemetry: error.type.")
    message: str | None = Field(None, description="What happened, for a person. OpenTelemetry: exception.message.")


class RequesterPart(Part):
    """Who asked; a Slack user id or an e-mail address alone, as text, will do. Other names are only shown."""

    slack_id: str | None = Field(None, description="A Slack user id, e.g. U024BE7LH.")
    email: str | None = Field(None, description="An e-mail address, by which Slack knows the person too.")


class LinkPart(Part):
    """A page to open for more; its address alone, as text, will do."""

    url: str = Field(pattern=WEB_PAGE, description="http or https.")
    title: str | None = Field(None, description="What the link says.")


class ImagePart(Part):
    """A picture beside the result; its address alone, as text, will do."""

    url: str = Field(pattern=SECURE_PAGE, description="https only: Slack fetches it.")
    alt: str = Field("", description="What it shows, for those who can't see it.")


def _as_text(field: str, part: type[Part]) -> BeforeValidator:
    def read(value: Any) -> Any:
        return as_part(field, value)

    return BeforeValidator(read, json_schema_input_type=str | part)


class Data(Part):
    """What one event says about one inference. Give every event of an inference the same `inference_id`."""

    inference_id: str | None = Field(
        None, description="The piece of work that the event is about; CloudEvents' subject stands for it where absent."
    )
    status: Annotated[Status, BeforeValidator(spelling, json_schema_input_type=Status)] | None = Field(
        None, description="Where the inference stands; the last part of CloudEvents' type stands for it where absent."
    )
    model: Annotated[ModelPart, _as_text("model", ModelPart)] = Field(description="The model that inferred.")
    session_id: str | None = Field(
        None, description="A conversation or workflow of several inferences. OpenTelemetry: gen_ai.conversation.id."
    )
    requester: Annotated[RequesterPart, _as_text("requester", RequesterPart)] | None = Field(
        None, description="Who asked. OpenTelemetry: user.email."
    )
    title: str | None = Field(None, description="One line that tells this inference from the others.")
    result: Any = Field(None, description="What came out: text in Markdown, or any JSON.")
    confidence: Share | None = Field(None, description="How sure the model is, from 0 to 1.")
    latency: Amount | None = Field(None, description="Seconds from request to result.")
    usage: UsagePart | None = Field(None, description="Tokens and cost.")
    tags: Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=str | list[str])] | None = Field(
        None, description="Words to filter by."
    )
    labels: (
        Annotated[dict[str, str], BeforeValidator(_flat, json_schema_input_type=dict[str, str | float | bool | None])]
        | None
    ) = Field(None, description="Names with values to filter by.")
    environment: str | None = Field(
        None, description="Where it ran, e.g. production. OpenTelemetry: deployment.environment.name."
    )
    links: tuple[Annotated[LinkPart, BeforeValidator(_link, json_schema_input_type=str | LinkPart)], ...] | None = (
        Field(None, description="Pages to open for more.")
    )
    images: tuple[Annotated[ImagePart, BeforeValidator(_link, json_schema_input_type=str | ImagePart)], ...] | None = (
        Field(None, description="Pictures beside the result.")
    )
    error: Annotated[ErrorPart, _as_text("error", ErrorPart)] | None = Field(None, description="Why it failed.")
    sensitivity: Annotated[Sensitivity, BeforeValidator(spelling, json_schema_input_type=Sensitivity)] | None = Field(
        None, description="How widely the content may be shown; internal where absent."
    )


PARTS: Final[Mapping[str, type[Part]]] = {
    "model": ModelPart,
    "requester": RequesterPart,
    "usage": UsagePart,
    "error": ErrorPart,
    "links": LinkPart,
    "images": ImagePart,
}
"""The fields that have fields of their own; the last two hold lists of them."""

_CONFIDENCE: Final = "must be between 0 and 1"
_MUST: Final[Mapping[str, str]] = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "number": "must be a number",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "enum": "must be {expected}",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
}
_PATTERNS: Final[Mapping[str, str]] = {
    WEB_PAGE: "must be a link that begins with https:// or http://",
    SECURE_PAGE: "must be a link that begins with https://",
}


def check(fields: Fields) -> Data:
    """Check the data, aliases resolved. Raises UnreadableError with a sentence about the first thing wrong."""
    try:
        return Data.model_validate(fields)
    except ValidationError as error:
        raise UnreadableError(_reason(error.errors(include_url=False)[0])) from error


def _reason(problem: ErrorDetails) -> str:
    place = ".".join(map(str, ("data", *problem["loc"])))
    context = problem.get("ctx", {})
    if problem["type"] == "missing":
        return f"{place}: is missing"
    if problem["loc"] == ("confidence",) and problem["type"] in {"greater_than_equal", "less_than_equal"}:
        must = _CONFIDENCE
    elif problem["type"] == "string_pattern_mismatch":
        must = _PATTERNS[context["pattern"]]
    else:
        must = _MUST.get(problem["type"], problem["msg"]).format(**context)
    return f"{place}: {must}, got {shown(problem['input'])}"


def unknown(data: Data) -> Iterator[tuple[str, Json]]:
    """Every field that this version does not know; one within a part is named by its path, `usage.cached_tokens`."""
    yield from (data.model_extra or {}).items()
    for path, part in _parts(data):
        for name, value in ((part and part.model_extra) or {}).items():
            yield f"{path}.{name}", value


def _parts(data: Data) -> Iterator[tuple[str, Part | None]]:
    yield from (("model", data.model), ("requester", data.requester), ("usage", data.usage), ("error", data.error))
    yield from ((f"links.{number}", link) for number, link in enumerate(data.links or ()))
    yield from ((f"images.{number}", image) for number, image in enumerate(data.images or ()))
