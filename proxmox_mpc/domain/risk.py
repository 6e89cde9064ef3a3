"""How dangerous a write is: one pure function from what it does and what is known of its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Level: TypeAlias = Literal["low", "medium", "high", "critical"]
Effect: TypeAlias = Literal[
    # low: a POST that changes nothing
    "ping",
    # medium
    "start",
    "shutdown",
    "reboot",
    "suspend",
    "resume",
    "snapshot",
    "config",
    "tag",
    "add",  # a small object that holds no data: a pool, rule, job, alias, user, group
    "backup",
    "transfer",  # files to a storage: upload, download
    "service",  # a node's services and lists of packages
    # medium, or high while the guest runs
    "stop",
    "reset",
    # high
    "create",
    "clone",
    "migrate",
    "restore",
    "template",
    "network",
    "access",  # what grants rights: tokens, ACLs, roles, passwords
    "node_power",
    "snapshot_delete",
    "backup_delete",
    "rule_delete",
    "nic_delete",
    "boot_disk",  # taking away what a guest boots from
    "remove",  # any other object that holds no data
    "agent_exec",
    "agent_write",
    "raw",
    # critical
    "guest_delete",
    "disk_delete",
    "storage_delete",
    "rollback",
    "restore_over",
    "raw_delete",
]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
LEVELS: tuple[Level, ...] = get_args(Level)
BULK = 10
"""More targets than this make a plan high."""

_LOW = frozenset({"ping"})
_RUNNING = frozenset({"stop", "reset"})
_CRITICAL = frozenset({"guest_delete", "disk_delete", "storage_delete", "rollback", "restore_over", "raw_delete"})
_HIGH = frozenset(EFFECTS[EFFECTS.index("create") : EFFECTS.index("raw") + 1])
DESTROYS_GUEST = frozenset({"guest_delete", "restore_over"})
"""What ``safety.require_backup`` asks a backup for."""
PROTECTION_FORBIDS = frozenset({"guest_delete", "disk_delete", "restore_over", "backup_delete"})
"""What PVE's own ``protection`` forbids."""


@dataclass(frozen=True, slots=True)
class BackupFact:
    """The newest backup of a guest: ``newest`` in epoch seconds, None where none was seen.

    ``complete``: everything that could hold one was seen; without it ``reasons`` say what was not.
    """

    newest: float | None
    complete: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read of a target when the write was planned.

    ``locked`` is PVE's lock where it stands in the way; ``protection`` PVE's own flag; ``ha``: managed by high
    availability; ``backup`` None where nobody looked; ``touches_management``: the write may cut the connection to the
    cluster's management or corosync; ``reaches``: others that safety.protected names and that it may cut off.
    """

    running: bool = False
    locked: str | None = None
    protection: bool = False
    ha: bool = False
    backup: BackupFact | None = None
    touches_management: bool = False
    reaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """How dangerous it is, and why, in words."""

    level: Level
    reasons: tuple[str, ...] = ()

    def worse(self, other: Risk) -> Risk:
        """Return the more dangerous of the two, with the reasons of both where they are equal."""
        mine, theirs = LEVELS.index(self.level), LEVELS.index(other.level)
        if mine == theirs:
            return Risk(self.level, tuple(dict.fromkeys((*self.reasons, *other.reasons))))
        return self if mine > theirs else other


NO_RISK = Risk("low")
NO_FACTS = Facts()


def assess(effect: Effect, facts: Facts, *, protected: bool = False, targets: int = 1) -> Risk:
    """Return the risk of one effect; ``protected``: safety.protected names the target; ``targets``: how many in all."""
    risk = _of_effect(effect, facts)
    if targets > BULK and effect not in _LOW:
        risk = risk.worse(Risk("high", (f"{targets} targets at once",)))
    if protected:
        risk = risk.worse(Risk("critical", ("protected by safety.protected",)))
    return risk


def _of_effect(effect: Effect, facts: Facts) -> Risk:
    if effect in _LOW:
        return NO_RISK
    if facts.touches_management:
        return Risk("critical", ("touches what carries management or corosync",))
    if facts.reaches:
        more = f" and {len(facts.reaches) - 3} more" if len(facts.reaches) > 3 else ""
        return Risk("critical", (f"protected by safety.protected: {', '.join(facts.reaches[:3])}{more}",))
    if effect in _CRITICAL:
        return Risk("critical", ("cannot be taken back",))
    if effect == "boot_disk":
        return Risk("high", ("the guest boots from it",))
    if effect in _RUNNING and facts.running:
        return Risk("high", ("the guest is running",))
    return Risk("high") if effect in _HIGH else Risk("medium")
