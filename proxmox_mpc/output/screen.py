"""A page that is drawn again and again on a terminal, until q is pressed."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from proxmox_mpc.output.streams import Streams

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
_LEAVE = b"qQ"


class Screen:
    """A terminal that shows one page at a time."""

    def __init__(self, streams: Streams, clock: Callable[[], float]) -> None:
        self._streams = streams
        self._clock = clock

    def clear(self) -> None:
        """Make room for the next page."""
        self._streams.stdout.write(_CLEAR)
        self._streams.stdout.flush()

    def pause(self, seconds: float) -> bool:
        """Wait; returns True as soon as q is pressed or the terminal is gone."""
        keys = self._streams.stdin.fileno()
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            if select.select([keys], [], [], left)[0]:
                pressed = os.read(keys, 1)
                if not pressed or pressed in _LEAVE:
                    return True
        return False


@contextmanager
def screen(streams: Streams, clock: Callable[[], float]) -> Iterator[Screen]:
    """Take keys one by one, without Enter, while the page is shown; the terminal is left as it was."""
    import termios
    import tty

    keys = streams.stdin.fileno()
    before = termios.tcgetattr(keys)
    tty.setcbreak(keys)
    try:
        yield Screen(streams, clock)
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
