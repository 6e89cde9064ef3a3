from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.output.chart import ASCII, BLOCKS, sparkline, summary

SHAPE = rows(
    Field("time", "time?", "time"),
    Field("cpu", "number?", "cpu", unit="fraction"),
    Field("memory_used", "number?", "used", unit="bytes"),
    Field("memory", "number?", "all", unit="bytes", level="data"),
    Field("disk_read", "number?", "read", unit="bytes/s", level="wide"),
)
ROWS: list[JsonObject] = [
    {"time": "2026-11-22T12:00:00Z", "cpu": 0.1, "memory_used": 1024, "memory": 4096, "disk_read": None},
    {"time": "2026-11-22T12:01:00Z", "cpu": None, "memory_used": 2048, "memory": 4096, "disk_read": None},
    {"time": "2026-11-22T12:02:00Z", "cpu": 0.4, "memory_used": 2048, "memory": 4096, "disk_read": None},
]


@pytest.mark.capability("4.8")
def test_a_line_goes_from_zero_to_the_highest_and_gaps_stay_blank() -> None:
    assert sparkline([0, 1, None, 4], 10) == "▁▃ █"
    assert sparkline([1, 1], 10, high=7) == "▂▂"
    assert sparkline([0, 0, None], 10) == "▁▁ "
    assert sparkline([], 10) == ""


def test_more_values_than_characters_are_averaged() -> None:
    assert sparkline([0, 0, 8, 8, None, None], 3, marks=ASCII) == "_# "


@given(st.lists(st.none() | st.floats(-1e15, 1e15), max_size=200), st.integers(1, 80))
def test_any_course_fits_its_width(values: list[float | None], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BLOCKS) | {" "}


@pytest.mark.capability("4.8", "10.7")
def test_the_summary_has_a_line_for_each_series_that_has_values() -> None:
    period, heading, cpu, memory = summary(ROWS, SHAPE, width=80, wide=True, plain=True).splitlines()
    assert period.endswith("every 1m")
    assert heading.split() == ["METRIC", "NOW", "MIN", "MEAN", "MAX"]
    assert cpu.split()[:2] == ["cpu", "40.0"] and cpu.endswith(": #")
    assert memory.startswith("memory used") and memory.endswith(":==")
    assert summary([], SHAPE, width=None) == "nothing was recorded"
    assert summary(ROWS[:1], SHAPE, width=None).splitlines()[1].split()[0] == "METRIC"
