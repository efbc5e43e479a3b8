"""The terms of the gap as sections of the page: what was measured of each, told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.audit.crossing import Course
from gapless.report.blocks import block
from gapless.report.terms import (
    checklist,
    crossing,
    landscape,
    line,
    mathematical,
    noise,
    ranking,
    suboptima,
)
from gapless.report.terms.told import Told as Told

NAMES = (
    "mathematical", "suboptima", "counts", "free", "line", "ranking", "deployment", "noise", "landscape",
    "crossing", "checklist",
)  # fmt: skip


def terms(findings: Mapping[str, Any], found: Sequence[Course]) -> dict[str, Told]:
    """Every term that was measured, by name.

    Args:
        found: the courses of parameter-free operations.
    """
    audit = block(findings, "audit")
    every = {
        "mathematical": mathematical.told(block(audit, "mathematical")),
        "suboptima": suboptima.told(block(audit, "suboptima")),
        "counts": suboptima.counts(block(audit, "counts")),
        "free": suboptima.survivors(block(audit, "free")),
        "line": line.told(block(audit, "line")),
        "ranking": ranking.told(block(audit, "ranking")),
        "deployment": ranking.deployment(block(audit, "deployment")),
        "noise": noise.told(block(audit, "noise")),
        "landscape": landscape.told(block(audit, "landscape")),
        "crossing": crossing.told(found, bool(block(audit, "free", "options"))),
        "checklist": checklist.told(findings.get("checklist")),
    }
    return {name: told for name, told in every.items() if told is not None}
