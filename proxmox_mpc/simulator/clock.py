"""Time as an argument: the world never asks the machine what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the simulator takes its time from, and where it waits."""

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class SystemClock:
    """The machine's own time; ``sleep`` really sleeps."""

    def now(self) -> float:
        """Return the machine's time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep for real."""
        time.sleep(seconds)


class ManualClock:
    """Time that moves only when told to; ``sleep`` moves it and returns at once."""

    def __init__(self, start: float = 1_795_375_657.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time set."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the time forward."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward by ``seconds``."""
        self._now += seconds
