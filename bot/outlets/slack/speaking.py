"""Says something in Slack: when it is its turn, mended where it was refused, and noted for what is said later."""

import structlog

from bot.core.delivery import Failed, Outcome, Paced, Refused, Sent, Throttled, Unknown
from bot.outlets.slack.call import Call, Draft, Post, Update, Upload, make
from bot.outlets.slack.cards import Carding, instead
from bot.outlets.slack.errors import Answer, Kind, kind_of, takes_no_file
from bot.outlets.slack.mending import mended
from bot.outlets.slack.threads import Threading
from bot.outlets.slack.turns import Turns
from bot.outlets.slack.web import Said, SlackWeb, outcome_of_reply
from bot.ports.outlet import Parcel

log = structlog.get_logger()


class Speaker:
    """Makes the calls of an outlet."""

    def __init__(self, web: SlackWeb, turns: Turns, carding: Carding, threading: Threading) -> None:
        self._web = web
        self._turns = turns
        self._carding = carding
        self._threading = threading

    async def say(self, call: Call, parcel: Parcel) -> Outcome:
        """Make the call when it is its turn, and mend what can be mended: each thing once, so that this ends."""
        turn = await self._turns.ask(call, parcel)
        if isinstance(turn, Paced | Failed):
            return turn
        call, tried = turn, set[Kind]()
        while True:
            reply = await make(self._web, call)
            if isinstance(reply, Said):
                return await self._said(call, reply)
            outcome = _outcome(call, reply)
            await self._turns.learn(call, parcel, outcome)
            if isinstance(call, Update) and isinstance(reply, Answer) and (follows := instead(call, reply)) is not None:
                log.info("card_not_changed", channel=call.channel, error=reply.error)
                return follows if isinstance(follows, Throttled) else await self.say(follows, parcel)
            kind = kind_of(reply) if isinstance(reply, Answer) else None
            other = await mended(self._web, kind, call) if kind is not None and kind not in tried else None
            if kind is None or other is None:
                return outcome
            log.info("slack_call_mended", kind=kind.name.lower(), channel=call.channel)
            tried.add(kind)
            call = other
            await self._turns.count(call, parcel)

    async def _said(self, call: Call, reply: Said) -> Sent:
        """Note what later messages need to know of this one."""
        ts = str(reply.data.get("ts", ""))
        if isinstance(call, Post) and call.begins is not None and call.thread is None and ts:
            await self._threading.begin(call.begins, ts)
        await self._carding.shown(call, reply)
        return Sent(reference=f"{reply.data.get('channel', call.channel)}/{ts}", thread=_thread_of(call) or "")


def _thread_of(call: Call) -> str | None:
    match call:
        case Post() | Upload():
            return call.thread
        case Update(shows=None):
            return None
        case Update(shows=Draft(card=card)):
            return card.thread
    raise AssertionError(call)


def _outcome(call: Call, reply: Answer | Failed | Unknown) -> Outcome:
    if isinstance(call, Upload) and isinstance(reply, Answer) and takes_no_file(reply):
        return Refused(reason=f"Slack takes no file: {reply.error or reply.status}")
    return outcome_of_reply(reply)
