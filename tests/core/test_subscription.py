from hypothesis import given
from hypothesis import strategies as st

from bot.core.subscription import ALPHABET, IDS, read_id, subscription_id


@given(st.integers(0, IDS - 1))
def test_an_id_is_the_number_in_base_32_with_six_digits(number: int) -> None:
    name = subscription_id(number)
    assert len(name) == 6
    assert sum(ALPHABET.index(digit) * 32**place for place, digit in enumerate(reversed(name))) == number


@given(st.integers(0, IDS - 1))
def test_an_id_is_read_in_capitals_and_with_look_alikes(number: int) -> None:
    name = subscription_id(number)
    assert read_id(f" {name[:3].upper()}-{name[3:]}") == name
    assert read_id(name.replace("1", "l").replace("0", "O")) == name
    assert read_id(name.replace("1", "I").replace("0", "o")) == name


def test_the_ends_of_the_range() -> None:
    assert (subscription_id(0), subscription_id(IDS - 1)) == ("000000", "zzzzzz")
