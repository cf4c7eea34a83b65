"""The generated files of a source checkout, and whether they are current."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot import settings
from bot.core.asyncapi import asyncapi
from bot.core.schema import event_schema
from bot.render import permissions
from bot.slack.manifest import manifest
from bot.web.api.openapi import openapi

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- settings: generated -->", "<!-- settings: end -->"

FILES: Mapping[str, Callable[[], str]] = {
    "docs/event.schema.json": event_schema,
    "docs/asyncapi.yaml": asyncapi,
    "docs/openapi.json": openapi,
    "docs/permissions.md": permissions.page,
    ".env.example": settings.example,
    "manifest.yml": lambda: manifest(socket_mode=False),
    "README.md": lambda: _readme((ROOT / "README.md").read_text(encoding="utf-8")),
}


def write(*, dry: bool = False) -> list[str]:
    """Write what is stale and return its paths; write nothing with `dry`."""
    changed = []
    for name, generate in FILES.items():
        path, text = ROOT / name, generate()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if not dry:
                path.write_text(text, encoding="utf-8")
    return changed


def _readme(text: str) -> str:
    """The README with its settings table anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{settings.table()}\n{END}{after}"
