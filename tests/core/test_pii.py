import re
import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.pii import CARD, EMAIL, IBAN, KEY, PERSONAL_ID, PHONE, mask, mask_json

PROSE = st.sampled_from([" ", ", ", "\n", "(", ") ", ": ", " – ", "| ", '"', "* ", "`", ". ", " word "])  # noqa: RUF001 - a dash


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ana@acme.com", EMAIL),
        ("Ana <ana.b+x@mail.acme.co.uk>.", f"Ana <{EMAIL}>."),
        (r"ana\_b@acme.com: hello", f"{EMAIL}: hello"),
        ("[mail](mailto:ana@acme.com)", f"[mail](mailto:{EMAIL})"),
        ("https://x.example/?q=ana%40acme.com&z=1", f"https://x.example/?q={EMAIL}&z=1"),
        ("münchen@exämple.de", EMAIL),
        ("call +49 (0)30 901820-11 now", f"call {PHONE} now"),
        ("0049 30 901820", PHONE),
        ("+14155552671", PHONE),
        ("(212) 555-0123", PHONE),
        ("212-555-0123, 1-800-555-0123", f"{PHONE}, {PHONE}"),
        ("030 901820-11", PHONE),
        ("0171/1234567", PHONE),
        ("06 12 34 56 78", PHONE),
        ("020 7946 0958", PHONE),
        ("4111 1111 1111 1111", CARD),
        ("card 4111-1111-1111-1111.", f"card {CARD}."),
        ("3782 822463 10005", CARD),
        ("DE89 3704 0044 0532 0130 00 BIC", f"{IBAN} BIC"),
        ("gb29nwbk60161331926819", IBAN),
        ("078-05-1120", PERSONAL_ID),
        ("AB 12 34 56 C", PERSONAL_ID),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", KEY),
        ("sk-ant-api03-abcdefghijklmnopqrst", KEY),
        ("AKIAIOSFODNN7EXAMPLE", KEY),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3", KEY),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end", f"{KEY} end"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", KEY),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("xoxb-123-456-abc", "xoxb-…"),
        ("https://x.example/?api_key=hunter2", "https://x.example/?api_key=…"),
        ("redis://:hunter2@host", "redis://…@host"),
    ],
)
def test_personal_data_and_secrets_are_masked(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4 v2.10.3 192.168.0.1:8080 10.0.0.0/8 pkg@1.2.3 ana@localhost @ana foo@",
        "2026-11-23 2026-11-23T10:00:00+01:00 23.11.2026 01/02/2026 01-02-2026 10:30 10:00-12:00 00:01:02",
        "550e8400-e29b-41d4-a716-446655440000 00000000-0000-4000-8000-000000000000",
        "e6cf55f1b2 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 sha256:0123456789",
        "| 100 | 200 | 3000 | 1,234,567.89 | $1,000.00 | 100 200 300 400 500 600",
        "+1.23456789 +12.5% -0.00012 1e-05 3.14159265358979323846264338327950288 0x0012345678",
        "1234567890 1700000000000 1763899200000000000 0012345678 007 0800 AI2026",
        "4111 1111 1111 1112 4111111111111112 DE89370400440532013001 XX89370400440532013000 DE89 3704",
        "000-12-3456 666-12-3456 912-12-3456 123-00-3456 123-45-0000 BG123456C",
        "order 20261123-0001 ISBN 978-3-16-148410-0 inf-4711 [1] (2024) 2024-2025 score 0.93 p99 1200ms",
        "sk-learn-pipelines-are-good-enough eyJust.a.word ghp_short",
        "bullish, ghosts, asian eyjafjallajokull",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text) == text


def _luhn_digit(digits: str) -> str:
    """The check digit, by trying each: ISO/IEC 7812-1 as a sum from the right."""
    table = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    for last in string.digits:
        whole = [int(digit) for digit in digits + last]
        odd = sum(whole[-1::-2])
        if (odd + sum(table[digit] for digit in whole[-2::-2])) % 10 == 0:
            return last
    raise AssertionError


def _iban(country: str, bban: str) -> str:
    """The IBAN, its check digits computed as ISO 13616-1 says: 98 less the remainder."""
    number = "".join(str(int(letter, 36)) for letter in f"{bban}{country}00")
    return f"{country}{98 - int(number) % 97:02}{bban}"


def _grouped(text: str, by: str) -> str:
    return by.join(re.findall(".{1,4}", text))


WORD = st.text(string.ascii_letters + string.digits + "._+-", min_size=1, max_size=20)
LABEL = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)
EMAILS = st.builds(
    lambda local, host, top: f"{local}@{host}.{top}", WORD, LABEL, st.sampled_from(["com", "de", "example", "co.uk"])
)
CALLS = st.builds(
    lambda country, groups, by: f"+{country}{by}{by.join(groups)}",
    st.integers(1, 999),
    st.lists(st.text(string.digits, min_size=2, max_size=3), min_size=3, max_size=4),
    st.sampled_from([" ", "-", "", "/"]),
).filter(lambda text: 9 <= sum(map(str.isdigit, text)) <= 15)


@given(
    st.sampled_from([("DE", 18), ("FR", 23), ("NL", 14), ("NO", 11), ("MT", 27)]),
    st.text(string.digits, min_size=27, max_size=27),
    st.sampled_from(["", " "]),
    PROSE,
    PROSE,
)
def test_no_iban_is_left(of: tuple[str, int], account: str, by: str, before: str, after: str) -> None:
    country, length = of
    iban = _grouped(_iban(country, account[:length]), by)
    assert mask(f"{before}{iban}{after}") == f"{before}{IBAN}{after}"


@given(
    st.sampled_from(["4", "51", "2221", "6011"]),
    st.text(string.digits, min_size=15, max_size=15),
    st.sampled_from(["", " ", "-"]),
    PROSE,
    PROSE,
)
def test_no_card_is_left(head: str, rest: str, by: str, before: str, after: str) -> None:
    number = (head + rest)[:15]
    card = _grouped(number + _luhn_digit(number), by)
    assert mask(f"{before}{card}{after}") == f"{before}{CARD}{after}"
    wrong = _grouped(number + str((int(_luhn_digit(number)) + 1) % 10), by)
    assert CARD not in mask(f"{before}{wrong}{after}")


@given(EMAILS, PROSE, PROSE)
def test_no_address_is_left(address: str, before: str, after: str) -> None:
    assert mask(f"{before}{address}{after}") == f"{before}{EMAIL}{after}"


@given(CALLS, PROSE, PROSE)
def test_no_international_number_is_left(number: str, before: str, after: str) -> None:
    assert mask(f"{before}{number}{after}") == f"{before}{PHONE}{after}"


PIECES = st.lists(
    st.text(max_size=8)
    | PROSE
    | EMAILS
    | CALLS
    | st.text("0123456789 -./()+@eyJ.sk_%40", max_size=30)
    | st.sampled_from(["4111 1111 1111 1111", "DE89370400440532013000", "078-05-1120", "bearer x", "xoxb-1", "?key=1"]),
    max_size=12,
).map("".join)


@given(PIECES)
def test_to_mask_twice_is_to_mask_once_and_nothing_grows_much(text: str) -> None:
    once = mask(text)
    assert mask(once) == once
    masks = len(re.findall("[«…]", once))
    assert len(once) <= len(text) + 4 * masks


def test_every_text_of_json_is_masked_names_too_and_none_is_lost() -> None:
    value: Any = {"ana@acme.com": ["ben@acme.com", {"x": "y"}], "cy@acme.com": 1, f"{EMAIL} 2": None, "n": 4.5}
    assert mask_json(value) == {
        EMAIL: [EMAIL, {"x": "y"}],
        f"{EMAIL} 2": 1,
        f"{EMAIL} 2 2": None,
        "n": 4.5,
    }
    assert mask_json(4111111111111111) == CARD
    assert mask_json(4111111111111112) == 4111111111111112
    assert mask_json([1700000000000, -4111111111111111]) == [1700000000000, -4111111111111111]


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
NAMES = st.text(max_size=9) | EMAILS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12)


@given(VALUES)
def test_json_keeps_its_shape(value: Any) -> None:
    def shape(of: Any) -> Any:
        match of:
            case dict():
                return [shape(one) for one in of.values()]
            case list():
                return [shape(one) for one in of]
            case _:
                return None

    assert shape(mask_json(value)) == shape(value)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "a@", "a@a.", "+1", "1 ", "1", "01 ", "DE89 ", "eyJa", "eyJaaaaaa.", "bearer ", "%40", "?", "?token"),
        *("-----BEGIN PRIVATE KEY-----", "4111-", "sk-", "(212) ", "://", "http", "\\", "é@é.", "&a", "+1 (", "00"),
    ],
)
def test_it_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def spent(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            mask(text)
            best = min(best, time.process_time() - begun)
        return best

    # A square would take 64 times as long.
    assert spent(80_000) <= 24 * max(spent(10_000), 0.000_2)
