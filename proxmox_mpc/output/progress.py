"""How far a long command is: one line on a terminal's stderr, rewritten in place; nothing anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from proxmox_mpc.output.streams import Streams

_EVERY = 0.1
_CLEAR = "\r\x1b[2K"


class Progress:
    """A line such as ``guests 512/10000``; use as a context manager, which takes the line away at the end."""

    def __init__(self, streams: Streams, clock: Callable[[], float] = time.monotonic) -> None:
        self._streams = streams
        self._clock = clock
        self._shown = not streams.quiet and not streams.machine and streams.stderr.isatty()
        self._last = float("-inf")

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far it is, ten times a second at most."""
        if not self._shown or self._clock() - self._last < _EVERY:
            return
        self._last = self._clock()
        self._streams.stderr.write(f"{_CLEAR}{what} {done}/{total}")
        self._streams.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._last > float("-inf"):
            self._streams.stderr.write(_CLEAR)
            self._streams.stderr.flush()
