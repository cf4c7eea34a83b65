"""Parcels to send in the tests of the outlets."""

from bot.core.cloudevent import encode
from bot.core.delivery import Delivery, DeliveryId, delivery_id
from bot.core.destination import Destination, destination_id
from bot.core.event import Event
from bot.ports.outlet import Item, Parcel
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
