"""What a command hands back: data, what is to be said of it, and how the process ends."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.source import Reading, Warn
from proxmox_mpc.errors import PmpcError

T = TypeVar("T")


class Result(NamedTuple):
    """``data`` is printed in the command's shape; ``status`` is the exit status when nothing else applies.

    ``data`` None: the verb has printed what it had to say. ``partial`` makes it 11 unless --allow-partial; ``page``
    replaces the table where people need another view. ``error``: what failed although there is data; it is said after
    the data, and the process ends with its status.
    """

    data: Json
    warnings: tuple[Warn, ...] = ()
    partial: bool = False
    status: int = 0
    page: str | None = None
    error: PmpcError | None = None

    @classmethod
    def of(cls, reading: Reading[T], data: Json) -> Result:
        """Return the result that prints ``data`` and carries the warnings of ``reading``."""
        return cls(data, reading.warnings, reading.partial)
