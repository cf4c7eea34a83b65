"""The page's files themselves: complete, without a build step, and with no way for data to become markup."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "bot" / "sandbox" / "page"
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser"
    r"|createContextualFragment|setHTMLUnsafe"
    r"|\beval\(|new Function|\bvar \w+ =|window\.\w+ ="
)
MODULES = sorted(PAGE.glob("*.js"))


def test_every_module_is_loaded_and_every_file_that_is_named_exists() -> None:
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'"/page/([^"]+)"', index))
    assert named == {path.name for path in PAGE.iterdir() if path.name != "index.html"}
    for path in MODULES:
        for target in re.findall(r'from "\./([^"]+)"', path.read_text(encoding="utf-8")):
            assert (PAGE / target).is_file(), f"{path.name} imports {target}"


def test_the_document_has_nothing_that_a_strict_content_policy_refuses() -> None:
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    policy = re.search(r'content="(default-src[^"]+)"', index)
    assert policy is not None
    assert "unsafe" not in policy.group(1)
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", index) == []
    assert re.findall(r"https?://(?!www\.w3\.org)", index) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_says_what_lives_in_it_and_never_turns_text_into_markup(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.startswith("// ")
    code = re.sub(r"^\s*(//|\*|/\*).*$", "", source, flags=re.MULTILINE).replace(
        '"innerHTML", "outerHTML", "srcdoc"', ""
    )
    assert SINKS.findall(code) == []
