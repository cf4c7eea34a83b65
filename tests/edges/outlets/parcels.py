"""Parcels to send in the tests of the outlets."""

from dataclasses import replace

from bot.core.cloudevent import encode
from bot.core.delivery import Delivery, DeliveryId, Outcome, Partly, delivery_id
from bot.core.destination import Destination, destination_id
from bot.core.event import Event
from bot.core.progress import Progress
from bot.ports.outlet import Item, Outlet, Parcel
from tests.core.examples import event


def item(destination: Destination, said: Event, *, doubt: int | None = None) -> Item:
    """A delivery of the event to the destination."""
    place = destination_id(destination)
    delivery = Delivery(
        id=delivery_id(said.key, place), event=said.key, destination=place, appended=1_782_907_200_000, doubt=doubt
    )
    return Item(delivery=delivery, body=encode(said))


def parcel(destination: Destination, *events: Event, doubt: int | None = None) -> Parcel:
    """A run of events (the example, if none is given) for the destination, all in doubt or none."""
    said = events or (event(),)
    return Parcel(destination=destination, items=tuple(item(destination, each, doubt=doubt) for each in said))


def ids(of: Parcel) -> list[DeliveryId]:
    """The ids of the parcel's deliveries."""
    return [each.delivery.id for each in of.items]


def gone_on(sent: Parcel, progress: Progress, *, doubt: int | None = None) -> Parcel:
    """The same delivery in its next attempt."""
    (one,) = sent.items
    return replace(sent, items=(replace(one, delivery=replace(one.delivery, progress=progress, doubt=doubt)),))


async def told(outlet: Outlet, sent: Parcel) -> list[Outcome]:
    """The outcomes of as many attempts as the delivery takes."""
    outcomes = [await outlet.send(sent)]
    while isinstance(last := outcomes[-1], Partly):
        assert len(outcomes) < 100, "it ends"
        outcomes.append(await outlet.send(gone_on(sent, last.progress)))
    return outcomes
