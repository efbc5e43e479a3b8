"""Index: names, made when asked for."""

from __future__ import annotations

import fractions

import pytest

from gapless.core.errors import BadValue, UnknownName
from gapless.core.index import Index
from gapless.core.streams import Streams

from .test_arch import in_fresh_processes

STREAMS: Index[Streams] = Index(
    "thing", {"streams": "gapless.core.streams:Streams", "broken": "no.such:place"}
)


def test_values_are_made_with_their_settings() -> None:
    assert STREAMS.get("streams", 3) == STREAMS.get("streams", seed=3) == Streams(3)
    assert STREAMS.maker("streams") is Streams
    assert Index("n", {"f": "fractions:Fraction"}).get("f", 1, 2) == fractions.Fraction(1, 2)


def test_names_are_iterated_in_order_without_any_import() -> None:
    assert list(STREAMS) == ["streams", "broken"]


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = (
        "from gapless.core.index import Index\n"
        "index = Index('n', {'f': 'colorsys:rgb_to_hsv'})\n"
        "before = 'colorsys' in sys.modules\n"
        "index.get('f', 0, 0, 0)\n"
        "print(before, 'colorsys' in sys.modules)"
    )
    assert in_fresh_processes(code, ("0",)) == ["False True"]


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match=r"name of a thing; got 'stream'; did you mean 'streams'\?"):
        STREAMS.get("stream")


@pytest.mark.parametrize("settings", [{}, {"seed": 1, "sead": 2}, {"sead": 2}])
def test_other_settings_are_refused_before_anything_is_made(settings: dict[str, int]) -> None:
    with pytest.raises(BadValue, match=r"settings of thing 'streams' \(seed\)"):
        STREAMS.get("streams", **settings)


def test_what_the_maker_refuses_is_passed_on() -> None:
    with pytest.raises(BadValue, match="a seed that is a whole number"):
        STREAMS.get("streams", -1)
