"""What is said after a click below a result, to who clicked and nobody else."""

from bot.core.answers import Forgotten, Rated, Resent
from bot.core.destination import SlackPerson
from bot.core.feedback import Rating
from bot.render.message import Message
from bot.render.mrkdwn import place
from bot.render.reply.phrases import said

_THUMBS = {Rating.UP: "👍", Rating.DOWN: "👎"}


def told(answer: Rated | Resent | Forgotten) -> Message:
    """What the click came to."""
    match answer:
        case Rated(rating=rating, anew=True):
            return said(f"Noted: {_THUMBS[rating]}. Thank you; only your last word counts.")
        case Rated(rating=rating):
            return said(f"I have your {_THUMBS[rating]} already.")
        case Resent(place=SlackPerson()):
            return said("It is on its way to you by direct message.")
        case Resent(place=where):
            return said(f"It is on its way to {place(where)} again, at the end of what waits there.")
        case Forgotten():
            return said(
                "I no longer have that result: Kafka keeps results for a while only. The service that made it may."
            )
