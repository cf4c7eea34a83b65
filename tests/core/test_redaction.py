from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.redaction import MASK, redact, redact_text

CANARY = "c4n4ryc4n4ry"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"xoxb-12-34-{CANARY}", "xoxb-…"),
        (f"token=xoxp-1-{CANARY}, then", "token=xoxp-…, then"),
        (f"xoxe.xoxp-1-{CANARY}", "xoxe.xoxp-…"),
        (f"xapp-1-A0-{CANARY}", "xapp-…"),
        (f"SLACK_TOKEN_xoxb-1-{CANARY}", "SLACK_TOKEN_xoxb-…"),
        (f"Bearer bearer {CANARY}", "Bearer bearer …"),
        (f"whsec_{CANARY}+/=", "whsec_…"),
        (f"{{'Authorization': 'Bearer {CANARY}'}}", "{'Authorization': 'Bearer …'}"),
        (f"redis://user:{CANARY}@10.0.0.1:6379/0", "redis://…@10.0.0.1:6379/0"),
        (f"POST https://hooks.slack.com/services/T1/B2/{CANARY} 200", "POST https://hooks.slack.com/… 200"),
        (f"GET /ws?filter=a&ticket={CANARY}&after=1", "GET /ws?filter=a&ticket=…&after=1"),
        (f"?access_token={CANARY}", "?access_token=…"),
    ],
)
def test_text_loses_what_has_the_shape_of_a_token(text: str, masked: str) -> None:
    assert redact_text(text) == masked


@pytest.mark.parametrize(
    "text", ["nothing here", "model fraud-v2 failed", "https://ml.example.com/runs/7?page=2", "a token of gratitude"]
)
def test_text_without_secrets_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("slack_bot_token", CANARY, MASK),
        ("Authorization", CANARY, MASK),
        ("secret", CANARY.encode(), MASK),
        ("headers", {"Cookie": CANARY, "accept": "text/html"}, {"Cookie": MASK, "accept": "text/html"}),
        ("webhook", f"https://hooks.example.com:8443/in/{CANARY}?a=1", f"https://hooks.example.com:8443/{MASK}"),
        ("response_url", f"https://u:{CANARY}@example.com/{CANARY}", f"https://example.com/{MASK}"),
        ("url", "https://example.com/", "https://example.com/"),
        ("urls", [f"https://a.example/{CANARY}"], [f"https://a.example/{MASK}"]),
        ("input_tokens", 512, 512),
        ("error", ValueError(f"bad xoxb-{CANARY}"), f"ValueError: bad xoxb-{MASK}"),
        ("body", f"whsec_{CANARY}".encode(), f"whsec_{MASK}"),
        ("ok", True, True),
        ("none", None, None),
        ("confidence", 0.5, 0.5),
    ],
)
def test_values_are_masked_by_key_and_by_shape(key: str, value: Any, shown: Any) -> None:
    assert redact(value, key=key) == shown


@dataclass
class Connection:
    url: str


def test_an_object_is_shown_by_its_masked_repr() -> None:
    assert redact(Connection(url=f"redis://:{CANARY}@host"), key="connection") == "Connection(url='redis://…@host')"


@settings(deadline=None)  # the machine may be busy
@given(before=st.text(), after=st.text(), shape=st.sampled_from(["xoxb-{}", "xapp-{}", "whsec_{}", "Bearer {}"]))
def test_no_surrounding_text_brings_a_token_through(before: str, after: str, shape: str) -> None:
    assert CANARY not in redact_text(f"{before} {shape.format(CANARY)} {after}")


@settings(deadline=None)  # the machine may be busy
@given(value=st.recursive(st.just(f"xoxb-{CANARY}"), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_nesting_brings_a_token_through(value: Any) -> None:
    assert CANARY not in str(redact(value))
