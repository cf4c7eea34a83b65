"""What makes a workspace's subscriptions what a file says: the plan, which is pure, and the doing, by the same acts."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, assert_never

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.answers import (
    Actor,
    Adopted,
    AlreadySubscribed,
    BadPlace,
    Changed,
    NoSuchSubscription,
    Subscribed,
    Unchanged,
    Unsubscribed,
)
from bot.core.errors import TidingsError
from bot.core.permission import Rank
from bot.core.subscription import ALPHABET, Subscription, SubscriptionId
from bot.settings import Settings
from bot.stores.recent import RecentEvents
from bot.wiring.acting import acts
from bot.wiring.installing import team_of
from bot.wiring.stores import Stores
from consumers.archive import KafkaArchive
from consumers.subsfile import Entry, entry_of, same_wish, with_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """It is not there yet."""

    wanted: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """It is there, otherwise; `wanted` has its id and an owner."""

    id: SubscriptionId
    wanted: Entry
    present: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """It is there, just so."""

    present: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """No entry means it."""

    id: SubscriptionId
    present: Entry


Step: TypeAlias = Create | Change | Leave | Remove


class PlanError(TidingsError):
    """A file that can't be carried out; the text says what is missing."""


def plan(
    wanted: Iterable[Entry], present: Mapping[SubscriptionId, Entry], *, now: int, owner: str | None, prune: bool
) -> tuple[Step, ...]:
    """The steps: removals, changes, what is made, what stays.

    What is wanted is what is there if both have the same id, or else the same filter and place. What no entry means is
    removed with `prune`, and else left alone. `owner` owns what is made where its entry names nobody; what is there
    keeps its own. Raises PlanError where nobody is named.
    """
    alike = {same_wish(one): name for name, one in present.items()}
    entries = [_current(one, now) for one in wanted]
    meant = {one.id for one in entries if one.id in present}
    steps: list[Step] = []
    for entry in entries:
        name = entry.id if entry.id in present else alike.get(same_wish(entry))
        if name is None or (name != entry.id and name in meant):
            steps.append(Create(wanted=_owned(entry, owner)))
            continue
        meant.add(name)
        found = present[name]
        after = replace(with_owner(entry, found.owner), id=name)
        same = after.fields() == found.fields()
        steps.append(Leave(present=found) if same else Change(id=name, wanted=after, present=found))
    if prune:
        steps += [Remove(id=name, present=one) for name, one in present.items() if name not in meant]
    return tuple(sorted(steps, key=lambda step: ORDER.index(type(step))))


ORDER: Final = (Remove, Change, Create, Leave)
"""What goes makes room for what comes."""


def shown(step: Step) -> Entry:
    """The subscription to speak of."""
    match step:
        case Create(wanted=one) | Change(wanted=one) | Leave(present=one) | Remove(present=one):
            return one
    assert_never(step)


def changes(step: Step) -> dict[str, tuple[str, str]]:
    """The fields that change, from what to what; empty text for a field that is not there."""
    match step:
        case Change(wanted=wanted, present=present):
            before, after = present.fields(), wanted.fields()
            names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            return {name: (before.get(name, ""), after.get(name, "")) for name in names}
        case _:
            return {}


def _current(one: Entry, now: int) -> Entry:
    """The entry without a rest that is over."""
    over = one.rest is not None and one.rest.until is not None and one.rest.until <= now
    return replace(one, rest=None) if over else one


def _owned(one: Entry, owner: str | None) -> Entry:
    if one.owner is None and owner is None:
        raise PlanError(f"line {one.line}: owner: whose is it? Write owner: U…, or add --owner U…")
    return with_owner(one, owner)


async def present(kept: Stores, team: str) -> dict[SubscriptionId, Entry]:
    """What there is of a workspace. Raises UnavailableError."""
    _, everyone = await kept.subscriptions.snapshot()
    now = kept.clock()
    return {one.id: entry_of(one, now=now) for one in everyone if one.team == team}


async def team_for(settings: Settings, kept: Stores, named: str | None) -> str:
    """The workspace that is meant: the one named, or the only one there is. Raises PlanError."""
    if named is not None:
        return named
    _, everyone = await kept.subscriptions.snapshot()
    teams = {one.team for one in everyone}
    if len(teams) == 1:
        return teams.pop()
    if not teams and settings.slack_bot_token.get_secret_value():
        return await team_of(settings)
    raise PlanError(f"which workspace? add --team T… {', '.join(sorted(teams))}".rstrip())


class Doer:
    """Carries out a plan by the acts, in the owners' names, as an admin. `external` means shared channels, too."""

    def __init__(self, world: World, team: str, *, external: bool = False) -> None:
        self._world = world
        self._actions = Actions(world)
        self._team = team
        self._external = external

    async def do(self, step: Step) -> str | None:
        """Do a step; why it did not work, or None. Raises UnavailableError."""
        match step:
            case Leave():
                return None
            case Remove(id=name, present=one):
                return _failed(await self._actions.unsubscribe(self._actor(one), name))
            case Create(wanted=one):
                return await self._create(one)
            case Change(id=name, wanted=wanted, present=before):
                return await self._change(name, wanted, before)
        assert_never(step)

    async def _create(self, one: Entry) -> str | None:
        actions = self._actions if one.id is None else Actions(replace(self._world, draw=_drawing(one.id)))
        made = await actions.subscribe(
            self._actor(one), wanted=one.filter, destination=one.to, style=one.style, confirmed=self._external
        )
        if not isinstance(made, Subscribed):
            return _failed(made)
        return await self._rest(one, made.subscription)

    async def _change(self, name: SubscriptionId, one: Entry, before: Entry) -> str | None:
        actor = self._actor(one)
        if one.owner != before.owner and (failed := _failed(await self._actions.adopt(actor, [name]))):
            return failed
        answer = await self._actions.edit(
            actor,
            name,
            wanted=one.filter,
            destination=one.to if one.to != before.to else None,
            style=one.style,
            confirmed=self._external,
        )
        if not isinstance(answer, Changed | Unchanged):
            return _failed(answer)
        if one.rest == before.rest:
            return None
        found = await self._actions.see(actor, name)
        return await self._rest(one, found) if isinstance(found, Subscription) else _failed(found)

    async def _rest(self, one: Entry, found: Subscription) -> str | None:
        if one.rest is not None:
            return _failed(await self._actions.hold(self._actor(one), found.id, one.rest.kind, until=one.rest.until))
        return None if found.hold is None else _failed(await self._actions.resume(self._actor(one), found.id))

    def _actor(self, one: Entry) -> Actor:
        return Actor(team=self._team, user=one.owner or "", via="cli", rank=Rank.ADMIN)


@asynccontextmanager
async def doing(settings: Settings, kept: Stores, team: str, *, external: bool) -> AsyncIterator[Doer]:
    """Who carries a plan out."""
    recent = RecentEvents()
    async with acts(settings, kept, recent, KafkaArchive(settings.kafka, settings.topic, recent)) as acting:
        yield Doer(acting.world, team, external=external)


def _failed(answer: Any) -> str | None:
    match answer:
        case Subscribed() | Changed() | Unchanged() | Unsubscribed() | Adopted():
            return None
        case AlreadySubscribed(existing=existing):
            return f"{existing.id} gets just these events there already"
        case BadPlace(problem=problem, detail=detail):
            return f"nothing can be delivered there: {problem}{detail and f', {detail}'}"
        case NoSuchSubscription():
            return "it is gone meanwhile"
        case _:
            return f"it was refused: {type(answer).__name__}"


def _drawing(wanted: SubscriptionId) -> Callable[[int], int]:
    """Dice that fall on this id first, so that a wiped workspace gets back the ids that people know."""
    number = 0
    for digit in wanted:
        number = number * len(ALPHABET) + ALPHABET.index(digit)
    first = [number]
    return lambda size: first.pop() if first else secrets.randbelow(size)
