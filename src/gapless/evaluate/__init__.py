"""From an architecture to what it is worth: `accuracy` of a network, `inherited` weights; evaluators by name.

An evaluator is named ``NAME`` or ``NAME:ARGUMENT``, e.g. ``table:FILE``.
"""

from __future__ import annotations

from gapless.core.index import Index
from gapless.evaluate.contract import Evaluator, Setting

INDEX: Index[Evaluator] = Index(
    "evaluator",
    {
        "inherited": "gapless.evaluate.supernet:inherited",
        "standalone": "gapless.evaluate.alone:standalone",
        "table": "gapless.evaluate.table:table",
        "zerocost": "gapless.evaluate.zerocost.evaluator:untrained",
    },
)


def get(name: str, setting: Setting) -> Evaluator:
    """The evaluator that a person named.

    Raises:
        UnknownName: with the nearest name as a suggestion.
        BadValue: its argument is missing or cannot be read.
    """
    kind, _, argument = name.partition(":")
    return INDEX.get(kind, setting, argument)


def names() -> list[str]:
    """Names of all evaluators."""
    return sorted(INDEX)
