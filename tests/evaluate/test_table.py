"""Scores looked up in a table."""

import gzip
from types import SimpleNamespace

import pytest

import gapless.spaces
from gapless.core.errors import BadValue
from gapless.evaluate.contract import options
from gapless.evaluate.table import table

SPACE = gapless.spaces.get("nb201")
ARCHS = [SPACE.choices.at(i) for i in range(0, SPACE.size(), 2000)]
HEAD = "cell,val,test,ms\n"


def lines(scale=100.0):
    return [f"{SPACE.text(a)},{scale * (i + 1) / 10},{scale * i / 10},{i + 3}\n" for i, a in enumerate(ARCHS)]


def made(file, columns=",arch=cell,accuracy=val,report=test,latency=ms"):
    return table(SimpleNamespace(space=SPACE), f"{file}{columns}")


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("packed", [False, True])
def test_rows_become_records(scale, packed, tmp_path):
    file = tmp_path / ("t.csv.gz" if packed else "t.csv")
    content = (HEAD + "".join(lines(scale))).encode()
    file.write_bytes(gzip.compress(content) if packed else content)
    for i, record in enumerate(made(file)(ARCHS)):
        assert record.arch == ARCHS[i]
        assert record.metrics == pytest.approx({"accuracy": (i + 1) / 10, "report": i / 10})
        assert record.cost == {"latency": i + 3}
        assert record.provenance == "table"


def test_columns_have_defaults(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("arch,accuracy\n" + f"{SPACE.text(ARCHS[0])},0.5\n")
    assert made(file, "")([ARCHS[0]])[0].metrics == {"accuracy": 0.5}


BAD = {
    "no file": (None, "No such file"),
    "a folder": ("", "Is a directory"),
    "empty": (b"", "no header"),
    "header only": (HEAD.encode(), "no row"),
    "no such column": (b"cell,val\nx,1\n", "a column '(test|ms)'"),
    "a word": ((HEAD + lines()[0].replace(",10.0,", ",ten,")).encode(), "'ten' in column 'val', line 2"),
    "not a number": ((HEAD + lines()[0].replace(",10.0,", ",nan,")).encode(), "'nan'"),
    "short row": ((HEAD + f"{SPACE.text(ARCHS[0])},1").encode(), "line 2"),
    "twice": ((HEAD + 2 * lines()[0]).encode(), "twice, again in line 3"),
    "another notation": ((HEAD + "".join(f"{i},1,2,3\n" for i in range(5))).encode(), "a row of t.csv"),
    "cut gzip": (gzip.compress(b"cell,val,test,ms\n" + b"x" * 999)[:40], "a table of architectures"),
    "bytes": (b"\xff\xfe\x00cell", "a table of architectures"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_a_bad_table_is_refused_in_one_line(case, tmp_path):
    content, said = case
    file = tmp_path / "t.csv"
    if content == "":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    with pytest.raises(BadValue, match=said) as refusal:
        made(file)
    assert "\n" not in str(refusal.value)


def test_an_architecture_without_a_row(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(HEAD + "".join(lines()))
    with pytest.raises(BadValue, match="none for"):
        made(file)([SPACE.choices.at(1)])
    with pytest.raises(BadValue, match="after 'table:'"):
        made("", "")


def test_options():
    assert options("a.csv") == ("a.csv", {})
    assert options("a,b.csv,x= 1 ,y=2") == ("a,b.csv", {"x": "1", "y": "2"})
    assert options("a,x=p,q,y=2") == ("a", {"x": "p,q", "y": "2"})
