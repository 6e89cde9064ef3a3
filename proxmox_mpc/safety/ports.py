"""What the guard needs of the outside, as protocols: the cluster, the journal, and somebody to talk to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.domain.upid import Upid

Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], None]


class Ended(Protocol):
    """How a task ended that ended well."""

    @property
    def exitstatus(self) -> str | None:
        """``OK`` or ``WARNINGS: n``."""

    @property
    def warnings(self) -> int:
        """How many warnings it counted."""


class Cluster(Protocol):
    """The live cluster's side of a write (api.Api)."""

    def send(self, call: Call) -> Json:
        """Send once; raises PmpcError."""

    def wait(self, upid: Upid, *, timeout: float | None = None, sleep: Sleep | None = None) -> Ended:
        """Wait for a task to end well; raises TaskFailed, WaitExpired, Unreachable with the UPID in ``details``."""


class Journal(Protocol):
    """The append-only record (state.Journal). Every method returns only when the row is durable; raises StateError."""

    def begin(self, body: JsonObject) -> int:
        """Open an operation and return its number; this process holds it until ``release`` or its own end."""

    def note(self, operation: int, step: int, event: str, body: JsonObject) -> None:
        """Append one row to an operation."""

    def release(self, operation: int) -> None:
        """Say that this process is done with an operation."""

    def reserve(self, vmid: int) -> str | None:
        """Hold a guest, so that no other operation changes it meanwhile; returns who does where somebody does.

        An operation may hold it more than once; raises PmpcError where that cannot be known.
        """

    def unreserve(self, vmid: int) -> None:
        """Give a guest back, as often as it was reserved."""

    def orphans(self) -> Sequence[int]:
        """Return the operations that have not ended and that no process holds, oldest first."""

    def entries(self, operation: int) -> Sequence[Entry]:
        """Return the rows of an operation in order; empty for one that does not exist."""

    def upids(self) -> frozenset[str]:
        """Return every UPID that was ever journalled."""


class Voice(Protocol):
    """Where the guard speaks and asks; the command line's side of it."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""

    def ask(self, question: str) -> str:
        """Ask and return the line that was typed; raises EOFError at the end of input."""

    def note(self, text: str) -> None:
        """Tell people what is going on."""

    def warn(self, warn: Warn) -> None:
        """Say a warning."""

    def ended(self, row: Mapping[str, Json]) -> None:
        """Tell that one target of several is done."""
