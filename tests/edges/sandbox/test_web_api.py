import aiohttp
import orjson
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.answers import Refusal
from bot.sandbox.arguments import flag, names, number, read_arguments, text
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import refusal, refused

FORM = "application/x-www-form-urlencoded"


async def test_a_call_may_come_as_query_form_or_json(sandbox: Sandbox) -> None:
    header = {"Authorization": f"Bearer {sandbox.bot_token}"}
    blocks = [{"type": "divider"}]
    channel = sandbox.channel_id("general")
    async with aiohttp.ClientSession(headers=header) as session:
        url = f"{sandbox.api_url}chat.postMessage"
        in_text = {"channel": channel, "text": "x", "blocks": orjson.dumps(blocks).decode()}
        for call in (
            session.get(url, params=in_text),
            session.post(url, data=in_text),
            session.post(url, json={"channel": channel, "text": "x", "blocks": blocks}),
        ):
            async with call as answer:
                body = await answer.json()
                assert body["message"]["blocks"][0]["type"] == "divider"
                assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_an_unknown_method_says_so(client: AsyncWebClient) -> None:
    answer = await refusal(client.api_call("chat.shout"))
    assert answer == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


async def test_api_test_says_back_what_it_heard(client: AsyncWebClient) -> None:
    assert (await client.api_test(foo="bar"))["args"] == {"foo": "bar"}
    assert await refused(client.api_test(error="my_error")) == "my_error"


async def test_a_body_that_is_no_json_is_refused(sandbox: Sandbox) -> None:
    header = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=header) as session:
        for body, code in ((b"{", "invalid_json"), (b"[]", "json_not_object")):
            async with session.post(f"{sandbox.api_url}auth.test", data=body) as answer:
                assert (await answer.json())["error"] == code


def test_arguments_of_every_place_come_together() -> None:
    read = read_arguments("a=1&b=", FORM, b"c=%7B&blocks=%5B%5D&view=oops")
    assert read == {"a": "1", "b": "", "c": "{", "blocks": [], "view": "oops"}
    assert read_arguments("a=1", "application/json", b"") == {"a": "1"}
    assert read_arguments("", "application/json", b'{"blocks": [1]}') == {"blocks": [1]}
    with pytest.raises(Refusal, match="invalid_charset"):
        read_arguments("", FORM, b"\xff")


def test_arguments_are_read_as_what_they_should_be() -> None:
    arguments = {
        "yes": "1",
        "no": "0",
        "true": True,
        "n": "7",
        "bad": "x",
        "big": 99,
        "list": ["a"],
        "few": "a, b",
    }
    assert [flag(arguments, name) for name in ("yes", "no", "true", "missing")] == [True, False, True, False]
    assert number(arguments, "n", default=1, most=10) == 7
    assert number(arguments, "missing", default=1, most=10) == 1
    for name, code in (("bad", "invalid_arguments"), ("big", "invalid_limit")):
        with pytest.raises(Refusal, match=code):
            number(arguments, name, default=1, most=10)
    assert [names(arguments, name) for name in ("list", "few", "missing")] == [["a"], ["a", "b"], []]
    with pytest.raises(Refusal, match="no_name"):
        text(arguments, "missing", code="no_name")
