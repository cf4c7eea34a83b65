import pytest

from bot.render import install
from bot.render.install import Page, greeting, html

AGAIN = "https://t.example/slack/install?now=1"
PAGES = [
    install.offer(AGAIN),
    install.installed("Larkspur"),
    install.installed(""),
    install.installed_in_organisation("", "https://app.slack.com/x"),
    install.denied(AGAIN),
    install.stale(AGAIN),
    install.not_allowed("T1"),
    install.away(AGAIN),
    install.misconfigured(AGAIN),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_each_page_says_what_happened_and_leads_on_where_there_is_a_way(page: Page) -> None:
    shown = html(page)
    assert shown.startswith("<!DOCTYPE html>")
    assert f"<h1>{page.title}</h1>" in shown
    assert shown.count("<p>") == len(page.says) + bool(page.link)
    assert (f'href="{page.link}"' in shown) is bool(page.link)
    assert "`" not in shown


def test_what_comes_from_elsewhere_is_escaped() -> None:
    shown = html(install.installed('<img src=x onerror="alert(1)">&'))
    assert "<img" not in shown
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;" in shown
    assert "<b>" not in html(install.not_allowed("`<b>`"))
    assert '"><script>' not in html(install.offer('"><script>'))


def test_the_greeting_says_what_to_type() -> None:
    message = greeting()
    assert "/tidings subscribe status:failed" in message.text
    assert "/tidings help" in str(message.blocks)
