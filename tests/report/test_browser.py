"""The page in a real browser, without a network, on a wide and on a narrow screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gapless.report import render
from gapless.report.terms import NAMES

from . import example
from .hostile import hostile

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'gapless[test]'"
)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(
        BROWSER is None, reason="no chromium on the path: install one, e.g. apt-get install chromium"
    ),
    pytest.mark.slow,
]
FIGURES = ("architecture", "chain", "baseline", "curves", "alpha", "skips", "candidates")
TERM_FIGURES = ("line", "ranking", "landscape", "crossing")


def empty() -> example.Example:
    """Nothing measured at all."""
    return {}, [], []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module", params=[example.darts, example.chain, example.nb201, empty, hostile])
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    build: Callable[[], example.Example] = request.param
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(*build()), encoding="utf-8")
    return build.__name__, path


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (820, "dark"), (400, "light")])
def test_it_opens_whole_without_a_network(
    browser: Any, kind: tuple[str, Path], width: int, scheme: str, tmp_path: Path
) -> None:
    name, path = kind
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_offline(True)
    asked: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)

    assert faults == []
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.body.id") == ""
    for figure in FIGURES:
        box = page.locator(f"#fig-{figure}").bounding_box()
        assert box is not None, figure
        assert box["width"] > 200, figure
        assert box["height"] > 20, figure
    for term in NAMES:
        box = page.locator(f"#term-{term}").bounding_box()
        assert box is not None, term
        assert box["width"] > 200, term
        assert box["height"] > 20, term
    drawn = [figure for figure in (*FIGURES, *TERM_FIGURES) if page.locator(f"figure#fig-{figure}").count()]
    assert len(drawn) == {"empty": 0, "nb201": 10}.get(name, 11)
    for figure in drawn:
        shown = page.locator(f"#fig-{figure} svg:visible")
        assert shown.count() == 1, figure
        assert shown.bounding_box()["height"] > 100, figure
    if name not in ("empty", "hostile"):
        _text_fits(page)
    context.close()


def _text_fits(page: Any) -> None:
    """Every text of every figure is at least ten pixels high and, as every arc, inside its figure."""
    texts = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].filter(s => s.getClientRects().length)
          .flatMap(s => {
            const frame = s.getBoundingClientRect();
            const arcs = s.closest('#fig-architecture') ? ', path' : '';
            const drawn = [...s.querySelectorAll('text' + arcs)].filter(t => !t.closest('defs'));
            return drawn.map(t => {
              const r = t.getBoundingClientRect();
              const high = t.tagName === 'text' ? r.height : 99;
              const inside = r.left >= frame.left - 1 && r.right <= frame.right + 1
                      && r.top >= frame.top - 1 && r.bottom <= frame.bottom + 1;
              return [t.textContent || t.outerHTML, high, inside];
            });
        })"""
    )
    assert len(texts) > 50
    assert [text for text, _, inside in texts if not inside] == []
    assert [text for text, height, _ in texts if height < 10] == []


def test_the_command_is_copied_without_a_network(browser: Any, tmp_path: Path) -> None:
    findings, _, _ = example.nb201()
    path = tmp_path / "report.html"
    path.write_text(render({"command": findings["command"]}, [], []), encoding="utf-8")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_offline(True)
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("button.copy").click()
    page.get_by_text("Copied").wait_for(timeout=3000)
    assert page.evaluate("navigator.clipboard.readText()") == findings["command"]
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.evaluate(
        """() => {
            window.copied = [];
            document.addEventListener('copy', () => copied.push(String(getSelection())));
        }"""
    )
    page.get_by_text("Copy", exact=True).click(timeout=5000)
    page.get_by_text("Copied").wait_for(timeout=3000)
    assert page.evaluate("copied") == [findings["command"]]
    context.close()


def test_without_scripts_everything_is_still_there(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(*example.nb201()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("figure svg:visible").count() == 10
    assert page.locator("button.copy:visible").count() == 0
    context.close()
