"""What is said around an installation: the pages that a browser is shown, and the greeting of who installed the app."""

from dataclasses import dataclass
from html import escape
from typing import Final

from bot.render.message import Message
from bot.render.mrkdwn import code
from bot.render.pieces import rows, section
from bot.render.usage import COMMAND

STYLE: Final = """
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; box-sizing: border-box;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; background: #ebe8e1; color: #1c1f24 }
main { max-width: 34rem; box-sizing: border-box; width: 100%; padding: 2rem; border-radius: 12px; background: #fff;
  border: 1px solid #e5e2db }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
p { margin: .75rem 0; overflow-wrap: anywhere }
code { font: .9em ui-monospace, Menlo, Consolas, monospace; background: #f6f4ef; padding: .1em .35em;
  border-radius: 4px }
a.button { display: inline-block; margin-top: 1rem; padding: .6rem 1.2rem; border-radius: 8px; text-decoration: none;
  background: #0b6b66; color: #fff; font-weight: 600 }
a.button:hover { background: #08544f }
a.button:focus-visible { outline: 3px solid #0b5cad; outline-offset: 2px }
@media (prefers-color-scheme: dark) {
  body { background: #101214; color: #e9e7e2 }
  main { background: #191c20; border-color: #2d3137 }
  code { background: #14171a }
  a.button { background: #5fcdc1; color: #05302c }
  a.button:hover { background: #82dcd2 }
  a.button:focus-visible { outline-color: #86bdf8 }
}
"""
"""The one style sheet; the page may use it because its hash is told in the page's policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page with a heading, paragraphs of plain text (`…` in backticks is code), and at most one way on."""

    title: str
    says: tuple[str, ...]
    label: str = ""
    link: str = ""


def html(page: Page) -> str:
    """The page as a browser takes it. Whatever it says is escaped."""
    paragraphs = "\n".join(f"<p>{_paragraph(text)}</p>" for text in page.says)
    way_on = f'\n<p><a class="button" href="{escape(page.link)}">{escape(page.label)}</a></p>' if page.link else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)} · Tidings</title>\n<style>{STYLE}</style></head>\n"
        f"<body><main>\n<h1>{escape(page.title)}</h1>\n{paragraphs}{way_on}\n</main></body></html>\n"
    )


def _paragraph(text: str) -> str:
    parts = text.split("`")
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))


def offer(link: str) -> Page:
    """Offer to install the app."""
    says = (
        "Tidings tells Slack channels and people when an AI inference is done, failed, or needs a look.",
        "Slack shows next what it asks for, and lets you choose the workspace.",
    )
    return Page(title="Add Tidings to Slack", says=says, label="Add to Slack", link=link)


def installed(name: str) -> Page:
    """It worked."""
    says = (
        f"Go to Slack and type `{COMMAND} subscribe status:failed` in a channel to be told there what fails.",
        f"In a private channel type `/invite @Tidings` first. `{COMMAND} help` tells the rest.",
    )
    return Page(title=f"Tidings is in {name or 'your workspace'}", says=says)


def installed_in_organisation(name: str, link: str) -> Page:
    """It worked for an organisation; it is in no workspace before an admin adds it."""
    says = (
        "Now choose the workspaces it may work in: an organisation's app is in none of them at first.",
        f"There, `{COMMAND} subscribe status:failed` in a channel begins.",
    )
    title = f"Tidings is in {name or 'your organisation'}"
    return Page(title=title, says=says, label="Choose workspaces", link=link)


def denied(again: str) -> Page:
    """Somebody said no on Slack's page."""
    says = ("You, or Slack, said no; nothing was installed and nothing was changed.",)
    return Page(title="Not installed", says=says, label="Start again", link=again)


def stale(again: str) -> Page:
    """The state is unknown, used up, or another browser's."""
    says = (
        "This link works once, for ten minutes, and in the browser that began. Nothing was installed.",
        "If you came from a link that someone sent you, that is why.",
    )
    return Page(title="This link no longer works", says=says, label="Start again", link=again)


def not_allowed(place: str) -> Page:
    """The workspace is not one of those that may."""
    says = (
        "Whoever runs this Tidings has not listed your workspace. Nothing was kept, and the token was given back.",
        f"Ask them to add `{place}` to `TIDINGS_SLACK_TEAMS`, and begin again.",
    )
    return Page(title="This workspace may not install Tidings", says=says)


def away(again: str) -> Page:
    """Slack, or what we need to remember it, does not answer."""
    says = ("Slack, or a part of Tidings, does not answer just now. Nothing was installed; try again in a minute.",)
    return Page(title="Try again in a minute", says=says, label="Start again", link=again)


def misconfigured(again: str) -> Page:
    """Slack knows this app otherwise than the settings do."""
    says = (
        "Slack does not accept how this Tidings introduces itself. Nothing was installed.",
        "Whoever runs it finds the reason in its log.",
    )
    return Page(title="Tidings is not set up right", says=says, label="Start again", link=again)


def greeting() -> Message:
    """Tell the installer what comes next, in a direct message."""
    text = "Thank you for installing Tidings. I can tell channels and people when an AI inference is done."
    pairs = (
        (f"{COMMAND} subscribe status:failed", "in a channel: be told there what fails"),
        (f"{COMMAND} subscribe model:fraud-* to me", "be told yourself, in a direct message"),
        (f"{COMMAND} help", "the rest"),
    )
    begin = f"Try {code(pairs[0][0])} in a channel."
    return Message(text=f"{text} {begin}", blocks=(section(text), rows(pairs)))
