"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.moments import Moment, iso, moment
from proxmox_mpc.errors import UsageError

EARLIEST, LATEST = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2026-11-01")
NOW = 1_795_377_421.5
DAY = 86400


def read(text: str) -> Moment:
    return moment(text, "--at", lambda: NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2d", NOW - 2 * DAY),
        ("36h", NOW - 36 * 3600),
        ("15m", NOW - 900),
        ("1h30m", NOW - 5400),
        ("today", NOW - NOW % DAY),
        ("Yesterday", NOW - NOW % DAY - DAY),
        ("2026-11-20", 1_795_132_800),
        (" 2026-11-20T08:00 ", 1_795_161_600),
        ("2026-11-20T08:00+02:00", 1_795_154_400),
        ("2026-11-20 08:00:00Z", 1_795_161_600),
        ("9999999999999y", 0),
        ("0001-01-01T00:00+14:00", 0),
    ],
)
def test_each_way_to_write_a_moment(text: str, expected: float) -> None:
    assert read(text) == Moment(text.strip(), at=expected)


def test_a_run_is_named_by_its_number() -> None:
    assert read("run:12") == Moment("run:12", run=12)


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    "text", ["", "5", "20261120", "nonsense", "run:", "run:x", "-2d", "2026-13-01", "1e9d", "run:-1"]
)
def test_what_is_no_moment_is_told_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match=r"--at: .* is no moment") as caught:
        read(text)
    assert "run:12" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["2099-01-01", "9999-12-31T23:59-23:59"])
def test_the_future_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="in the future"):
        read(text)


@pytest.mark.capability("7.4")
@given(st.datetimes(EARLIEST, LATEST), st.integers(-840, 840))
def test_iso_is_read_as_it_was_written_in_any_zone(local: datetime, minutes: int) -> None:
    aware = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read(aware.isoformat()).at == pytest.approx(aware.timestamp())
    assert read(local.isoformat()).at == pytest.approx(local.replace(tzinfo=UTC).timestamp())
    whole = local.replace(microsecond=0)
    assert iso(read(whole.isoformat()).at) == whole.isoformat() + "Z"


@pytest.mark.capability("7.4")
@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,6}[smhdwy:]{0,2}[0-9T:+-]{0,12}", fullmatch=True))
def test_any_text_is_a_moment_of_the_past_or_refused(text: str) -> None:
    try:
        found = read(text)
    except UsageError:
        return
    assert found.run is not None or (found.at is not None and 0 <= found.at <= NOW)
