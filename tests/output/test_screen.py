"""The page that is drawn again and again: it fits the terminal, and q leaves."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
from collections.abc import Iterator

import pytest

from proxmox_mpc.output.screen import screen
from proxmox_mpc.output.streams import Streams


class Terminal:
    """Both ends of a pseudo terminal of 20 columns and 5 rows."""

    def __init__(self) -> None:
        self.outside, self.inside = os.openpty()
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 20, 0, 0))
        self.keyboard = os.fdopen(os.dup(self.inside), "r")
        self.display = os.fdopen(os.dup(self.inside), "w")
        self.streams = Streams(self.keyboard, self.display, io.StringIO())

    def shown(self) -> str:
        return os.read(self.outside, 65536).decode()

    def close(self) -> None:
        for file in (self.keyboard, self.display):
            file.close()
        for number in (self.outside, self.inside):
            os.close(number)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.mark.capability("1.3", "10.6")
def test_a_page_is_cut_to_the_terminal_and_what_is_left_out_is_said(terminal: Terminal) -> None:
    with screen(terminal.streams, lambda: 0.0) as page:
        page.draw("\n".join(["a" * 30, *(f"line {at}" for at in range(1, 9))]))
    lines = terminal.shown().replace("\x1b[H", "").replace("\x1b[K", "").replace("\x1b[J", "").split()
    assert lines[0] == "a" * 19 + "…"
    assert " ".join(lines[1:]) == "line 1 line 2 … 6 more lines; q leaves"[: len("line 1 line 2 ") + 20]


@pytest.mark.capability("10.6")
def test_q_leaves_other_keys_do_not_and_the_terminal_is_as_before(terminal: Terminal) -> None:
    before = termios.tcgetattr(terminal.inside)
    clock = iter([0.0, 0.0, 0.0, 99.0])
    with screen(terminal.streams, lambda: next(clock)) as page:
        os.write(terminal.outside, b"xq")
        assert page.pause(1)
        clock = iter([0.0, 0.5, 99.0])
        os.write(terminal.outside, b"x")
        assert not page.pause(1)
    assert termios.tcgetattr(terminal.inside) == before
