"""Small forms beside the great one: what a person says of themselves, and where to move a lost place."""

from typing import Final

from bot.core.looks import Preferred
from bot.core.timing import clock
from bot.render import inputs
from bot.render.inputs import ask, option
from bot.render.message import Block
from bot.render.pieces import section

PREFER: Final = "preferences"
"""callback_ids."""
MOVE: Final = "move"

AUTO: Final = "auto"
"""The choice of the time zone that Slack knows."""
SINCE: Final = 22 * 60
UNTIL: Final = 7 * 60


def preferences_view(said: Preferred) -> Block:
    """What the person has said, to be changed."""
    person = said.person
    quiet = person.quiet
    results = option("Send me the results of what I ask models myself", "yes", "By direct message.")
    held = option("Hold direct messages to me during these hours", "yes", "They come when the hours end.")
    zone = option(person.zone, person.zone) if person.zone else automatic(said.zone)
    return {
        "type": "modal",
        "callback_id": PREFER,
        "title": inputs.plain("Preferences"),
        "submit": inputs.plain("Save"),
        "close": inputs.plain("Cancel"),
        "blocks": [
            ask("results", "My results", inputs.tick("results", results, on=said.results is not None), needed=False),
            ask("quiet", "Quiet hours", inputs.tick("quiet", held, on=quiet is not None), needed=False),
            ask("since", "From", inputs.time("since", clock(quiet.start if quiet else SINCE))),
            ask("until", "Until", inputs.time("until", clock(quiet.end if quiet else UNTIL))),
            ask("zone", "Time zone", inputs.search_one("zone", zone), hint="Type a city: Berlin"),
        ],
    }


def automatic(zone: str) -> Block:
    """The choice to go by Slack."""
    return option(f"As in my Slack profile ({zone})" if zone else "As in my Slack profile", AUTO)


def move_view(shown: str, *, metadata: str) -> Block:
    """Ask where the subscriptions of a place are to lead; `shown` names the place."""
    return {
        "type": "modal",
        "callback_id": MOVE,
        "title": inputs.plain("Move"),
        "submit": inputs.plain("Move"),
        "close": inputs.plain("Cancel"),
        "private_metadata": metadata,
        "blocks": [
            section(f"All subscriptions that lead to {shown} will lead elsewhere, and what waits goes along."),
            ask("channel", "To which channel", inputs.conversation("channel", "")),
        ],
    }
