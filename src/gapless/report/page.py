"""Findings, trace and gate values arranged into sections, and the template that sets them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from gapless.report import gates, headline, words
from gapless.report.blocks import block as _block
from gapless.report.blocks import rows as _rows
from gapless.report.curves import panels
from gapless.report.missing import goes_on, missing
from gapless.report.terms import NAMES, crossing, landscape, line, terms
from gapless.report.waterfall import LEVELS, Waterfall, waterfall

if TYPE_CHECKING:
    from gapless.audit.crossing import Course
    from gapless.report.draw.sheet import Drawing

Rows = Sequence[Mapping[str, Any]]
FIGURES = ("chain", "baseline", "curves", "alpha", "skips", "candidates")


def render(findings: Mapping[str, Any], trace: Rows, alpha: Rows) -> str:
    """The whole page as HTML text.

    The page asks the network for nothing, is the same for the same values, and shows every text as text.

    Args:
        findings: what was measured; any block may be absent, the page then says how to measure it.
        trace: one row an epoch or a step of training: ``stage``, ``epoch``, ``train_loss``, ...
        alpha: one row a gate value: ``epoch``, ``group``, ``row``, ``option``, ``value``.
    """
    import jinja2
    from markupsafe import Markup

    from gapless.report.draw.ink import css

    fall = waterfall(_rows(findings.get("chain")))
    seen = headline.accuracy(_block(findings, "accuracy").get("test"))
    over = crossing.read(alpha, _block(findings, "audit", "free", "options"))
    figures = _figures(findings, trace, alpha, fall, seen) | _audited(findings, over)
    told, judgement = terms(findings, over), headline.judgement(findings.get("verdict"))
    question, method = _block(findings, "question"), _block(findings, "method")
    cost, export = _cost(findings), _export(findings)
    drawn = {
        "question": bool(question),
        "architecture": bool(_block(findings, "architecture")) or "architecture" in figures,
        "accuracy": seen is not None,
        "levels": fall is None or len(fall.levels) == len(LEVELS),
        "cost": bool(cost["times"] or cost["sizes"]),
        "export": bool(export),
        "method": bool(method),
        "environment": bool(_block(findings, "environment")),
        "verdict": judgement is not None,
        **{name: name in figures for name in FIGURES},
        **{name: name in told for name in NAMES},
    }
    absent = missing(findings, drawn)
    script = _text("page.js")
    command = words.plain(findings["command"]) if findings.get("command") else ""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = words.plain
    environment.filters["safe_svg"] = Markup
    return environment.get_template("page.html.j2").render(
        title=_title(question, method),
        sentence=words.plain(question.get("sentence"))
        if question.get("sentence")
        else _title(question, method),
        finished=bool(findings.get("finished")),
        resume=goes_on(command),
        question=question,
        architecture=_block(findings, "architecture"),
        seen=None
        if seen is None
        else {"mean": words.percent(seen.mean), "spread": seen.spread, "say": seen.sentence},
        audit=headline.accuracy(_block(findings, "accuracy").get("audit")),
        percent=words.percent,
        parameters=headline.parameters(findings),
        verdict=headline.verdict(findings.get("baseline")),
        judgement=judgement,
        told=told,
        baseline=_baseline(findings),
        fall=fall,
        chain_sentence=None if fall is None else _chain_sentence(fall),
        figures=figures,
        cost=cost,
        export=export,
        left_out=[words.plain(line) for line in _block(findings, "left_out").values()],
        method={
            **method,
            **{name: _list(method, name) for name in ("terms", "deviations")},
            "parts": _rows(method.get("parts")),
        }
        if method
        else {},
        reference=_reference(method),
        environment=_block(findings, "environment"),
        citations=_rows(findings.get("citations")),
        command=command,
        absent={entry.block: entry for entry in absent},
        all_absent=absent,
        style=_text("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        css=css,
    )


def _figures(
    findings: Mapping[str, Any],
    trace: Rows,
    alpha: Rows,
    fall: Waterfall | None,
    seen: headline.Accuracy | None,
) -> dict[str, Drawing]:
    """Every figure for which there are values, by section."""
    from gapless.report.draw import architecture, baseline, candidates, chain, curves, ink, sheet
    from gapless.report.draw import gates as strips

    picture = _rows(_block(findings, "drawing").get("panels"))
    rows = gates.rows(alpha, gates.nodes(picture))
    options = [option for row in rows for option in row.values]
    colours = ink.assign([*options, *architecture.operations(picture)])
    found = () if seen is None else seen.values or (seen.mean,)
    key = _block(findings, "architecture").get("key")
    with sheet.style():
        drawn = {
            "architecture": architecture.draw(picture, colours),
            "chain": None if fall is None else chain.draw(fall),
            "baseline": baseline.draw(_rows(_block(findings, "baseline").get("archs")), found),
            "curves": curves.draw(panels(trace)),
            "alpha": strips.draw(rows, colours),
            "skips": strips.draw_skips(rows),
            "candidates": candidates.draw(
                _rows(findings.get("candidates")), None if key is None else str(key)
            ),
        }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _audited(findings: Mapping[str, Any], over: Sequence[Course]) -> dict[str, Drawing]:
    """The figures of the terms of the gap."""
    from gapless.report.draw import crossing as strengths
    from gapless.report.draw import landscape as smooth
    from gapless.report.draw import line as straight
    from gapless.report.draw import ranking, sheet

    audit = _block(findings, "audit")
    walked = _block(audit, "landscape")
    with sheet.style():
        drawn = {
            "line": straight.draw(line.along(_block(audit, "line"))),
            "ranking": ranking.draw(
                _rows(_block(audit, "ranking").get("points")), _name(_block(audit, "ranking").get("truth"))
            ),
            "landscape": smooth.draw(landscape.correlations(walked), landscape.distances(walked)),
            "crossing": strengths.draw(over),
        }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(block: Mapping[str, Any], name: str) -> list[str]:
    value = block.get(name) or []
    return [words.plain(item) for item in value] if isinstance(value, list | tuple) else [words.plain(value)]


def _title(question: Mapping[str, Any], method: Mapping[str, Any]) -> str:
    name = method.get("title") or question.get("method") or "Architecture search"
    where = [str(question[part]) for part in ("space", "data") if question.get(part)]
    return " · ".join([str(name), *where])


def _chain_sentence(fall: Waterfall) -> str:
    largest = fall.largest
    if not largest.tenths:
        return f"No step changes the accuracy: it is {words.percent(largest.start.accuracy)} throughout."
    return (
        f"The largest single change: {largest.title}, {words.points(largest.tenths)}, from "
        f"{words.percent(largest.start.accuracy)} ({largest.start.title}) to "
        f"{words.percent(largest.end.accuracy)} ({largest.end.title})."
    )


def _baseline(findings: Mapping[str, Any]) -> str | None:
    block = _block(findings, "baseline")
    mean, sd, n = (words.real(block.get(name)) for name in ("mean", "sd", "n"))
    if mean is None:
        return None
    if n == 1:
        return f"The random architecture reaches {words.percent(mean)}."
    text = f"Random architectures reach {words.percent(mean)} on average"
    text += f" (n = {int(n)}" if n is not None else " ("
    text += f", standard deviation {100 * sd:.1f} points)" if sd is not None else ")"
    return text.replace(" ()", "") + "."


def _cost(findings: Mapping[str, Any]) -> dict[str, Any]:
    block = _block(findings, "cost")
    names = {
        "search_seconds": "Search",
        "retrain_seconds": "Training alone",
        "baseline_seconds": "Random baseline",
    }
    times = [
        (title, value) for name, title in names.items() if (value := words.real(block.get(name))) is not None
    ]
    most = max((value for _, value in times), default=0.0) or 1.0
    sizes = []
    for name, title, say in (
        ("params", "Parameters", words.count),
        ("macs", "MACs for one image", words.count),
        ("peak_mb", "Peak memory of the process", lambda mb: words.size(mb * 1e6)),
    ):
        value = words.real(block.get(name))
        if value is not None:
            sizes.append((title, say(value)))
    total = sum(value for _, value in times)
    return {
        "times": [(title, words.duration(value), f"{100 * value / most:.1f}") for title, value in times],
        "sizes": sizes,
        "total": words.duration(total) if len(times) > 1 else None,
    }


def _export(findings: Mapping[str, Any]) -> list[tuple[str, str]]:
    block = _block(findings, "export")
    lines: list[tuple[str, str]] = []
    if block.get("file"):
        lines.append(("File", str(block["file"])))
    weight, error = words.real(block.get("bytes")), words.real(block.get("max_error"))
    if weight is not None:
        lines.append(("Size", words.size(weight)))
    if error is not None:
        lines.append(("Largest difference from the original output", f"{error:.1e}"))
    latency = block.get("latency_ms")
    for engine, entry in (latency if isinstance(latency, Mapping) else {}).items():
        middle, low, high = (
            words.real(entry.get(name)) if isinstance(entry, Mapping) else None
            for name in ("median", "low", "high")
        )
        if middle is not None:
            spread = "" if low is None or high is None else f" ({low:.3g} to {high:.3g})"
            lines.append((f"Time for one image, {engine}", f"{middle:.3g}{words.SPACE}ms{spread}"))
    return lines


def _reference(method: Mapping[str, Any]) -> dict[str, str] | None:
    block = _block(method, "reference")
    if not block:
        return None
    found = {name: str(block.get(name) or "") for name in ("authors", "title", "venue", "year", "url")}
    found["authors"] = found["authors"].replace(" and ", ", ")
    found["code"] = str(block.get("code") or "")
    if block.get("arxiv") and not found["url"]:
        found["url"] = f"https://arxiv.org/abs/{block['arxiv']}"
    if not found["url"].lower().startswith(("https://", "http://")):
        found["url"] = ""
    return found


def _text(name: str) -> str:
    return resources.files("gapless.report").joinpath(name).read_text(encoding="utf-8")
