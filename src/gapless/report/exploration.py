"""The page of an exploration."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from gapless.report import words

if TYPE_CHECKING:
    from gapless.report.draw.sheet import Drawing
    from gapless.report.draw.trials import Scale

NO_COST = ("accuracy", "report", "loss", "n", "number", "key", "chosen")
MOST_COSTS = 3


def render(findings: Mapping[str, Any]) -> str:
    """The whole page as HTML text; what was not measured is left out.

    The page asks the network for nothing, is the same for the same values, and shows every text as text.
    """
    import jinja2
    from markupsafe import Markup

    from gapless.report.draw.ink import css

    script = _text("page.js")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = words.plain
    environment.filters["safe_svg"] = Markup
    question, best = _block(findings, "question"), _block(findings, "best")
    asked = {name: question.get(name) for name in ("space", "explorer", "evaluator", "trials", "seed")}
    if question.get("limits"):
        asked["limits"] = question["limits"]
    return environment.get_template("exploration.html.j2").render(
        title=" · ".join(str(asked[name]) for name in ("explorer", "space") if asked[name]) or "Exploration",
        sentence=words.plain(question.get("sentence") or "Exploration"),
        finished=bool(findings.get("finished")),
        asked=asked,
        tiles=_tiles(findings, best),
        figures=_figures(findings),
        architecture=_block(findings, "architecture"),
        command=words.plain(findings["command"]) if findings.get("command") else "",
        environment=_block(findings, "environment"),
        style=_text("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        css=css,
    )


def _tiles(findings: Mapping[str, Any], best: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, figure and sentence of each number at the head of the page."""
    tiles = []
    scale, report = _scale(findings), words.real(best.get("report"))
    score = words.real(best.get(scale.key))
    if score is not None:
        tiles.append((f"Best {scale.key}", scale.say(score), "As the exploration saw it."))
    if report is not None:
        tiles.append(("Reported", words.percent(report), "Of the same architecture, unseen by the search."))
    scored = words.real(findings.get("trials"))
    if scored is not None:
        failed, seconds = (words.real(findings.get(name)) or 0.0 for name in ("failed", "seconds"))
        say = f"They took {words.duration(seconds)}." if seconds else "Looked up."
        say += f" {failed:,.0f} gave no number." if failed else ""
        tiles.append(("Evaluations", f"{scored:,.0f}", say))
    return tiles


def _figures(findings: Mapping[str, Any]) -> list[tuple[str, Drawing]]:
    """Title and figure, wherever there are values."""
    from gapless.report.draw import architecture, ink, sheet, trials

    rows, panels = _rows(findings.get("candidates")), _rows(_block(findings, "drawing").get("panels"))
    scale = _scale(findings)
    none = {*NO_COST, scale.key}
    costs = list(dict.fromkeys(name for row in rows for name in row if name not in none))[:MOST_COSTS]
    total = int(words.real(findings.get("trials")) or 0)
    colours = ink.assign(architecture.operations(panels))
    with sheet.style():
        drawn = [
            ("The architecture found", architecture.draw(panels, colours)),
            ("The best so far", trials.best_so_far(findings.get("curve"), rows, total, scale)),
            *(
                (f"{scale.key.capitalize()} against {cost}", trials.against(rows, cost, scale))
                for cost in costs
            ),
        ]
    return [(title, figure) for title, figure in drawn if figure is not None]


def _scale(findings: Mapping[str, Any]) -> Scale:
    """What the exploration went by."""
    from gapless.report.draw.trials import Scale

    name = findings.get("measure")
    return Scale(name) if isinstance(name, str) else Scale()


def _block(findings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    block = findings.get(name)
    return block if isinstance(block, Mapping) else {}


def _rows(block: Any) -> list[Mapping[str, Any]]:
    return [row for row in block if isinstance(row, Mapping)] if isinstance(block, list | tuple) else []


def _text(name: str) -> str:
    return resources.files("gapless.report").joinpath(name).read_text(encoding="utf-8")
