"""The page that shows the pictures."""

from collections.abc import Sequence

from tests.gallery.cases import Case

_HEAD = """# Gallery

What people see. Each picture is one result (or one burst of them) that went through the whole service: published to
Kafka, routed, rendered, posted to the sandbox, and photographed in its page. `python -m tests.gallery` takes them anew.

Ten of the answers are real ones: GPT-4's to questions of [MT-Bench and Vicuna-Bench](https://github.com/lm-sys/FastChat)
(Apache-2.0). The others are written as models and services write them, to show one thing each.
"""


def page(cases: Sequence[Case]) -> str:
    """The page in Markdown."""
    parts = [f"## {case.title}\n\n{case.sees}\n\n![{case.title}](images/gallery/{case.name}.png)\n" for case in cases]
    return "\n".join([_HEAD, *parts])
