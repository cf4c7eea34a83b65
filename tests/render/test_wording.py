import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.destination import SlackChannel, SlackPerson, SlackThread, Webhook
from bot.core.filters import MAX_LENGTH, parse
from bot.render.mrkdwn import code, escape, host, place
from bot.render.wording import in_words


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "every event"),
        ("model:fraud-*", "events whose model is «fraud-*»"),
        ("status:failed,needs_review", "events whose status is «failed» or «needs_review»"),
        ("env:a,b,c", "events whose environment is «a», «b» or «c»"),
        ("-tag:test", "events whose tag is not «test»"),
        ("-status:failed,running", "events whose status is none of «failed» or «running»"),
        ("confidence<0.8", "events whose confidence is below «0.8»"),
        ("confidence<=0.8", "events whose confidence is at most «0.8»"),
        ("latency>2m", "events whose latency is above «120s»"),
        ("cost>=0.10", "events whose cost is at least «0.1»"),
        ("tokens=4000", "events whose tokens is exactly «4000»"),
        ("-confidence<0.8", "events whose confidence is not below «0.8» or not known"),
        ("label.team:risk", "events whose label «team» is «risk»"),
        ("user:<@U0123456>", "events whose requester is «U0123456»"),
        ('"charge back"', "events whose text contains «charge back»"),
        ('-"test"', "events whose text does not contain «test»"),
        (
            'model:fraud-* status:failed -tag:test "x"',
            "events whose model is «fraud-*», status is «failed», tag is not «test» and text contains «x»",
        ),
    ],
)
def test_a_filter_in_words(wanted: str, said: str) -> None:
    assert in_words(parse(wanted), lambda value: f"«{value}»") == said


VALUES = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and "\\" not in text and '"' not in text)


@given(VALUES)
def test_no_value_gets_out_of_its_quotes(value: str) -> None:
    try:
        wanted = parse(f'"{value}"')
    except Exception:  # noqa: BLE001 (what can't be parsed is never said)
        return
    said = in_words(wanted, code)
    inside = said.removeprefix("events whose text contains `").removesuffix("`")
    assert "`" not in inside
    assert "<" not in inside
    assert "\n" not in inside


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a<b>&c", "a&lt;b&gt;&amp;c"), ("<!channel>", "&lt;!channel&gt;"), ("&lt;", "&amp;lt;"), ("*b*", "*b*")],
)
def test_escaping_leaves_no_control_sequence(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_code_is_one_line_without_a_backtick() -> None:
    assert code("a`b\nc<") == "`a\N{MODIFIER LETTER GRAVE ACCENT}b c&lt;`"


def test_places() -> None:
    assert place(SlackChannel(team="T", channel="C1")) == "<#C1>"
    assert place(SlackThread(team="T", channel="C1", thread="1.2")) == "a thread in <#C1>"
    assert place(SlackPerson(team="T", user="U1")) == "<@U1>"
    assert place(Webhook(team="T", url="https://a.example/s3cret")) == "the webhook at `a.example`"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example", "a.example"),
        ("https://a.example:8443/x", "a.example:8443"),
        ("https://a.example?key=s3cret", "a.example"),
        ("https://a.example#s3cret", "a.example"),
        ("https://user:s3cret@a.example/x", "a.example"),
        ("nonsense", "?"),
    ],
)
def test_of_a_url_only_the_host_is_shown(url: str, shown: str) -> None:
    assert host(url) == shown


def test_the_longest_filter_is_said() -> None:
    values = ",".join("x" * 8 for _ in range(MAX_LENGTH // 9 - 1))
    assert in_words(parse(f"model:{values}"), str)
