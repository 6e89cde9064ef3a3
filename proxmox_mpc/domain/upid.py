"""The name of a PVE task: ``UPID:node:pid:pstart:start:type:id:user:`` (pve-common PVE/UPID.pm)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from proxmox_mpc.domain.source import api_path
from proxmox_mpc.errors import UsageError

_UPID = re.compile(
    r"UPID:(?P<node>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?):(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):"
    r"(?P<started>[0-9A-Fa-f]{8}):(?P<type>[^:\s]+):(?P<id>[^:\s]*):(?P<user>[^:\s]+):",
)


@dataclass(frozen=True, slots=True)
class Upid:
    """A task; ``node`` is where it runs and is polled, ``started`` epoch seconds, ``id`` what it works on or empty.

    ``user`` is who started it, with the token if one did (``root@pam!ci``). ``text`` is the UPID as it was written.
    """

    text: str
    node: str
    pid: int
    pstart: int
    started: int
    type: str
    id: str
    user: str

    @classmethod
    def parse(cls, text: str) -> Upid:
        """Read a UPID; raises UsageError for anything else."""
        match = _UPID.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{text[:100]!r} is no task id",
                hint="a task id looks like UPID:pve1:0003F2A1:01C2D3E4:66F0A1B2:qmstart:101:root@pam: (pmpc task list)",
            )
        return cls(
            text=text,
            node=match["node"],
            pid=int(match["pid"], 16),
            pstart=int(match["pstart"], 16),
            started=int(match["started"], 16),
            type=match["type"],
            id=match["id"],
            user=match["user"],
        )

    @classmethod
    def of(cls, value: object) -> Upid | None:
        """Return the task that an answer names, or None where it is no UPID (a write may answer null)."""
        if isinstance(value, str) and _UPID.fullmatch(value):
            return cls.parse(value)
        return None

    def path(self, *below: str) -> str:
        """Return the API path of this task, with ``status`` or ``log`` below it where given."""
        return api_path("nodes", self.node, "tasks", self.text, *below)

    def __str__(self) -> str:
        return self.text
