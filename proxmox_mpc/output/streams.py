"""The three streams of a command: data on stdout, everything said about it on stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.output.human import visible
from proxmox_mpc.output.plain import to_json

_RED, _YELLOW, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


class Streams:
    """stdin, stdout and stderr with what is known of them; ``machine`` when -o json or yaml was asked for."""

    def __init__(
        self, stdin: TextIO, stdout: TextIO, stderr: TextIO, *, machine: bool = False, colour: str = "auto"
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.machine = machine
        self.colour = colour
        self.quiet = False

    @classmethod
    def of_process(cls) -> Streams:
        """Return the process's own streams; text that the terminal's encoding lacks is escaped, never an error."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        # A daemon may start a program with a stream closed; Python has None for it then.
        return cls(sys.stdin or io.StringIO(), sys.stdout or io.StringIO(), sys.stderr or io.StringIO())

    @property
    def width(self) -> int | None:
        """The columns of the terminal on stdout; None where stdout is none, so that nothing is cut."""
        if not self.stdout.isatty():
            return None
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or 80
        except OSError:
            return 80

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: stdin and stderr are terminals."""
        return self.stdin.isatty() and self.stderr.isatty()

    def data(self, text: str) -> None:
        """Write data, and the end of its last line."""
        self.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        self.stdout.flush()

    def warn(self, warn: Warn) -> None:
        """Say a warning, unless --quiet: one line and its hint for people, one JSON object a line for programs."""
        if self.quiet:
            return
        if self.machine:
            self._event("warning", warn.code, warn.message, warn.hint, warn.details)
        else:
            self._say("warning", _YELLOW, warn.message, warn.hint)

    def error(self, code: str, message: str, hint: str | None, details: Mapping[str, object]) -> None:
        """Say an error."""
        if self.machine:
            self._event("error", code, message, hint, details)
            return
        self._say("error", _RED, message, None)
        errors = details.get("errors")
        if isinstance(errors, Mapping):
            for key, text in errors.items():
                line = f"  {visible(str(key))}: {visible(str(text).strip())}"
                if str(text).strip() not in message:
                    self._tell(line)
        if hint:
            self._hint(hint)

    def note(self, text: str) -> None:
        """Tell people what is going on; programs and --quiet do not see it."""
        if not self.machine and not self.quiet:
            self._tell("\n".join(visible(line) for line in text.splitlines()))

    def trace(self, text: str) -> None:
        """Write one line of a verbose trace."""
        if self.machine:
            self._tell(to_json({"trace": text}, line=True))
        else:
            self._tell(self._paint(_DIM, visible(text)))

    def ask(self, question: str) -> str:
        """Show a question on stderr and return the line that was typed; raises EOFError at the end of input."""
        self.stderr.write(question)
        self.stderr.flush()
        line = self.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def ask_secret(self, question: str) -> str:
        """Show a question and return what was typed, unseen."""
        import getpass

        return getpass.getpass(question, stream=self.stderr)

    def _tell(self, text: str) -> None:
        """Write to stderr; that nobody can be told there changes neither the data nor the exit status."""
        with suppress(OSError, ValueError):
            self.stderr.write(f"{text}\n")
            self.stderr.flush()

    def _event(self, kind: str, code: str, message: str, hint: str | None, details: Mapping[str, object]) -> None:
        body = {kind: {"code": code, "message": message, "hint": hint, "details": dict(details)}}
        self._tell(to_json(body, line=True))

    def _say(self, kind: str, colour: str, message: str, hint: str | None) -> None:
        first, *rest = message.strip().splitlines() or [""]
        lines = [f"{self._paint(colour, kind + ':')} {visible(first)}", *(f"  {visible(line)}" for line in rest)]
        self._tell("\n".join(lines))
        if hint:
            self._hint(hint)

    def _hint(self, hint: str) -> None:
        first, *rest = hint.splitlines()
        lines = [f"hint: {visible(first)}", *(f"  {visible(line)}" for line in rest)]
        self._tell("\n".join(lines))

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self.coloured(self.stderr) else text

    def coloured(self, stream: TextIO) -> bool:
        """Whether colours may be written to ``stream``: --color, then NO_COLOR, then whether it is a terminal."""
        if self.colour == "always":
            return True
        return self.colour == "auto" and stream.isatty() and os.environ.get("TERM") != "dumb"


def event_line(kind: str, **values: Json) -> str:
    """Return one JSON line for --log-file."""
    return to_json({"event": kind, **values}, line=True)
