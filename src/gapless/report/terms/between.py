"""What the step from the search's shape to the deployment's is made of, in words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from gapless.audit.chain import TITLES
from gapless.report.blocks import block, rows
from gapless.report.terms.told import Told, change
from gapless.report.words import percent, real, tenths


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured; printed sizes add up to what is printed of the whole."""
    if not isinstance(found.get("parts"), list | tuple):
        return None
    parts = [(_names(one), real(one.get("accuracy")), real(one.get("size"))) for one in rows(found["parts"])]
    if not parts:
        return Told(
            "Search and deployment train the same network alike: between a3 and a4 is the luck of the seed."
        )
    known = [
        (name, accuracy, size) for name, accuracy, size in parts if accuracy is not None and size is not None
    ]
    if len(known) < len(parts):
        return None
    levels = [known[0][1] - known[0][2], *(accuracy for _, accuracy, _ in known)]
    steps = [change((tenths(b) - tenths(a)) / 1000) for a, b in pairwise(levels)]
    whole = change((tenths(levels[-1]) - tenths(levels[0])) / 1000)
    if len(known) == 1:
        lead = f"All of the deployment gap, {whole}, comes with {known[0][0]}."
    else:
        each = [f"{step} with {name}" for step, (name, *_) in zip(steps, known, strict=True)]
        lead = f"Of the deployment gap, {whole}, come {_listed(each)}, in that order."
    table = [(TITLES["a3"], percent(levels[0]), "")]
    table += [
        (f"+ the deployment's {name}", percent(accuracy), step)
        for (name, accuracy, _), step in zip(known, steps, strict=True)
    ]
    more = ["Each level is one training, so that a step as small as the luck of the seed says nothing."]
    return Told(lead, (" ".join(more + _images(block(found, "images"))),), _COLUMNS, tuple(table))


_COLUMNS = ("network", "accuracy on the audit images", "change")


def _names(part: Mapping[str, Any]) -> str:
    changed = part.get("changed")
    names = [str(one) for one in changed] if isinstance(changed, list | tuple) else []
    return _listed(names) or "the rest"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), *words[-1:]] if len(words) > 1 else words)


def _images(found: Mapping[str, Any]) -> list[str]:
    """Where a3 and a4 learn from different ones."""
    said = []
    few, all_ = real(found.get("search")), real(found.get("deploy"))
    if few is not None and all_ is not None and few != all_:
        said.append(
            f"a3 and a4 are trained on different sets of images: a3 on the {few:,.0f} that train the weights "
            f"of the search, a4 on all {all_:,.0f} that the search had."
        )
    small, large = real(found.get("search side")), real(found.get("deploy side"))
    if small is not None and large is not None and small != large:
        said.append(f"a3 sees them {small:.0f} pixels high, a4 {large:.0f}.")
    return said
