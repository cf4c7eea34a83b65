"""What must never be read in a log: tokens, credentials, and the paths of URLs that are credentials themselves.

Rules of this file:
1. A value under a telling key (`token`, `authorization`, …) disappears whole; numbers stay (`input_tokens` is a count).
2. A URL under a URL's key keeps its scheme and host: a webhook's path is often its password.
3. Whatever the key, text is searched for the shapes that tokens have.
4. Masking too much costs a reader a guess; masking too little costs a customer a secret.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "…"

_TELLING: Final = re.compile(
    r"token|secret|password|passwd|authorization|cookie|api_?key|ticket|signature|credential|private_key", re.IGNORECASE
)
_URL_KEY: Final = re.compile(r"(?:^|_)(?:url|uri|webhook|endpoint|href)s?$", re.IGNORECASE)
_URL: Final = re.compile(r"\b([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?#@]*@)?([^\s/?#]*)([^\s]*)", re.IGNORECASE)

_SHAPES: Final = (
    # Slack, "Token types": xoxb-, xoxp-, xoxe-, xoxe.xoxp-, …; app-level tokens are xapp-.
    (re.compile(r"(xox[a-z](?:\.xox[a-z])?-|xapp-)[\w-]+"), rf"\g<1>{MASK}"),
    # Standard Webhooks: whsec_ is a symmetric secret, whsk_ an asymmetric private key.
    (re.compile(r"(whsec_|whsk_)[\w+/=-]+"), rf"\g<1>{MASK}"),
    # RFC 6750: Authorization: Bearer b64token.
    (re.compile(r"\b((?:bearer\s+)+)[^\s'\",;]+", re.IGNORECASE), rf"\g<1>{MASK}"),
    # userinfo of any URL: redis://:password@host
    (re.compile(r"\b([a-z][a-z0-9+.-]{0,20}://)[^\s/?#@'\"]*@", re.IGNORECASE), rf"\g<1>{MASK}@"),
    # Slack's incoming webhooks, workflow triggers and response URLs: the path is the credential.
    (re.compile(r"(https?://hooks\.slack(?:-gov)?\.com/)[^\s'\"<>)]+", re.IGNORECASE), rf"\g<1>{MASK}"),
    # query parameters that carry credentials
    (
        re.compile(r"([?&](?:\w*token|ticket|code|\w*secret|\w*key|sig\w*|password)=)[^&\s'\"#]+", re.IGNORECASE),
        rf"\g<1>{MASK}",
    ),
)


def redact(value: Any, *, key: str = "") -> Any:
    """The value as a log may show it; `key` is the name it is logged under.

    Containers are copied, text is masked, numbers, booleans and None stay, and anything else becomes its masked repr.
    """
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {redact_text(str(name)): redact(inner, key=str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, key=key) for inner in value]
    if _TELLING.search(key):
        return MASK
    text = _text(value)
    if _URL_KEY.search(key):
        text = _URL.sub(_host_only, text)
    return redact_text(text)


def redact_text(text: str) -> str:
    """The text with every token-shaped part masked."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def _text(value: Any) -> str:
    match value:
        case str():
            return str(value)
        case bytes() | bytearray():
            return bytes(value).decode("utf-8", "backslashreplace")
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case _:
            return repr(value)


def _host_only(found: re.Match[str]) -> str:
    scheme, host, path = found.groups()
    return f"{scheme}{host}" + (f"/{MASK}" if path not in {"", "/"} else path)
