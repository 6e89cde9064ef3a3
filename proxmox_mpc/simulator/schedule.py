"""PVE's calendar events (as systemd writes them), as far as jobs use them: when does one come next?

Understood are ``[WEEKDAYS] [HOURS:MINUTES]`` with lists, ranges (``mon..fri``, ``8..17:30``) and steps (``*/15``,
``2/4:00``), the day of the month in ``*-*-01 HH:MM``, and the words hourly, daily, weekly, monthly, yearly. Times are
UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = {
    "minutely": "*:*", "hourly": "*:00", "daily": "00:00", "weekly": "mon 00:00", "monthly": "*-*-01 00:00",
    "yearly": "*-01-01 00:00", "annually": "*-01-01 00:00",
}  # fmt: skip
_HORIZON = 366 * 5
"""Days looked ahead."""


@dataclass(frozen=True, slots=True)
class Event:
    """The days, hours and minutes at which an event comes."""

    weekdays: frozenset[int]
    months: frozenset[int]
    days: frozenset[int]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]

    def after(self, moment: int) -> int | None:
        """Return the first time after ``moment`` (epoch seconds); None when there is none in five years."""
        start = datetime.fromtimestamp(moment, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for ahead in range(_HORIZON):
            day = (start + timedelta(days=ahead)).date()
            if day.weekday() not in self.weekdays or day.month not in self.months or day.day not in self.days:
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if found >= start:
                        return int(found.timestamp())
        return None


def parse(text: str) -> Event:
    """Read a calendar event; raises ValueError for one that is not understood."""
    plain = _WORDS.get(text.strip().lower(), text.strip().lower())
    weekdays, months, days, clock = set(range(7)), set(range(1, 13)), set(range(1, 32)), "00:00"
    for word in plain.split():
        if re.fullmatch(r"[a-z.,]+", word):
            weekdays = set(_weekdays(word))
        elif word.count("-") == 2:
            _, month, day = word.split("-")
            months, days = set(_numbers(month, 1, 12)), set(_numbers(day, 1, 31))
        else:
            clock = word
    hour, _, minute = clock.rpartition(":")
    return Event(
        frozenset(weekdays), frozenset(months), frozenset(days), tuple(sorted(set(_numbers(hour or "*", 0, 23)))),
        tuple(sorted(set(_numbers(minute, 0, 59)))),
    )  # fmt: skip


def _weekdays(word: str) -> Iterable[int]:
    for part in word.split(","):
        first, _, last = part.partition("..")
        ends = [next((at for at, day in enumerate(_DAYS) if name[:3] == day), None) for name in (first, last or first)]
        if ends[0] is None or ends[1] is None:
            raise ValueError(f"unable to parse calendar event: {word}")
        yield from range(ends[0], ends[1] + 1)


def _numbers(text: str, low: int, high: int) -> Iterable[int]:
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("..")
        try:
            start = low if first == "*" else int(first)
            end = int(last) if last else high if first == "*" or step else start
            values = range(start, end + 1, int(step or 1))
        except ValueError as error:
            raise ValueError(f"unable to parse calendar event: {text}") from error
        if not low <= start <= end <= high:
            raise ValueError(f"value '{text}' out of range")
        yield from values
