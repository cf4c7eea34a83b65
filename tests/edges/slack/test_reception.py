"""What becomes of requests when a process is cut off in the middle of them, or Redis is: nothing lost, nothing twice.

A cut-off process is played by an app whose work hangs at one step and is then cancelled; tests/chaos kills real ones.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from structlog.testing import capture_logs

from bot.actions.acts import Actions
from bot.core.errors import UnavailableError
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.slack import reception
from bot.slack.app import SlackApp
from bot.slack.desk import SLIP, Desk, Request, Slip
from bot.slack.errands import Errands
from bot.slack.inbox import Inbox, Receipt
from bot.slack.installation import SingleInstallation
from bot.slack.reception import MOST_TRIES
from bot.stores.keys import Keys
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import DEADLINE, eventually
from tests.edges.slack.test_app import command

MakeApp = Callable[..., SlackApp]


@pytest.fixture
async def make(sandbox: Sandbox, web: SlackWeb, actions: Actions, redis: Redis, keys: Keys) -> AsyncIterator[MakeApp]:
    made: list[SlackApp] = []

    def one(**more: Any) -> SlackApp:
        installations = SingleInstallation(web, sandbox.bot_token)
        made.append(SlackApp(web=web, installations=installations, actions=actions, inbox=Inbox(redis, keys, **more)))
        return made[-1]

    yield one
    for app in made:
        await app.drain(DEADLINE)


@pytest.fixture
def survivor(make: MakeApp) -> SlackApp:
    return make()


def inbox_of(app: SlackApp) -> Inbox:
    return app.reception._inbox


def desk_of(app: SlackApp) -> Desk:
    return app.reception._desk


def typed(sandbox: Sandbox, text: str, **more: Any) -> dict[str, Any]:
    """A command with a real URL to answer at."""
    secret = sandbox.backend.response_urls.issue(
        user=sandbox.user_id("tomas.okafor"), channel=sandbox.channel_id("general"), now=sandbox.backend.clock()
    )
    return command(sandbox, text, response_url=sandbox.backend.response_url("commands", secret), **more)


def replies(sandbox: Sandbox) -> list[str]:
    return [told.content.text for told in sandbox.workspace.ephemerals.values()]


class Hang:
    """A step that never ends, in place of one of the inbox's or the desk's."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def __call__(self, *_: Any, **__: Any) -> None:
        self.reached.set()
        await asyncio.Event().wait()


async def cut_off(app: SlackApp, payload: dict[str, Any], at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app acknowledge a request, and end it when it gets to a step of its inbox."""
    hang = Hang()
    monkeypatch.setattr(inbox_of(app), at, hang)
    assert (await app.dispatch(payload)).status == 200
    await asyncio.wait_for(hang.reached.wait(), DEADLINE)
    await app.errands.drain(0)
    await inbox_of(app).leave()


async def dies(app: SlackApp, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app acknowledge a request, and end it before any work."""
    with monkeypatch.context() as patch:
        patch.setattr(app.errands, "start", lambda _, work: work.close())
        assert (await app.dispatch(payload)).status == 200
    await inbox_of(app).leave()


async def go_on(app: SlackApp) -> None:
    await app.reception.look()
    await app.errands.drain(DEADLINE)


async def nothing_left(redis: Redis, keys: Keys) -> bool:
    return await redis.zcard(keys.inbox) == 0 and not await redis.keys(f"{keys.prefix}request:*")


async def test_a_request_is_kept_before_it_is_acknowledged(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    assert (await app.dispatch(typed(sandbox, "subscribe status:failed"))).status == 200
    assert await redis.zrange(keys.inbox, 0, -1) == [b"trigger/1.1.abc"]
    await app.drain(DEADLINE)
    assert await nothing_left(redis, keys)
    assert len(replies(sandbox)) == 1


async def test_a_request_whose_process_died_before_the_work_is_done_by_another(
    app: SlackApp,
    survivor: SlackApp,
    sandbox: Sandbox,
    subscriptions: RedisSubscriptions,
    redis: Redis,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await dies(app, typed(sandbox, "subscribe status:failed"), monkeypatch)
    assert await subscriptions.version() == 0
    with capture_logs() as logs:
        await go_on(survivor)
    assert [entry["event"] for entry in logs] == ["request_taken_over"]
    assert len((await subscriptions.snapshot())[1]) == 1
    assert [text.partition(".")[0] for text in replies(sandbox)] == ["Subscribed"]
    assert await nothing_left(redis, keys)


async def test_an_act_that_is_done_twice_comes_to_the_same_and_is_answered_once(
    app: SlackApp,
    survivor: SlackApp,
    sandbox: Sandbox,
    subscriptions: RedisSubscriptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await cut_off(app, typed(sandbox, "subscribe status:failed"), "note", monkeypatch)
    assert await subscriptions.version() == 1
    await go_on(survivor)
    assert len((await subscriptions.snapshot())[1]) == 1
    assert len(replies(sandbox)) == 1


async def test_an_answer_that_was_noted_is_sent_by_another_which_does_not_act_again(
    app: SlackApp,
    survivor: SlackApp,
    sandbox: Sandbox,
    redis: Redis,
    keys: Keys,
    subscriptions: RedisSubscriptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await cut_off(app, typed(sandbox, "subscribe status:failed"), "begin", monkeypatch)
    (made,) = (await subscriptions.snapshot())[1]
    await subscriptions.remove(made.id)
    await go_on(survivor)
    assert (await subscriptions.snapshot())[1] == ()
    assert [text.partition(".")[0] for text in replies(sandbox)] == ["Subscribed"]
    assert await nothing_left(redis, keys)


async def test_an_answer_whose_sending_began_is_not_sent_again_and_that_is_logged(
    app: SlackApp, survivor: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The answer arrives, and the process dies before it can note that.
    await cut_off(app, typed(sandbox, "subscribe status:failed"), "done", monkeypatch)
    assert len(replies(sandbox)) == 1
    with capture_logs() as logs:
        await go_on(survivor)
    assert [entry["event"] for entry in logs] == ["request_taken_over", "reply_unknown"]
    assert len(replies(sandbox)) == 1
    assert await nothing_left(redis, keys)


async def test_who_was_overtaken_does_not_answer(
    app: SlackApp, survivor: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, reached = asyncio.Event(), asyncio.Event()
    note = inbox_of(app).note

    async def slow(request: str, answer: bytes) -> None:
        reached.set()
        await go.wait()
        await note(request, answer)

    monkeypatch.setattr(inbox_of(app), "note", slow)
    await app.dispatch(typed(sandbox, "subscribe status:failed"))
    await asyncio.wait_for(reached.wait(), DEADLINE)
    await inbox_of(app).leave()
    await go_on(survivor)
    with capture_logs() as logs:
        go.set()
        await app.errands.drain(DEADLINE)
    assert [entry["event"] for entry in logs] == ["request_let_go"]
    assert len(replies(sandbox)) == 1


async def test_a_request_that_went_to_another_and_came_back_is_worked_on_once(
    app: SlackApp, survivor: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, reached = asyncio.Event(), asyncio.Event()
    note = inbox_of(app).note

    async def slow(request: str, answer: bytes) -> None:
        reached.set()
        await go.wait()
        await note(request, answer)

    monkeypatch.setattr(inbox_of(app), "note", slow)
    await app.dispatch(typed(sandbox, "subscribe status:failed"))
    await asyncio.wait_for(reached.wait(), DEADLINE)
    await inbox_of(app).leave()
    await inbox_of(survivor).look(room=9)
    await inbox_of(survivor).leave()
    await app.reception.look()
    go.set()
    await app.errands.drain(DEADLINE)
    assert len(replies(sandbox)) == 1
    assert await nothing_left(redis, keys)


async def test_what_must_be_opened_at_once_is_not_opened_by_another_but_said(
    app: SlackApp, survivor: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    for each in (app, survivor):
        listen(each, "/fresh", opened)
    await dies(app, typed(sandbox, "", command="/fresh"), monkeypatch)
    await go_on(survivor)
    assert opened == []
    assert [text.partition(",")[0] for text in replies(sandbox)] == ["That took too long"]
    await survivor.dispatch(typed(sandbox, "", command="/fresh", trigger_id="2.2.def"))
    await survivor.errands.drain(DEADLINE)
    assert opened == ["trigger/2.2.def"]


def listen(app: SlackApp, name: str, opened: list[str]) -> None:
    """A listener whose work needs the trigger."""

    async def work(request: Request) -> None:
        opened.append(request.id)

    async def listener(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk_of(app).take("fresh", body, context, work, fresh=True)
        await ack()

    app.bolt.command(name)(listener)
    # Behind the listener for everything else it would never be asked.
    app.bolt._async_listeners.insert(0, app.bolt._async_listeners.pop())


async def test_a_request_that_several_died_of_is_given_up_and_said(
    app: SlackApp,
    survivor: SlackApp,
    sandbox: Sandbox,
    redis: Redis,
    keys: Keys,
    subscriptions: RedisSubscriptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await dies(app, typed(sandbox, "subscribe status:failed"), monkeypatch)
    await redis.hset(keys.request("trigger/1.1.abc"), "t", str(MOST_TRIES))
    with capture_logs() as logs:
        await go_on(survivor)
    assert [entry["event"] for entry in logs] == ["request_taken_over", "request_given_up"]
    assert await subscriptions.version() == 0
    assert "Something went wrong" in replies(sandbox)[0]
    assert await nothing_left(redis, keys)


async def test_what_no_listener_wants_any_more_leaves_the_inbox(
    survivor: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    older = Inbox(redis, keys)
    await older.receive("r", command(sandbox, "x", command="/gone"))
    await older.leave()
    await go_on(survivor)
    assert await nothing_left(redis, keys)


async def test_a_request_that_cant_be_gone_on_with_for_now_is_tried_at_the_next_look(
    survivor: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    older = Inbox(redis, keys)
    await older.receive("r", typed(sandbox, "help"))
    await older.leave()
    sandbox.fault("error", method="auth.test", error="internal_error")
    await go_on(survivor)
    assert replies(sandbox) == []
    await go_on(survivor)
    assert len(replies(sandbox)) == 1
    assert await nothing_left(redis, keys)


async def test_while_the_app_serves_it_looks_by_itself_and_leaves_at_its_end(
    app: SlackApp, make: MakeApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dies(app, typed(sandbox, "help"), monkeypatch)
    async with make(lease=0.1).serving(DEADLINE):
        await eventually(lambda: len(replies(sandbox)) == 1)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "inbox-look"]
    leases = await redis.zrange(keys.inbox_owners, 0, -1, withscores=True)
    assert [float(expires) for (_, expires) in [tuple(lease) for lease in leases]] == [0]


async def test_what_is_not_finished_at_the_end_is_for_the_others_at_once(
    make: MakeApp, survivor: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, hang = make(), Hang()
    monkeypatch.setattr(inbox_of(stopping), "note", hang)
    async with stopping.serving(0):
        await stopping.dispatch(typed(sandbox, "help"))
        await asyncio.wait_for(hang.reached.wait(), DEADLINE)
    assert (await stopping.dispatch(typed(sandbox, "help", trigger_id="3"))).status == 503
    await go_on(survivor)
    assert len(replies(sandbox)) == 1


async def test_a_cancellation_that_redis_py_swallows_does_not_keep_the_look_alive(
    make: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, began = make(), asyncio.Event()

    async def swallow(**_: Any) -> list[Any]:
        began.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return []

    monkeypatch.setattr(inbox_of(app), "look", swallow)
    async with asyncio.timeout(DEADLINE), app.serving(0):
        await began.wait()


async def test_the_look_goes_on_whatever_happens_in_it(make: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make(lease=0.03)
    looks: list[int] = []

    async def fail(**_: Any) -> None:
        looks.append(1)
        raise UnavailableError("Redis is away") if len(looks) == 1 else ValueError("unforeseen")

    monkeypatch.setattr(inbox_of(app), "look", fail)
    with capture_logs() as logs:
        async with app.serving(0):
            await eventually(lambda: len(looks) >= 3)
    assert {entry["event"] for entry in logs} == {"inbox_look_failed"}


def away(*_: Any) -> Awaitable[Any]:
    raise UnavailableError("Redis does not answer")


CLICK: dict[str, Any] = {
    "type": "block_actions",
    "actions": [{"action_id": "unsubscribe", "block_id": "b", "type": "button", "value": "abc234"}],
    "trigger_id": "7.7.abc",
}


def clicked(sandbox: Sandbox) -> dict[str, Any]:
    return {**CLICK, "team": {"id": sandbox.workspace.team_id}, "user": {"id": sandbox.user_id("tomas.okafor")}}


def invited(sandbox: Sandbox) -> dict[str, Any]:
    event = {
        "type": "member_joined_channel",
        "user": sandbox.workspace.bot.id,
        "inviter": sandbox.user_id("tomas.okafor"),
        "channel": sandbox.channel_id("general"),
    }
    return {"type": "event_callback", "team_id": sandbox.workspace.team_id, "event_id": "Ev1", "event": event}


async def test_while_redis_is_away_nothing_is_acknowledged_and_a_command_says_why(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_of(app), "receive", away)
    answer = await app.dispatch(typed(sandbox, "subscribe status:failed"))
    assert answer.status == 200
    assert "memory (Redis), so nothing was changed" in answer.body
    assert (await app.dispatch(clicked(sandbox))).status == 503
    assert (await app.dispatch(invited(sandbox))).status == 503
    assert len(app.errands) == 0


async def test_a_redis_that_hangs_is_away_before_slack_gives_up(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "RECEIVE_SECONDS", 0.05)
    monkeypatch.setattr(inbox_of(app), "receive", Hang())
    assert "nothing was changed" in (await app.dispatch(typed(sandbox, "subscribe status:failed"))).body


def answer_lost(app: SlackApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis keeps the request, and nobody here hears of it."""
    receive = inbox_of(app).receive

    async def keeps(request: str, body: Any) -> Receipt:
        await receive(request, body)
        raise UnavailableError("Redis does not answer")

    monkeypatch.setattr(inbox_of(app), "receive", keeps)


async def test_a_command_of_which_we_said_that_nothing_was_changed_changes_nothing_later(
    app: SlackApp,
    sandbox: Sandbox,
    redis: Redis,
    keys: Keys,
    subscriptions: RedisSubscriptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_lost(app, monkeypatch)
    await app.dispatch(typed(sandbox, "subscribe status:failed"))
    await go_on(app)
    assert await nothing_left(redis, keys)
    assert await subscriptions.version() == 0


async def test_an_event_that_slack_sends_again_is_done_though_it_is_known(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        answer_lost(app, patch)
        assert (await app.dispatch(invited(sandbox))).status == 503
    inbox_of(app).owner, owner = "another process, to which Slack sends it again", inbox_of(app).owner
    assert (await app.dispatch(invited(sandbox))).status == 200
    inbox_of(app).owner = owner
    await go_on(app)
    assert sandbox.backend.stats.to_json()["methods"]["chat.postEphemeral"]["calls"] == 1
    assert await nothing_left(redis, keys)


@pytest.mark.parametrize("step", ["note", "begin"])
async def test_an_answer_that_redis_cant_note_is_not_sent_and_the_request_put_off(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(inbox_of(app), step, away)
        await app.dispatch(typed(sandbox, "help"))
        await app.errands.drain(DEADLINE)
    assert [entry["event"] for entry in logs] == ["request_let_go"]
    assert replies(sandbox) == []
    await go_on(app)
    assert len(replies(sandbox)) == 1
    assert await nothing_left(redis, keys)


async def test_an_answer_that_was_sent_when_redis_went_away_is_not_sent_again(
    app: SlackApp, sandbox: Sandbox, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(inbox_of(app), "done", away)
        await app.dispatch(typed(sandbox, "help"))
        await app.errands.drain(DEADLINE)
    await go_on(app)
    assert len(replies(sandbox)) == 1
    assert await nothing_left(redis, keys)


async def test_a_repeat_of_what_we_work_on_asks_nobody(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.dispatch(typed(sandbox, "help"))
    monkeypatch.setattr(inbox_of(app), "receive", away)
    assert (await app.dispatch(typed(sandbox, "help"))).status == 200
    await app.errands.drain(DEADLINE)
    assert len(replies(sandbox)) == 1


async def test_a_full_inbox_makes_slack_tell_the_person(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> Receipt:
        return Receipt.FULL

    monkeypatch.setattr(inbox_of(app), "receive", full)
    assert (await app.dispatch(typed(sandbox, "help"))).status == 503
    assert len(app.errands) == 0


async def test_what_was_kept_when_the_errands_filled_up_is_done_at_the_next_look(
    app: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(app.errands, "start", Errands(at_once=1, waiting=-1).start)
        assert (await app.dispatch(typed(sandbox, "help"))).status == 200
    await go_on(app)
    assert len(replies(sandbox)) == 1


async def test_no_text_and_no_url_of_a_request_is_logged(
    app: SlackApp, survivor: SlackApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = typed(sandbox, "subscribe customer:s3cret-customer")
    with capture_logs() as logs:
        await cut_off(app, payload, "begin", monkeypatch)
        await go_on(survivor)
    assert logs
    assert payload["response_url"].rpartition("/")[2] not in str(logs)
    assert "s3cret" not in str(logs)


class Waiting:
    """What Bolt gives a listener that answers with its acknowledgement."""

    def __init__(self, app: SlackApp, sandbox: Sandbox) -> None:
        self.desk = desk_of(app)
        self.body = {"type": "block_suggestion"}
        self.context = AsyncBoltContext({SLIP: Slip(id="r"), "user_id": sandbox.user_id("tomas.okafor")})

    async def ask(self, work: Callable[[Request], Awaitable[str]], **more: Any) -> str:
        found = await self.desk.at_once("options", self.body, self.context, work, otherwise="otherwise", **more)
        assert len(self.desk.errands) == 0
        return found


@pytest.fixture
async def waiting(app: SlackApp, sandbox: Sandbox) -> Waiting:
    made = Waiting(app, sandbox)
    found = await app.bolt._async_authorize(  # type: ignore[misc]
        context=made.context, enterprise_id=None, team_id=sandbox.workspace.team_id, user_id=made.context.user_id
    )
    assert found is not None
    made.context.set_authorize_result(found)
    return made


async def test_what_slack_waits_for_is_answered_with_the_value_of_the_work(waiting: Waiting) -> None:
    async def work(request: Request) -> str:
        return request.id

    assert await waiting.ask(work) == "r"


async def test_what_takes_too_long_is_cut_off_and_answered_otherwise(waiting: Waiting) -> None:
    ended: list[str] = []

    async def work(_: Request) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")
        raise AssertionError

    with capture_logs() as logs:
        assert await waiting.ask(work, seconds=0.01) == "otherwise"
    assert ended == ["work"]
    assert [entry["event"] for entry in logs] == ["request_late"]


async def test_what_needs_something_that_is_away_is_answered_otherwise(waiting: Waiting) -> None:
    async def work(_: Request) -> str:
        raise UnavailableError("Slack does not answer")

    assert await waiting.ask(work) == "otherwise"


async def test_what_is_too_much_is_answered_otherwise(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(_: Request) -> str:
        return "done"

    monkeypatch.setattr(waiting.desk.errands, "check", Errands(at_once=1, waiting=-1).check)
    assert await waiting.ask(work) == "otherwise"


async def test_a_mistake_in_such_work_is_not_hidden(waiting: Waiting) -> None:
    async def work(_: Request) -> str:
        raise ValueError("unforeseen")

    with pytest.raises(ValueError, match="unforeseen"):
        await waiting.ask(work)


async def test_a_drain_cuts_off_such_work_too_and_slack_gets_the_other_answer(waiting: Waiting) -> None:
    reached = asyncio.Event()

    async def work(_: Request) -> str:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    asked = asyncio.create_task(waiting.ask(work))
    await reached.wait()
    assert await waiting.desk.errands.drain(0) == 1
    assert await asked == "otherwise"


async def test_a_listener_takes_a_request_once(waiting: Waiting) -> None:
    async def work(_: Request) -> None:
        raise AssertionError

    waiting.desk.take("first", waiting.body, waiting.context, work)
    with pytest.raises(Exception, match="taken before, by 'first'"):
        waiting.desk.take("second", waiting.body, waiting.context, work)
