import pytest

from bot.core.hosts import leads_to

OURS = ("*.acme.example", "github.com")


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.acme.example/x?y=1",
        "http://a.b.acme.example:8080/",
        "HTTPS://GitHub.com/x",
        "https://github.com./x",
        "mailto:ana@github.com",
        "mailto:ana@Mail.ACME.example",
    ],
)
def test_a_listed_host_is_led_to(url: str) -> None:
    assert leads_to(url, OURS)
    assert leads_to(url, ("*",))
    assert not leads_to(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example/",
        "https://evilacme.example/",
        "https://github.com.evil.example/",
        "https://github.com@evil.example/",
        "https://evil.example/#github.com",
        "https://evil.example/?@github.com",
        "https:github.com",
        "//github.com/x",
        "javascript:github.com",
        "ftp://github.com/x",
        "https://[::1/x",
        "mailto:ana@github.com,eve@evil.example",
        "mailto:eve@evil.example?cc=ana@github.com",
        "mailto:ana@github.com?body=x",
        "mailto:github.com",
        "",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not leads_to(url, OURS)
