"""Which of a channel's messages belong in one thread: see `subscription.Threading`."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NewType

from bot.core.event import Event
from bot.core.facts import Facts
from bot.core.subscription import Subscription, Threading

ThreadKey = NewType("ThreadKey", str)
"""16 hexadecimal digits: a hash of a session's or an inference's name. What has the same one is shown together."""


def thread_of(subscriptions: Iterable[Subscription], event: Event, *, now: int) -> ThreadKey | None:
    """The thread of an event in a place with these subscriptions; None: it is a message of its own.

    Those count that want the event now (ms since the epoch). If one of them says OFF there is no thread: who wants a
    result to be seen in the channel must not miss it because of others. Of two kinds of threads the narrower is taken.
    """
    heard = [one for one in subscriptions if not one.muted(now)]
    if all(one.style.thread is Threading.OFF for one in heard):
        return None  # nearly everywhere, and for every event: its facts need not be gathered
    facts = Facts(event)
    asked = {one.style.thread for one in heard if one.filter.accepts(facts)}
    if not asked or Threading.OFF in asked:
        return None
    session, inference = _keys(event)
    return session if asked == {Threading.SESSION} and session is not None else inference


def threads_of(event: Event) -> tuple[ThreadKey, ...]:
    """Every thread in which an event may have been shown, whatever its subscriptions said then."""
    return tuple(key for key in _keys(event) if key is not None)


def _keys(event: Event) -> tuple[ThreadKey | None, ThreadKey]:
    session = None if event.session is None else _key("session", event.session)
    return session, _key("inference", event.inference)


def _key(kind: str, name: str) -> ThreadKey:
    return ThreadKey(blake2b(f"{kind}:{name}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())
