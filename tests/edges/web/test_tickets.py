from bot.web.tickets import LIFETIME_SECONDS, LocalTickets


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_ticket_is_good_once() -> None:
    tickets = LocalTickets()
    ticket = await tickets.issue()
    assert await tickets.redeem(ticket)
    assert not await tickets.redeem(ticket)


async def test_a_ticket_is_good_for_half_a_minute() -> None:
    clock = Clock()
    tickets = LocalTickets(clock=clock)
    early, late = await tickets.issue(), await tickets.issue()
    clock.now += LIFETIME_SECONDS - 0.001
    assert await tickets.redeem(early)
    clock.now += 0.001
    assert not await tickets.redeem(late)


async def test_a_made_up_ticket_is_worthless() -> None:
    tickets = LocalTickets()
    await tickets.issue()
    assert not await tickets.redeem("")
    assert not await tickets.redeem("\udcff")


async def test_tickets_that_are_never_used_do_not_pile_up() -> None:
    clock = Clock()
    tickets = LocalTickets(clock=clock, capacity=3)
    first = await tickets.issue()
    others = [await tickets.issue() for _ in range(3)]
    assert len(tickets._good_until) == 3
    assert not await tickets.redeem(first)
    assert await tickets.redeem(others[0])
    clock.now += LIFETIME_SECONDS
    for _ in range(5):
        await tickets.issue()
        assert len(tickets._good_until) <= 3
