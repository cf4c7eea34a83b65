"""A member of a consumer group, what it asks, and what it is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from consumers.embedded.broker.errors import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A member's wish to take part."""

    member_id: str
    instance_id: str | None
    fresh_id: str
    """The id it gets if it has none."""
    id_first: bool
    """Whether it can be told its id and asked to come again (JoinGroup ≥ 4, KIP-394)."""
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The answer: who takes part in which generation; only the leader is told of the others."""

    code: Code
    member_id: str
    generation: int = -1
    protocol: str = ""
    leader: str = ""
    members: Sequence[tuple[str, str | None, bytes]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """The answer to a sync: the member's assignment, in the leader's own encoding."""

    code: Code
    assignment: bytes = b""


JoinReply = Callable[[Joined], None]
SyncReply = Callable[[Synced], None]


@dataclass(slots=True, kw_only=True)
class Member:
    """A member, and the answers it waits for; ``seen`` is when it was last heard of, in ms of a steady clock."""

    id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocols: dict[str, bytes]
    seen: int
    assignment: bytes = b""
    joining: JoinReply | None = None
    syncing: SyncReply | None = None

    def silent(self, now: int) -> bool:
        """Tell whether its session ran out; who waits for an answer is not silent."""
        return self.joining is None and self.syncing is None and now - self.seen > self.session_timeout_ms

    def turn_away(self, code: Code) -> None:
        """Answer whatever it waits for with an error."""
        joining, syncing = self.joining, self.syncing
        self.joining = self.syncing = None
        if joining is not None:
            joining(Joined(code=code, member_id=self.id))
        if syncing is not None:
            syncing(Synced(code=code))
