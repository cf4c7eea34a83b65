"""Personal data and secrets in strangers' text, masked: what has a shape that can be told from other things.

Rules of this file:
1. A shape is masked only where it is reliable: with a checksum (cards, IBANs), a format of its own (e-mail addresses,
   tokens, phone numbers as people write them), or ranges that are never given out (social security numbers).
2. What looks like it and is not stays: versions, dates, times, UUIDs, hashes, prices, figures in tables.
3. It takes time in proportion to the text: repetitions are bounded or possessive, and begin where a word begins.
4. A mask says what was there, is hardly longer, and is no Markdown.
5. To mask twice is to mask once: nothing begins or ends at a mask.

Not masked: names, postal addresses, IP addresses (versions look the same), personal ids of most countries, phone
numbers written as bare digits, passwords in prose, and anything disguised ("ana at example dot com"). It guards against
accident, not against intent.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from bot.core.event import Json
from bot.core.redaction import redact_text

EMAIL: Final = "«email»"
PHONE: Final = "«phone»"
CARD: Final = "«card»"
IBAN: Final = "«iban»"
PERSONAL_ID: Final = "«id»"
KEY: Final = "«secret»"

# Markdown puts a backslash before an underscore; URLs write %40 for the @.
_EMAIL = re.compile(
    r"(?<![\w».+\\-])[\w.+\\-]++(?:@|%40)(?:[^\W_][\w-]{0,62}\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?![\w«@-])",
    re.IGNORECASE,
)

_SECRETS = (
    # RFC 7468: a private key in PEM, whole or cut off.
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL),
    # RFC 7519: the header and the claims of a JSON Web Token are JSON objects in base64url, which begin so.
    re.compile(r"(?<![\w»-])eyJ[\w-]{5,}+\.eyJ[\w-]{5,}+(?:\.[\w-]*+)?"),
    # GitHub, "About authentication": ghp_, gho_, ghu_, ghs_, ghr_, github_pat_. AWS, "IAM identifiers": AKIA, ASIA.
    # Google API keys: AIza. OpenAI, Anthropic, Stripe: sk-, sk-ant-, sk_live_ and their kin.
    re.compile(
        r"(?<![\w»-])(?:gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|A(?:KIA|SIA)[A-Z0-9]{16}(?!\w)"
        r"|AIza[\w-]{35}(?![\w«-])|sk-(?=[\w-]*\d)[\w-]{20,}+|[sr]k_(?:live|test)_\w{10,}+)"
    ),
)

# ISO 13616-1, the registry's lengths: https://www.swift.com/standards/data-standards/iban-international-bank-account-number
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD FK",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_IBAN = re.compile(r"(?<![\w»-])[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}")

# ISO/IEC 7812-1: 3 to 6 and 2 begin the numbers of payment cards. As they are printed, or in one piece.
_CARD = re.compile(
    r"(?<![\w».-])(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
    r"|3\d{3}([ -])\d{6}\2\d{4,5})(?![\w«-]|\.\d)"
)

# Social security numbers of the US (ssa.gov, "Social Security Number Randomization": 000, 666 and 9xx are never
# assigned) and national insurance numbers of the UK (HMRC, NIM39110).
_PERSONAL_ID = re.compile(
    r"(?<![\w»-])(?:(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}"
    r"|(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])(?![\w«-])"
)

# ITU-T E.164 has 15 digits at most; E.123 tells how they are written: + or 00, country, groups.
_PHONES = (
    re.compile(r"(?<![\w»+./-])\+[1-9](?:[ ./()-]{0,2}\d){7,14}(?:x\d{1,5})?(?![\w«])"),
    re.compile(r"(?<![\w»+./-])00[1-9]\d{0,2}[ /-](?:[ ./()-]{0,2}\d){5,12}(?:x\d{1,5})?(?![\w«])"),
    # North America, as people write it there: (212) 555-0123, 212-555-0123, 1-800-555-0123.
    re.compile(
        r"(?<![\w»+./-])(?:\+?1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2} (?=\d{3}-)|[2-9]\d{2}(?=([.-])\d{3}\1)[.-])"
        r"[2-9]\d{2}[ .-]\d{4}(?![\w«-]|[.,]\d)"
    ),
    # A trunk zero, then at least three groups, or two with a stroke: 030 901820-11, 0171/1234567, 06 12 34 56 78.
    re.compile(r"(?<![\w»+.,:/-])\(?0[1-9]\d{0,3}\)?(?: ?[/-] ?| )\d{2,8}(?:[ -]\d{2,6}){0,4}(?![\w«-]|[.,:/]\d)"),
)
_FRACTION = re.compile(r"\+\d+\.\d+")
_PHONE_DIGITS = range(9, 16)
_LEAST_CARD = 10**12

# What every shape has, cheaply found: most lines have nothing of it, and are not looked at any closer.
_SUSPECT = re.compile(r"@|%40|\d(?:[ ./()-]{0,4}\d){5}")
_LOGGED_MARKS = ("xox", "xapp-", "whsec_", "whsk_", "bearer", "://")
_PARAMETER = re.compile(r"[?&]\w*+=")
_KEY_MARKS = (
    *("private key", "eyj", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "akia", "asia", "aiza"),
    *("sk-", "k_live_", "k_test_"),
)


def mask(text: str) -> str:
    """The text with personal data and secrets masked."""
    lowered = text.lower()
    if any(mark in lowered for mark in _LOGGED_MARKS) or _PARAMETER.search(text):
        text = redact_text(text)
    if any(mark in lowered for mark in _KEY_MARKS):
        for shape in _SECRETS:
            text = shape.sub(KEY, text)
    if not _SUSPECT.search(text):
        return text
    return "".join(_line(one) if _SUSPECT.search(one) else one for one in text.splitlines(keepends=True))


def _line(text: str) -> str:
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(EMAIL, text)
    text = _CARD.sub(_card, _IBAN.sub(_iban, text))
    text = _PERSONAL_ID.sub(PERSONAL_ID, text)
    for shape in _PHONES:
        text = shape.sub(_phone, text)
    return text


def mask_json(value: Json) -> Json:
    """The value with every text of it masked, names too; a card's number may be a number."""
    match value:
        case str():
            return mask(value)
        case list():
            return [mask_json(one) for one in value]
        case dict():
            return {name: mask_json(one) for name, one in zip(_apart(map(mask, value)), value.values(), strict=True)}
        case int() if value >= _LEAST_CARD and _CARD.fullmatch(str(value)):
            return CARD if _luhn(str(value)) else value
        case _:
            return value


def _apart(names: Iterable[str]) -> Iterator[str]:
    """The names, with a number behind those that look like an earlier one once they are masked."""
    seen: set[str] = set()
    times: Counter[str] = Counter()
    for name in names:
        apart = name
        while apart in seen:
            times[name] += 1
            apart = f"{name} {times[name] + 1}"
        seen.add(apart)
        yield apart


def _iban(found: re.Match[str]) -> str:
    """Mask as many letters as the country's IBANs have, where their checksum holds (ISO/IEC 7064, MOD 97-10)."""
    text = found[0]
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [at for at, letter in enumerate(text) if letter != " "][:length]
    if not length or len(places) < length:
        return text
    end = places[-1] + 1
    if text[end : end + 1].isalnum():
        return text
    number = "".join(text[at] for at in places)
    whole = int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4]))
    return IBAN + text[end:] if whole % 97 == 1 else text


def _card(found: re.Match[str]) -> str:
    return CARD if _luhn(found[0]) else found[0]


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(letter) for letter in reversed(text) if letter.isdecimal()]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def _phone(found: re.Match[str]) -> str:
    digits = sum(map(str.isdecimal, found[0]))
    return PHONE if digits in _PHONE_DIGITS and not _FRACTION.fullmatch(found[0]) else found[0]
