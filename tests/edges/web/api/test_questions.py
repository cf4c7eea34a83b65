"""What a machine asks."""

from urllib.parse import quote

from bot.core.destination import DestinationId
from tests.edges.web.api.office import ANA, BEN, FRAUD, Client, Office

PLACE = DestinationId(f"slack/T1/{FRAUD}")


async def test_a_preview_counts_and_shows_what_may_be_shown(ana: Client) -> None:
    answer = await ana("POST", "/preview", {"filter": "STATUS:failed"})
    assert answer.status == 200
    assert (answer.body["filter"], answer.body["matched"], answer.body["of"]) == ("status:failed", 2, 3)
    assert [(one["id"], one["title"]) for one in answer.body["samples"]] == [("e3", None), ("e/2", "Title of e/2")]
    assert "Result of" not in str(answer.body)


async def test_why_tells_which_term_failed_and_what_became_of_the_rest(ana: Client) -> None:
    wants = (await ana.subscribe("status:failed"))["id"]
    does_not = (await ana.subscribe("model:fraud-* status:cancelled"))["id"]
    for name in ("e/2", "inf-e/2"):
        answer = await ana("GET", f"/events/{quote(name, safe='')}/why")
        assert answer.status == 200
        assert answer.body["event"]["id"] == "e/2"
        first, second = answer.body["verdicts"]
        assert (first["subscription"]["id"], first["matches"], first["failed"]) == (wants, True, None)
        assert [(one["place"], one["standing"]) for one in first["deliveries"]] == [(PLACE, "delivered")]
        assert (second["subscription"]["id"], second["matches"]) == (does_not, False)
        assert (second["failed"], second["deliveries"]) == ("status:cancelled", [])
    assert (await ana("GET", "/events/nothing/why")).body["code"] == "no_such_event"


async def test_the_status_says_how_things_stand(ana: Client, office: Office) -> None:
    office.lanes.held = {PLACE: "is_archived", DestinationId(f"slack/T2/{FRAUD}"): "theirs"}
    await ana.subscribe()
    answer = await ana("GET", "/status")
    assert answer.status == 200
    assert (answer.body["waiting"], answer.body["lanes"], answer.body["subscriptions"]) == (3, 2, 1)
    assert answer.body["paused"] == {PLACE: "is_archived"}


async def test_the_audit_is_of_one_subscription_or_for_admins_of_all(ana: Client, boss: Client) -> None:
    name = (await ana.subscribe())["id"]
    await ana("POST", f"/subscriptions/{name}/mute")
    answer = await ana("GET", f"/audit?subscription={name}")
    assert [(one["act"], one["user"], one["via"]) for one in answer.body["changes"]] == [
        ("muted", ANA, "api"),
        ("subscribe", ANA, "api"),
    ]
    assert (answer.body["changes"][1]["before"], answer.body["changes"][1]["after"]["id"]) == (None, name)
    refused = await ana("GET", "/audit")
    assert (refused.status, refused.body["scope"]) == (403, "admin")
    assert len((await boss("GET", "/audit?limit=1")).body["changes"]) == 1


async def test_the_last_change_is_taken_back_once(ana: Client) -> None:
    name = (await ana.subscribe())["id"]
    await ana("PATCH", f"/subscriptions/{name}", {"filter": "model:x"})
    undone = await ana("POST", "/undo")
    assert (undone.status, undone.body["act"], undone.body["after"]["filter"]) == (200, "edit", "status:failed")
    gone = await ana("POST", "/undo")
    assert (gone.body["act"], gone.body["after"]) == ("subscribe", None)
    assert (await ana("POST", "/undo")).body["code"] == "nothing_to_undo"


async def test_what_somebody_changed_since_is_not_taken_back(ana: Client, boss: Client) -> None:
    name = (await ana.subscribe())["id"]
    await boss("PATCH", f"/subscriptions/{name}", {"filter": "model:x"})
    answer = await ana("POST", "/undo")
    assert (answer.status, answer.body["code"]) == (409, "overtaken")


async def test_a_paused_place_goes_on(ana: Client, ben: Client, office: Office) -> None:
    await ana.subscribe()
    office.lanes.held = {PLACE: "is_archived"}
    path = f"/places/{quote(PLACE, safe='')}/resume"
    assert (await ben("POST", path)).status == 403
    answer = await ana("POST", path)
    assert (answer.status, answer.body) == (200, {"place": PLACE, "lanes": 1})
    assert office.lanes.resumed == [PLACE]


async def test_bens_own_events_are_judged_by_bens_subscriptions_only(ana: Client, ben: Client) -> None:
    await ana.subscribe(destination={"kind": "person", "user": ANA})
    mine = await ben.subscribe(destination={"kind": "person", "user": BEN})
    verdicts = (await ben("GET", "/events/e3/why")).body["verdicts"]
    assert [one["subscription"]["id"] for one in verdicts] == [mine["id"]]
