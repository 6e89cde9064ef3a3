"""What is wrong in a status: rules over its parts, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, inner, integer, number, text
from proxmox_mpc.domain.shape import Field

Level = Literal["critical", "warning", "notice"]
_LEVELS: tuple[Level, ...] = ("critical", "warning", "notice")
VERDICTS = ("ok", "warning", "critical")

CERTIFICATE_DAYS = 30
CERTIFICATE_DAYS_CRITICAL = 7
FULL_CRITICAL = 0.95
MEMORY_FULL = 0.95
STALE_SECONDS = 7 * 86400

PROBLEM_FIELDS = (
    Field("level", "string", "critical, warning, or notice (which leaves the verdict alone)", choices=_LEVELS),
    Field("area", "string", "cluster, node, storage, guest, task, replication, certificate, backup or database"),
    Field("message", "string", "what is wrong"),
    Field("hint", "string?", "what to look at"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that somebody should look at."""

    level: Level
    area: str
    message: str
    hint: str | None = None

    def row(self) -> JsonObject:
        """Return it as a row of PROBLEM_FIELDS."""
        return {"level": self.level, "area": self.area, "message": self.message, "hint": self.hint}


def verdict(problems: Iterable[Problem]) -> str:
    """Return ok, warning or critical: the worst level; notices do not count."""
    levels = {problem.level for problem in problems}
    return "critical" if "critical" in levels else "warning" if "warning" in levels else "ok"


def ranked(problems: Iterable[Problem]) -> list[Problem]:
    """Return the worst first, otherwise in the order in which they were found."""
    return sorted(problems, key=lambda problem: _LEVELS.index(problem.level))


def problems_of(page: JsonObject) -> Iterator[Problem]:
    """Yield what is wrong in the parts of a status page; a part that is null says nothing."""
    yield from _cluster(inner(page, "cluster"))
    yield from _nodes(_rows(page, "nodes"))
    yield from _storages(_rows(page, "full"), _rows(page, "inactive"))
    yield from _guests(inner(page, "guests"))
    yield from _tasks(_rows(page, "failed_tasks"))
    yield from _replication(_rows(page, "failing_replication"))
    yield from _certificates(_rows(page, "certificates"))
    yield from _backups(inner(page, "backups"))
    yield from _database(inner(page, "database"), offline=page.get("source") == "database")


def _rows(page: JsonObject, key: str) -> list[JsonObject]:
    return as_rows(page.get(key) or [], key)


def _cluster(cluster: JsonObject) -> Iterator[Problem]:
    if cluster.get("quorate") is False:
        yield Problem(
            "critical", "cluster", "the cluster has no quorum: nothing can be changed", "pvecm status on a node"
        )
    if cluster.get("supported") is False:
        version = text(cluster, "version")
        yield Problem("warning", "cluster", f"Proxmox VE {version} is older than 8.4, the oldest that pmpc knows")


def _nodes(nodes: Sequence[JsonObject]) -> Iterator[Problem]:
    for node in nodes:
        name = text(node, "node")
        if node["status"] == "offline":
            yield Problem("critical", "node", f"node {name} does not answer", f"pmpc node show {name}")
        elif node["status"] == "unknown":
            yield Problem("warning", "node", f"node {name} has not reported its state yet")
        elif (number(node, "memory_fraction") or 0) >= MEMORY_FULL:
            used = f"{100 * (number(node, 'memory_fraction') or 0):.0f} %"
            yield Problem("warning", "node", f"memory of node {name} is {used} in use", f"pmpc node show {name}")


def _storages(full: Sequence[JsonObject], inactive: Sequence[JsonObject]) -> Iterator[Problem]:
    for row in full:
        use = number(row, "used_fraction") or 0
        where = f" on {row['node']}" if row["node"] else ""
        hint = f"pmpc node show {row['node']}" if row["type"] is None else f"pmpc storage content {row['storage']}"
        level: Level = "critical" if use >= FULL_CRITICAL else "warning"
        yield Problem(level, "storage", f"{row['storage']}{where} is {100 * use:.0f} % full", hint)
    for row in inactive:
        where = f" on {row['node']}" if row["node"] else ""
        yield Problem("warning", "storage", f"storage {row['storage']}{where} is not active", "pmpc storage list")


def _guests(guests: JsonObject) -> Iterator[Problem]:
    for named in _listed(guests, "ha_error"):
        yield Problem("critical", "guest", f"high availability gave up on {named}", "pmpc ha status")
    if count := integer(guests, "unknown"):
        yield Problem("warning", "guest", f"the state of {count} {_plural(count, 'guest')} is unknown")
    if locked := _listed(guests, "locked"):
        yield Problem("notice", "guest", f"locked: {', '.join(locked)}", "pmpc guest list --filter lock~.")


def _listed(row: JsonObject, key: str) -> list[str]:
    value: Json = row.get(key)
    return [str(one) for one in value] if isinstance(value, list) else []


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _tasks(failed: Sequence[JsonObject]) -> Iterator[Problem]:
    if failed:
        count = len(failed)
        kinds = ", ".join(sorted({str(row["type"]) for row in failed}))
        yield Problem(
            "warning",
            "task",
            f"{count} {_plural(count, 'task')} failed in the last day: {kinds}",
            "pmpc task list --failed --since 1d",
        )


def _replication(failing: Sequence[JsonObject]) -> Iterator[Problem]:
    for row in failing:
        count = integer(row, "failures") or 0
        message = f"replication {row['id']} to {row['target']} failed {count} {_plural(count, 'time')}"
        yield Problem("warning", "replication", message, "pmpc replication list")


def _certificates(certificates: Sequence[JsonObject]) -> Iterator[Problem]:
    for row in certificates:
        left = integer(row, "days_left")
        if left is None or left >= CERTIFICATE_DAYS:
            continue
        when = "has expired" if left < 0 else f"expires in {left} {_plural(left, 'day')}"
        level: Level = "critical" if left < CERTIFICATE_DAYS_CRITICAL else "warning"
        message = f"certificate {row['filename']} of {row['node']} {when}"
        yield Problem(level, "certificate", message, f"pmpc node certificates {row['node']}")


def _backups(backups: JsonObject) -> Iterator[Problem]:
    uncovered = _listed(backups, "not_covered")
    if uncovered:
        count = len(uncovered)
        what = f"{count} {_plural(count, 'guest')} in no backup job"
        yield Problem("notice", "backup", what, "pmpc backup job list")


def _database(database: JsonObject, *, offline: bool) -> Iterator[Problem]:
    if error := text(database, "error"):
        yield Problem("critical", "database", error, text(database, "hint"))
        return
    if failure := text(database, "last_failure"):
        yield Problem("warning", "database", f"the last pull failed: {failure}", "pmpc sync log")
    age = integer(database, "age")
    if age is not None and age > STALE_SECONDS:
        level: Level = "warning" if offline else "notice"
        yield Problem(level, "database", f"the last pull is {age // 86400} days old", "pmpc sync pull")
    if stale := integer(database, "stale"):
        yield Problem("notice", "database", f"{stale} recorded objects could not be confirmed by the last pull")
