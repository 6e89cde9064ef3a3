"""Calendar events: when does one come next?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.simulator.schedule import parse

SUNDAY = int(datetime(2026, 11, 22, 19, 27, 37, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("event", "coming"),
    [
        ("02:30", "Mon 2026-11-23 02:30"),
        ("*/15", "Sun 2026-11-22 19:30"),
        ("sat 04:00", "Sat 2026-11-28 04:00"),
        ("mon..fri 22:00", "Mon 2026-11-23 22:00"),
        ("sun 19:28", "Sun 2026-11-22 19:28"),
        ("8..17/3:15", "Mon 2026-11-23 08:15"),
        ("2/4:00", "Sun 2026-11-22 22:00"),
        ("sat,sun 20:05,25", "Sun 2026-11-22 20:05"),
        ("*-*-01 06:00", "Tue 2026-12-01 06:00"),
        ("hourly", "Sun 2026-11-22 20:00"),
        ("daily", "Mon 2026-11-23 00:00"),
        ("weekly", "Mon 2026-11-23 00:00"),
        ("monthly", "Tue 2026-12-01 00:00"),
        ("yearly", "Fri 2027-01-01 00:00"),
    ],
)
def test_the_next_time(event: str, coming: str) -> None:
    found = parse(event).after(SUNDAY)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).strftime("%a %Y-%m-%d %H:%M") == coming


@pytest.mark.parametrize("event", ["noon", "25:00", "12:60", "someday 10:00", "*-13-01", "*/x"])
def test_what_is_no_event_is_refused(event: str) -> None:
    with pytest.raises(ValueError, match=r"parse|range"):
        parse(event)


def test_a_day_that_never_comes() -> None:
    assert parse("*-02-30 00:00").after(SUNDAY) is None


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 4_000_000_000))
def test_a_daily_time_comes_within_a_day(hour: int, minute: int, moment: int) -> None:
    found = parse(f"{hour}:{minute:02d}").after(moment)
    assert found is not None
    assert 0 < found - moment <= 86_400
    assert found % 86_400 == hour * 3600 + minute * 60
