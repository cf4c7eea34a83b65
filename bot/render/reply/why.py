"""Why an event came, or did not: one verdict for each subscription."""

from collections.abc import Sequence
from itertools import accumulate

from bot.core.looks import NoSuchEvent, Trace, Verdict, Why
from bot.core.subscription import Subscription
from bot.core.terms import Term
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import context, divider, section
from bot.render.reply.looks import line
from bot.render.reply.phrases import clipped, is_theirs, resting, said, subject, when
from bot.render.text import escaped

_MATCHING = 8
_OTHERS = 8
"""Verdicts that are shown: a message has room for so many."""
_ROOM = 8_000
"""Characters that the verdicts of those that match may take together."""
_TRACES = 4
_ATTEMPTS = 3
_REASON = 90


def why(answer: Why) -> Message:
    """The event, and what each subscription makes of it."""
    matching = [one for one in answer.verdicts if one.failed is None]
    others = [one for one in answer.verdicts if one.failed is not None]
    lead = _lead(len(matching), len(others))
    blocks: list[Block] = [line(answer.event, answer.viewer.user), context(code(answer.event.id[:150])), section(lead)]
    texts = _fitting([_wants(verdict, answer.viewer.user) for verdict in matching[:_MATCHING]])
    for text in texts:
        blocks += [divider(), section(text)]
    if len(matching) > len(texts):
        blocks.append(context(f"and {len(matching) - len(texts)} more that want it"))
    if others:
        lines = [_misses(one, answer.viewer.user) for one in others[:_OTHERS]]
        if len(others) > _OTHERS:
            lines.append(f"and {len(others) - _OTHERS} more that don't")
        blocks += [divider(), section("\n".join(lines))]
    return Message(text=lead, blocks=tuple(blocks))


def no_such_event(answer: NoSuchEvent) -> Message:
    """An event that is not, or no longer, known here."""
    of = f"None of the last {answer.of:,} events is" if answer.of else "I have seen no events since I started; none is"
    return said(f"{of} {code(clipped(answer.query, 200))}. Older ones I can't explain.")


def _lead(matching: int, others: int) -> str:
    if not matching and not others:
        return "You have no subscriptions that could want it, and this channel has none."
    wants = "1 subscription wants" if matching == 1 else f"{matching} subscriptions want"
    misses = f", {others} {'does' if others == 1 else 'do'} not" if others else ""
    return f"{wants} this event{misses}."


def _fitting(texts: Sequence[str]) -> Sequence[str]:
    """The first of the texts, as many as there is room for."""
    lengths = accumulate(map(len, texts))
    return [text for text, length in zip(texts, lengths, strict=True) if length <= _ROOM]


def _wants(verdict: Verdict, user: str) -> str:
    one = verdict.subscription
    lines = [_name(one, user)]
    for number, (destination, trace) in enumerate(verdict.traces[:_TRACES]):
        who = f"{place(destination)}: " if len(verdict.traces) > 1 or number else ""
        lines.append(f"{who}{_trace(trace, one)}")
    if len(verdict.traces) > _TRACES:
        lines.append(f"and {len(verdict.traces) - _TRACES} more people")
    if not verdict.traces:
        lines.append("It leads to nobody: the group has no members.")
    return "\n".join(lines)


def _misses(verdict: Verdict, user: str) -> str:
    return f"{_name(verdict.subscription, user)} — {_term(verdict.failed)} does not hold"


def _name(one: Subscription, user: str) -> str:
    where = "Direct message" if is_theirs(one, user) else subject(one)
    return f"*{where}*  {code(one.id)}"


def _term(failed: Term | None) -> str:
    return code(clipped(str(failed), 50))


def _trace(trace: Trace, one: Subscription) -> str:
    """What became of one delivery."""
    match trace.standing:
        case "delivered":
            there = f" <{escape(trace.link)}|See it>" if trace.link is not None else ""
            since = f" It was taken in at {when(trace.appended)}." if trace.appended is not None else ""
            return f"✅ Delivered.{since}{there}"
        case "waiting":
            return _waits(trace, one)
        case "buried":
            reason = trace.attempts[-1].reason if trace.attempts else ""
            why = f": {escaped(reason, _REASON)}" if reason else ""
            return f"⚰️ Given up{why}. It is among the dead letters.{_tries(trace)}"
        case _:
            rests = resting(one.hold)
            hint = f" The subscription is {rests[0]}." if rests else ""
            return f"❔ Nothing is known of it: it passed by, is done long since, or is yet to be taken in.{hint}"


def _waits(trace: Trace, one: Subscription) -> str:
    since = f" since {when(trace.appended)}" if trace.appended is not None else ""
    rests = resting(one.hold)
    reasons = [f"the subscription is {rests[0]}"] if rests else []
    if one.style.digest is not None:
        reasons.append(f"it comes with a digest, {one.style.digest}")
    if one.style.quiet is not None:
        reasons.append(f"quiet hours are {one.style.quiet}")
    due = f", next try {when(trace.due)}" if trace.due is not None else ""
    because = f"; {', '.join(reasons)}" if reasons else ""
    return f"🕓 Waiting{since}{due}{because}.{_tries(trace)}"


def _tries(trace: Trace) -> str:
    """The last attempts and what was answered."""
    if not trace.attempts:
        return ""
    shown: Sequence[str] = [
        f"\n•  {when(attempt.at)}  {escape(attempt.outcome)}"
        + (f": {escaped(attempt.reason, _REASON)}" if attempt.reason else "")
        for attempt in trace.attempts[-_ATTEMPTS:]
    ]
    many = len(trace.attempts)
    count = "1 attempt" if many == 1 else f"{many} attempts"
    return f" {count}{', the last' if many > _ATTEMPTS else ''}:{''.join(shown)}"
