"""A consumer group's coordinator as a state machine: the classic rebalance protocol.

Sources: https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Client-side+Assignment+Proposal (the protocol),
KIP-62 (rebalance timeout), KIP-134 (initial delay), KIP-345 (static members), KIP-394 (member id before membership).

=====================  ===================================================  =========================
state                  what happens                                         to
=====================  ===================================================  =========================
EMPTY                  a member joins                                       PREPARING_REBALANCE
PREPARING_REBALANCE    every member has joined, or the deadline passed      COMPLETING_REBALANCE
PREPARING_REBALANCE    the deadline passed and nobody is left               EMPTY
COMPLETING_REBALANCE   the leader sends the assignment                      STABLE
COMPLETING_REBALANCE   a member joins, leaves, is silent or never syncs     PREPARING_REBALANCE
STABLE                 a member joins anew, leaves or is silent             PREPARING_REBALANCE
=====================  ===================================================  =========================

No clock and no I/O: ``now`` is in ms of any steady clock; answers that have to wait go to the ``reply`` given with
the question.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from consumers.embedded.broker.errors import Code
from consumers.embedded.broker.member import Join, Joined, JoinReply, Member, Synced, SyncReply

SHORTEST_SESSION_MS: Final = 100
"""Kafka's ``group.min.session.timeout.ms`` is 6,000; tests want to see evictions sooner."""
LONGEST_SESSION_MS: Final = 1_800_000


class State(StrEnum):
    """Where a group is, by the names that DescribeGroups tells."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"


@dataclass(slots=True, kw_only=True)
class Group:
    """One group."""

    id: str
    initial_delay_ms: int
    """How long an empty group waits for more members before its first assignment (KIP-134)."""
    state: State = State.EMPTY
    generation: int = 0
    protocol_type: str = ""
    protocol: str = ""
    leader: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    unsaved: bool = False
    """Whether something changed that a restart must not forget."""
    _static: dict[str, str] = field(default_factory=dict)
    """Instance id → member id."""
    _pending: dict[str, int] = field(default_factory=dict)
    """Ids given out whose members have not come back yet → when to stop waiting."""
    _deadline: int = 0
    _gathering: bool = False
    """In the initial delay: wait for it to pass even if all known members have joined."""

    @property
    def begun(self) -> bool:
        """Whether anybody ever joined or was asked to come back."""
        return bool(self.members or self._pending or self.generation)

    # ── what members ask ──────────────────────────────────────────────────────────────────────────────────────────

    def join(self, ask: Join, now: int, reply: JoinReply) -> None:
        """Take a member in, or let it take part in the next generation."""
        if code := self._objection(ask):
            reply(Joined(code=code, member_id=ask.member_id))
        elif ask.member_id:
            self._rejoin(ask, now, reply)
        elif ask.instance_id is not None and ask.instance_id in self._static:
            self._replace_static(ask, now, reply)
        elif ask.instance_id is None and ask.id_first:
            self._pending[ask.fresh_id] = now + ask.session_timeout_ms
            reply(Joined(code=Code.MEMBER_ID_REQUIRED, member_id=ask.fresh_id))
        else:
            self._admit(ask, ask.fresh_id, now, reply)

    def sync(
        self,
        member_id: str,
        instance_id: str | None,
        generation: int,
        assignments: Mapping[str, bytes],
        now: int,
        reply: SyncReply,
    ) -> None:
        """Hand out assignments: the leader brings them, the others wait for them."""
        if code := self.fence(member_id, instance_id, generation):
            reply(Synced(code=code))
            return
        member = self.members[member_id]
        member.seen = now
        match self.state:
            case State.PREPARING_REBALANCE | State.EMPTY:
                reply(Synced(code=Code.REBALANCE_IN_PROGRESS))
            case State.STABLE:
                reply(Synced(code=Code.NONE, assignment=member.assignment))
            case State.COMPLETING_REBALANCE:
                if member.syncing is not None:  # asked again on another connection
                    member.syncing(Synced(code=Code.REBALANCE_IN_PROGRESS))
                member.syncing = reply
                if member_id == self.leader:
                    self._assign(assignments, now)

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int, now: int) -> Code:
        """Note that a member is alive and tell it whether to join again."""
        if code := self.fence(member_id, instance_id, generation):
            return code
        self.members[member_id].seen = now
        return Code.REBALANCE_IN_PROGRESS if self.state is State.PREPARING_REBALANCE else Code.NONE

    def leave(self, member_id: str, instance_id: str | None, now: int) -> Code:
        """Take a member out; a static one may be named by its instance alone."""
        if instance_id is not None and not member_id:
            member_id = self._static.get(instance_id, "")
        if self._pending.pop(member_id, None) is not None:
            self._complete_if_all_joined(now)
            return Code.NONE
        if code := self._fence_instance(member_id, instance_id):
            return code
        self._remove(member_id, now)
        return Code.NONE

    def fence(self, member_id: str, instance_id: str | None, generation: int) -> Code:
        """Tell whether a member may speak for a generation; zombies may not."""
        if code := self._fence_instance(member_id, instance_id):
            return code
        return Code.NONE if generation == self.generation else Code.ILLEGAL_GENERATION

    def fence_commit(self, member_id: str, instance_id: str | None, generation: int, now: int) -> Code:
        """Tell whether offsets may be committed; without a generation, only into a group without members."""
        if generation < 0 and self.state is State.EMPTY:
            return Code.NONE
        if code := self.fence(member_id, instance_id, generation):
            return code
        self.members[member_id].seen = now
        return Code.REBALANCE_IN_PROGRESS if self.state is State.COMPLETING_REBALANCE else Code.NONE

    def tick(self, now: int) -> None:
        """Let time pass: evict the silent, and end waits that are over."""
        for member_id in [member_id for member_id, until in self._pending.items() if until < now]:
            del self._pending[member_id]
            self._complete_if_all_joined(now)
        for member in [member for member in self.members.values() if member.silent(now)]:
            self._remove(member.id, now)
        if now >= self._deadline:
            match self.state:
                case State.PREPARING_REBALANCE:
                    self._complete(now)
                case State.COMPLETING_REBALANCE:
                    for member in [member for member in self.members.values() if member.syncing is None]:
                        self._remove(member.id, now)
                case State.EMPTY | State.STABLE:
                    pass

    # ── joining ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _objection(self, ask: Join) -> Code:
        if not SHORTEST_SESSION_MS <= ask.session_timeout_ms <= LONGEST_SESSION_MS:
            return Code.INVALID_SESSION_TIMEOUT
        others = [member for member in self.members.values() if member.id != ask.member_id]
        shared = set(ask.protocols).intersection(*(member.protocols for member in others))
        if not shared or (others and ask.protocol_type != self.protocol_type):
            return Code.INCONSISTENT_GROUP_PROTOCOL
        return Code.NONE

    def _admit(self, ask: Join, member_id: str, now: int, reply: JoinReply) -> None:
        self.members[member_id] = Member(
            id=member_id,
            instance_id=ask.instance_id,
            client_id=ask.client_id,
            client_host=ask.client_host,
            session_timeout_ms=ask.session_timeout_ms,
            rebalance_timeout_ms=ask.rebalance_timeout_ms,
            protocols=dict(ask.protocols),
            seen=now,
            joining=reply,
        )
        if ask.instance_id is not None:
            self._static[ask.instance_id] = member_id
        self.protocol_type = ask.protocol_type
        self._prepare(now)

    def _rejoin(self, ask: Join, now: int, reply: JoinReply) -> None:
        if self._pending.pop(ask.member_id, None) is not None:
            self._admit(ask, ask.member_id, now, reply)
            return
        if code := self._fence_instance(ask.member_id, ask.instance_id):
            reply(Joined(code=code, member_id=ask.member_id))
            return
        member = self.members[ask.member_id]
        unchanged = member.protocols == dict(ask.protocols)
        follower = self.state is State.STABLE and ask.member_id != self.leader
        if unchanged and (follower or self.state is State.COMPLETING_REBALANCE):
            # it missed the answer to its join: the generation is the one it would have been told
            member.seen = now
            reply(self._joined(member))
            return
        self._update(member, ask, now, reply)
        self._prepare(now)

    def _replace_static(self, ask: Join, now: int, reply: JoinReply) -> None:
        """Put a restarted static member in its former place (KIP-345): without a rebalance, if nothing else changed."""
        former = self.members.pop(self._static[ask.instance_id or ""])
        former.turn_away(Code.FENCED_INSTANCE_ID)
        leader = self.leader
        unchanged = former.protocols == dict(ask.protocols)
        former.id = ask.fresh_id
        self.members[former.id] = former
        self._static[ask.instance_id or ""] = former.id
        if leader not in self.members:
            self.leader = former.id
        self._update(former, ask, now, reply)
        if self.state is State.STABLE and unchanged:
            self.unsaved = True
            former.joining = None
            # told the former leader's id, it does not assign again
            reply(
                Joined(
                    code=Code.NONE,
                    member_id=former.id,
                    generation=self.generation,
                    protocol=self.protocol,
                    leader=leader,
                )
            )
            return
        self._prepare(now)

    def _update(self, member: Member, ask: Join, now: int, reply: JoinReply) -> None:
        member.client_id, member.client_host = ask.client_id, ask.client_host
        member.session_timeout_ms, member.rebalance_timeout_ms = (
            ask.session_timeout_ms,
            ask.rebalance_timeout_ms,
        )
        member.protocols = dict(ask.protocols)
        member.seen = now
        if member.joining is not None:  # asked again on another connection
            member.joining(Joined(code=Code.REBALANCE_IN_PROGRESS, member_id=member.id))
        member.joining = reply

    # ── rebalancing ───────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self, now: int) -> None:
        if self.state is State.PREPARING_REBALANCE:
            self._complete_if_all_joined(now)
            return
        self._gathering = self.state is State.EMPTY
        for member in self.members.values():
            if member.syncing is not None:
                member.syncing(Synced(code=Code.REBALANCE_IN_PROGRESS))
                member.syncing = None
        self.state = State.PREPARING_REBALANCE
        self._deadline = now + (self.initial_delay_ms if self._gathering else self._longest_rebalance)
        self._complete_if_all_joined(now)

    @property
    def _longest_rebalance(self) -> int:
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def _complete_if_all_joined(self, now: int) -> None:
        gathering = self._gathering and self.members
        waiting = gathering or self._pending or any(member.joining is None for member in self.members.values())
        if self.state is State.PREPARING_REBALANCE and not waiting:
            self._complete(now)

    def _complete(self, now: int) -> None:
        """Begin a generation with those who joined; a silent static member keeps its place until its session ends."""
        self._gathering = False
        for member in [one for one in self.members.values() if one.joining is None and one.instance_id is None]:
            self._drop(member)
        if not self.members:
            self._become_empty()
            return
        joined = [member for member in self.members.values() if member.joining is not None]
        self._deadline = now + self._longest_rebalance
        if not joined:
            return
        if self.leader not in {member.id for member in joined}:
            self.leader = joined[0].id
        self.generation += 1
        self.protocol = self._elected_protocol()
        self.state = State.COMPLETING_REBALANCE
        for member in joined:
            reply, member.joining, member.seen = member.joining, None, now
            if reply is not None:
                reply(self._joined(member))

    def _elected_protocol(self) -> str:
        """Elect the assignor: among those that all members know, the one that most like best."""
        shared = set.intersection(*(set(member.protocols) for member in self.members.values()))
        votes = Counter(next(name for name in one.protocols if name in shared) for one in self.members.values())
        return votes.most_common(1)[0][0]

    def _joined(self, member: Member) -> Joined:
        everybody = [(one.id, one.instance_id, one.protocols[self.protocol]) for one in self.members.values()]
        return Joined(
            code=Code.NONE,
            member_id=member.id,
            generation=self.generation,
            protocol=self.protocol,
            leader=self.leader,
            members=everybody if member.id == self.leader else (),
        )

    def _assign(self, assignments: Mapping[str, bytes], now: int) -> None:
        self.state = State.STABLE
        self.unsaved = True
        for member in self.members.values():
            member.assignment = assignments.get(member.id, b"")
            reply, member.syncing = member.syncing, None
            if reply is not None:
                member.seen = now
                reply(Synced(code=Code.NONE, assignment=member.assignment))

    # ── leaving ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _fence_instance(self, member_id: str, instance_id: str | None) -> Code:
        if instance_id is not None and self._static.get(instance_id, member_id) != member_id:
            return Code.FENCED_INSTANCE_ID
        return Code.NONE if member_id in self.members else Code.UNKNOWN_MEMBER_ID

    def _remove(self, member_id: str, now: int) -> None:
        if member_id not in self.members:  # an earlier removal of the same tick ended the rebalance without it
            return
        self._drop(self.members[member_id])
        match self.state:
            case State.STABLE | State.COMPLETING_REBALANCE:
                self._prepare(now)
            case State.PREPARING_REBALANCE:
                self._complete_if_all_joined(now)
            case State.EMPTY:
                pass

    def _drop(self, member: Member) -> None:
        del self.members[member.id]
        if member.instance_id is not None:
            self._static.pop(member.instance_id, None)
        member.turn_away(Code.UNKNOWN_MEMBER_ID)

    def _become_empty(self) -> None:
        self.generation += 1
        self.state = State.EMPTY
        self.protocol = self.leader = ""
        self.unsaved = True

    # ── remembering ───────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> dict[str, Any]:
        """Give what a restart needs, as JSON."""
        self.unsaved = False
        return {
            "generation": self.generation,
            "protocol_type": self.protocol_type,
            "protocol": self.protocol,
            "leader": self.leader,
            "members": [
                {
                    "id": member.id,
                    "instance_id": member.instance_id,
                    "client_id": member.client_id,
                    "client_host": member.client_host,
                    "session_timeout_ms": member.session_timeout_ms,
                    "rebalance_timeout_ms": member.rebalance_timeout_ms,
                    "protocols": {name: metadata.hex() for name, metadata in member.protocols.items()},
                    "assignment": member.assignment.hex(),
                }
                for member in self.members.values()
            ],
        }

    @classmethod
    def restored(cls, group_id: str, kept: Mapping[str, Any], *, initial_delay_ms: int, now: int) -> "Group":
        """Make a group as it was last stable or empty; its members have one session from ``now`` to be heard of."""
        group = cls(id=group_id, initial_delay_ms=initial_delay_ms)
        group.generation, group.protocol_type = kept["generation"], kept["protocol_type"]
        group.protocol, group.leader = kept["protocol"], kept["leader"]
        for one in kept["members"]:
            protocols = {name: bytes.fromhex(metadata) for name, metadata in one["protocols"].items()}
            assignment = bytes.fromhex(one["assignment"])
            member = Member(**{**one, "protocols": protocols, "assignment": assignment}, seen=now)
            group.members[member.id] = member
            if member.instance_id is not None:
                group._static[member.instance_id] = member.id
        group.state = State.STABLE if group.members else State.EMPTY
        return group
