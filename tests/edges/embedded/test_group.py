from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from consumers.embedded.broker.errors import Code
from consumers.embedded.broker.group import Group, State
from consumers.embedded.broker.member import Join, Joined, Synced

SESSION, REBALANCE, DELAY = 6_000, 20_000, 100


@dataclass
class Client:
    """A member as its client library would behave, one call at a time."""

    group: Group
    name: str
    instance: str | None = None
    protocols: Sequence[str] = ("range",)
    session: int = SESSION
    id: str = ""
    joined: list[Joined] = field(default_factory=list)
    synced: list[Synced] = field(default_factory=list)
    restarts: int = 0

    def join(self, now: int, *, id_first: bool = False) -> Code | None:
        """Ask to join; the answer if it came at once."""
        before = len(self.joined)
        ask = Join(
            member_id=self.id,
            instance_id=self.instance,
            fresh_id=f"{self.name}-{self.restarts}",
            id_first=id_first,
            client_id=self.name,
            client_host="/127.0.0.1",
            session_timeout_ms=self.session,
            rebalance_timeout_ms=REBALANCE,
            protocol_type="consumer",
            protocols={name: f"{name} of {self.name}".encode() for name in self.protocols},
        )
        self.group.join(ask, now, self._take)
        return self.joined[-1].code if len(self.joined) > before else None

    def _take(self, joined: Joined) -> None:
        self.joined.append(joined)
        if joined.code in {Code.NONE, Code.MEMBER_ID_REQUIRED}:
            self.id = joined.member_id
        elif joined.code is Code.UNKNOWN_MEMBER_ID:
            self.id = ""

    @property
    def generation(self) -> int:
        return self.joined[-1].generation if self.joined else -1

    @property
    def leads(self) -> bool:
        return bool(self.joined) and self.joined[-1].leader == self.id

    def sync(self, now: int) -> Code | None:
        """Ask for the assignment, with one for everybody if it is the leader; the answer if it came at once."""
        before = len(self.synced)
        plan = {member_id: f"for {member_id}".encode() for member_id, _, _ in self.joined[-1].members}
        self.group.sync(self.id, self.instance, self.generation, plan, now, self.synced.append)
        return self.synced[-1].code if len(self.synced) > before else None

    def beat(self, now: int) -> Code:
        return self.group.heartbeat(self.id, self.instance, self.generation, now)

    def leave(self, now: int) -> Code:
        return self.group.leave(self.id, None, now)

    def commit(self, now: int) -> Code:
        return self.group.fence_commit(self.id, self.instance, self.generation, now)


def fresh() -> Group:
    return Group(id="g", initial_delay_ms=DELAY)


def stable(group: Group, *clients: Client, now: int = 0) -> None:
    """Bring clients into one generation, the leader syncing last."""
    for client in clients:
        client.join(now)
    group.tick(now + DELAY)
    for client in sorted(clients, key=lambda client: client.leads):
        client.sync(now + DELAY)
    assert group.state is State.STABLE


def test_members_that_come_together_share_the_first_generation() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    assert a.join(0) is None
    assert b.join(50) is None
    group.tick(99)
    assert not a.joined

    group.tick(100)

    assert (a.generation, b.generation) == (1, 1)
    assert a.leads
    assert [member_id for member_id, _, _ in a.joined[-1].members] == [a.id, b.id]
    assert b.joined[-1].members == ()
    assert b.sync(100) is None
    assert a.sync(110) is Code.NONE
    assert b.synced[-1] == Synced(code=Code.NONE, assignment=f"for {b.id}".encode())
    assert group.state is State.STABLE


def test_a_member_may_be_told_its_id_first() -> None:
    group = fresh()
    a = Client(group, "a")

    assert a.join(0, id_first=True) is Code.MEMBER_ID_REQUIRED
    assert group.members == {}
    assert a.join(1, id_first=True) is None
    group.tick(1 + DELAY)
    assert a.generation == 1


def test_an_id_that_nobody_comes_back_with_holds_up_the_others_for_one_session_only() -> None:
    group = fresh()
    a, ghost = Client(group, "a"), Client(group, "ghost")
    stable(group, a)
    ghost.join(1_000, id_first=True)
    a.id, before = a.id, len(a.joined)
    other = Client(group, "other")
    other.join(1_000)
    assert a.beat(1_000) is Code.REBALANCE_IN_PROGRESS
    a.join(1_001)
    assert len(a.joined) == before

    group.tick(1_001 + SESSION)

    assert a.generation == other.generation == 2
    assert ghost.join(9_000) is Code.UNKNOWN_MEMBER_ID


def test_a_new_member_makes_the_others_join_again() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    stable(group, a)

    assert b.join(1_000) is None
    assert a.beat(1_100) is Code.REBALANCE_IN_PROGRESS
    assert a.join(1_200) is Code.NONE

    assert (a.generation, b.generation) == (2, 2)


def test_a_member_that_leaves_makes_the_others_join_again() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    stable(group, a, b)

    assert a.leave(1_000) is Code.NONE
    assert b.beat(1_000) is Code.REBALANCE_IN_PROGRESS
    assert b.join(1_100) is Code.NONE
    assert b.leads
    assert a.beat(1_200) is Code.UNKNOWN_MEMBER_ID


def test_a_silent_member_is_evicted_after_its_session_and_not_before() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    stable(group, a, b)
    for now in range(1_000, SESSION + DELAY + 1, 1_000):
        assert a.beat(now) is Code.NONE
    group.tick(SESSION + DELAY)
    assert b.id in group.members

    group.tick(SESSION + DELAY + 1)

    assert b.id not in group.members
    assert a.beat(SESSION + 200) is Code.REBALANCE_IN_PROGRESS
    assert a.join(SESSION + 200) is Code.NONE


def test_who_waits_for_the_others_is_not_silent() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b", session=60_000)
    stable(group, a, b)
    a.join(1_000)  # the leader asks anew, b does not come

    group.tick(1_000 + 3 * SESSION)
    assert a.id in group.members

    group.tick(1_000 + REBALANCE)
    assert a.generation == 2
    assert b.id not in group.members


def test_the_last_one_to_leave_leaves_an_empty_group_in_a_later_generation() -> None:
    group = fresh()
    a = Client(group, "a")
    stable(group, a)

    a.leave(1_000)

    assert (group.state, group.generation, group.members) == (State.EMPTY, 2, {})


def test_a_leader_that_never_assigns_is_dropped_and_another_one_leads() -> None:
    group = fresh()
    a, b = Client(group, "a", session=60_000), Client(group, "b", session=60_000)
    a.join(0)
    b.join(0)
    group.tick(DELAY)
    b.sync(DELAY)

    group.tick(DELAY + REBALANCE)

    assert b.synced[-1].code is Code.REBALANCE_IN_PROGRESS
    assert b.join(DELAY + REBALANCE) is Code.NONE
    assert b.leads


def test_a_zombie_of_an_earlier_generation_is_fenced_in_everything_it_says() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    stable(group, a, b)
    b.leave(1_000)
    a.join(1_000)
    old = a.joined[0].generation

    assert group.heartbeat(a.id, None, old, 1_000) is Code.ILLEGAL_GENERATION
    assert group.fence_commit(a.id, None, old, 1_000) is Code.ILLEGAL_GENERATION
    assert group.fence_commit(b.id, None, old, 1_000) is Code.UNKNOWN_MEMBER_ID
    answers: list[Synced] = []
    group.sync(a.id, None, old, {}, 1_000, answers.append)
    assert answers == [Synced(code=Code.ILLEGAL_GENERATION)]


def test_commits_are_taken_while_a_rebalance_is_prepared_but_not_while_it_completes() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    assert group.fence_commit("", None, -1, 0) is Code.NONE  # no members: anybody may set offsets
    stable(group, a)
    assert group.fence_commit("", None, -1, 0) is Code.UNKNOWN_MEMBER_ID
    b.join(1_000)
    assert a.commit(1_000) is Code.NONE
    a.join(1_100)
    assert a.commit(1_100) is Code.REBALANCE_IN_PROGRESS


def test_a_commit_is_a_sign_of_life() -> None:
    group = fresh()
    a = Client(group, "a")
    stable(group, a)
    a.commit(SESSION)

    group.tick(SESSION + DELAY + 1)

    assert a.id in group.members


def test_a_restarted_static_member_gets_its_place_back_without_a_rebalance() -> None:
    group = fresh()
    a, b = Client(group, "a", instance="ia"), Client(group, "b", instance="ib")
    stable(group, a, b)
    assignment = b.synced[-1].assignment

    again = Client(group, "b", instance="ib", restarts=1)
    assert again.join(1_000) is Code.NONE
    assert again.sync(1_000) is Code.NONE

    assert again.synced[-1].assignment == assignment
    assert again.generation == b.generation
    assert a.beat(1_000) is Code.NONE
    assert b.beat(1_000) is Code.FENCED_INSTANCE_ID
    assert b.join(1_000) is Code.FENCED_INSTANCE_ID


def test_a_restarted_static_leader_does_not_assign_again() -> None:
    group = fresh()
    a, b = Client(group, "a", instance="ia"), Client(group, "b", instance="ib")
    stable(group, a, b)
    assert a.leads

    again = Client(group, "a", instance="ia", restarts=1)
    again.join(1_000)

    assert not again.leads
    assert again.sync(1_000) is Code.NONE
    assert group.leader == again.id


def test_a_static_member_with_another_assignor_makes_a_rebalance() -> None:
    group = fresh()
    a, b = Client(group, "a", instance="ia"), Client(group, "b", instance="ib")
    stable(group, a, b)

    again = Client(group, "b", instance="ib", protocols=("sticky", "range"), restarts=1)

    assert again.join(1_000) is None
    assert a.beat(1_000) is Code.REBALANCE_IN_PROGRESS


def test_a_second_process_with_the_same_instance_fences_the_first_where_it_waits() -> None:
    group = fresh()
    first, second = Client(group, "a", instance="i"), Client(group, "a", instance="i", restarts=1)
    first.join(0)

    second.join(50)

    assert first.joined[-1].code is Code.FENCED_INSTANCE_ID
    group.tick(DELAY)
    assert second.joined[-1].code is Code.NONE


def test_a_silent_static_member_keeps_its_place_through_a_rebalance_until_its_session_ends() -> None:
    group = fresh()
    a, b = Client(group, "a", session=60_000), Client(group, "b", instance="ib", session=60_000)
    stable(group, a, b)
    a.join(1_000)  # the leader asks for a rebalance; b is away

    group.tick(1_000 + REBALANCE)

    assert a.generation == 2
    assert [instance for _, instance, _ in a.joined[-1].members] == [None, "ib"]


def test_a_static_member_may_be_removed_by_its_instance() -> None:
    group = fresh()
    a = Client(group, "a", instance="ia")
    stable(group, a)

    assert group.leave("", "nobody", 1_000) is Code.UNKNOWN_MEMBER_ID
    assert group.leave("", "ia", 1_000) is Code.NONE
    assert group.state is State.EMPTY


def test_an_answer_that_got_lost_is_given_again() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    a.join(0)
    b.join(0)
    group.tick(DELAY)
    assert b.join(DELAY) is Code.NONE  # while the rebalance completes
    b.sync(DELAY)
    a.sync(DELAY)
    assert b.join(1_000) is Code.NONE  # a follower of a stable group
    assert (b.generation, group.state) == (1, State.STABLE)
    assert b.sync(1_000) is Code.NONE
    assert b.synced[-1].assignment == f"for {b.id}".encode()


def test_a_question_asked_again_while_it_waits_leaves_no_answer_open() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b")
    stable(group, a, b)
    a.join(1_000)
    a.join(1_001)
    assert [one.code for one in a.joined[1:]] == [Code.REBALANCE_IN_PROGRESS]
    b.join(1_002)
    assert a.joined[-1].code is Code.NONE
    b.sync(1_003)
    b.sync(1_004)
    assert [one.code for one in b.synced[1:]] == [Code.REBALANCE_IN_PROGRESS]


def test_the_assignor_that_most_like_best_and_all_know_is_elected() -> None:
    group = fresh()
    clients = [
        Client(group, "a", protocols=("range", "sticky")),
        Client(group, "b", protocols=("sticky", "range")),
        Client(group, "c", protocols=("cooperative", "sticky", "range")),
    ]
    stable(group, *clients)

    assert group.protocol == "sticky"
    assert clients[0].joined[-1].members[1][2] == b"sticky of b"


def test_a_member_that_shares_no_assignor_or_kind_is_refused() -> None:
    group = fresh()
    stable(group, Client(group, "a"))

    assert Client(group, "b", protocols=("sticky",)).join(1_000) is Code.INCONSISTENT_GROUP_PROTOCOL
    group.protocol_type = "connect"
    assert Client(group, "b").join(1_000) is Code.INCONSISTENT_GROUP_PROTOCOL
    assert group.state is State.STABLE


@pytest.mark.parametrize("session", [99, 1_800_001])
def test_a_session_that_is_too_short_or_too_long_is_refused(session: int) -> None:
    assert Client(fresh(), "a", session=session).join(0) is Code.INVALID_SESSION_TIMEOUT


def test_an_unknown_member_is_told_so() -> None:
    group = fresh()
    stranger = Client(group, "x", id="x-1")

    assert stranger.join(0) is Code.UNKNOWN_MEMBER_ID
    assert group.heartbeat("x-1", None, 0, 0) is Code.UNKNOWN_MEMBER_ID
    assert group.leave("x-1", None, 0) is Code.UNKNOWN_MEMBER_ID


def test_an_id_given_out_can_be_given_back() -> None:
    group = fresh()
    a = Client(group, "a")
    a.join(0, id_first=True)

    assert a.leave(1) is Code.NONE
    assert not group.begun


def test_a_restored_group_goes_on_without_a_rebalance() -> None:
    group = fresh()
    a, b = Client(group, "a"), Client(group, "b", instance="ib")
    stable(group, a, b)
    told = [group.unsaved]
    again = Group.restored("g", group.snapshot(), initial_delay_ms=DELAY, now=50_000)
    told.append(group.unsaved)
    a.group = b.group = again

    assert told == [True, False]
    assert a.beat(50_001) is Code.NONE
    assert b.sync(50_001) is Code.NONE
    assert b.synced[-1].assignment == f"for {b.id}".encode()
    assert b.commit(50_001) is Code.NONE
    again.tick(50_001 + SESSION + 1)
    assert again.members == {}


class Comings(RuleBasedStateMachine):
    """Members come, go, fall silent and repeat themselves in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.group = fresh()
        self.clients = [Client(self.group, name) for name in "abc"]
        self.generations = [0]

    @rule(index=st.integers(0, 2))
    def join(self, index: int) -> None:
        self.clients[index].join(self.now)

    @rule(index=st.integers(0, 2))
    def sync(self, index: int) -> None:
        if self.clients[index].joined:
            self.clients[index].sync(self.now)

    @rule(index=st.integers(0, 2))
    def beat(self, index: int) -> None:
        self.clients[index].beat(self.now)

    @rule(index=st.integers(0, 2))
    def leave(self, index: int) -> None:
        client = self.clients[index]
        self.group.leave(client.id or f"{client.name}-{client.restarts}", None, self.now)
        client.id, client.restarts = "", client.restarts + 1

    @rule(passed=st.integers(1, 8_000))
    def wait(self, passed: int) -> None:
        self.now += passed
        self.group.tick(self.now)

    @invariant()
    def generations_only_grow(self) -> None:
        self.generations.append(self.group.generation)
        assert self.generations[-2] <= self.generations[-1]

    @invariant()
    def a_stable_group_has_a_leader_and_nobody_waiting(self) -> None:
        if self.group.state is State.STABLE:
            assert self.group.leader in self.group.members
            assert all(one.joining is None and one.syncing is None for one in self.group.members.values())

    @invariant()
    def an_empty_group_has_no_members_and_no_other_has_none(self) -> None:
        assert (self.group.state is State.EMPTY) == (not self.group.members)

    def teardown(self) -> None:
        """Leave everybody alone: a group that nobody speaks to comes to rest."""
        for _ in range(4):
            self.now += REBALANCE + SESSION
            self.group.tick(self.now)
        assert self.group.state is State.EMPTY


Comings.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestComings = Comings.TestCase
