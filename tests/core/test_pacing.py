from bot.core.pacing import SLACK, WEBHOOK, next_send


def test_slack_is_sent_less_than_one_message_a_second_and_lane() -> None:
    assert next_send(SLACK, now=5_000) - 5_000 > 1_000
    assert SLACK.turn == 1


def test_webhooks_are_not_paced() -> None:
    assert next_send(WEBHOOK, now=5_000) == 5_000
