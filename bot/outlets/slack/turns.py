"""Whose turn it is to say something in Slack: asked just before each call, and told what Slack said to it."""

import structlog

from bot.core.delivery import Failed, Outcome, Paced, Scope, Throttled
from bot.core.errors import UnavailableError
from bot.outlets.slack.call import Call
from bot.ports.budgets import Beyond, Budgets, Expense, Go, Later
from bot.ports.outlet import Parcel

log = structlog.get_logger()


class Turns:
    """The turns of an outlet's calls; without `budgets` it is always one's turn."""

    def __init__(self, budgets: Budgets | None) -> None:
        self._budgets = budgets

    async def ask(self, call: Call, parcel: Parcel) -> Paced | Failed | None:
        """What becomes of the parcel instead of the call, if it may not be made now. The head of the parcel asks."""
        if self._budgets is None:
            return None
        expense = _expense(call, parcel)
        try:
            if parcel.paid:
                await self._budgets.charge(expense)
                return None
            turn = await self._budgets.reserve(expense, holder=parcel.items[0].delivery.id)
        except UnavailableError as error:
            return Failed(reason=f"could not tell whether it may be sent now: {error}")
        match turn:
            case Go():
                return None
            case Later(until=until) | Beyond(until=until):
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
    return Expense(team=parcel.destination.team, channel=call.channel, method=call.method)
