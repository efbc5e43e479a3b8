"""Records survive JSON exactly."""

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.core.record import Record

ARCH = Arch.of({"op": "a", "node": {"0": {"op": "b"}, "1": {"op": "c"}}})
values = st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False), max_size=4)


@settings(derandomize=True, deadline=None)
@given(values, values, st.floats(0, allow_infinity=False), st.text(max_size=8))
def test_json_round_trip_is_exact(metrics, cost, seconds, provenance):
    record = Record(ARCH, metrics, cost, seconds, provenance)
    text = json.dumps(record.to_json(), allow_nan=False)
    assert Record.from_json(json.loads(text)) == record


def test_nan_survives():
    text = json.dumps(Record(ARCH, {"loss": math.nan}).to_json(), allow_nan=False)
    assert math.isnan(Record.from_json(json.loads(text)).metrics["loss"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda v: [],
        lambda v: v | {"format": "other"},
        lambda v: v | {"version": 2},
        lambda v: {k: v[k] for k in v if k != "cost"},
        lambda v: v | {"metrics": {"accuracy": "high"}},
        lambda v: v | {"metrics": [1.0]},
        lambda v: v | {"arch": {}},
    ],
)
def test_refuses_what_is_no_record(damage):
    with pytest.raises(BadValue, match=r"^expected [^\n]*; got [^\n]*; [^\n]*$"):
        Record.from_json(damage(Record(ARCH, {"accuracy": 0.5}).to_json()))


def test_explorers_do_not_import_torch():
    code = (
        "import sys, gapless.core.record, gapless.testing.explorers\n"
        "from gapless import explore\n"
        "[explore.get(name) for name in explore.names()]\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
