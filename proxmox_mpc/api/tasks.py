"""Waiting for a PVE task: polled on its own node until it ends, with ``WARNINGS`` a success."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from proxmox_mpc.api.retry import POLL, Backoff, Clock, Sleep
from proxmox_mpc.domain.json import as_object, as_rows, integer, text
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import ChangedMeanwhile, PmpcError, TaskFailed, TlsError, Unreachable, WaitExpired

OnLog = Callable[[str], None]

_WARNINGS = re.compile(r"WARNINGS: (\d+)")
# The two wordings of a digest that is not the current one any more (qemu-server; everything else).
_CHANGED = re.compile(r"file change by other user|detected modified configuration")
_LOG_PAGE = 500
_SOME_FAILED = "job errors"
_MOST_REASONS = 3
# For how many seconds the task's node may stay silent: a reboot in between is survived, a dead node is reported.
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A task as its node reports it; ``exitstatus`` is None while it runs, then ``OK``, ``WARNINGS: n`` or an error."""

    upid: Upid
    running: bool
    exitstatus: str | None = None

    @property
    def warnings(self) -> int:
        """How many warnings a finished task counted."""
        match = _WARNINGS.fullmatch(self.exitstatus or "")
        return int(match[1]) if match else 0

    @property
    def ok(self) -> bool:
        """Whether the task ended well, be it with warnings."""
        return self.exitstatus == "OK" or _WARNINGS.fullmatch(self.exitstatus or "") is not None


def status(source: Source, upid: Upid) -> TaskStatus:
    """Return the state of a task; raises NotFound for one that its node does not know."""
    answer = as_object(source.read(upid.path("status")), "a task's status")
    running = text(answer, "status") != "stopped"
    return TaskStatus(upid, running, None if running else text(answer, "exitstatus") or "unexpected status")


def wait(
    source: Source,
    upid: Upid,
    *,
    clock: Clock,
    sleep: Sleep,
    every: Backoff = POLL,
    timeout: float | None = None,
    on_log: OnLog | None = None,
) -> TaskStatus:
    """Return the status of a task that ended well, giving each line of its log to ``on_log`` as it comes.

    ``timeout`` is in seconds, None waits as long as the node answers. Raises TaskFailed, WaitExpired, and Unreachable
    when the node stays silent; all carry the UPID in ``details``, so that the wait can be taken up again.
    """
    started = answered = clock()
    pauses = every.pauses()
    log = _Log(source, upid, on_log)
    while True:
        try:
            current = status(source, upid)
            log.follow()
            answered = clock()
            if not current.running:
                return _ended(source, current)
        except TlsError:
            raise
        except Unreachable as error:
            if clock() - answered >= _PATIENCE:
                error.details["upid"] = str(upid)
                raise
        pause = next(pauses)
        if timeout is not None:
            left = timeout - (clock() - started)
            if left <= 0:
                raise _expired(upid, timeout)
            pause = min(pause, left)
        sleep(pause)


# The id of a token's task holds a !, which an interactive shell would take for its history: hints quote it.
def _ended(source: Source, current: TaskStatus) -> TaskStatus:
    if current.ok:
        return current
    upid = current.upid
    subject = f"{upid.type} {upid.id}".strip()
    reasons = _reasons(source, upid) if current.exitstatus == _SOME_FAILED else ""
    kind = ChangedMeanwhile if _CHANGED.search(current.exitstatus or "") else TaskFailed
    raise kind(
        f"task {subject} on {upid.node} failed: {current.exitstatus}{reasons}",
        hint=f"its log says more: pmpc task log {quote(str(upid))}",
        details={"upid": str(upid), "exitstatus": current.exitstatus},
    )


def _reasons(source: Source, upid: Upid) -> str:
    """Return what a backup's log says: the task itself ends with ``job errors``, whatever went wrong."""
    try:
        rows = as_rows(source.read(upid.path("log"), {"start": 0, "limit": 0}), "a task's log")
    except PmpcError:
        return ""
    said = [line.removeprefix("ERROR: ") for row in rows if (line := text(row, "t") or "").startswith("ERROR: ")]
    return f" ({'; '.join(said[:_MOST_REASONS])})" if said else ""


def _expired(upid: Upid, timeout: float) -> WaitExpired:
    return WaitExpired(
        f"the task still runs after {timeout:g} s: {upid}",
        hint=f"go on waiting: pmpc task wait {quote(str(upid))}",
        details={"upid": str(upid)},
    )


class _Log:
    """How far a task's log has been shown."""

    def __init__(self, source: Source, upid: Upid, show: OnLog | None) -> None:
        self._source = source
        self._path = upid.path("log")
        self._show = show
        self._seen = 0

    def follow(self) -> None:
        """Show the lines that are new, page by page."""
        while self._show is not None:
            rows = as_rows(self._source.read(self._path, {"start": self._seen, "limit": _LOG_PAGE}), "a task's log")
            # A log without a line is answered as this one line.
            if self._seen == 0 and len(rows) == 1 and text(rows[0], "t") == "no content":
                return
            for row in rows:
                self._show(text(row, "t") or "")
                self._seen = integer(row, "n") or self._seen + 1
            if len(rows) < _LOG_PAGE:
                return
