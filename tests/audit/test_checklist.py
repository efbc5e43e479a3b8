"""The checklist is met by what was measured, and says what to do about the rest."""

from gapless.audit.checklist import CITATION, ITEMS, checklist


def test_nothing_measured_meets_nothing():
    rows = checklist({})
    assert len(rows) == len(ITEMS)
    assert not any(row["met"] for row in rows)
    assert all(row["do"] for row in rows)


def test_what_was_measured_is_shown():
    found = {
        "command": "gapless search", "question": {"seed": 0}, "chain": [{"n": 359}], "baseline": {"n": 3},
        "accuracy": {"test": {"values": [0.9, 0.91, 0.92]}},
        "verdict": {"sentence": "it is better", "k": 3, "trained": 3},
        "cost": {"search_seconds": 10.0, "retrain_seconds": 20.0}, "environment": {"torch": "2.9"},
        "audit": {"ranking": {"n": 20}}, "comparison": {"searches": 3, "variants": ["a", "a, lr=1"]},
    }  # fmt: skip
    rows = checklist(found)
    assert all(row["met"] for row in rows)
    assert all(not row["do"] and "\n" not in row["shown"] for row in rows)
    assert "359 images" in next(row["shown"] for row in rows if "judge" in row["practice"])


def test_less_than_equal_cost_and_two_methods_are_no_practice():
    found = {
        "verdict": {"sentence": "it is better", "k": 40, "trained": 1}, "baseline": {"n": 1},
        "comparison": {"variants": ["darts", "spos"]},
    }  # fmt: skip
    rows = {row["practice"]: row for row in checklist(found)}
    assert not rows["Compared with random search at equal cost"]["met"]
    assert not rows["Parts are ablated"]["met"]
    assert rows["All that are compared are trained alike"]["shown"].startswith("1 random architecture,")


def test_two_seeds_are_not_several():
    rows = {row["practice"]: row for row in checklist({"accuracy": {"test": {"values": [0.9, 0.91]}}})}
    assert not rows["Several trainings of the result"]["met"]


def test_its_source_can_be_cited():
    assert CITATION["bibtex"].startswith(f"@article{{{CITATION['key']},")
    assert CITATION["bibtex"].count("{") == CITATION["bibtex"].count("}")
