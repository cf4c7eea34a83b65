"""`python -m tests.gallery`: plays thirty results through the whole service and takes a picture of each.

Kafka, Redis, the sandbox and `tidings run` are started for it; what is photographed is the sandbox's page in Chromium.
Writes docs/gallery.md and docs/images/gallery/.
"""

import argparse
import asyncio
import shutil
from pathlib import Path

from consumers.docs import ROOT
from tests.gallery.camera import camera
from tests.gallery.cases import Case, cases, read_answers
from tests.gallery.page import page
from tests.gallery.stage import stage


async def _take(wanted: list[Case], folder: Path) -> None:
    async with stage() as made, camera(made.workspace) as taken:
        for case in wanted:
            parent = await made.play(case)
            await taken.picture(case, parent, folder / f"{case.name}.png")
            print(case.name, flush=True)  # noqa: T201 - it takes minutes


def main() -> None:
    """Take the pictures, of all cases or of those named, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases to photograph anew; all of them by default")
    parser.add_argument("--answers", type=Path, default=ROOT.parent / "shared/data/llm_answers.jsonl")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs/images/gallery")
    options = parser.parse_args()
    everything = cases(read_answers(options.answers))
    wanted = [case for case in everything if not options.names or case.name in options.names]
    if not options.names:
        shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_take(wanted, options.folder))
    (ROOT / "docs/gallery.md").write_text(page(everything), encoding="utf-8")


if __name__ == "__main__":
    main()
