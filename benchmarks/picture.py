"""``docs/report.png``: the top of the report that ``make demo`` writes, for README.md.

    make demo && python -m benchmarks.picture

Needs Chromium on the path.
"""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = ROOT / "runs" / "demo" / "report.html", ROOT / "docs" / "report.png"
WIDTH, LAST, COLOURS = 1200, "#gap", 240
"""Pixels; the last section that is seen; as many colours as keep the lines smooth."""


def main() -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(PAGE.as_uri())
        end = page.locator(LAST).bounding_box()
        assert end is not None
        shown = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
        browser.close()
    top = shown.crop((0, 0, WIDTH, round(end["y"] + end["height"])))
    top.quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
