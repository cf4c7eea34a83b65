"""What Slack's answers mean for a delivery, as data.

Every error that https://docs.slack.dev/reference/methods/chat.postMessage and chat.update name, those common to all
methods, and those of conversations.open, .join, .history and .replies and of views.publish. Most of Slack's errors come
with HTTP 200: the error string decides, the status only where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

from bot.core.backoff import HOUR, SECOND
from bot.core.delivery import Failed, Refused, Scope, Throttled, Tried, Unknown


class Kind(Enum):
    """What an error asks of us."""

    LIMITED = auto()
    """Too many calls of this method in this workspace."""
    NOT_TAKEN = auto()
    """Slack did not take it, and may the next time."""
    IN_DOUBT = auto()
    """Some aspect of the call may have succeeded, in Slack's own words."""
    MIGRATING = auto()
    """The workspace moves into an Enterprise organisation; it comes back by itself."""
    PLAN = auto()
    """The workspace's plan takes no more messages for now."""
    INSTALLATION = auto()
    """The token or the app's permission is gone: nothing will be taken until someone installs it anew."""
    DESTINATION = auto()
    """This place takes nothing from us, now or ever."""
    MEMBERSHIP = auto()
    """We are not in the channel; a public one can be joined."""
    THREAD = auto()
    """The thread can't be written to; its channel may."""
    THREAD_GONE = auto()
    """There is no such thread, or no more (slackapi/bolt-js#2307). Where we chose it, its channel may be written to."""
    CARD_GONE = auto()
    """The message can't be changed, or not any more; another may be posted. Only chat.update says so."""
    PAYLOAD = auto()
    """The message as it is will never be taken; a plainer one may."""
    OURS = auto()
    """We call Slack wrongly."""
    UNDESCRIBED = auto()
    """Nobody has described it: taken for a passing trouble, tried again until the delivery's time is up."""


_KINDS: Mapping[Kind, str] = {
    Kind.LIMITED: "ratelimited rate_limited",
    Kind.NOT_TAKEN: """
        service_unavailable request_timeout list_record_comment_fetch_failed update_failed external_channel_migrating
        """,
    Kind.IN_DOUBT: "internal_error fatal_error",
    Kind.MIGRATING: "team_added_to_org org_login_required",
    Kind.PLAN: "message_limit_exceeded",
    Kind.INSTALLATION: """
        token_expired invalid_auth not_authed account_inactive token_revoked missing_scope not_allowed_token_type
        accesslimited two_factor_setup_required enterprise_is_restricted team_access_not_granted app_access_restricted
        """,
    Kind.DESTINATION: """
        channel_not_found is_archived user_not_found user_disabled user_not_visible cannot_dm_bot messages_tab_disabled
        access_denied restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
        ekm_access_denied no_permission send_on_behalf_not_allowed channel_is_limited_access too_many_members
        method_not_supported_for_channel_type not_enabled
        """,
    Kind.MEMBERSHIP: "not_in_channel",
    Kind.THREAD: "restricted_action_thread_locked restricted_action_non_threadable_channel cannot_reply_to_message",
    Kind.THREAD_GONE: "thread_not_found",
    Kind.CARD_GONE: """
        message_not_found cant_update_message edit_window_closed is_inactive block_mismatch streaming_state_conflict
        """,
    Kind.PAYLOAD: """
        msg_blocks_too_long msg_blocks_too_many msg_too_long invalid_blocks invalid_blocks_format invalid_attachments
        too_many_attachments attachment_payload_limit_exceeded markdown_text_conflict no_text metadata_too_large
        invalid_arguments invalid_arg_name invalid_array_arg invalid_form_data invalid_post_type invalid_charset
        missing_post_type metadata_must_be_sent_from_app too_many_contact_cards missing_file_data view_too_large
        """,
    Kind.OURS: """
        method_deprecated deprecated_endpoint as_user_not_supported team_not_found
        draft_already_deleted draft_already_sent draft_has_conflict draft_not_found
        duplicate_channel_not_found duplicate_message_not_found
        invalid_cursor invalid_ts_latest invalid_ts_oldest invalid_metadata_filter_keys
        invalid_user_combination not_enough_users too_many_users users_list_not_supplied
        hash_conflict duplicate_external_id missing_profile_id not_implemented expired_trigger_id exchanged_trigger_id
        cant_broadcast_message no_dual_broadcast_content_update
        """,
}
_BY_ERROR: Mapping[str, Kind] = {error: kind for kind, errors in _KINDS.items() for error in errors.split()}

_WAITS: Mapping[Kind, tuple[int, Scope]] = {
    Kind.LIMITED: (30 * SECOND, Scope.METHOD),
    Kind.MIGRATING: (30 * SECOND, Scope.INSTALLATION),
    Kind.PLAN: (HOUR, Scope.INSTALLATION),
}
"""How long to wait where Slack does not say, and what waits."""
_SCOPES: Mapping[Kind, Scope] = {
    Kind.INSTALLATION: Scope.INSTALLATION,
    Kind.DESTINATION: Scope.DESTINATION,
    Kind.MEMBERSHIP: Scope.DESTINATION,
    Kind.THREAD: Scope.DESTINATION,
    Kind.THREAD_GONE: Scope.DESTINATION,
    Kind.CARD_GONE: Scope.DELIVERY,
    Kind.PAYLOAD: Scope.DELIVERY,
    Kind.OURS: Scope.DELIVERY,
}
"""How far a refusal reaches."""
_HELD_UP = (Kind.LIMITED, Kind.NOT_TAKEN, Kind.IN_DOUBT, Kind.MIGRATING, Kind.PLAN)
_FOR_FILES = ("missing_scope", "not_allowed_token_type")
_NOT_SENT = (Kind.NOT_TAKEN, Kind.UNDESCRIBED)
_REMEDIES: Mapping[Kind, str] = {
    Kind.MEMBERSHIP: "type /invite @tidings in the channel",
    Kind.INSTALLATION: "install the app again",
    Kind.DESTINATION: "choose another destination, or ask the channel's owner",
    Kind.THREAD_GONE: "choose another destination, or ask the channel's owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Slack said: its error string if it gave one, the HTTP status, and how long it asks us to wait (ms)."""

    status: int
    error: str | None = None
    retry_after: int | None = None
    detail: str = ""


def kind_of(answer: Answer) -> Kind:
    """What the answer asks of us; the error string decides, and the status where there is none."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.LIMITED
    if answer.error is None:
        # Not Slack's API but something before it spoke, or what Slack said was garbled on the way.
        refused = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        return Kind.UNDESCRIBED if refused else Kind.IN_DOUBT
    if (kind := _BY_ERROR.get(answer.error)) is not None:
        return kind
    if answer.error.startswith("invalid_metadata_"):
        return Kind.PAYLOAD
    if answer.error.startswith("slack_connect_") and answer.error.endswith("_blocked"):
        return Kind.DESTINATION
    return Kind.UNDESCRIBED


def takes_no_file(answer: Answer) -> bool:
    """Whether an answer to a call about a file means that only messages will be taken here.

    A permission that lacks is one for files: it says nothing about messages. What nobody has described would hold
    up its place for a day, while messages say the same.
    """
    kind = kind_of(answer)
    return answer.error in _FOR_FILES or (kind not in _HELD_UP and kind is not Kind.INSTALLATION)


def outcome_of(answer: Answer) -> Tried:
    """The outcome of a call that Slack answered with an error. An undescribed one is tried again."""
    kind = kind_of(answer)
    reason = _reason(answer, kind)
    if kind in _NOT_SENT:
        return Failed(reason=reason, after=answer.retry_after or 0)
    if kind in _WAITS:
        wait, scope = _WAITS[kind]
        return Throttled(after=wait if answer.retry_after is None else answer.retry_after, scope=scope, reason=reason)
    if kind in _SCOPES:
        return Refused(reason=reason, scope=_SCOPES[kind])
    return Unknown(reason=reason, after=answer.retry_after or 0)


def _reason(answer: Answer, kind: Kind) -> str:
    said = answer.error or f"HTTP {answer.status}"
    parts = [f"Slack: {said}", answer.detail, _REMEDIES.get(kind, "")]
    return "; ".join(part for part in parts if part)
