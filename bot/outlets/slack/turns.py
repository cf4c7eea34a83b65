"""Whose turn it is to say something in Slack: asked just before each call, and told what Slack said to it."""

import structlog

from bot.core.delivery import Failed, Outcome, Paced, Scope, Throttled
from bot.core.destination import SlackPerson
from bot.core.errors import UnavailableError
from bot.outlets.slack.call import Call, Update
from bot.outlets.slack.cards import PATIENCE, posted
from bot.ports.budgets import Beyond, Budgets, Expense, Go, Later
from bot.ports.outlet import Parcel

log = structlog.get_logger()


class Turns:
    """The turns of an outlet's calls; without `budgets` it is always one's turn."""

    def __init__(self, budgets: Budgets | None) -> None:
        self._budgets = budgets

    async def ask(self, call: Call, parcel: Parcel) -> Call | Paced | Failed:
        """The call that may be made now, or what becomes of the parcel if none may.

        Its lane asks, and so keeps its turn whatever it has to say by then.

        Where a change of a card would have to wait long, its state is posted instead. A summary's waits: see `instead`.
        """
        if self._budgets is None:
            return call
        patience = PATIENCE if isinstance(call, Update) and call.shows is not None else None
        expense = _expense(call, parcel)
        try:
            if parcel.paid:
                await self._budgets.charge(expense)
                return call
            turn = await self._budgets.reserve(
                expense, holder=parcel.lane or parcel.items[0].delivery.id, patience=patience
            )
        except UnavailableError as error:
            return Failed(reason=f"could not tell whether it may be sent now: {error}")
        match turn, call:
            case Go(), _:
                return call
            case Beyond(), Update():
                return await self.ask(posted(call), parcel)
            case Later(until=until) | Beyond(until=until), _:
                return Paced(until=until)

    async def count(self, call: Call, parcel: Parcel) -> None:
        """Count a call that is made in place of one that came to nothing: it needs no turn of its own."""
        if self._budgets is not None:
            try:
                await self._budgets.charge(_expense(call, parcel))
            except UnavailableError as error:
                log.warning("slack_call_not_counted", method=call.method, why=str(error))

    async def learn(self, call: Call, parcel: Parcel, outcome: Outcome) -> None:
        """Hear what Slack said: where it said no to the method, nobody gets a turn for a while."""
        match outcome:
            case Throttled(scope=Scope.METHOD, after=after) if self._budgets is not None:
                expense = _expense(call, parcel)
                log.warning("slack_said_no", team=expense.team, method=call.method, milliseconds=after)
                try:
                    await self._budgets.cool(expense, after=after)
                except UnavailableError as error:
                    log.warning("slack_no_not_noted", team=expense.team, method=call.method, why=str(error))
            case _:
                pass


def _expense(call: Call, parcel: Parcel) -> Expense:
    """A person's direct messages have two names, theirs and the conversation's: it counts under the first."""
    place = parcel.destination
    channel = place.user if isinstance(place, SlackPerson) else call.channel
    return Expense(team=place.team, channel=channel, method=call.method)
