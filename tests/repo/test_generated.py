"""Files that come from the code must be what the code says now: `make docs` writes them anew."""

import pytest

from consumers import docs


@pytest.mark.parametrize("name", docs.FILES)
def test_the_file_is_current(name: str) -> None:
    assert name not in docs.write(dry=True), f"{name} is stale: run `make docs`"


def test_a_stale_file_is_found_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "FILES", {"made.txt": lambda: "now"})
    assert docs.write(dry=True) == ["made.txt"]
    assert docs.write() == ["made.txt"]
    assert docs.write() == []
