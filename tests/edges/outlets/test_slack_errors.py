import pytest

from bot.core.delivery import Failed, Outcome, Refused, Scope, Throttled, Unknown
from bot.outlets.slack_errors import Answer, Kind, kind_of, outcome_of

# Copied by hand from https://docs.slack.dev/reference/methods/chat.postMessage and the list of common errors.
DOCUMENTED = {
    Kind.LIMITED: ["ratelimited", "rate_limited"],
    Kind.NOT_TAKEN: ["service_unavailable", "request_timeout"],
    Kind.IN_DOUBT: ["internal_error", "fatal_error"],
    Kind.MIGRATING: ["team_added_to_org", "org_login_required"],
    Kind.PLAN: ["message_limit_exceeded"],
    Kind.INSTALLATION: [
        "token_expired",
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "missing_scope",
        "not_allowed_token_type",
        "accesslimited",
        "two_factor_setup_required",
        "enterprise_is_restricted",
        "team_access_not_granted",
        "app_access_restricted",
    ],
    Kind.DESTINATION: [
        "channel_not_found",
        "is_archived",
        "user_not_found",
        "user_disabled",
        "user_not_visible",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "access_denied",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "ekm_access_denied",
        "no_permission",
        "slack_connect_file_link_sharing_blocked",
        "slack_connect_canvas_sharing_blocked",
        "slack_connect_clip_sharing_blocked",
        "slack_connect_lists_sharing_blocked",
        "send_on_behalf_not_allowed",
    ],
    Kind.MEMBERSHIP: ["not_in_channel"],
    Kind.THREAD: [
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
        "cannot_reply_to_message",
    ],
    Kind.PAYLOAD: [
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "msg_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "too_many_attachments",
        "attachment_payload_limit_exceeded",
        "markdown_text_conflict",
        "no_text",
        "metadata_too_large",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_form_data",
        "invalid_post_type",
        "invalid_charset",
    ],
    Kind.OURS: ["method_deprecated", "deprecated_endpoint", "as_user_not_supported", "team_not_found"],
}

OUTCOMES: dict[Kind | None, Outcome] = {
    Kind.LIMITED: Throttled(after=30_000, scope=Scope.METHOD, reason="Slack: x"),
    Kind.NOT_TAKEN: Failed(reason="Slack: x"),
    Kind.IN_DOUBT: Unknown(reason="Slack: x"),
    Kind.MIGRATING: Throttled(after=30_000, scope=Scope.INSTALLATION, reason="Slack: x"),
    Kind.PLAN: Throttled(after=3_600_000, scope=Scope.INSTALLATION, reason="Slack: x"),
    Kind.INSTALLATION: Refused(reason="Slack: x; install the app again", scope=Scope.INSTALLATION),
    Kind.DESTINATION: Refused(
        reason="Slack: x; choose another destination, or ask the channel's owner", scope=Scope.DESTINATION
    ),
    Kind.MEMBERSHIP: Refused(reason="Slack: x; type /invite @tidings in the channel", scope=Scope.DESTINATION),
    Kind.THREAD: Refused(reason="Slack: x", scope=Scope.DESTINATION),
    Kind.PAYLOAD: Refused(reason="Slack: x", scope=Scope.DELIVERY),
    Kind.OURS: Refused(reason="Slack: x", scope=Scope.DELIVERY),
    None: Failed(reason="Slack: x"),
}


@pytest.mark.parametrize(("kind", "error"), [(kind, error) for kind, errors in DOCUMENTED.items() for error in errors])
def test_every_documented_error_has_its_kind_and_outcome(kind: Kind, error: str) -> None:
    answer = Answer(status=200, error=error)

    assert kind_of(answer) is kind
    assert repr(outcome_of(answer)).replace(error, "x") == repr(OUTCOMES[kind])


def test_every_kind_is_documented_and_has_an_outcome() -> None:
    assert set(DOCUMENTED) == set(Kind)
    assert set(OUTCOMES) == {*Kind, None}


def test_an_error_that_nobody_described_is_tried_again() -> None:
    assert outcome_of(Answer(status=200, error="x")) == OUTCOMES[None]


@pytest.mark.parametrize("status", [200, 500, 502, 503, 504])
def test_without_an_error_string_the_outcome_is_unknown(status: int) -> None:
    assert isinstance(outcome_of(Answer(status=status)), Unknown)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 413])
def test_a_front_end_that_refused_has_passed_nothing_on(status: int) -> None:
    assert outcome_of(Answer(status=status)) == Failed(reason=f"Slack: HTTP {status}")


@pytest.mark.parametrize("error", ["ratelimited", None, "internal_error"])
def test_status_429_is_a_limit_whatever_else_is_said(error: str | None) -> None:
    outcome = outcome_of(Answer(status=429, error=error, retry_after=5_000))

    assert isinstance(outcome, Throttled)
    assert (outcome.after, outcome.scope) == (5_000, Scope.METHOD)


def test_slack_s_own_waiting_time_is_a_floor_of_a_retry() -> None:
    assert outcome_of(Answer(status=503, error="service_unavailable", retry_after=9_000)) == Failed(
        reason="Slack: service_unavailable", after=9_000
    )


def test_the_detail_stands_in_the_reason() -> None:
    answer = Answer(status=200, error="missing_scope", detail="needs the scope chat:write")

    assert outcome_of(answer) == Refused(
        reason="Slack: missing_scope; needs the scope chat:write; install the app again", scope=Scope.INSTALLATION
    )
