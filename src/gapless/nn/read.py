"""Reading a space off a module, and cutting a module down to a part of its space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import nn

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.nn.decision import Decision, Part


def decisions(parts: Iterable[Part]) -> Iterator[tuple[str, Decision]]:
    """The outermost decisions of modules, each by its name; one that is an option itself, by its kind."""
    for name, module in parts:
        if isinstance(module, Decision):
            yield name or module.kind, module
            continue
        inner = ((f"{name}.{child}" if name else child, of) for child, of in module.named_children())
        yield from decisions(inner)


def space(module: nn.Module) -> Space:
    """Its choices, nested as the module is.

    Raises:
        BadValue: there is none, or one is used in two places.
    """
    found = _space([("", module)], {})
    if not found.choices:
        raise BadValue(
            expected="a module with a gapless.nn.Choose, Repeat, Width or Kernel inside",
            got=f"{type(module).__name__} without any",
            do="put one where there is something to choose",
        )
    shared = twice(module)
    if shared is not None:
        raise BadValue(
            expected="each choice in one place of the module",
            got=f"one that is both '{shared[0]}' and '{shared[1]}'",
            do="make a second one, so that each place has a choice of its own",
        )
    return found


def _space(parts: Iterable[Part], groups: dict[tuple[str, ...], str]) -> Space:
    """``groups`` has the name of the table of all decisions of one kind with equal options."""
    choices = []
    for name, decision in decisions(parts):
        like = (decision.kind, *decision.options)
        taken = sum(kind == decision.kind for kind, *_ in groups)
        group = groups.setdefault(like, decision.kind + (str(taken + 1) if taken else ""))
        inner = {o: _space(decision.parts(o), groups) for o in decision.options}
        options = {o: inside if inside.choices else None for o, inside in inner.items()}
        choices.append(Choice(name, options, group=group, node=name, gated=True))
    return Space(tuple(choices))


def twice(module: nn.Module) -> tuple[str, str] | None:
    """Two names of one decision, or None."""
    known: dict[nn.Module, str] = {}
    for name, one in module.named_modules(remove_duplicate=False):
        if isinstance(one, Decision) and known.setdefault(one, name) != name:
            return known[one], name
    return None


def cut(parts: Iterable[Part], spaces: Sequence[Space]) -> None:
    """Lets go, in place, of every option that none of these spaces has, and names the decisions."""
    for name, decision in decisions(parts):
        held = [choice for one in spaces for choice in one.choices if choice.name == name]
        kept = [option for option in decision.options if any(option in choice.options for choice in held)]
        if not held:
            continue
        decision.name = name
        decision.keep(kept)
        for inner, options in decision.holdings():
            inside = [choice.inside(o) for choice in held for o in options if o in choice.options]
            decision.nested |= any(one.choices for one in inside)
            cut(inner, inside)
