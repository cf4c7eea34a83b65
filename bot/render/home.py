"""The App Home: what a person sees when they open Tidings in the sidebar."""

from bot.core.answers import Answer, Listing
from bot.render.message import Block
from bot.render.mrkdwn import code
from bot.render.pieces import context, divider, header, section
from bot.render.replies import halted, reply, row
from bot.render.usage import COMMAND, DESCRIPTION

SHOWN = 40
"""Subscriptions on the page: a view has at most 100 blocks, and nobody scrolls further."""


def home(listing: Listing, *, news: Answer | None = None) -> Block:
    """The view: the person's subscriptions, each with a button; `news` is what their last click came to."""
    blocks: list[Block] = [header("Tidings"), section(f"{DESCRIPTION}, in the channel or message where you want it.")]
    if news is not None:
        blocks += [context(reply(news).text), divider()]
    many = listing.subscriptions
    if not many:
        blocks += [section("*You have no subscriptions yet.*"), _start()]
    else:
        blocks += [section(f"*Your subscriptions*  ·  {len(many)}"), *halted(listing), divider()]
        blocks += [row(one, listing=listing) for one in many[:SHOWN]]
        if len(many) > SHOWN:
            blocks.append(context(f"{len(many) - SHOWN} more: type {code(f'{COMMAND} list')}"))
        blocks += [divider(), _start()]
    return {"type": "home", "blocks": blocks}


def _start() -> Block:
    example = code(f"{COMMAND} subscribe model:fraud-* status:failed")
    return section(f"In any channel, type {example} to be told there, or add {code('to me')} for a direct message.")
