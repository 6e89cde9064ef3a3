"""When a read is tried again, and how long in between; a write never is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple, TypeAlias

from proxmox_mpc.errors import PmpcError

Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], None]


class Again(Enum):
    """What a failure says about another try of the same read."""

    NEVER = "never"
    AT_ONCE = "at once"
    LATER = "later"


class AttemptError(Exception):
    """A request that failed; inside this layer only, callers see ``error``."""

    def __init__(self, error: PmpcError, again: Again = Again.NEVER) -> None:
        super().__init__(error.message)
        self.error = error
        self.again = again


class Backoff(NamedTuple):
    """Growing pauses in seconds: ``first``, then ``factor`` times the one before, never above ``most``."""

    first: float = 0.3
    factor: float = 2.0
    most: float = 5.0

    def pauses(self) -> Iterator[float]:
        """Yield pauses without end."""
        pause = self.first
        while True:
            yield min(pause, self.most)
            pause = min(pause * self.factor, self.most)


POLL = Backoff(first=0.25, factor=1.5, most=4.0)
"""How a task is polled: a quick one is noticed quickly, a long one costs the server little."""


class RetryPolicy(NamedTuple):
    """How often a read is repeated: ``tries`` in all, none begun more than ``budget`` seconds after the first.

    A stale connection costs no try: it is replaced at once, and once.
    """

    tries: int = 3
    budget: float = 10.0
    backoff: Backoff = Backoff()


class Retries:
    """The tries of one read; ``pause_after`` says how long to wait before the next, or None for no more."""

    def __init__(self, policy: RetryPolicy, clock: Clock, jitter: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._jitter = jitter
        self._started = clock()
        self._pauses = policy.backoff.pauses()
        self._left = policy.tries - 1
        self._replaced = False

    def pause_after(self, failure: AttemptError) -> float | None:
        """Return the seconds to wait before the next try, spread around the pause by jitter, or None."""
        if failure.again is Again.NEVER:
            return None
        if failure.again is Again.AT_ONCE and not self._replaced:
            self._replaced = True
            return 0.0
        pause = next(self._pauses) * (0.5 + self._jitter())
        if self._left <= 0 or self._clock() - self._started + pause > self._policy.budget:
            return None
        self._left -= 1
        return pause
