import asyncio

import pytest

from bot.slack.directory.remembered import Remembered


async def test_the_oldest_answer_makes_room() -> None:
    asked: list[int] = []

    async def find(number: int) -> int:
        asked.append(number)
        return number

    remembered: Remembered[int, int] = Remembered(lambda: 0.0, seconds=60, most=2)
    for number in (1, 2, 3, 2, 3, 1):
        assert await remembered.ask(number, lambda number=number: find(number)) == number  # type: ignore[misc]
    assert asked == [1, 2, 3, 1]


async def test_who_goes_away_takes_nobodys_answer_along() -> None:
    answer = asyncio.Event()

    async def find() -> str:
        await answer.wait()
        return "found"

    remembered: Remembered[str, str] = Remembered(lambda: 0.0, seconds=60)
    first, second = (asyncio.create_task(remembered.ask("key", find)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    answer.set()
    assert await second == "found"


async def test_a_failure_is_told_to_all_who_wait_and_not_remembered() -> None:
    outcomes: list[Exception | None] = [ValueError("away"), None]

    async def find() -> str:
        await asyncio.sleep(0)
        if (error := outcomes.pop(0)) is not None:
            raise error
        return "found"

    remembered: Remembered[str, str] = Remembered(lambda: 0.0, seconds=60)
    told = await asyncio.gather(*[remembered.ask("key", find) for _ in range(3)], return_exceptions=True)
    assert [str(error) for error in told] == ["away"] * 3
    assert await remembered.ask("key", find) == "found"


async def test_an_answer_that_is_on_its_way_when_something_happens_is_not_remembered() -> None:
    answers = {"before": asyncio.Event(), "after": asyncio.Event()}

    async def find(answer: str) -> str:
        await answers[answer].wait()
        return answer

    remembered: Remembered[str, str] = Remembered(lambda: 0.0, seconds=60)
    early = asyncio.create_task(remembered.ask("key", lambda: find("before")))
    await asyncio.sleep(0)
    remembered.drop("key")
    late = asyncio.create_task(remembered.ask("key", lambda: find("after")))
    answers["after"].set()
    assert await late == "after"
    answers["before"].set()
    assert await early == "before"
    assert await remembered.ask("key", lambda: find("before")) == "after"
