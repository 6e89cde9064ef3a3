"""What settings hand out to those who need it: the database's place and the policy for writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from proxmox_mpc.domain.connection import Secret


@dataclass(frozen=True, slots=True)
class StateLocation:
    """Where what was seen and done is kept: a SQLite file, or a PostgreSQL URL with its password beside it."""

    path: Path
    url: str | None = None
    password: Callable[[], Secret] | None = None


@dataclass(frozen=True, slots=True)
class Safety:
    """The policy for writes; ``policy`` maps low, medium, high and critical to run, confirm, plan, name or deny."""

    mode: str
    protected: tuple[str, ...]
    require_backup: bool
    policy: Mapping[str, str]
