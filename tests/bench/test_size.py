"""What a message costs to write does not depend on how many are in its group; and the report of it in small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import curves, machine, size
from bench.size_run import SCALES, Measure, measure_groups, measure_members, measure_stored


def test_a_message_costs_the_same_in_a_group_of_any_size(tmp_path: Path) -> None:
    figures = {}
    for members in (10, 1000):
        folder = tmp_path / str(members)
        folder.mkdir()
        figures[members] = measure_members(members, 0, folder)
    small, large = figures[10], figures[1000]
    assert small["alone_rows"] == large["alone_rows"]
    assert small["joined_rows"] == large["joined_rows"]
    assert large["alone_bytes"] == pytest.approx(small["alone_bytes"], rel=0.1)
    assert large["joined_bytes"] == pytest.approx(small["joined_bytes"], rel=0.1)
    assert small["joined_rows"] >= 1  # the message itself


@pytest.mark.parametrize(("measure", "many"), [(measure_stored, 100), (measure_groups, 3)], ids=["stored", "groups"])
def test_reading_is_measured_over_a_socket(tmp_path: Path, measure: Measure, many: int) -> None:
    figures = measure(many, 0, tmp_path)
    assert {"history_p99_ms", "list_p99_ms", "hello_p99_ms", "say_p99_ms"} <= figures.keys()
    assert min(figures.values()) > 0


def test_a_report_compares_the_largest_with_the_smallest_and_draws_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = replace(SCALES["members"], measure=lambda size, seconds, folder: {"alone_rows": float(size)})
    monkeypatch.setitem(SCALES, "members", fake)
    monkeypatch.setattr(machine, "filesystem_of", lambda path: "ext4")
    assert (
        size.main(["--scale", "members", "--most", "1000", "--dir", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    )
    text = capsys.readouterr().out
    assert "| 1,000 | 1,000 |" in text
    assert "10,000" not in text
    assert "| largest / smallest | 100.00 |" in text
    suffixes = {path.suffix for path in (tmp_path / "out").iterdir()}
    assert suffixes == {".md", ".json", ".svg"}


def test_a_line_is_drawn_where_it_belongs() -> None:
    drawn = curves.draw([("A", "members", {10: {"x": 1.0, "nothing": 0.0}, 1000: {"x": 100.0, "nothing": 0.0}})])
    left, right = curves.LEFT, curves.WIDTH - curves.LEGEND
    bottom, top = curves.HEIGHT - curves.BOTTOM, curves.TOP
    assert f'points="{left:.1f},{bottom:.1f} {right:.1f},{top:.1f}"' in drawn
    assert "nothing" not in drawn
