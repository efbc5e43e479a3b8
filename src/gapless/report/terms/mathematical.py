"""Mathematical error in words: each update rule beside the implicit gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gapless.audit import yardstick
from gapless.report.blocks import block, rows
from gapless.report.terms.told import Told, counted, number, short
from gapless.report.words import percent, real

OWN, BEGINNING = "own", "second order, first step's learning rate"
_SHOWN: tuple[tuple[str, Callable[[Any], str]], ...] = (("error", short), ("cosine", number))


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    if found.get("missing"):
        return Told(f"There is no such error here: {found['missing']}.")
    table, own = [], None
    for rule in rows(found.get("rules")):
        name = str(rule.get("rule", ""))
        here, there = block(rule, "search"), block(rule, "converged")
        cells = [say(side.get(name)) for side in (here, there) for name, say in _SHOWN]
        table.append(("the rule of this search" if name == OWN else name, *cells))
        own = (here, there) if name == OWN else own
    if not table:
        return None
    reached = bool(block(found, "convergence").get("reached"))
    weights = "converged" if reached else "further trained"
    lead = "The rule by which this search moves alpha has no gradient to compare; these are other rules."
    if own:
        lead = _own(*own, f"at {weights} weights")
    if not yardstick.reached(found):
        said = f"{lead[0].lower()}{lead[1:]}"
        lead = f"The yardstick itself was not reached: {_why(found)}. Against what there is of it, {said}"
    columns = ("update rule", "error, search's weights", "cosine", f"error, {weights} weights", "cosine")
    more = [
        "The yardstick is the implicit gradient: how the validation loss changes with alpha when the weights "
        "are converged anew for every alpha. The error is relative to its length: 0 is perfect, 1 is as far "
        "off as no gradient at all. A cosine of 1 is the right direction, 0 says nothing about it."
    ]
    if any(row[0] == BEGINNING for row in table):
        more.append(
            "Second order takes one step of the weights into account, as long as their learning rate. Where "
            "the search ended that is about 0 and second order is first order, so there is a row with the "
            "learning rate of the first step."
        )
    solved = _convergence(found) + _reference(block(found, "reference"))
    more += [" ".join(solved)] if solved else []
    return Told(lead, tuple(more), columns, tuple(table))


def _own(here: Mapping[str, Any], there: Mapping[str, Any], where: str) -> str:
    if real(here.get("error")) is None:
        return "The gradient of alpha that this search follows could not be compared."
    text = (
        "The gradient of alpha that this search follows has a relative error of "
        f"{short(here.get('error'))} (cosine {number(here.get('cosine'))})"
    )
    if real(there.get("error")) is not None:
        text += f"; {where} it would be {short(there.get('error'))}"
    return text + "."


def _why(found: Mapping[str, Any]) -> str:
    """What was not reached, once `yardstick.reached` has said so."""
    left = []
    if not block(found, "convergence").get("reached"):
        left.append("the weights are not converged")
    if not yardstick.solved(block(found, "reference")):
        residual = short(block(found, "reference").get("residual"))
        left.append(f"conjugate gradients ended with a relative residual of {residual}")
    return " and ".join(left)


def _convergence(found: Mapping[str, Any]) -> list[str]:
    how = block(found, "convergence")
    slope, done = real(how.get("slope")), real(how.get("evaluations"))
    if slope is None:
        return []
    images = real(found.get("images"))
    on = f"On fixed batches of {images:,.0f} images" if images is not None else "On fixed batches"
    after = f" after {counted(int(done), 'evaluation')}" if done is not None else ""
    how_far = f"fell to {short(slope)} of" if slope < 1 else f"rose to {short(slope)} times"
    text = f"{on} the slope of the training loss {how_far} what it was{after}"
    if not how.get("reached"):
        return [f"{text}: they are not converged, and the right half of the table has to be read with that."]
    return [f"{text}, and the weights count as converged."]


def _reference(how: Mapping[str, Any]) -> list[str]:
    residual, products = real(how.get("residual")), real(how.get("products"))
    if residual is None:
        return []
    taken = "" if products is None else f" after {counted(int(products), 'product')} with the Hessian"
    came = "solved for it with" if yardstick.solved(how) else "gave up on it at"
    text = f"Conjugate gradients {came} a relative residual of {short(residual)}{taken}"
    damping = real(how.get("damping"))
    if damping is not None:
        text += f", damping {short(damping)}" if damping else ", without damping"
    said = [text + "."]
    met = [(real(one.get("damping")), real(one.get("curvature"))) for one in rows(how.get("negative"))]
    curved = [(d, c) for d, c in met if c is not None]
    if curved:
        below = ", ".join(f"{short(c)} at damping {short(d)}" for d, c in curved)
        said.append(f"Less damping met negative curvature ({below}): the weights are at no minimum there.")
    elif "negative" in how:
        said.append("No negative curvature was met.")
    share = real(how.get("indirect"))
    if share is not None:
        said.append(f"The part that goes through the weights has {percent(share)} of the gradient's length.")
    return said
