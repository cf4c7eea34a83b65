"""Every Redis key of an installation. The namespace stands in braces: one Redis Cluster slot holds them all."""

from dataclasses import dataclass

from bot.core.delivery import DeliveryId, Lane
from bot.core.destination import DestinationId
from bot.core.event import EventKey


@dataclass(frozen=True, slots=True)
class Keys:
    """Names for one installation; two installations with different namespaces may share a Redis."""

    namespace: str = "tidings"

    @property
    def prefix(self) -> str:
        """What every key begins with."""
        return f"{{{self.namespace}}}:"

    @property
    def epoch(self) -> str:
        """STRING: the server's run id and something random, written when the state was last checked.

        Another run id means that the server was restarted since; no epoch, that it was wiped.
        """
        return f"{self.prefix}epoch"

    @property
    def recovering(self) -> str:
        """STRING with an expiry: who checks or rebuilds the state now."""
        return f"{self.prefix}recovering"

    @property
    def pulse(self) -> str:
        """STRING: when a lane was last leased or settled: after a restart, up to when Redis remembers."""
        return f"{self.prefix}pulse"

    @property
    def quiet(self) -> str:
        """STRING with an expiry: the time before which nothing in doubt is looked for: it may still be on its way."""
        return f"{self.prefix}quiet"

    @property
    def reread(self) -> str:
        """HASH: topic/partition → end:since. Records below `end` may have been delivered before Redis forgot them."""
        return f"{self.prefix}reread"

    @property
    def parked(self) -> str:
        """SET: ids of waiting deliveries that are in the journal, or are just being written to it."""
        return f"{self.prefix}parked"

    @property
    def unparked(self) -> str:
        """SET: ids of settled deliveries that have to leave the journal."""
        return f"{self.prefix}unparked"

    @property
    def watermarks(self) -> str:
        """HASH: topic/partition → the next offset to read."""
        return f"{self.prefix}watermarks"

    def unsettled(self, topic: str, partition: int) -> str:
        """ZSET: delivery id → offset, of the partition's unsettled deliveries."""
        return f"{self.prefix}unsettled:{topic}/{partition}"

    def event(self, key: EventKey) -> str:
        """HASH: an event's body and how many of its deliveries are unsettled."""
        return f"{self.prefix}event:{key}"

    def delivery(self, delivery: DeliveryId) -> str:
        """HASH while a delivery waits; STRING with an expiry once it is settled, so that it is never made again.

        Fields: those of begin.lua, u topic/partition whose unsettled set has it ('' for none), l its lane.
        """
        return f"{self.prefix}delivery:{delivery}"

    def asked(self, delivery: DeliveryId) -> str:
        """HASH with an expiry: a delivery that waits beside its lane for somebody to click "Show it"."""
        return f"{self.prefix}asked:{delivery}"

    def lane(self, lane: Lane) -> str:
        """LIST: delivery ids, oldest first."""
        return f"{self.prefix}lane:{lane}"

    def lease(self, lane: Lane) -> str:
        """HASH: who holds the lane, and with which fencing token."""
        return f"{self.prefix}lease:{lane}"

    @property
    def due(self) -> str:
        """ZSET: lane → when it may next send, of lanes with deliveries that nobody holds."""
        return f"{self.prefix}due"

    @property
    def leased(self) -> str:
        """ZSET: lane → when its lease expires."""
        return f"{self.prefix}leased"

    @property
    def fence(self) -> str:
        """STRING: the last fencing token given out."""
        return f"{self.prefix}fence"

    @property
    def cool(self) -> str:
        """HASH: scope (a workspace, or a workspace's method) → the time before which nothing is sent in it."""
        return f"{self.prefix}cool"

    @property
    def paused(self) -> str:
        """HASH: destination id, or installation → why it is paused."""
        return f"{self.prefix}paused"

    @property
    def destinations(self) -> str:
        """HASH: destination id → the destination as JSON, for every destination with deliveries."""
        return f"{self.prefix}destinations"

    @property
    def waiting(self) -> str:
        """STRING: number of deliveries in the outbox."""
        return f"{self.prefix}waiting"

    def pace(self, place: DestinationId) -> str:
        """STRING: the time before which none of a destination's lanes may send; expires then."""
        return f"{self.prefix}pace:{place}"

    @property
    def holders(self) -> str:
        """HASH: destination id → the one of its lanes that is held, where they have to take turns."""
        return f"{self.prefix}holders"

    def line(self, place: DestinationId) -> str:
        """ZSET: lane → since when it waits for its turn at the destination, where they have to take turns."""
        return f"{self.prefix}line:{place}"

    def thread(self, place: DestinationId, thread: str) -> str:
        """STRING with an expiry: the ts of the message under which what belongs together is shown."""
        return f"{self.prefix}thread:{place}:{thread}"

    def summary(self, lane: Lane) -> str:
        """HASH with an expiry: the summary of a lane's backlog that lives: see tell.lua."""
        return f"{self.prefix}summary:{lane}"

    def list(self, name: str, part: str = "") -> str:
        """HASH, or a part: `rows`, `order` or `inside`; with an expiry: what a summary tells; see tell.lua."""
        return f"{self.prefix}list:{name}{part and f':{part}'}"

    def card(self, place: DestinationId, card: str) -> str:
        """STRING with an expiry: where an inference is shown in a place, and how far, as JSON; see cards.py."""
        return f"{self.prefix}card:{place}:{card}"

    def listing(self, team: str) -> str:
        """STRING with an expiry: whether a list of a workspace's channels was begun, or read, a moment ago."""
        return f"{self.prefix}listing:{team}"

    def audience(self, team: str, channel: str) -> str:
        """STRING with an expiry: who reads in a channel, and since when that is known."""
        return f"{self.prefix}audience:{team}/{channel}"

    def budget(self, team: str, method: str) -> str:
        """HASH with an expiry: when a workspace takes the next call of a method, see budget.lua."""
        return f"{self.prefix}budget:{team}/{method}"

    def spent(self, team: str, method: str) -> str:
        """LIST with an expiry: when the last calls of a method were made in a workspace, see budget.lua."""
        return f"{self.prefix}spent:{team}/{method}"

    def queue(self, team: str, channel: str, method: str) -> str:
        """HASH with an expiry: who waits to call a method for a channel, see reserve.lua."""
        return f"{self.prefix}queue:{team}/{channel}/{method}"

    def ready(self, team: str, channel: str) -> str:
        """STRING with an expiry: when a channel takes another message."""
        return f"{self.prefix}ready:{team}/{channel}"

    @property
    def learned(self) -> str:
        """HASH: workspace/method → the share of its full rate that is taken, where that is less than all."""
        return f"{self.prefix}learned"

    @property
    def wake(self) -> str:
        """Pub/sub channel: a lane became due at once. A hint; workers also look by themselves."""
        return f"{self.prefix}wake"

    @property
    def subscriptions(self) -> str:
        """HASH: subscription id → the subscription as JSON."""
        return f"{self.prefix}subscriptions"

    @property
    def subscriptions_version(self) -> str:
        """STRING: a number that grows with every change to the subscriptions; append refuses an older one."""
        return f"{self.prefix}subscriptions:version"

    @property
    def subscriptions_unwritten(self) -> str:
        """HASH: subscription id → its version, of changes that the journal has not seen yet."""
        return f"{self.prefix}subscriptions:unwritten"

    def subscriptions_of(self, team: str, user: str) -> str:
        """SET: ids of the subscriptions that a person owns."""
        return f"{self.prefix}subscriptions:of:{team}/{user}"

    def subscriptions_at(self, destination: DestinationId) -> str:
        """SET: ids of the subscriptions that lead to a destination."""
        return f"{self.prefix}subscriptions:at:{destination}"

    def registered(self, kind: str) -> str:
        """HASH: id → what is registered of a kind, see registry.py."""
        return f"{self.prefix}registry:{kind}"

    @property
    def registry_version(self) -> str:
        """STRING: a number that grows with every change to the registry."""
        return f"{self.prefix}registry-version"

    @property
    def registry_unwritten(self) -> str:
        """HASH: kind/id → its version, of changes that the journal has not seen yet."""
        return f"{self.prefix}registry-unwritten"

    def rotating(self, installation: str) -> str:
        """STRING with an expiry: who changes the token of a Slack installation just now."""
        return f"{self.prefix}rotating:{installation}"

    def oauth_state(self, state: str) -> str:
        """STRING with an expiry: which browser began an installation with this state, hashed."""
        return f"{self.prefix}oauth:{state}"

    def seen(self, request: str) -> str:
        """STRING with an expiry: this request from Slack was received already."""
        return f"{self.prefix}seen:{request}"

    @property
    def inbox(self) -> str:
        """ZSET: request → when it was received, of those that are not done."""
        return f"{self.prefix}inbox"

    @property
    def inbox_owners(self) -> str:
        """ZSET: process that has requests → when its lease expires."""
        return f"{self.prefix}inbox:owners"

    def request(self, request: str) -> str:
        """HASH with an expiry: b payload, o owner, a noted answer, s '1' once it is being sent, t takeovers."""
        return f"{self.prefix}request:{request}"

    @property
    def audit(self) -> str:
        """STREAM: who changed what, when, before and after."""
        return f"{self.prefix}audit"

    def opinion(self, about: str) -> str:
        """STRING with an expiry: a person's last word on an inference: `up` or `down`, a colon, and when."""
        return f"{self.prefix}opinion:{about}"

    @property
    def orphans(self) -> str:
        """HASH: a lost place, or `owner/<team>/<user>` → who was told what about it, as JSON."""
        return f"{self.prefix}orphans"

    def fallen(self, team: str) -> str:
        """LIST with an expiry: a workspace's last dead letters in short, the newest first, as JSON."""
        return f"{self.prefix}fallen:{team}"

    def turn(self, name: str) -> str:
        """STRING with an expiry: the process whose turn it is at something that one does for all."""
        return f"{self.prefix}turn:{name}"
