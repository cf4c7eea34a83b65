"""The filter language: what matches, what its text becomes, and what a mistake is answered with."""

import fnmatch
import re
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.errors import FilterError
from bot.core.event import Event, Model, Requester, Status, Usage
from bot.core.filters import MAX_LENGTH, MAX_TERMS, Filter, parse
from bot.core.folding import fold
from bot.core.terms import Pattern
from bot.core.typed import guarded, plain
from tests.core.examples import event
from tests.core.strategies import FILTERS, MEETINGS, TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "model:fraud-detector",
        "model:FRAUD-*",
        "model:*detector",
        "model:f*d*t*r",
        "model:risk,fraud-*",
        'model:"fraud-detector"',
        "model:'fraud-detector'",
        "model=fraud-detector",
        "model:*",
        "version:2.*",
        "provider:openai",
        "status:completed",
        "status:failed,completed",
        "status:COMPLETED",
        "status:comp*",
        "status!=failed",
        "type:*.completed",
        "source:/billing/*",
        "user:U024BE7LH",
        "user:u024be7lh",
        "user:@U024BE7LH",
        "user:<@U024BE7LH>",
        "user:<@U024BE7LH|ann>",
        "user:ann@example.com",
        "user:<mailto:ann@example.com|ann@example.com>",
        "user:*@example.com",
        "requester:ann@example.com",
        "session:s-81",
        "inference:i-4711",
        "tag:nightly tag:eu",
        "tags:nightly",
        "label.team:risk",
        "label.TEAM:risk",
        "label.app.kubernetes.io/name:checks",
        "env:prod*",
        "sensitivity:internal",
        "confidence<0.8",
        "confidence<=0.72",
        "confidence>=.72",
        "confidence=0.72",
        "confidence:<0.8",
        "confidence:0.72",
        "confidence&lt;0.8",
        "confidence≤0.8",
        "confidence!=0.8",
        "confidence≠0.8",
        "latency>=2.5s",
        "latency>=2500ms",
        "latency<1m",
        "latency=2.5",
        "cost>0.10",
        "cost&gt;$0.10",
        "cost<1e3",
        "tokens>4000",
        "tokens=4200",
        '"chargeback"',
        '"ORDER 7"',
        "'order 7'",
        "“order 7”",
        "\u2018order 7\u2019",
        '"verdict"',
        '"two cards"',
        '"don\'t match"',
        "'don't match'",
        '"0.5"',
        r'"far\\down"',
        '"said no"',
        "-tag:test",
        "!tag:test",
        "–tag:test",  # noqa: RUF001 - what some phones make of -
        "-confidence>0.8",
        '-"refund"',
        'model:fraud-* status:completed -tag:test "chargeback" confidence<0.8',
    ],
)
def test_these_match_the_example(text: str) -> None:
    assert parse(text).matches(event())


@pytest.mark.parametrize(
    "text",
    [
        "model:fraud",
        "model:raud*",
        "model:*detect",
        "model:risk,gpt-*",
        r"model:fraud\*",
        'model:"fraud-\\*"',
        "model!=fraud-detector",
        "status:failed",
        "-status:completed",
        "status!=completed",
        "user:U1",
        "user:bob@example.com",
        "-user:*",
        "session:s-8",
        "tag:night",
        "tag:nightly -tag:eu",
        "label.team:fraud",
        "label.tier:*",
        "confidence<0.72",
        "confidence>0.72",
        "latency>2500ms",
        "latency<=41ms",
        "latency>0.1m",
        "tokens<4000",
        '"refund"',
        '"Char*back"',
        '-"chargeback"',
        "model:fraud-* status:failed",
    ],
)
def test_these_do_not_match_the_example(text: str) -> None:
    assert not parse(text).matches(event())


@pytest.mark.parametrize("field", ["confidence", "latency", "cost", "tokens"])
def test_a_missing_number_satisfies_no_comparison_and_every_negated_one(field: str) -> None:
    without = event(confidence=None, latency=None, usage=Usage())
    for sign in ("<", "<=", ">", ">=", "="):
        assert not parse(f"{field}{sign}0.5").matches(without)
        assert parse(f"-{field}{sign}0.5").matches(without)


def test_an_event_without_the_field_is_met_by_the_negation_only() -> None:
    bare = event(requester=None, session=None, error=None, title=None, result=None, tags=(), labels={})
    assert not parse("user:* ").matches(bare)
    assert parse('-user:* -session:* -tag:* -label.team:* -"fraud"').matches(bare)


def test_a_requester_without_slack_is_found_by_address() -> None:
    assert parse("user:ann@example.com").matches(event(requester=Requester(email="Ann@Example.com")))


def test_labels_whose_keys_differ_in_case_are_one_field() -> None:
    both = event(labels={"team": "risk", "TEAM": "fraud"})
    assert parse("label.Team:risk label.tEAM:fraud").matches(both)


@pytest.mark.parametrize(("typed", "carried"), [("Straße", "STRASSE"), ("café", "CAFE\u0301"), ("don't", "DON\u2019T")])
def test_letters_compare_as_unicode_says(typed: str, carried: str) -> None:
    assert parse(f'"{typed}" model:"{typed}"').matches(event(title=carried, model=Model(name=carried)))


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("  model:a   tag:b ", "model:a tag:b"),
        ("!tag:x", "-tag:x"),
        ("TAG:x,y", "tag:x,y"),
        ("tag:x,X,x tag:x", "tag:x"),
        ("tag:x tag:X", "tag:x"),
        ("status:NEEDS-review,canceled", "status:needs_review,cancelled"),
        ("status!=failed", "-status:failed"),
        ("-status!=failed", "status:failed"),
        ("confidence:<0.80", "confidence<0.8"),
        ("confidence:1", "confidence=1"),
        ("latency>=150ms", "latency>=0.15s"),
        ("latency>=2m", "latency>=120s"),
        ("cost>$.1", "cost>0.1"),
        ("tokens>=4e3", "tokens>=4000"),
        ("tokens<1e20", "tokens<1e+20"),
        ("user:<@u024be7lh|ann>", "user:U024BE7LH"),
        ("environment:prod", "env:prod"),
        ("label.Team:x", "label.team:x"),
        ("model:“a b”", 'model:"a b"'),
        ("model:'a b'", 'model:"a b"'),
        ("model:'it's'", "model:it's"),
        ('model:"a,b"', 'model:"a,b"'),
        ('model:"=x"', 'model:"=x"'),
        (r"model:a\b\*c**", r"model:a\\b\*c*"),
        ("'say \"hi\"'", '"say \\"hi\\""'),
        ("source:<https://a.b/c|https://a.b/c>", "source:https://a.b/c"),
        ("source:<https://a.b/?x=1&amp;y=2>", "source:https://a.b/?x=1&y=2"),
        ("tag:&amp;lt;", "tag:&amp;lt;"),
        ("tag:\u200bx\u00a0tag:y\ttag:z", "tag:x tag:y tag:z"),
        ("tag:a\ud800b", "tag:a\ufffdb"),
    ],
)
def test_the_canonical_text_is_plain(typed: str, canonical: str) -> None:
    assert str(parse(typed)) == canonical


@given(FILTERS)
def test_parsing_the_canonical_text_gives_an_equal_filter(text: str) -> None:
    parsed = _parsed(text)
    assert parse(str(parsed)) == parsed
    assert str(parse(str(parsed))) == str(parsed)


@given(FILTERS, MEETINGS)
def test_the_canonical_text_matches_what_the_typed_one_matches(text: str, one: Event) -> None:
    parsed = _parsed(text)
    assert parse(str(parsed)).matches(one) == parsed.matches(one)


@given(st.text(max_size=60) | st.text("model:status<>=\"'\\*,-! <@U1|a>&lt;", max_size=60))
def test_any_text_is_a_filter_or_an_error_that_points_into_it(text: str) -> None:
    try:
        parsed = parse(text)
    except FilterError as error:
        mistake = error
    else:
        assert parse(str(parsed)) == parsed
        return
    assert 0 <= mistake.position <= len(mistake.text)
    assert mistake.caret() == f"{mistake.text}\n{' ' * mistake.position}^"
    assert mistake.message


def _parsed(text: str) -> Filter:
    try:
        return parse(text)
    except FilterError as error:
        assume("right after" not in error.message and "between the quotes" not in error.message)
        raise


@given(TEXT)
def test_a_value_in_quotes_finds_itself(text: str) -> None:
    shown = plain(text)
    assume(shown.strip() and fold(shown) == fold(text))  # events keep control characters, typed text has none
    escaped = re.sub(r'([\\"*])', r"\\\1", guarded(shown))
    assert parse(f'tag:"{escaped}"').matches(event(tags=("other", text)))


def test_stars_fit_as_the_standard_librarys_do() -> None:
    values = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]
    for length in range(1, 6):
        for letters in product("ab*", repeat=length):
            pattern = "".join(letters)
            fits = Pattern(parts=tuple(pattern.split("*"))).fits
            assert [value for value in values if fits(value)] == fnmatch.filter(values, pattern)


@pytest.mark.timeout(10)  # matching by backtracking would outlast the universe
def test_a_spiteful_pattern_is_answered_at_once() -> None:
    wanted = parse("model:" + "a*" * 480 + "b*c")
    assert not wanted.matches(event(model=Model(name="a" * 200_000 + "c")))


@pytest.mark.parametrize(
    ("text", "caret", "message"),
    [
        ("confidence:high", 11, "confidence needs a number, got 'high'"),
        ("confidence<high", 11, "confidence needs a number, got 'high'"),
        ("confidence<", 11, "confidence needs a number, e.g. confidence<0.8"),
        ("confidence<7", 11, "confidence is between 0 and 1, got 7"),
        ("confidence>-0.1", 11, "confidence is between 0 and 1, got -0.1"),
        ("confidence<80%", 11, "confidence is between 0 and 1: write 0.8 for 80%"),
        ("confidence<nan", 11, "confidence needs a number, got 'nan'"),
        ("tokens>4,000", 7, "tokens needs a number, got '4,000'"),
        ("tokens>4s", 7, "tokens needs a number, got '4s'"),
        ("latency>5%", 8, "latency needs a number, got '5%'"),
        ("latency>1e308m", 8, "latency needs a smaller number, got '1e308m'"),
        ("cost>\u0661", 5, "cost needs a number, got '\u0661'"),
        (f"cost>{'9x' * 30}", 5, f"cost needs a number, got '{('9x' * 30)[:39]}…'"),
        ("modle:x", 0, "there is no field 'modle'; did you mean model?"),
        ("tag:a enviroment:x", 6, "there is no field 'enviroment'; did you mean env?"),
        (
            "zzz:x",
            0,
            (
                "there is no field 'zzz'; there are model, version, provider, status, type, source, user, session, "
                "inference, tag, env, sensitivity, confidence, latency, cost, tokens and label.KEY"
            ),
        ),
        ("title:x", 0, 'title is searched by text in quotes: "chargeback"'),
        ("label:x", 0, "a label is named by its key: label.team:risk"),
        ("label.:x", 0, "a label is named by its key: label.team:risk"),
        ("labels.team:x", 0, "a label is named by its key: label.team:risk"),
        ("label.t*:x", 0, "label.KEY names one key, without star and comma; label.team:* asks for any value"),
        ("model:", 6, "model needs a value right after the colon, e.g. model:fraud-*"),
        ("model: fraud", 6, "model needs a value right after the colon, e.g. model:fraud-*"),
        ("label.team:", 11, "label.team needs a value right after the colon, e.g. label.team:risk"),
        ("model:a,", 8, "model needs a value right after the comma, e.g. model:fraud-*"),
        ("model:a, b", 8, "model needs a value right after the comma, e.g. model:fraud-*"),
        ('model:""', 6, "model needs a value right after the colon, e.g. model:fraud-*"),
        ('model:"a', 6, 'this quote is never closed; end it with "'),
        ("model:'a", 6, "this quote is never closed; end it with '"),
        ('tag:x "a b', 6, 'this quote is never closed; end it with "'),
        ('tag:x "a\\"', 6, 'this quote is never closed; end it with "'),
        ('""', 0, 'there is nothing between the quotes; write "chargeback" to search for it'),
        ('"a"b', 3, "a blank is missing after the closing quote"),
        ('model:a"b"', 7, "a quote is out of place; put the whole value in quotes"),
        ("model<3", 5, "model holds words and can't be compared with <; write model:fraud-*"),
        ("status:faild", 7, "there is no status 'faild'; did you mean failed?"),
        ("status:failed,eror", 14, "there is no status 'eror'; did you mean failed?"),
        ("status:done", 7, "there is no status 'done'; did you mean completed?"),
        (
            "status:x*",
            7,
            "there is no status 'x*'; there are queued, running, needs_review, completed, failed, cancelled",
        ),
        ("sensitivity:secret", 12, "there is no sensitivity 'secret'; did you mean restricted?"),
        (
            "sensitivity:done",
            12,
            "there is no sensitivity 'done'; there are public, internal, confidential, restricted",
        ),
        ("user:ann", 5, "user needs a Slack person (type @ and pick one) or an e-mail address, got 'ann'"),
        ("user:@", 5, "user needs a Slack person (type @ and pick one) or an e-mail address, got ''"),
        ("user:me", 5, "write your own @name, or your e-mail address, instead of me"),
        ("model:a and tag:b", 8, "a blank already means and: leave this word out"),
        ("status:failed OR status:cancelled", 14, "a comma means or: status:failed,cancelled"),
        ("not tag:test", 0, "write - right before the term, without a blank: -tag:test"),
        ("- tag:test", 0, "- belongs right before a term, without a blank: -tag:test"),
        ("tag:a -", 6, "- belongs right before a term, without a blank: -tag:test"),
        ("confidence", 0, "confidence needs a value, e.g. confidence<0.8"),
        ("failed", 0, "did you mean status:failed?"),
        ("fraud", 0, "put text to search for in quotes, or name its field, e.g. model:fraud-*; got 'fraud'"),
        ("--tag:x", 1, "there is no field '-tag'; did you mean tag?"),
        (":x", 0, "put text to search for in quotes, or name its field, e.g. model:fraud-*; got ':x'"),
        ("x" * 1001, 1000, "a filter has at most 1,000 characters, this one has 1,001"),
        ("tag:x " * 65, 384, "a filter has at most 64 terms, this one has 65"),
        ("tag:" + "\\x" * 490, 984, "a filter has at most 1,000 characters, this one has 1,474"),
    ],
)
def test_a_mistake_is_answered_with_where_and_what_to_type(text: str, caret: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.position, str(caught.value)) == (caret, message)


def test_the_caret_stands_under_what_was_typed_not_under_what_slack_made_of_it() -> None:
    with pytest.raises(FilterError) as caught:
        parse("user:<@U1|ann> cost&gt;much")
    assert caught.value.caret() == "user:@U1 cost>much\n              ^"


def test_limits_are_inclusive() -> None:
    assert len(parse(" ".join(f"tag:{number}" for number in range(MAX_TERMS))).terms) == MAX_TERMS
    assert str(parse(f"tag:{'x' * (MAX_LENGTH - 4)}")) == f"tag:{'x' * (MAX_LENGTH - 4)}"


def test_the_empty_filter_wants_every_event() -> None:
    assert parse("") == Filter()
    assert Filter().matches(event(status=Status.QUEUED))
    assert str(Filter()) == ""


def test_letter_case_makes_no_other_filter() -> None:
    assert parse('model:FRAUD-* "Chargeback"') == parse('model:fraud-* "chargeback"')
    assert hash(parse("model:FRAUD")) == hash(parse("model:fraud"))
    assert parse(r"model:a\*") != parse("model:a*")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("&lt;@U1&gt;", "<@U1>"),
        ("&amp;lt;", "&lt;"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!subteam^S1|@oncall> <!here>", "@oncall @here"),
        ("<mailto:a@b.c|a@b.c> <mailto:a@b.c>", "a@b.c a@b.c"),
        ("<http://example.com|example.com>", "example.com"),
        ("a<b c>d", "a<b c>d"),
    ],
)
def test_slacks_writing_is_undone(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text() | st.text("&amp;lt;<@U|a>", max_size=30))
def test_guarded_text_survives_slacks_writing_being_undone(text: str) -> None:
    shown = plain(text)
    assert plain(guarded(shown)) == shown
