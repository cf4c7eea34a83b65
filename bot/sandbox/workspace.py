"""The workspace's state and its rules: who may read, write, join. No I/O; the clock is handed in.

Whatever happens is told to ``listeners`` as a value of ``changes``, after it happened.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.changes import Altered, Change, Deleted, Edited, Moved, Posted, Reacted, Regrouped
from bot.sandbox.channel import Channel
from bot.sandbox.ids import Ids
from bot.sandbox.ledger import Ledger
from bot.sandbox.message import Content, Message
from bot.sandbox.people import Person, Usergroup

CHANNEL_NAME = re.compile(r"[\w-]{1,80}")
EPHEMERAL_BOUND = 1_000


class Workspace:
    """People, channels and messages of one workspace."""

    def __init__(
        self,
        *,
        team_id: str,
        name: str,
        domain: str,
        bot: Person,
        clock: Callable[[], float],
        ids: Ids,
        message_bound: int = 5_000,
        ledger_bound: int = 20_000,
    ) -> None:
        self.team_id = team_id
        self.name = name
        self.domain = domain
        self.bot = bot
        self.ids = ids
        self.people: dict[str, Person] = {bot.id: bot}
        self.usergroups: dict[str, Usergroup] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: dict[str, Message] = {}
        self.ledger = Ledger(ledger_bound)
        self.listeners: list[Callable[[Change], None]] = []
        self._clock = clock
        self._message_bound = message_bound
        self._last_micros = 0

    def adopt(self, fresh: "Workspace") -> None:
        """Take over everything of another workspace but its listeners."""
        self.ids, self.people, self.usergroups = fresh.ids, fresh.people, fresh.usergroups
        self.channels, self.ephemerals, self.ledger = fresh.channels, fresh.ephemerals, fresh.ledger

    def tell(self, change: Change) -> None:
        """Let everybody who listens know."""
        for listener in self.listeners:
            listener(change)

    def next_ts(self) -> str:
        """A ts that no message has had: the time, moved on by a microsecond where two would meet."""
        self._last_micros = max(int(self._clock() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    # -- who and where ---------------------------------------------------------------------------------------

    def person(self, user_id: str, *, code: str = "user_not_found") -> Person:
        """The person of that id, or a refusal with ``code``."""
        found = self.people.get(user_id)
        if found is None:
            raise Refusal(code)
        return found

    def first_human(self) -> Person:
        """The person who installed the app, and whom the page plays unless told otherwise."""
        return next(person for person in self.people.values() if not person.is_bot)

    def channel(self, channel_id: str) -> Channel:
        """The channel of that id, or ``channel_not_found``."""
        found = self.channels.get(channel_id)
        if found is None:
            raise Refusal("channel_not_found")
        return found

    def channel_named(self, name: str) -> Channel | None:
        """The channel of that name, if there is one."""
        return next((each for each in self.channels.values() if each.kind != "im" and each.name == name), None)

    def visible(self, channel: Channel, user_id: str) -> bool:
        """Whether the channel exists for this person."""
        return channel.kind == "channel" or user_id in channel.members

    def channel_for(self, channel_id: str, user_id: str) -> Channel:
        """The channel, or ``channel_not_found`` also where the person may not know of it."""
        channel = self.channel(channel_id)
        if not self.visible(channel, user_id):
            raise Refusal("channel_not_found")
        return channel

    def direct(self, user_id: str) -> Channel:
        """The direct message between the app and a person, opened on first use."""
        person = self.person(user_id)
        if person.deleted:
            raise Refusal("user_disabled")
        if person.is_bot:
            raise Refusal("cannot_dm_bot")
        for channel in self.channels.values():
            if channel.kind == "im" and channel.user == user_id:
                return channel
        channel = Channel(
            id=self.ids.make("D"),
            name=person.name,
            kind="im",
            creator=self.bot.id,
            created=int(self._clock()),
            user=user_id,
            members=[self.bot.id, user_id],
            bound=self._message_bound,
        )
        self.channels[channel.id] = channel
        self.tell(Altered(channel=channel, how="opened", user=user_id))
        return channel

    # -- what is said ----------------------------------------------------------------------------------------

    def post(
        self,
        channel: Channel,
        author: Person,
        content: Content,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        **extra: object,
    ) -> Message:
        """Store a message; ``extra`` are further fields of ``Message``."""
        if channel.is_archived:
            raise Refusal("is_archived")
        if thread_ts is not None and thread_ts in channel.messages and channel.messages[thread_ts].is_reply:
            thread_ts = channel.messages[thread_ts].thread_ts  # a reply to a reply joins the same thread
        message = self._draft(channel, author, content, thread_ts, extra)
        if broadcast and message.is_reply:
            message = replace(message, subtype="thread_broadcast")
        channel.keep(message)
        self.ledger.note("post", message, self._clock())
        self.tell(Posted(channel=channel, message=message))
        if thread_ts is not None and (parent := channel.messages.get(thread_ts)) is not None:
            self._count_reply(channel, parent, message)
        return message

    def _count_reply(self, channel: Channel, parent: Message, reply: Message) -> None:
        counted = replace(
            parent,
            thread_ts=parent.ts,
            replies=(*parent.replies, reply.ts),
            reply_users=tuple(dict.fromkeys((*parent.reply_users, reply.user))),
        )
        channel.keep(counted)
        self.tell(Edited(channel=channel, message=counted, content=False))

    def whisper(
        self,
        channel: Channel,
        audience: str,
        content: Content,
        *,
        thread_ts: str | None = None,
        **extra: object,
    ) -> Message:
        """Show an ephemeral message of the app to one person."""
        message = self._draft(channel, self.bot, content, thread_ts, {"audience": audience, **extra})
        self.ephemerals[message.ts] = message
        while len(self.ephemerals) > EPHEMERAL_BOUND:
            del self.ephemerals[next(iter(self.ephemerals))]
        self.ledger.note("ephemeral", message, self._clock())
        self.tell(Posted(channel=channel, message=message))
        return message

    def _draft(self, channel: Channel, author: Person, content: Content, thread_ts: str | None, extra: Json) -> Message:
        return Message(
            ts=self.next_ts(),
            channel=channel.id,
            user=author.id,
            bot_id=author.bot_id,
            content=content,
            thread_ts=thread_ts,
            **extra,
        )

    def edit(self, channel: Channel, message: Message, content: Content) -> Message:
        """Give a message new content, in place."""
        edited = replace(message, content=content, edited_ts=self.next_ts())
        if edited.audience is not None:
            self.ephemerals[edited.ts] = edited
        else:
            channel.keep(edited)
        self.ledger.note("update", edited, self._clock())
        self.tell(Edited(channel=channel, message=edited, content=True))
        return edited

    def erase(self, channel: Channel, message: Message) -> None:
        """Delete a message."""
        if message.audience is not None:
            self.ephemerals.pop(message.ts, None)
        else:
            channel.messages.pop(message.ts, None)
        self.ledger.note("delete", message, self._clock())
        self.tell(Deleted(channel=channel, message=message))

    def react(self, channel: Channel, message: Message, name: str, user_id: str) -> None:
        """Add a reaction, once per person and name."""
        users = message.reactions.get(name, ())
        if user_id in users:
            raise Refusal("already_reacted")
        reacted = replace(message, reactions={**message.reactions, name: (*users, user_id)})
        channel.keep(reacted)
        self.tell(Edited(channel=channel, message=reacted, content=False))
        self.tell(Reacted(channel=channel, message=reacted, name=name, user=user_id))

    # -- channels --------------------------------------------------------------------------------------------

    def create(self, name: str, creator: str, *, is_private: bool = False, topic: str = "") -> Channel:
        """Open a new channel with its creator as the first member."""
        name = name.strip().lower()
        if not name:
            raise Refusal("invalid_name_required")
        if not CHANNEL_NAME.fullmatch(name):
            raise Refusal("invalid_name_maxlength" if len(name) > 80 else "invalid_name_specials")  # noqa: PLR2004 - Slack's limit, see CHANNEL_NAME
        if self.channel_named(name) is not None:
            raise Refusal("name_taken")
        channel = Channel(
            id=self.ids.make("C"),
            name=name,
            kind="private" if is_private else "channel",
            creator=creator,
            created=int(self._clock()),
            topic=topic,
            members=[creator],
            bound=self._message_bound,
        )
        self.channels[channel.id] = channel
        self.tell(Altered(channel=channel, how="created", user=creator))
        return channel

    def join(self, channel: Channel, user_id: str, *, inviter: str | None = None) -> None:
        """Make somebody a member; nothing happens to one who is."""
        if channel.is_archived:
            raise Refusal("is_archived")
        if user_id not in channel.members:
            channel.members.append(user_id)
            self.tell(Moved(channel=channel, user=user_id, joined=True, inviter=inviter))

    def leave(self, channel: Channel, user_id: str) -> None:
        """Take somebody out; nothing happens to one who is not a member."""
        if user_id in channel.members:
            channel.members.remove(user_id)
            self.tell(Moved(channel=channel, user=user_id, joined=False))

    def archive(self, channel: Channel, user_id: str) -> None:
        """Close a channel for writing."""
        if channel.is_archived:
            raise Refusal("already_archived")
        channel.is_archived = True
        self.tell(Altered(channel=channel, how="archived", user=user_id))

    def unarchive(self, channel: Channel, user_id: str) -> None:
        """Open an archived channel again."""
        if not channel.is_archived:
            raise Refusal("not_archived")
        channel.is_archived = False
        self.tell(Altered(channel=channel, how="unarchived", user=user_id))

    def rename(self, channel: Channel, name: str, user_id: str) -> None:
        """Give a channel another name; its id stays."""
        if self.channel_named(name) is not None:
            raise Refusal("name_taken")
        channel.name = name
        self.tell(Altered(channel=channel, how="renamed", user=user_id))

    def delete(self, channel: Channel, user_id: str) -> None:
        """Remove a channel with all that was said in it."""
        del self.channels[channel.id]
        self.tell(Altered(channel=channel, how="deleted", user=user_id))

    def share(self, channel: Channel, user_id: str, *, shared: bool) -> None:
        """Let another organisation into a channel, or out of it."""
        channel.is_ext_shared = shared
        self.tell(Altered(channel=channel, how="shared" if shared else "unshared", user=user_id))

    def renumber(self, channel: Channel, user_id: str) -> None:
        """Give a channel another id, as Slack does when a private channel is shared."""
        former = channel.id
        del self.channels[former]
        channel.id = self.ids.make("C")
        self.channels[channel.id] = channel
        self.tell(Altered(channel=channel, how="renumbered", user=user_id, former=former))

    # -- user groups -----------------------------------------------------------------------------------------

    def regroup(self, group_id: str, members: tuple[str, ...]) -> None:
        """Let others be in a user group."""
        group = self._group(group_id)
        changed = self.usergroups[group_id] = replace(group, members=members)
        joined, left = set(members) - set(group.members), set(group.members) - set(members)
        self.tell(Regrouped(group=changed, joined=tuple(sorted(joined)), left=tuple(sorted(left))))

    def disable(self, group_id: str) -> None:
        """Disable a user group: Slack keeps it, and lists it no more."""
        changed = self.usergroups[group_id] = replace(self._group(group_id), disabled=True)
        self.tell(Regrouped(group=changed))

    def _group(self, group_id: str) -> Usergroup:
        found = self.usergroups.get(group_id)
        if found is None:
            raise Refusal("no_such_subteam")
        return found
