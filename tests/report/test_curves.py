"""Curves of the trace."""

from __future__ import annotations

from gapless.report.curves import panels


def test_losses_and_accuracies_are_paired_stage_by_stage() -> None:
    trace = [
        {
            "stage": stage,
            "epoch": float(e),
            "train_loss": 2.0 - e,
            "val_loss": None if e else 2.5,
            "val_accuracy": e / 2,
        }
        for stage in ("search", "retrain")
        for e in range(3)
    ]
    found = panels(trace)
    assert [(p.stage, p.title, [c.name for c in p.curves]) for p in found] == [
        ("search", "Loss", ["train", "val"]),
        ("search", "Accuracy", ["val"]),
        ("retrain", "Loss", ["train", "val"]),
        ("retrain", "Accuracy", ["val"]),
    ]
    assert found[0].curves[0].y == (2.0, 1.0, 0.0)
    assert found[0].curves[1].x == (0.0,)


def test_several_rows_of_an_epoch_are_averaged() -> None:
    trace = [{"stage": "s", "epoch": e // 2, "step": e, "train_loss": float(e)} for e in range(4)]
    assert panels(trace)[0].curves[0].y == (0.5, 2.5)


def test_other_numbers_are_drawn_only_where_they_change_and_six_at_most() -> None:
    names = [f"extra_{i}" for i in range(9)]
    trace = [{"stage": "s", "epoch": e, "constant": 1.0, **{n: float(e) for n in names}} for e in range(2)]
    assert [p.title for p in panels(trace)] == [f"extra {i}" for i in range(6)]


def test_without_epochs_the_step_counts_and_numbers_that_are_not_finite_are_left_out() -> None:
    trace = [
        {"stage": "s", "step": s, "train_loss": v} for s, v in ((10, 1.0), (20, float("nan")), (30, 0.5))
    ]
    curve = panels(trace)[0].curves[0]
    assert (curve.x, curve.y) == ((10.0, 30.0), (1.0, 0.5))
