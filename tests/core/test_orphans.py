import pytest

from bot.core.destination import DestinationId, SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.filters import parse
from bot.core.notices import Orphanhood
from bot.core.orphans import (
    Follow,
    Happening,
    Lose,
    Pass,
    Regain,
    channel_of,
    follows,
    is_in_channel,
    is_orphan,
    lost_how,
    moved,
    orphaned,
    outlives_owner,
)
from bot.core.subscription import Hold, Holding, Subscription, SubscriptionId
from bot.outlets.slack.errors import Answer, outcome_of

PLACE = DestinationId("slack/T1/C1")
TARGETS: list[tuple[Target, str | None, Target | None, bool]] = [
    (SlackChannel(team="T1", channel="C1"), "C1", SlackChannel(team="T1", channel="C9"), True),
    (
        SlackThread(team="T1", channel="C1", thread="1.2"),
        "C1",
        SlackThread(team="T1", channel="C9", thread="1.2"),
        True,
    ),
    (SlackPerson(team="T1", user="U1"), None, None, False),
    (SlackGroup(team="T1", group="S1"), None, None, True),
    (Webhook(team="T1", url="https://example.com"), None, None, True),
]


def one(*, hold: Hold | None = None) -> Subscription:
    return Subscription(
        id=SubscriptionId("aaaaaa"),
        team="T1",
        owner="U1",
        filter=parse(""),
        destination=SlackChannel(team="T1", channel="C1"),
        hold=hold,
    )


def test_every_loss_has_a_way_back_but_deletion_and_is_recognised_by_its_reason() -> None:
    lost: dict[Orphanhood, str] = {}
    regained: set[Orphanhood] = set()
    for happening in Happening:
        match follows(happening):
            case Lose(what=what, why=why):
                lost[what] = why
            case Regain(from_=from_):
                regained |= from_
            case Follow():
                assert happening is Happening.RENUMBERED
            case Pass():
                assert happening is Happening.RENAMED
    assert set(lost) - regained == {Orphanhood.DELETED}
    for what, why in lost.items():
        assert lost_how(PLACE, why) is what


def test_a_channel_that_is_shared_by_now_is_not_regained_but_by_being_unshared() -> None:
    for happening in Happening:
        alone, shared = follows(happening), follows(happening, is_external=True)
        if isinstance(alone, Regain) and Orphanhood.EXTERNAL not in alone.from_:
            assert shared == follows(Happening.SHARED)
        else:
            assert shared == alone


def test_only_what_may_show_results_to_others_makes_the_subscriptions_rest_too() -> None:
    resting = {happening for happening in Happening if getattr(follows(happening), "rest", False)}
    assert resting == {Happening.SHARED}


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ("is_archived", Orphanhood.ARCHIVED),
        ("not_in_channel", Orphanhood.REMOVED),
        ("channel_not_found", Orphanhood.REMOVED),
        ("restricted_action", Orphanhood.UNREACHABLE),
        ("user_disabled", Orphanhood.UNREACHABLE),
    ],
)
def test_slacks_errors_are_recognised_as_the_outlet_words_them(error: str, what: Orphanhood) -> None:
    reason = outcome_of(Answer(status=200, error=error)).reason  # type: ignore[union-attr]
    assert lost_how(PLACE, reason) is what


def test_what_serves_a_whole_team_is_an_installation() -> None:
    assert lost_how(DestinationId("slack/T1"), "Slack: token_revoked") is Orphanhood.INSTALLATION
    assert lost_how(DestinationId("webhook/T1/abc"), "HTTP 410") is Orphanhood.UNREACHABLE


@pytest.mark.parametrize(("target", "channel", "there", "outlives"), TARGETS)
def test_what_a_target_has_to_do_with_a_channel(
    target: Target,
    channel: str | None,
    there: Target | None,
    outlives: bool,  # noqa: FBT001 (a table's column)
) -> None:
    assert channel_of(target) == channel
    assert moved(target, "C9") == there
    subscription = Subscription(
        id=SubscriptionId("aaaaaa"), team="T1", owner="U1", filter=parse(""), destination=target
    )
    assert outlives_owner(subscription) is outlives


def test_a_channels_threads_are_in_it_and_no_other_channel_is() -> None:
    assert is_in_channel(PLACE, "T1", "C1")
    assert is_in_channel(DestinationId("slack/T1/C1/1.2"), "T1", "C1")
    assert not is_in_channel(DestinationId("slack/T1/C12"), "T1", "C1")
    assert not is_in_channel(DestinationId("slack/T2/C1"), "T1", "C1")


def test_who_rests_because_somebody_wants_it_so_is_left_to_rest() -> None:
    hold = orphaned(one(), "why", now=5)
    assert hold == Hold(kind=Holding.ORPHANED, at=5, why="why")
    assert is_orphan(one(hold=hold))
    paused = one(hold=Hold(kind=Holding.PAUSED, at=1, by="U1"))
    assert orphaned(paused, "why", now=5) is None
    assert not is_orphan(paused)
    assert not is_orphan(one())
    over = one(hold=Hold(kind=Holding.MUTED, at=1, until=5, by="U1"))
    assert orphaned(over, "why", now=4) is None
    assert orphaned(over, "why", now=5) == hold
