"""Findings whose every name tries to break out of the page."""

from __future__ import annotations

from typing import Any

from . import example

NAME = (
    "\"'--></style></title></svg></script><script>document.body.id='broken'</script>"
    "<img src=x onerror=alert(1)>$\\a$"
)
KINDS = ("input", "output", "node", "layer")


def hostile() -> example.Example:
    """The two-cell example with ``NAME`` in the place of every text."""
    findings, trace, alpha = example.darts()
    levels = findings["chain"]
    spoilt = _spoil(findings)
    ids = findings["drawing"]["panels"]
    for panel, whole in zip(spoilt["drawing"]["panels"], ids, strict=True):
        for node, kept in zip(panel["nodes"], whole["nodes"], strict=True):
            node["id"] = kept["id"]
        for edge, kept in zip(panel["edges"], whole["edges"], strict=True):
            edge["from"], edge["to"] = kept["from"], kept["to"]
    for entry, level in zip(spoilt["chain"], levels, strict=True):
        entry["name"] = level["name"]
    spoilt["method"]["reference"]["url"] = "javascript:alert(1)"
    spoilt["environment"] = {NAME: NAME}
    spoilt["export"]["latency_ms"] = {NAME: {"median": 1.0}}
    kinds = [kind for by_row in findings["audit"]["free"]["options"].values() for kind in by_row.items()]
    spoilt["audit"]["free"]["options"] = {
        NAME: {NAME + row: {k: [NAME + o for o in side] for k, side in sides.items()} for row, sides in kinds}
    }
    rows = [{**row, "stage": NAME, NAME: i} for i, row in enumerate(trace)]
    gates = [
        {**row, "group": NAME, "row": NAME + row["row"], "option": NAME + row["option"]} for row in alpha
    ]
    return spoilt, rows, gates


def _spoil(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spoil(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spoil(item) for item in value]
    return NAME if isinstance(value, str) and value and value not in KINDS else value
