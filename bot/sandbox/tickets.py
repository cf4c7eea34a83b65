"""Things the app may use for a short while after a person did something: trigger ids and response URLs."""

import secrets
from dataclasses import dataclass, replace

from bot.sandbox.answers import Refusal

TRIGGER_SECONDS = 3.0  # docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
BOUND = 2_000


class Triggers:
    """Trigger ids: each opens one modal, within three seconds."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float]] = {}
        self._used: dict[str, None] = {}

    def issue(self, user: str, now: float) -> str:
        """A trigger id for what this person just did."""
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._open[trigger_id] = (user, now + TRIGGER_SECONDS)
        _forget_oldest(self._open)
        return trigger_id

    def redeem(self, trigger_id: str, now: float) -> str:
        """The person behind a trigger id; uses it up."""
        if trigger_id in self._used:
            raise Refusal("exchanged_trigger_id")
        user, expires_at = self._open.get(trigger_id, ("", 0.0))
        if not user:
            raise Refusal("invalid_trigger_id")
        if now >= expires_at:
            raise Refusal("expired_trigger_id")
        del self._open[trigger_id]
        self._used[trigger_id] = None
        _forget_oldest(self._used)
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUrl:
    """Where the app may answer an interaction, five times within half an hour.

    Attributes:
        message_ts: the message that the interaction came from, which ``replace_original`` means.
    """

    user: str
    channel: str
    expires_at: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Every response URL given out, by the secret at its end."""

    def __init__(self) -> None:
        self._urls: dict[str, ResponseUrl] = {}

    def issue(
        self,
        *,
        user: str,
        channel: str,
        now: float,
        message_ts: str | None = None,
        thread_ts: str | None = None,
    ) -> str:
        """The secret of a new response URL."""
        secret = secrets.token_urlsafe(18)
        self._urls[secret] = ResponseUrl(
            user=user,
            channel=channel,
            expires_at=now + RESPONSE_SECONDS,
            message_ts=message_ts,
            thread_ts=thread_ts,
        )
        _forget_oldest(self._urls)
        return secret

    def spend(self, secret: str, now: float) -> ResponseUrl:
        """Use a response URL once; the sixth time and after half an hour Slack refuses with 404."""
        found = self._urls.get(secret)
        if found is None:
            raise Refusal("invalid_url", status=404)
        if now >= found.expires_at:
            raise Refusal("expired_url", status=404)
        if found.uses >= RESPONSE_USES:
            raise Refusal("used_url", status=404)
        self._urls[secret] = replace(found, uses=found.uses + 1)
        return found

    def point(self, secret: str, message_ts: str) -> None:
        """Let ``replace_original`` mean this message from now on: the answer that the URL itself posted."""
        self._urls[secret] = replace(self._urls[secret], message_ts=message_ts)


def _forget_oldest(
    entries: dict[str, object] | dict[str, tuple[str, float]] | dict[str, None] | dict[str, ResponseUrl],
) -> None:
    while len(entries) > BOUND:
        del entries[next(iter(entries))]
