"""JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and what administrators ask about groups."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Final, TypeVar

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.family import Caller, Table, code_of
from consumers.embedded.broker.coordinator import Coordinator
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.group import Group
from consumers.embedded.broker.member import Join, Joined, Synced
from consumers.embedded.broker.shape import BYTES, INT16, INT32, STRING, Body, field, throttle
from consumers.embedded.broker.wire import Api

JOIN_GROUP: Final = Api(
    key=11,
    versions=(0, 5),
    request=(
        field("group_id", STRING),
        field("session_timeout_ms", INT32),
        field("rebalance_timeout_ms", INT32, 1),
        field("member_id", STRING),
        field("group_instance_id", STRING, 5, nullable=True),
        field("protocol_type", STRING),
        field("protocols", (field("name", STRING), field("metadata", BYTES))),
    ),
    response=(
        throttle(2),
        field("error_code", INT16),
        field("generation_id", INT32),
        field("protocol_name", STRING),
        field("leader", STRING),
        field("member_id", STRING),
        field(
            "members",
            (
                field("member_id", STRING),
                field("group_instance_id", STRING, 5, nullable=True),
                field("metadata", BYTES),
            ),
        ),
    ),
)

SYNC_GROUP: Final = Api(
    key=14,
    versions=(0, 3),
    request=(
        field("group_id", STRING),
        field("generation_id", INT32),
        field("member_id", STRING),
        field("group_instance_id", STRING, 3, nullable=True),
        field("assignments", (field("member_id", STRING), field("assignment", BYTES))),
    ),
    response=(throttle(1), field("error_code", INT16), field("assignment", BYTES)),
)

HEARTBEAT: Final = Api(
    key=12,
    versions=(0, 3),
    request=(
        field("group_id", STRING),
        field("generation_id", INT32),
        field("member_id", STRING),
        field("group_instance_id", STRING, 3, nullable=True),
    ),
    response=(throttle(1), field("error_code", INT16)),
)

LEAVE_GROUP: Final = Api(
    key=13,
    versions=(0, 3),
    request=(
        field("group_id", STRING),
        field("member_id", STRING, until=2),
        field("members", (field("member_id", STRING), field("group_instance_id", STRING, nullable=True)), 3),
    ),
    response=(
        throttle(1),
        field("error_code", INT16, default=Code.NONE),
        field(
            "members",
            (field("member_id", STRING), field("group_instance_id", STRING, nullable=True), field("error_code", INT16)),
            3,
        ),
    ),
)

DESCRIBE_GROUPS: Final = Api(
    key=15,
    versions=(0, 2),  # aiokafka 0.14 reads the answer of version 3 with the fields of version 2
    request=(field("groups", Array(STRING)),),
    response=(
        throttle(1),
        field(
            "groups",
            (
                field("error_code", INT16, default=Code.NONE),
                field("group_id", STRING),
                field("state", STRING, default="Dead"),
                field("protocol_type", STRING, default=""),
                field("protocol", STRING, default=""),
                field(
                    "members",
                    (
                        field("member_id", STRING),
                        field("client_id", STRING),
                        field("client_host", STRING),
                        field("metadata", BYTES),
                        field("assignment", BYTES),
                    ),
                    default=(),
                ),
            ),
        ),
    ),
)

LIST_GROUPS: Final = Api(
    key=16,
    versions=(0, 2),
    request=(),
    response=(
        throttle(1),
        field("error_code", INT16, default=Code.NONE),
        field("groups", (field("group_id", STRING), field("protocol_type", STRING))),
    ),
)

DELETE_GROUPS: Final = Api(
    key=42,
    versions=(0, 1),
    request=(field("groups", Array(STRING)),),
    response=(throttle(0), field("results", (field("group_id", STRING), field("error_code", INT16)))),
)

_Answer = TypeVar("_Answer")


class GroupCalls:
    """Membership. Waiting for the others is done by the connection that asked, as in Kafka."""

    def __init__(self, coordinator: Coordinator, *, clock: Callable[[], int], steady_clock: Callable[[], int]) -> None:
        self._coordinator = coordinator
        self._clock = clock
        self._steady = steady_clock

    def table(self) -> Table:
        """List what is answered here."""
        return {
            JOIN_GROUP: self.join,
            SYNC_GROUP: self.sync,
            HEARTBEAT: self.heartbeat,
            LEAVE_GROUP: self.leave,
            DESCRIBE_GROUPS: self.describe,
            LIST_GROUPS: self.list_groups,
            DELETE_GROUPS: self.delete,
        }

    async def join(self, body: Body, caller: Caller) -> Body:
        """Become a member; answered when all have joined."""
        session = body["session_timeout_ms"]
        ask = Join(
            member_id=body["member_id"],
            instance_id=body["group_instance_id"],
            fresh_id=f"{body['group_instance_id'] or caller.client_id}-{uuid.uuid4()}",
            id_first=caller.version >= 4,  # noqa: PLR2004 - the version of KIP-394
            client_id=caller.client_id,
            client_host=caller.host,
            session_timeout_ms=session,
            rebalance_timeout_ms=session if body["rebalance_timeout_ms"] is None else body["rebalance_timeout_ms"],
            protocol_type=body["protocol_type"],
            protocols={one["name"]: one["metadata"] for one in body["protocols"]},
        )
        answer: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()
        try:
            self._coordinator.group(body["group_id"]).join(ask, self._steady(), _once(answer))
        except Refused as refusal:
            answer.set_result(Joined(code=refusal.code, member_id=ask.member_id))
        joined = await answer
        return {
            "error_code": joined.code,
            "generation_id": joined.generation,
            "protocol_name": joined.protocol,
            "leader": joined.leader,
            "member_id": joined.member_id,
            "members": [
                {"member_id": member_id, "group_instance_id": instance_id, "metadata": metadata}
                for member_id, instance_id, metadata in joined.members
            ],
        }

    async def sync(self, body: Body, _: Caller) -> Body:
        """Get one's assignment; answered when the leader has brought it."""
        answer: asyncio.Future[Synced] = asyncio.get_running_loop().create_future()
        group = self._group(body)
        if group is None:
            return {"error_code": Code.UNKNOWN_MEMBER_ID, "assignment": b""}
        group.sync(
            body["member_id"],
            body["group_instance_id"],
            body["generation_id"],
            {one["member_id"]: one["assignment"] for one in body["assignments"]},
            self._steady(),
            _once(answer),
        )
        self._coordinator.save(now=self._clock())
        synced = await answer
        return {"error_code": synced.code, "assignment": synced.assignment}

    async def heartbeat(self, body: Body, _: Caller) -> Body:
        """Note that a member is alive."""
        group = self._group(body)
        if group is None:
            return {"error_code": Code.UNKNOWN_MEMBER_ID}
        member_id, instance_id, generation = (
            body["member_id"],
            body["group_instance_id"],
            body["generation_id"],
        )
        return {"error_code": group.heartbeat(member_id, instance_id, generation, self._steady())}

    async def leave(self, body: Body, caller: Caller) -> Body:
        """Take members out of a group; from version 3 on several at once (KIP-345)."""
        leaving = body["members"] or [{"member_id": body["member_id"], "group_instance_id": None}]
        group = self._group(body)
        codes = [
            Code.UNKNOWN_MEMBER_ID
            if group is None
            else group.leave(one["member_id"], one["group_instance_id"], self._steady())
            for one in leaving
        ]
        self._coordinator.save(now=self._clock())
        if caller.version < 3:  # noqa: PLR2004 - the version of KIP-345
            return {"error_code": codes[0], "members": []}
        return {"members": [{**one, "error_code": code} for one, code in zip(leaving, codes, strict=True)]}

    def _group(self, body: Body) -> Group | None:
        return self._coordinator.known(body["group_id"])

    async def describe(self, body: Body, _: Caller) -> Body:
        """Tell of groups and their members."""
        return {"groups": [self._described(group_id) for group_id in body["groups"]]}

    def _described(self, group_id: str) -> Body:
        group = self._coordinator.known(group_id)
        if group is None:
            return {"group_id": group_id}
        return {
            "group_id": group_id,
            "state": group.state,
            "protocol_type": group.protocol_type,
            "protocol": group.protocol,
            "members": [
                {
                    "member_id": member.id,
                    "client_id": member.client_id,
                    "client_host": member.client_host,
                    "metadata": member.protocols.get(group.protocol, b""),
                    "assignment": member.assignment,
                }
                for member in group.members.values()
            ],
        }

    async def list_groups(self, _: Body, __: Caller) -> Body:
        """Name all groups."""
        groups = [self._coordinator.group(group_id) for group_id in self._coordinator.ids()]
        return {"groups": [{"group_id": group.id, "protocol_type": group.protocol_type} for group in groups]}

    async def delete(self, body: Body, _: Caller) -> Body:
        """Forget groups without members (KIP-229)."""

        def deleted(group_id: str) -> Code:
            return code_of(lambda: self._coordinator.delete(group_id, now=self._clock()))

        return {"results": [{"group_id": group_id, "error_code": deleted(group_id)} for group_id in body["groups"]]}


def _once(answer: "asyncio.Future[_Answer]") -> Callable[[_Answer], None]:
    """Fulfil a future unless its connection is gone."""

    def reply(value: _Answer) -> None:
        if not answer.done():
            answer.set_result(value)

    return reply
