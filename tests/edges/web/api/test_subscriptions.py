"""What a machine does with subscriptions over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.filters import parse
from tests.edges.web.api.office import ANA, BEN, FRAUD, GROUP, OLD, SECRET, SHARED, T0, Client, Office

HOOK = {"kind": "webhook", "url": "https://hooks.example.com/a"}
SOON = "2027-01-15T09:00:00Z"  # T0 is an hour before


async def test_a_subscription_is_made_shown_listed_changed_and_ended(ana: Client, office: Office) -> None:
    made = await ana(
        "POST",
        "/subscriptions",
        {
            "filter": "model:fraud-*  STATUS:failed",
            "destination": {"kind": "channel", "channel": FRAUD},
            "style": {"digest": "daily 17:30", "quiet": "22:00-07:00", "thread": "session", "mention": BEN},
        },
    )
    name = made.body["id"]
    assert made.status == 201
    assert made.headers["Location"] == f"/api/v1/subscriptions/{name}"
    expected = {
        "id": name,
        "owner": ANA,
        "filter": "model:fraud-* status:failed",
        "destination": {"kind": "channel", "channel": FRAUD},
        "style": {
            "mention": BEN,
            "mention_on": [],
            "doubt": "repeat",
            "digest": "daily 17:30",
            "quiet": "22:00-07:00",
            "thread": "session",
        },
        "hold": None,
        "created": made.body["created"],
        "members": [],
    }
    assert made.body == expected | {"joined": False, "secret": None}
    read = await ana("GET", f"/subscriptions/{name}")
    assert (read.status, read.body, read.headers["ETag"]) == (200, expected, made.headers["ETag"])
    assert (await ana("GET", "/subscriptions")).body == {"subscriptions": [expected], "next": None}
    changed = await ana("PATCH", f"/subscriptions/{name}", {"filter": "status:failed", "style": {"digest": None}})
    assert changed.status == 200
    assert changed.body["filter"] == "status:failed"
    assert changed.body["style"] == expected["style"] | {"digest": None}
    assert changed.headers["ETag"] != read.headers["ETag"]
    ended = await ana("DELETE", f"/subscriptions/{name}")
    assert (ended.status, ended.body) == (204, None)
    assert (await ana("GET", f"/subscriptions/{name}")).status == 404
    assert [one.act for one in await office.audit.newest("T1", limit=9)] == ["unsubscribe", "edit", "subscribe"]
    assert {one.actor.via for one in await office.audit.newest("T1", limit=9)} == {"api"}


@pytest.mark.parametrize(
    ("place", "members"),
    [
        ({"kind": "person", "user": ANA}, []),
        ({"kind": "person", "user": BEN}, []),
        ({"kind": "thread", "channel": FRAUD, "thread": "1700000000.000100"}, []),
        ({"kind": "group", "group": GROUP}, [ANA, BEN]),
        (HOOK, []),
    ],
)
async def test_every_kind_of_place_comes_back_as_it_was_given(ana: Client, place: Any, members: list[str]) -> None:
    made = await ana.subscribe(destination=place)
    read = await ana("GET", f"/subscriptions/{made['id']}")
    assert (read.body["destination"], read.body["members"]) == (place, members)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"kind": "channel", "channel": "C0NOWHERE"}, "place_unseen"),
        ({"kind": "channel", "channel": SECRET}, "place_unseen"),
        ({"kind": "channel", "channel": OLD}, "place_archived"),
        ({"kind": "channel", "channel": SHARED}, "place_external"),
        ({"kind": "person", "user": "U0NOBODY"}, "place_stranger"),
        ({"kind": "group", "group": "S0NOBODY"}, "place_stranger"),
        ({"kind": "webhook", "url": "http://10.0.0.1/"}, "place_url"),
    ],
)
async def test_a_place_that_takes_nothing_is_refused_with_its_reason(
    ana: Client, office: Office, place: Any, code: str
) -> None:
    answer = await ana("POST", "/subscriptions", {"destination": place})
    assert (answer.status, answer.body["code"]) == (422, code)
    assert await office.subscriptions.version() == 0


async def test_a_shared_channel_takes_an_admin_who_means_it(boss: Client) -> None:
    body = {"destination": {"kind": "channel", "channel": SHARED}}
    asked = await boss("POST", "/subscriptions", body)
    assert (asked.status, asked.body["code"]) == (422, "place_confirm")
    assert (await boss("POST", "/subscriptions", body | {"confirmed": True})).status == 201


async def test_a_filter_that_cant_be_read_comes_back_with_a_caret(ana: Client) -> None:
    for path, body in (
        ("/subscriptions", {"filter": "status:failde", "destination": HOOK}),
        ("/preview", {"filter": "status:failde"}),
    ):
        answer = await ana("POST", path, body)
        assert (answer.status, answer.body["code"]) == (422, "mistake")
        assert answer.body["text"] == "status:failde"
        assert answer.body["caret"] == f"status:failde\n{' ' * answer.body['position']}^"
        assert "did you mean failed?" in answer.body["title"]


async def test_what_the_style_says_must_suit_a_webhook_also_after_a_change(ana: Client) -> None:
    for style in (
        {"digest": "hourly"},
        {"mention": BEN},
        {"thread": "session"},
        {"doubt": "ask"},
        {"quiet": "22:00-7:00"},
    ):
        answer = await ana("POST", "/subscriptions", {"destination": HOOK, "style": style})
        assert (answer.status, answer.body["code"]) == (422, "misfit")
    made = await ana.subscribe(style={"digest": "hourly"})
    assert (await ana("PATCH", f"/subscriptions/{made['id']}", {"destination": HOOK})).body["code"] == "misfit"
    both = {"destination": HOOK, "style": {"digest": None}}
    assert (await ana("PATCH", f"/subscriptions/{made['id']}", both)).status == 200


async def test_a_webhooks_secret_is_told_once_to_its_only_owner(ana: Client, ben: Client) -> None:
    made = await ana.subscribe(destination=HOOK)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in (await ana("GET", f"/subscriptions/{made['id']}")).body
    assert "whsec_" not in str((await ana("GET", "/subscriptions")).body)
    assert (await ben.subscribe("model:x", destination=HOOK))["secret"] is None


async def test_the_same_again_is_a_conflict_that_names_what_is_there(ana: Client) -> None:
    made = await ana.subscribe()
    body = {"filter": "STATUS:failed", "destination": {"kind": "channel", "channel": FRAUD}}
    again = await ana("POST", "/subscriptions", body)
    assert (again.status, again.body["code"], again.body["existing"]) == (409, "already_subscribed", made["id"])
    other = await ana.subscribe("model:x")
    moved = await ana("PATCH", f"/subscriptions/{other['id']}", {"filter": "status:failed"})
    assert (moved.status, moved.body["existing"]) == (409, made["id"])


async def test_an_idempotency_key_makes_the_same_request_the_same_subscription(
    ana: Client, ben: Client, office: Office
) -> None:
    body = {"filter": "status:failed", "destination": {"kind": "channel", "channel": FRAUD}}
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    first = await ana("POST", "/subscriptions", body, headers=headers)
    again = await ana("POST", "/subscriptions", body, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    other = await ana("POST", "/subscriptions", body | {"filter": "model:x"}, headers=headers)
    assert other.body["id"] != first.body["id"]
    bens = await ben("POST", "/subscriptions", body | {"destination": HOOK}, headers=headers)
    assert bens.body["id"] not in {first.body["id"], other.body["id"]}
    assert len((await office.subscriptions.snapshot())[1]) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
async def test_an_idempotency_key_is_visible_ascii(ana: Client, key: str) -> None:
    answer = await ana("POST", "/subscriptions", {"destination": HOOK}, headers={"Idempotency-Key": key})
    assert answer.status == 400


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_stale_etag_changes_nothing_and_the_current_one_does(ana: Client, method: str) -> None:
    made = await ana.subscribe()
    path, body = f"/subscriptions/{made['id']}", {"filter": "model:x"} if method == "PATCH" else None
    old = (await ana("GET", path)).headers["ETag"]
    await ana("POST", f"{path}/pause")
    for tag in (old, '"none"', f"W/{(await ana('GET', path)).headers['ETag']}"):
        answer = await ana(method, path, body, headers={"If-Match": tag})
        assert (answer.status, answer.body["code"]) == (412, "stale")
    assert (await ana("GET", path)).body["filter"] == "status:failed"
    for rubbish in ("", "rubbish", old.strip('"'), f"{old} {old}", f"*, {old}"):
        answer = await ana(method, path, body, headers={"If-Match": rubbish})
        assert (answer.status, answer.body["code"]) == (400, "invalid")
    current = (await ana("GET", path)).headers["ETag"]
    assert (await ana(method, path, body, headers={"If-Match": f'"none", {current}'})).status in {200, 204}


async def test_a_change_between_reading_and_writing_is_stale(ana: Client, office: Office, monkeypatch: Any) -> None:
    made = await ana.subscribe()
    path = f"/subscriptions/{made['id']}"
    tag = (await ana("GET", path)).headers["ETag"]
    replacing = office.subscriptions.replace

    async def overtaken(before: Any, after: Any) -> Any:
        monkeypatch.undo()
        await replacing(before, replace(before, filter=parse("model:theirs")))
        return await replacing(before, after)

    monkeypatch.setattr(office.subscriptions, "replace", overtaken)
    answer = await ana("PATCH", path, {"filter": "model:mine"}, headers={"If-Match": tag})
    assert answer.status == 412
    assert (await ana("GET", path)).body["filter"] == "model:theirs"


async def test_of_two_changes_of_the_style_at_once_none_is_lost(ana: Client) -> None:
    made = await ana.subscribe()
    path = f"/subscriptions/{made['id']}"
    answers = await asyncio.gather(
        ana("PATCH", path, {"style": {"digest": "hourly"}}), ana("PATCH", path, {"style": {"mention": BEN}})
    )
    assert [answer.status for answer in answers] == [200, 200]
    style = (await ana("GET", path)).body["style"]
    assert (style["digest"], style["mention"]) == ("hourly", BEN)


async def test_a_change_to_what_it_is_changes_nothing(ana: Client, office: Office) -> None:
    made = await ana.subscribe()
    version = await office.subscriptions.version()
    answer = await ana("PATCH", f"/subscriptions/{made['id']}", {"filter": "STATUS:failed"})
    assert (answer.status, await office.subscriptions.version()) == (200, version)


async def test_it_rests_until_a_time_or_until_it_is_resumed(ana: Client, office: Office) -> None:
    made = await ana.subscribe()
    path = f"/subscriptions/{made['id']}"
    paused = await ana("POST", f"{path}/pause", {"until": SOON})
    assert (paused.body["hold"]["kind"], paused.body["hold"]["until"]) == ("paused", SOON)
    muted = await ana("POST", f"{path}/mute")
    assert (muted.body["hold"]["kind"], muted.body["hold"]["until"], muted.body["hold"]["by"]) == ("muted", None, ANA)
    assert (await ana("POST", f"{path}/resume")).body["hold"] is None
    assert (await ana("POST", f"{path}/resume")).status == 200
    assert office.lanes.nudged == [made["id"]] * 3
    for wrong in ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2027-02-01T00:00:00"):
        assert (await ana("POST", f"{path}/pause", {"until": wrong})).status == 422


async def test_a_test_is_sent(ana: Client, office: Office) -> None:
    made = await ana.subscribe()
    answer = await ana("POST", f"/subscriptions/{made['id']}/test")
    assert (answer.status, answer.body) == (202, {"subscription": made["id"]})
    assert office.lanes.tested == [made["id"]]


async def test_a_list_is_read_page_by_page_also_while_it_changes(ana: Client) -> None:
    made = [(await ana.subscribe(f"model:m{number}"))["id"] for number in range(5)]
    read: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await ana("GET", f"/subscriptions?limit=2{cursor and f'&cursor={cursor}'}")).body
        read += [one["id"] for one in page["subscriptions"]]
        cursor = page["next"]
        if len(read) == 2:
            await ana("DELETE", f"/subscriptions/{read[1]}")
    assert read == made


async def test_a_list_is_of_a_place_of_a_person_or_of_words(ana: Client, ben: Client, boss: Client) -> None:
    here = (await ana.subscribe("model:a"))["id"]
    bens = (await ben.subscribe("model:b"))["id"]
    elsewhere = (await ana.subscribe("model:c", destination={"kind": "person", "user": ANA}))["id"]

    async def listed(who: Client, **query: str) -> list[str]:
        answer = await who("GET", "/subscriptions", params=query)
        assert answer.status == 200, answer.body
        return [one["id"] for one in answer.body["subscriptions"]]

    assert await listed(ana) == [here, elsewhere]
    assert await listed(boss) == [here, bens, elsewhere]
    assert await listed(ana, place=f"#{FRAUD}") == [here, bens]
    assert await listed(ana, place=f"#{FRAUD}", owner=BEN) == [bens]
    assert await listed(boss, owner=ANA) == [here, elsewhere]
    assert await listed(boss, q=f"model:b {FRAUD}") == [bens]
    assert await listed(ana, q="model:a") == [here]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1_0",
        "limit=x",
        "cursor=x",
        "cursor=%00",
        "owner=ana",
        "place=%23general",
        "sort=up",
        "limit=1&limit=2",
        f"cursor={'A' * 65}",
    ],
)
async def test_a_query_that_means_nothing_is_refused(ana: Client, query: str) -> None:
    assert (await ana("GET", f"/subscriptions?{query}")).status == 400


async def test_times_are_of_the_stores_clock(ana: Client) -> None:
    made = await ana.subscribe()
    assert made["created"].startswith("2027-01-15T08:00:00")
    assert T0 == 1_800_000_000_000
