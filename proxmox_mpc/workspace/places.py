"""What settings hand out to those who need it: the database's place and the policy for writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.domain.connection import Secret


class StateLocation(NamedTuple):
    """Where what was seen and done is kept: a SQLite file, or a PostgreSQL URL with its password beside it."""

    path: Path
    url: str | None = None
    password: Callable[[], Secret] | None = None


class Safety(NamedTuple):
    """The policy for writes; ``policy`` maps low, medium, high and critical to run, confirm, plan, name or deny."""

    mode: str
    protected: tuple[str, ...]
    require_backup: bool
    policy: Mapping[str, str]
