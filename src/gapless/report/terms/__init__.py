"""The terms of the gap as sections of the page: what was measured of each, told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.audit.crossing import Course
from gapless.report.blocks import block
from gapless.report.terms import (
    between,
    checklist,
    crossing,
    landscape,
    line,
    mathematical,
    neighbours,
    noise,
    ranking,
    suboptima,
)
from gapless.report.terms.told import Told as Told
from gapless.report.terms.told import without

NAMES = (
    "mathematical", "suboptima", "counts", "free", "line", "ranking", "between", "deployment", "noise",
    "landscape", "neighbours", "crossing", "checklist",
)  # fmt: skip


def terms(findings: Mapping[str, Any], found: Sequence[Course]) -> dict[str, Told]:
    """Every term that was measured, by name.

    Args:
        found: the courses of light operations.
    """
    audit = block(findings, "audit")
    ranked, walked = block(audit, "ranking"), block(audit, "landscape")
    near = block(audit, "neighbours")
    every = {
        "mathematical": mathematical.told(block(audit, "mathematical")),
        "suboptima": suboptima.told(block(audit, "suboptima")),
        "counts": suboptima.counts(block(audit, "counts")),
        "free": suboptima.survivors(block(audit, "free")),
        "line": line.told(block(audit, "line")),
        "ranking": without(ranked, "Shared weights cannot be ranked here") or ranking.told(ranked),
        "between": between.told(block(findings, "deployment")),
        "deployment": ranking.deployment(block(audit, "deployment")),
        "noise": noise.told(block(audit, "noise")),
        "landscape": without(walked, "There are no walks to tell it by") or landscape.told(walked),
        "neighbours": without(near, "There is nothing around it") or neighbours.told(near),
        "crossing": crossing.told(found, bool(block(audit, "free", "options"))),
        "checklist": checklist.told(findings.get("checklist")),
    }
    return {name: told for name, told in every.items() if told is not None}
