"""The form in which people subscribe and edit: what is filled in, and what that comes to.

The filter is one: the pickers hold its plainest terms (models, statuses, tags), a line of text holds the rest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from bot.core.destination import Destination, SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.errors import FilterError
from bot.core.event import Status
from bot.core.filters import Filter, parse
from bot.core.subscription import Doubt, Showing, Style, Subscription, SubscriptionId, Threading, occasions
from bot.core.terms import OneOf, Pattern, Term
from bot.core.timing import Digest, Every, Quiet

LONGEST_CHOICE: Final = 150
"""Characters of a picker's value that Slack takes; what is longer stays in the text."""
MOST_CHOICES: Final = 100

_GROUP: Final = re.compile(r"S[A-Z0-9]{1,30}")

PICKED: Final = ("model", "status", "tag")
"""Fields with a picker of their own, in the order in which they are written."""


class Where(StrEnum):
    """Where results are to go."""

    KEEP = "keep"
    """Where the edited subscription leads now."""
    HERE = "here"
    CHANNEL = "channel"
    ME = "me"
    PERSON = "person"
    GROUP = "group"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All that is filled in, as it is; nothing of it need make sense.

    `models`, `statuses` and `tags` are patterns as a filter writes them, `rest` the filter's other terms as typed;
    `mention_on` are statuses; `at`, `since` and `until` are minutes of the day; `digest` is None for each result as it
    comes, `show` None for what is usual in the place. `confirmed`: post to a channel that is shared with another
    organisation.
    """

    where: Where = Where.HERE
    channel: str = ""
    person: str = ""
    group: str = ""
    url: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    rest: str = ""
    mention: str = ""
    mention_on: tuple[str, ...] = ()
    digest: Every | None = None
    at: int = 9 * 60
    quiet: bool = False
    since: int = 22 * 60
    until: int = 7 * 60
    thread: Threading = Threading.OFF
    doubt: Doubt = Doubt.REPEAT
    show: Showing | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds a form and is not filled in.

    `team` and `user` are who fills it in and `here` where; `edited` is what is changed, and `seen` its fingerprint when
    the form was filled; `group` is a user group that is mentioned, which no picker can show; `home` is what the
    Home tab showed from which the form was opened, if it was.
    """

    team: str
    user: str
    here: Destination | None = None
    edited: SubscriptionId | None = None
    group: str = ""
    home: str | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a form comes to."""

    filter: Filter
    destination: Target
    style: Style


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, by the form's field."""

    by_field: Mapping[str, str]


Reading: TypeAlias = Wish | Faults


def fill(wanted: Filter, style: Style, form: Form) -> Form:
    """Put a filter and a style into a form, whatever was filled in there."""
    picked: dict[str, tuple[str, ...]] = {}
    rest: list[Term] = []
    for term in wanted.terms:
        match term:
            case OneOf(field=name, patterns=patterns) if name in PICKED and name not in picked and _choosable(term):
                picked[name] = tuple(map(str, patterns))
            case _:
                rest.append(term)
    digest, quiet = style.digest, style.quiet
    return Form(
        where=form.where,
        channel=form.channel,
        person=form.person,
        group=form.group,
        url=form.url,
        models=picked.get("model", ()),
        statuses=picked.get("status", ()),
        tags=picked.get("tag", ()),
        rest=" ".join(map(str, rest)),
        mention="" if _is_group(style.mention) else style.mention or "",
        mention_on=style.mention_on,
        digest=digest.every if digest else None,
        at=digest.at if digest else form.at,
        quiet=quiet is not None,
        since=quiet.start if quiet else form.since,
        until=quiet.end if quiet else form.until,
        thread=style.thread,
        doubt=style.doubt,
        show=style.show,
    )


def called_group(style: Style) -> str:
    """The user group that a style mentions, or nothing."""
    return (style.mention or "") if _is_group(style.mention) else ""


def read_filter(form: Form, *, former: Filter | None = None) -> Filter:
    """The filter of pickers and text together. Raises FilterError, whose text is the line of text where it is at fault.

    One of the same terms as the `former` is the former: the order in which terms were typed stays.
    """
    parse(form.rest)
    picked = [f"{name}:{','.join(values)}" for name, values in _picked(form) if values]
    wanted = parse(" ".join([*picked, form.rest]))
    return former if former is not None and set(former.terms) == set(wanted.terms) else wanted


def target(form: Form, setting: Setting, edited: Subscription | None) -> Target | None:
    """Where the form says that results go; None where it does not say. Whether they can is not judged here."""
    team = setting.team
    match form.where:
        case Where.KEEP:
            return edited.destination if edited else setting.here
        case Where.HERE:
            return setting.here
        case Where.CHANNEL:
            return SlackChannel(team=team, channel=form.channel) if form.channel else None
        case Where.ME:
            return SlackPerson(team=team, user=setting.user)
        case Where.PERSON:
            return SlackPerson(team=team, user=form.person) if form.person else None
        case Where.GROUP:
            return SlackGroup(team=team, group=group_id(form.group)) if group_id(form.group) else None
        case Where.WEBHOOK:
            return Webhook(team=team, url=form.url.strip()) if form.url.strip() else None


def read(form: Form, setting: Setting, edited: Subscription | None) -> Reading:
    """What the form comes to, or what is wrong with it, all at once."""
    faults: dict[str, str] = {}
    place = target(form, setting, edited)
    if place is None:
        faults[_PLACE_FIELDS.get(form.where, "where")] = _NO_PLACE[form.where]
    wanted = None
    try:
        wanted = read_filter(form, former=edited.filter if edited else None)
    except FilterError as error:
        faults["rest"] = sentence(error)
    if takes_hours(form.where, place) and form.quiet and form.since == form.until:
        faults["until"] = "Quiet hours that end where they begin would last for ever; pause the subscription instead."
    if faults or place is None or wanted is None:
        return Faults(faults)
    return Wish(filter=wanted, destination=place, style=_style(form, setting, place))


def sentence(error: FilterError) -> str:
    """A mistake said where no caret can be drawn."""
    at = error.text[error.position :][:20].split(" ")[0]
    message = f"{error.message[:1].upper()}{error.message[1:]}"
    return f"{message}{'' if message.endswith('?') else '.'}{f' It begins at “{at}”.' if at else ''}"


def place_field(where: Where) -> str:
    """The field in which the place stands."""
    return _PLACE_FIELDS.get(where, "where")


def takes_hours(where: Where, place: Target | None) -> bool:
    """Whether mentions, digests and quiet hours mean something there: a webhook takes all as it comes."""
    return where is not Where.WEBHOOK and not isinstance(place, Webhook)


def takes_threads(where: Where, place: Target | None) -> bool:
    """Whether there are threads there."""
    return where is Where.CHANNEL or isinstance(place, SlackChannel)


def group_id(text: str) -> str:
    """A user group's id as somebody typed or pasted it: `S024BE7LR`, or as Slack writes a mention; else nothing."""
    found = text.strip().removeprefix("<!subteam^").partition("|")[0].rstrip(">")
    return found if _GROUP.fullmatch(found) else ""


def _style(form: Form, setting: Setting, place: Target) -> Style:
    if not takes_hours(form.where, place):
        return Style(show=form.show)
    threads = takes_threads(form.where, place)
    mention = form.mention or setting.group or None
    return Style(
        mention=mention,
        mention_on=occasions(form.mention_on) if mention else (),
        doubt=form.doubt,
        digest=_digest(form),
        quiet=Quiet(start=form.since, end=form.until) if form.quiet else None,
        thread=form.thread if threads or isinstance(place, SlackThread) else Threading.OFF,
        show=form.show,
    )


def _digest(form: Form) -> Digest | None:
    if form.digest is None:
        return None
    return Digest(every=form.digest, at=form.at) if form.digest is Every.DAY else Digest(every=form.digest)


def _picked(form: Form) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("model", form.models), ("status", form.statuses), ("tag", form.tags))


def _choosable(term: OneOf) -> bool:
    if len(term.patterns) > MOST_CHOICES:
        return False
    if term.field == "status":
        return all(str(pattern) in tuple(Status) for pattern in term.patterns)
    return all(_fits(pattern) for pattern in term.patterns)


def _fits(pattern: Pattern) -> bool:
    return 0 < len(str(pattern)) <= LONGEST_CHOICE


def _is_group(mention: str | None) -> bool:
    return mention is not None and mention.startswith("S")


_PLACE_FIELDS: Final[Mapping[Where, str]] = {
    Where.CHANNEL: "channel",
    Where.PERSON: "person",
    Where.GROUP: "group",
    Where.WEBHOOK: "url",
}
_NO_PLACE: Final[Mapping[Where, str]] = {
    Where.KEEP: "Choose where results go.",
    Where.HERE: "Choose where results go.",
    Where.ME: "Choose where results go.",
    Where.CHANNEL: "Choose a channel.",
    Where.PERSON: "Choose a person.",
    Where.GROUP: "Paste the group's ID, which begins with S; in Slack: the group, its menu, Copy group ID.",
    Where.WEBHOOK: "Paste the URL of your endpoint; it begins with https://.",
}
