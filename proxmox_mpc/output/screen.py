"""A page that is drawn again and again on a terminal, until q is pressed."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from proxmox_mpc.output.streams import Streams

_HOME, _TO_END_OF_LINE, _TO_END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_LEAVE = b"qQ"


class Screen:
    """A terminal that shows one page at a time, from its top as far as there is room."""

    def __init__(self, streams: Streams, clock: Callable[[], float]) -> None:
        self._streams = streams
        self._clock = clock

    def draw(self, text: str) -> None:
        """Replace the page; lines that do not fit are cut, and how many are left out is said."""
        columns, rows = os.get_terminal_size(self._streams.stdout.fileno())
        lines = [line if len(line) <= columns else line[: columns - 1] + "…" for line in text.splitlines()]
        if len(lines) > rows - 1:
            lines = [*lines[: rows - 2], f"… {len(lines) - rows + 2} more lines; q leaves"[:columns]]
        body = "".join(f"{line}{_TO_END_OF_LINE}\n" for line in lines)
        self._streams.stdout.write(f"{_HOME}{body}{_TO_END_OF_SCREEN}")
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
    streams.stdout.write(f"{_HOME}{_TO_END_OF_SCREEN}")
    try:
        yield Screen(streams, clock)
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
