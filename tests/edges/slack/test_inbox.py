"""The inbox by itself: who has a request, and what a step of somebody who lost it comes to."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.errors import UnavailableError
from bot.slack import inbox as module
from bot.slack.inbox import KEEP_SECONDS, Inbox, Kept, LetGoError, Receipt
from bot.stores.epoch import Epoch
from bot.stores.keys import Keys

BODY: dict[str, Any] = {"command": "/tidings", "text": "help", "response_url": "https://hooks.slack.com/s3cret"}


@pytest.fixture
def one(redis: Redis, keys: Keys) -> Inbox:
    return Inbox(redis, keys)


@pytest.fixture
def other(redis: Redis, keys: Keys) -> Inbox:
    return Inbox(redis, keys)


async def taken(inbox: Inbox, *again: str, room: int = 10) -> list[Kept]:
    return await inbox.look(room=room, again=again)


async def test_a_request_is_ours_once_and_known_to_everybody_else(one: Inbox, other: Inbox) -> None:
    assert await one.receive("r", BODY) is Receipt.OURS
    assert await other.receive("r", BODY) is Receipt.KNOWN
    await one.done("r")
    assert await one.receive("r", BODY) is Receipt.KNOWN


async def test_a_call_made_again_because_its_answer_was_lost_finds_its_own_request(one: Inbox) -> None:
    assert await one.receive("r", BODY) is Receipt.OURS
    assert await one.receive("r", BODY) is Receipt.OURS


async def test_two_at_once_share_a_request_between_them(one: Inbox, other: Inbox) -> None:
    found = await asyncio.gather(*(inbox.receive("r", BODY) for inbox in (one, other)))
    assert set(found) == {Receipt.OURS, Receipt.KNOWN}


async def test_what_a_living_owner_has_is_left_alone(one: Inbox, other: Inbox) -> None:
    await one.receive("r", BODY)
    assert await taken(other) == []
    assert await taken(one) == []


async def test_what_was_left_is_taken_over_as_it_stood_and_by_one(one: Inbox, other: Inbox) -> None:
    await one.receive("bare", BODY)
    await one.receive("noted", BODY)
    await one.note("noted", b"hello")
    await one.receive("begun", BODY)
    await one.note("begun", b"hello")
    await one.begin("begun")
    await one.leave()
    found = await taken(other)
    assert {(kept.id, kept.answer, kept.begun) for kept in found} == {
        ("bare", b"", False),
        ("noted", b"hello", False),
        ("begun", b"hello", True),
    }
    assert {(kept.tries, kept.former) for kept in found} == {(1, one.owner)}
    assert found[0].body == BODY
    assert await taken(other) == []


async def test_a_lease_that_is_not_renewed_ends(redis: Redis, keys: Keys, other: Inbox) -> None:
    dead = Inbox(redis, keys, lease=0.05)
    await dead.receive("r", BODY)
    async with asyncio.timeout(10):
        while not (found := await taken(other)):  # noqa: ASYNC110 (Redis's clock has no event)
            await asyncio.sleep(0.01)
    assert [kept.id for kept in found] == ["r"]


async def test_who_was_only_slow_can_do_nothing_more(one: Inbox, other: Inbox) -> None:
    await one.receive("r", BODY)
    await one.leave()
    await taken(other)
    for step in (one.note("r", b"late"), one.begin("r"), one.done("r")):
        with pytest.raises(LetGoError) as let_go:
            await step
        assert not let_go.value.again
    await other.note("r", b"in time")
    await other.done("r")
    with pytest.raises(LetGoError):
        await one.note("r", b"later still")


async def test_a_second_answer_is_noted_in_place_of_the_first_and_not_begun(one: Inbox, other: Inbox) -> None:
    await one.receive("r", BODY)
    await one.note("r", b"first")
    await one.begin("r")
    await one.note("r", b"second")
    await one.leave()
    (kept,) = await taken(other)
    assert (kept.answer, kept.begun) == (b"second", False)


async def test_no_more_is_taken_over_than_there_is_room_for_and_the_rest_later(one: Inbox, other: Inbox) -> None:
    for number in range(5):
        await one.receive(str(number), BODY)
    await one.leave()
    assert [kept.id for kept in await taken(other, room=2)] == ["0", "1"]
    assert await taken(other, room=0) == []
    assert [kept.id for kept in await taken(other, room=9)] == ["2", "3", "4"]


async def test_an_owner_without_requests_is_forgotten(one: Inbox, other: Inbox, redis: Redis, keys: Keys) -> None:
    await one.receive("r", BODY)
    await one.done("r")
    await one.leave()
    await taken(other)
    assert await redis.zrange(keys.inbox_owners, 0, -1) == [other.owner.encode()]


async def test_what_was_put_off_comes_back_to_its_owner_without_counting(one: Inbox, other: Inbox) -> None:
    await one.receive("r", BODY)
    (kept,) = await taken(one, "r", "never received")
    assert (kept.id, kept.tries, kept.former) == ("r", 0, one.owner)
    assert await taken(other, "r") == []


async def test_what_is_done_leaves_nothing_but_that_it_was_there(one: Inbox, redis: Redis, keys: Keys) -> None:
    await one.receive("r", BODY)
    await one.note("r", b"https://hooks.slack.com/s3cret")
    assert 0 < await redis.ttl(keys.request("r")) <= KEEP_SECONDS
    await one.done("r")
    left = {key: await redis.type(key) for key in await redis.keys(f"{keys.prefix}*")}
    assert set(left) == {keys.seen("r").encode(), keys.inbox_owners.encode()}


async def test_what_nobody_did_in_time_leaves_by_itself(
    one: Inbox, other: Inbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.receive("expired", BODY)
    await one.receive("old", BODY)
    await redis.delete(keys.request("expired"))  # as its expiry does
    await one.leave()
    monkeypatch.setattr(module, "KEEP_SECONDS", 3_600)
    await redis.zadd(keys.inbox, {"old": 1})
    assert await taken(other) == []
    assert await redis.zcard(keys.inbox) == 0


async def test_a_full_inbox_keeps_nothing_and_remembers_nothing(
    one: Inbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    await one.receive("first", BODY)
    assert await one.receive("second", BODY) is Receipt.FULL
    assert not await redis.exists(keys.seen("second"))
    await one.done("first")
    assert await one.receive("second", BODY) is Receipt.OURS


async def test_after_a_wipe_the_owner_goes_on_for_nobody_else_has_it(one: Inbox, redis: Redis, keys: Keys) -> None:
    await one.receive("r", BODY)
    await redis.delete(*await redis.keys(f"{keys.prefix}*"))
    await one.note("r", b"hello")
    await one.begin("r")
    await one.done("r")


async def test_a_redis_whose_state_is_not_checked_keeps_nothing(redis: Redis, keys: Keys) -> None:
    inbox = Inbox(redis, keys, epoch=Epoch(redis, keys))
    with pytest.raises(UnavailableError):
        await inbox.receive("r", BODY)
    assert not await redis.exists(keys.seen("r"))
