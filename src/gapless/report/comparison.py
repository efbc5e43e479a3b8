"""A comparison of runs as one self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gapless.audit.claim import headline, sentence
from gapless.core.errors import BadValue
from gapless.core.files import beside
from gapless.report.variants import differences, names, tables

if TYPE_CHECKING:
    from gapless.report.draw.sheet import Drawing


def render(found: Mapping[str, Any]) -> str:
    """The whole page as HTML text, from what `gapless.job.compare.compare` returns.

    The page asks the network for nothing, is the same for the same values, and shows every text as text.
    """
    import jinja2
    from markupsafe import Markup

    from gapless.report.draw.ink import css

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["safe_svg"] = Markup
    called = names(found)
    pairs = [sentence({**pair, "a": called[pair["a"]], "b": called[pair["b"]]}) for pair in found["pairs"]]
    n, variants = found["searches"], len(found["variants"])
    return environment.get_template("comparison.html.j2").render(
        title=f"{n} search{'es' if n > 1 else ''} of {variants} variant{'s' if variants > 1 else ''}",
        found=found,
        called=called,
        legend={name: short for name, short in called.items() if short != name},
        pairs=pairs,
        figure=_figure(found, called),
        tables=tables(found),
        differences=differences(found),
        style=_text("page.css"),
        css=css,
    )


def write(found: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Writes the page beside its place, and renames it there.

    Raises:
        BadValue: the place cannot be written.
    """
    place = Path(path)
    page = render(found)
    try:
        with beside(place) as new:
            new.write_text(page, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadValue(
            expected=f"--out FILE in an existing folder that can be written, for '{place}'",
            got=error.strerror or type(error).__name__,
            do="make the folder, or give another place",
        ) from error
    return place


def _figure(found: Mapping[str, Any], called: Mapping[str, str]) -> Drawing | None:
    from gapless.report.draw import sheet, variants

    shared = headline({name: None for variant in found["variants"] for name in variant["measures"]})
    if shared is None:
        return None
    lanes = {
        called[variant["variant"]]: (
            [
                run["measures"][shared]
                for run in found["runs"]
                if run["variant"] == variant["variant"] and shared in run["measures"]
            ],
            variant["measures"].get(shared, {}),
        )
        for variant in found["variants"]
    }
    title = next(measure["title"] for measure in found["measures"] if measure["name"] == shared)
    with sheet.style():
        return variants.draw({name: lane for name, lane in lanes.items() if lane[0]}, title)


def _text(name: str) -> str:
    return resources.files("gapless.report").joinpath(name).read_text(encoding="utf-8")
