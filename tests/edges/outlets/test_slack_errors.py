import pytest

from bot.core.delivery import Failed, Outcome, Refused, Scope, Throttled, Unknown
from bot.outlets.slack.errors import Answer, Kind, kind_of, outcome_of

# Copied by hand from https://docs.slack.dev/reference/methods/chat.postMessage and chat.update and the common errors.
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
    Kind.THREAD_GONE: ["thread_not_found"],
    Kind.CARD_GONE: [
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "block_mismatch",
        "streaming_state_conflict",
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

OUTCOMES: dict[Kind, Outcome] = {
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
    Kind.THREAD_GONE: Refused(
        reason="Slack: x; choose another destination, or ask the channel's owner", scope=Scope.DESTINATION
    ),
    Kind.CARD_GONE: Refused(reason="Slack: x", scope=Scope.DELIVERY),
    Kind.PAYLOAD: Refused(reason="Slack: x", scope=Scope.DELIVERY),
    Kind.OURS: Refused(reason="Slack: x", scope=Scope.DELIVERY),
    Kind.UNDESCRIBED: Failed(reason="Slack: x"),
}


@pytest.mark.parametrize(("kind", "error"), [(kind, error) for kind, errors in DOCUMENTED.items() for error in errors])
def test_every_documented_error_has_its_kind_and_outcome(kind: Kind, error: str) -> None:
    answer = Answer(status=200, error=error)

    assert kind_of(answer) is kind
    assert repr(outcome_of(answer)).replace(error, "x") == repr(OUTCOMES[kind])


def test_every_kind_is_documented_and_has_an_outcome() -> None:
    assert set(DOCUMENTED) == set(Kind) - {Kind.UNDESCRIBED}
    assert set(OUTCOMES) == set(Kind)


def test_an_error_that_nobody_described_is_tried_again() -> None:
    assert kind_of(Answer(status=200, error="x")) is Kind.UNDESCRIBED
    assert outcome_of(Answer(status=200, error="x")) == OUTCOMES[Kind.UNDESCRIBED]


# Copied whole from the "Errors" table of each page, docs.slack.dev/reference/methods/…, as of August 2026 (in JSON:
# github.com/slack-ruby/slack-api-ref, docs.slack.dev/methods); "common" are those that every method may answer.
PAGES = {
    "chat.postMessage": """
        app_access_restricted as_user_not_supported channel_not_found draft_already_deleted draft_already_sent
        draft_has_conflict draft_not_found duplicate_channel_not_found duplicate_message_not_found ekm_access_denied
        invalid_blocks invalid_blocks_format invalid_metadata_format invalid_metadata_schema is_archived
        markdown_text_conflict message_limit_exceeded messages_tab_disabled metadata_must_be_sent_from_app
        metadata_too_large msg_blocks_too_long no_text not_in_channel rate_limited restricted_action
        restricted_action_non_threadable_channel restricted_action_read_only_channel restricted_action_thread_locked
        restricted_action_thread_only_channel send_on_behalf_not_allowed slack_connect_canvas_sharing_blocked
        slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked team_not_found
        too_many_attachments too_many_contact_cards cannot_reply_to_message missing_file_data
        attachment_payload_limit_exceeded
        """,
    "chat.update": """
        as_user_not_supported block_mismatch cant_broadcast_message cant_update_message channel_not_found
        edit_window_closed external_channel_migrating invalid_attachments invalid_blocks invalid_blocks_format
        invalid_metadata_format invalid_metadata_schema is_inactive markdown_text_conflict message_not_found
        metadata_must_be_sent_from_app metadata_too_large msg_too_long no_dual_broadcast_content_update no_text
        slack_connect_file_link_sharing_blocked streaming_state_conflict team_not_found too_many_attachments
        update_failed
        """,
    "conversations.open": """
        channel_not_found invalid_user_combination method_not_supported_for_channel_type missing_scope
        not_enough_users too_many_users user_disabled user_not_found user_not_visible users_list_not_supplied
        """,
    "conversations.join": """
        channel_is_limited_access channel_not_found is_archived method_not_supported_for_channel_type missing_scope
        too_many_members
        """,
    "conversations.history": """
        channel_is_limited_access channel_not_found invalid_cursor invalid_metadata_filter_keys invalid_ts_latest
        invalid_ts_oldest not_in_channel
        """,
    "conversations.replies": """
        channel_not_found invalid_cursor invalid_metadata_filter_keys invalid_ts_latest invalid_ts_oldest
        missing_scope thread_not_found method_not_supported_for_channel_type list_record_comment_fetch_failed
        """,
    "views.publish": """
        duplicate_external_id hash_conflict missing_profile_id not_allowed_token_type not_enabled not_implemented
        view_too_large
        """,
    "common": """
        accesslimited access_denied account_inactive deprecated_endpoint enterprise_is_restricted fatal_error
        internal_error invalid_arg_name invalid_arguments invalid_array_arg invalid_auth invalid_charset
        invalid_form_data invalid_post_type method_deprecated missing_post_type missing_scope no_permission
        not_allowed_token_type not_authed org_login_required ratelimited request_timeout service_unavailable
        team_access_not_granted team_added_to_org token_expired token_revoked two_factor_setup_required
        """,
}


@pytest.mark.parametrize(("page", "error"), [(page, error) for page, text in PAGES.items() for error in text.split()])
def test_no_error_that_slack_documents_is_left_undescribed(page: str, error: str) -> None:
    assert kind_of(Answer(status=200, error=error)) is not Kind.UNDESCRIBED, page


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_without_an_error_string_has_its_outcome(status: int) -> None:
    outcome = outcome_of(Answer(status=status))

    match status // 100:
        case _ if status == 429:
            assert outcome == Throttled(after=30_000, scope=Scope.METHOD, reason="Slack: HTTP 429")
        case 3 | 4:
            assert outcome == Failed(reason=f"Slack: HTTP {status}")
        case _:
            assert outcome == Unknown(reason=f"Slack: HTTP {status}")


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
