"""Who may read an event's content, as far as a message decides it."""

from bot.core.event import Event, Sensitivity


def may_read(event: Event, reader: str | None) -> bool:
    """Whether the content of the event is shown to this reader: a person's Slack id, or None for a whole channel.

    Public and internal content is shown everywhere, confidential content in direct messages only, restricted content
    to its requester only. Status, model and figures are shown to all.
    """
    match event.sensitivity:
        case Sensitivity.PUBLIC | Sensitivity.INTERNAL:
            return True
        case Sensitivity.CONFIDENTIAL:
            return reader is not None
        case Sensitivity.RESTRICTED:
            return reader is not None and event.requester is not None and event.requester.slack_id == reader


def withheld(event: Event) -> str:
    """What is said in the content's place."""
    who = "its requester" if event.sensitivity is Sensitivity.RESTRICTED else "people, in direct messages"
    return f"Content withheld: {event.sensitivity}, shown only to {who}."
