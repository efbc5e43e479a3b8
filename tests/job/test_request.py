"""A request: kept as JSON, printed as the command that asks for it again."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless import cli
from gapless.core.errors import BadRunFolder, BadValue
from gapless.job.request import MOST, Request, pairs, seconds, spoken

steady = settings(deadline=None, derandomize=True, max_examples=150)
word = st.text(
    st.characters(categories=["L", "N"]) | st.sampled_from("-_:/ .'\"$"), min_size=1, max_size=12
).filter(lambda text: not text.startswith("-"))
trimmed = word.map(str.strip).filter(bool)
requests = st.builds(
    Request,
    word, word, word,
    preset=word,
    seed=st.integers(0, 2**70),
    epochs=st.none() | st.integers(1, MOST),
    sets=st.lists(st.tuples(trimmed, trimmed), max_size=3).map(tuple),
    device=word,
    root=st.none() | word,
    retrain=st.booleans(),
    audit=st.booleans(),
    archs=st.integers(0, MOST),
    seeds=st.integers(1, MOST),
)  # fmt: skip


@given(requests)
@steady
def test_json_round_trip(request: Request) -> None:
    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


def asked(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Request, str]:
    """What the command line makes of a command, caught before it is planned."""
    caught: list[Any] = []

    class Caught(Exception):
        pass

    def catch(request: Request) -> None:
        caught.append(request)
        raise Caught

    with monkeypatch.context() as patch:
        patch.setattr("gapless.job.plan.plan", catch)
        patch.setattr("gapless.engine.folder.RunFolder.vacant", caught.append)
        program, *arguments = shlex.split(command)
        assert program == "gapless"
        with pytest.raises(Caught):
            cli.main(arguments)
    run, request = caught
    return request, run


@given(request=requests, run=word)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_command_asks_for_the_same(request: Request, run: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert asked(request.command(run), monkeypatch) == (request, run)


def test_defaults_are_not_written() -> None:
    line = Request("darts", "digits", "spos").command("runs/a")
    assert line == "gapless search --space darts --data digits --method spos --run runs/a --seed 0"


def test_where_objects_were_given_it_is_a_call_of_python() -> None:
    plain = Request("object", "digits", "darts")
    assert plain.command("runs/a") == (
        "gapless.search(space=..., data='digits', method='darts', run='runs/a', seed=0)"
    )
    sets, limits = (("batch", "16"),), ("macs=1M",)
    asked = Request("nb201", "object", "object", seed=3, epochs=2, sets=sets, limits=limits, audit=False)
    assert asked.command("it's") == (
        "gapless.search(space='nb201', data=..., method=..., run=\"it's\", seed=3, epochs=2, audit=False, "
        "settings={'batch': '16'}, limits={'macs': '1M'})"
    )
    assert asked.again("runs/a") == "gapless.resume('runs/a', data=..., method=...)"
    assert Request("nb201", "digits", "darts").again("my runs") == "gapless resume 'my runs'"


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], {}, {"space": "s"}, {"space": "s", "data": "d", "method": "m", "sets": 3}]
)
def test_what_is_no_request(value: Any) -> None:
    with pytest.raises(BadRunFolder, match=r"a run\.json that holds a request"):
        Request.from_json(value)


@given(requests, st.sampled_from([f.name for f in dataclasses.fields(Request)]))
@steady
def test_a_missing_field_is_a_default_or_refused(request: Request, name: str) -> None:
    value = request.to_json()
    del value[name]
    if name in ("space", "data", "method", "sets"):
        with pytest.raises(BadRunFolder):
            Request.from_json(value)
    else:
        default = getattr(Request("", "", ""), name)
        assert Request.from_json(value) == dataclasses.replace(request, **{name: default})


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"epochs": MOST + 1}, {"epochs": 1.5}, {"archs": -1}, {"seeds": 0}, {"seeds": "2"}],
)
def test_out_of_range(change: dict[str, Any]) -> None:
    with pytest.raises(BadValue, match=f"--{next(iter(change))} of at least"):
        Request("s", "d", "m", **change)


@given(trimmed, st.text())
@steady
def test_pairs_split_at_the_first_equals(key: str, value: str) -> None:
    if "=" not in key:
        assert pairs([f" {key} = {value} "]) == ((key, value.strip()),)


@given(st.decimals(min_value="0.001", max_value=10**6, places=3), st.sampled_from(["s", "m", "h"]))
@steady
def test_seconds(number: Any, unit: str) -> None:
    assert seconds(f" {number:f}{unit} ") == pytest.approx(float(number) * {"s": 1, "m": 60, "h": 3600}[unit])


@given(st.floats(1e-6, 1e7))
@steady
def test_spoken_is_read_back_as_a_little_more(time: float) -> None:
    again = seconds(spoken(time))
    assert time <= again <= 1.51 * time + 1


def test_spoken_examples() -> None:
    assert [spoken(t) for t in (0.01, 1, 44.2, 120, 121, 7200, 7201)] == [
        "1s", "1s", "45s", "120s", "3m", "120m", "3h",
    ]  # fmt: skip


@given(st.text(max_size=8))
@steady
def test_any_text_is_a_positive_time_or_refused(text: str) -> None:
    if re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?[smh]\s*", text) and float(text.strip()[:-1]) > 0:
        assert 0 < seconds(text) < float("inf")
        return
    with pytest.raises(BadValue, match=r"^expected a time such as [^\n]*$"):
        seconds(text)


@pytest.mark.parametrize(
    "text", ["", "m", "10", "0m", "-1m", "1d", "1 m", "1h30m", "1e3s", "nanm", ".5m", "٣m"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadValue):
        seconds(text)
