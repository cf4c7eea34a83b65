"""What may be said instead where Slack refused a call."""

from dataclasses import replace

from bot.outlets.slack.call import Call, Post, Update, Upload
from bot.outlets.slack.errors import Kind
from bot.outlets.slack.web import Said, SlackWeb
from bot.render.doubt import QUESTION_EVENT
from bot.render.message import Message


async def mended(web: SlackWeb, kind: Kind, call: Call) -> Call | None:
    """The call to make instead, after one was refused for this reason; None where nothing would help."""
    match kind, call:
        case Kind.PAYLOAD, Post(plainer=True) | Update(instead=Post(plainer=True)):
            return None
        # A question without its button would be none.
        case Kind.PAYLOAD, Post() | Update() if call.message.blocks and call.metadata["event_type"] != QUESTION_EVENT:
            return replace(call, message=Message(text=call.message.text, blocks=()))
        case Kind.THREAD, Post(thread=str()):
            return replace(call, thread=None, broadcast=False)
        case Kind.THREAD, Upload(thread=str()):
            return replace(call, thread=None)
        case Kind.THREAD_GONE, Post(thread=str(), floats=True) | Upload(thread=str(), floats=True):
            return replace(call, thread=None)
        case Kind.THREAD_GONE, Post(thread=str(), broadcast=True):
            return replace(call, thread=None, broadcast=False)
        case Kind.THREAD_GONE, Post(thread=str(), begins=thread) if thread is not None:
            return replace(call, thread=None)
        case Kind.MEMBERSHIP, Post() | Upload():
            joined = await web.ask(web.api.conversations_join(channel=call.channel, token=call.token))
            return call if isinstance(joined, Said) else None
        case _:
            return None
