"""A write whose answer was lost is never sent again: what became of it is looked up, in tasks or where it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from proxmox_mpc.domain.journal import canonical
from proxmox_mpc.domain.json import Json, JsonObject, Param, as_object, as_rows, integer, text
from proxmox_mpc.domain.seen import query_of, seen
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import (
    NodeUnreachable,
    NotFound,
    PmpcError,
    RequestTimeout,
    ServerBusy,
    TlsError,
    UnexpectedAnswer,
    Unreachable,
)

Became: TypeAlias = Literal["done", "not done", "unknown"]

# The types of task that a call to the last words of a path starts (qemu-server, pve-container, pve-manager); with HA,
# pve-ha-manager takes the request instead.
_TASKS: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "status/start"): ("qmstart", "vzstart", "hastart"),
    ("POST", "status/stop"): ("qmstop", "vzstop", "hastop"),
    ("POST", "status/shutdown"): ("qmshutdown", "vzshutdown", "hastop"),
    ("POST", "status/reboot"): ("qmreboot", "vzreboot"),
    ("POST", "status/reset"): ("qmreset",),
    ("POST", "status/suspend"): ("qmsuspend", "qmpause", "vzsuspend"),
    ("POST", "status/resume"): ("qmresume", "vzresume"),
    ("POST", "config"): ("qmconfig",),
    ("PUT", "resize"): ("resize",),
    ("POST", "snapshot"): ("qmsnapshot", "vzsnapshot"),
    ("POST", "rollback"): ("qmrollback", "vzrollback"),
    ("DELETE", "snapshot/*"): ("qmdelsnapshot", "vzdelsnapshot"),
    ("POST", "clone"): ("qmclone", "vzclone"),
    ("POST", "migrate"): ("qmigrate", "vzmigrate", "hamigrate"),
    ("POST", "move_disk"): ("qmmove",),
    ("POST", "move_volume"): ("move_volume",),
    ("POST", "template"): ("qmtemplate", "vztemplate"),
    ("POST", "qemu"): ("qmcreate", "qmrestore"),
    ("POST", "lxc"): ("vzcreate", "vzrestore"),
    ("DELETE", "qemu/*"): ("qmdestroy",),
    ("DELETE", "lxc/*"): ("vzdestroy",),
    ("POST", "vzdump"): ("vzdump",),
    ("DELETE", "content/*"): ("imgdel",),
    ("DELETE", "prunebackups"): ("prunebackups",),
    ("POST", "upload"): ("imgcopy",),
    ("POST", "download-url"): ("download",),
    ("POST", "aplinfo"): ("download",),
    ("PUT", "network"): ("srvreload",),
    ("PUT", "sdn"): ("reloadnetworkall",),
    ("POST", "startall"): ("startall",),
    ("POST", "stopall"): ("stopall",),
    ("POST", "update"): ("aptupdate",),
    # services/NAME/…: of guests the last two words say it.
    ("POST", "start"): ("srvstart",),
    ("POST", "stop"): ("srvstop",),
    ("POST", "restart"): ("srvrestart",),
    ("POST", "reload"): ("srvreload",),
}

_MOVING = frozenset({"pos", "digest"})
_NETWORK = re.compile(r"/nodes/[^/]+/network")
# A disk that is to be made reads as the volume that was made: local-lvm:4 as local-lvm:vm-101-disk-0.
_NEW_VOLUME = re.compile(r"((?:\w+=)?[A-Za-z][A-Za-z0-9._-]*:)\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a write; ``upid`` is the task that it started, where one was found."""

    became: Became
    upid: Upid | None = None


def is_open(error: PmpcError) -> bool:
    """Whether an error of a send leaves open whether the write was done."""
    if isinstance(error, NodeUnreachable):
        # 595: the cluster could not connect to the node. 596: it did, and the node may still be at it.
        return error.details.get("status") != 595
    if isinstance(error, (RequestTimeout, ServerBusy)):
        return True
    if isinstance(error, TlsError):
        return False
    if isinstance(error, Unreachable):
        return "endpoints" not in error.details
    if isinstance(error, UnexpectedAnswer):
        status = error.details.get("status")
        return not isinstance(status, int) or not 300 <= status < 500
    return False


def pauses_for(error: PmpcError | None) -> Sequence[float]:
    """Return the seconds between looks: longer where the server itself was slow."""
    slow = isinstance(error, (RequestTimeout, NodeUnreachable, ServerBusy))
    return (0.5, 1.0, 2.0, 4.0, 8.0) if slow else (0.3, 0.7, 1.0)


def look(
    source: Source,
    intent: JsonObject,
    *,
    sent: float,
    now: float,
    known_tasks: frozenset[str],
) -> Found:
    """Look once what became of the call in an intent row; ``sent`` and ``now`` are in our time, epoch seconds.

    ``unknown`` is returned where there is nothing to look at; raises PmpcError while nobody answers.
    """
    call = as_object(intent.get("call"))
    method, path = text(call, "method") or "", text(call, "path") or ""
    kind = text(as_object(intent.get("target") or {}), "kind")
    if kind == "network" and method == "DELETE" and _NETWORK.fullmatch(path):
        # Something was staged; it stands in a file of its own, which an answer shows as a difference beside its data.
        return Found("not done" if source.answer(path).changes else "done")
    types = task_types(method, path)
    if types:
        upid = _task(source, intent, path, types, sent, now, known_tasks)
        if upid is not None:
            return Found("done", upid)
    watch = text(intent, "watch")
    if watch is not None:
        return Found(_compared(source, watch, intent, method))
    return Found("not done" if types else "unknown")


def task_types(method: str, path: str) -> tuple[str, ...]:
    """Return the types of task that a call starts, none where it is not known to start one."""
    words = path.strip("/").split("/")
    if words[0] != "nodes" and path != "/cluster/sdn":
        return ()
    if words[2:3] == ["lxc"] and words[-1] == "template":
        # A container becomes a template at once, without a task.
        return ()
    for key in ((method, "/".join(words[-2:])), (method, words[-1]), (method, f"{words[-2]}/*" if words[1:] else "")):
        if key in _TASKS:
            return _TASKS[key]
    return ()


def _task(
    source: Source,
    intent: JsonObject,
    path: str,
    types: tuple[str, ...],
    sent: float,
    now: float,
    known_tasks: frozenset[str],
) -> Upid | None:
    """Return the task that the call must have started: of its type and guest, since then, and none that we know."""
    words = path.strip("/").split("/")
    node = words[1] if words[0] == "nodes" else None
    if node is None:
        rows = as_rows(source.read("/cluster/tasks"), "tasks")
        since = sent - 60
    else:
        server = integer(as_object(source.read(api_path("nodes", node, "time"))), "time")
        since = sent + (server - now if server is not None else 0) - 2
        query: dict[str, Param] = {"source": "all", "since": int(since), "limit": 500}
        rows = as_rows(source.read(api_path("nodes", node, "tasks"), query), "tasks")
    ident = _id_of(intent, words)
    for row in rows:
        upid = Upid.of(text(row, "upid"))
        if upid is None or upid.text in known_tasks or upid.type not in types or upid.started < int(since):
            continue
        if ident is None or upid.id in ("", ident):
            return upid
    return None


def _id_of(intent: JsonObject, words: Sequence[str]) -> str | None:
    """Return the id that the task carries: guest or service in the path; for a new guest and the like the target's."""
    if len(words) > 3 and words[2] in ("qemu", "lxc", "services"):
        return words[3]
    target = as_object(intent.get("target") or {})
    return text(target, "id") if text(target, "kind") in ("vm", "ct") else None


def _compared(source: Source, watch: str, intent: JsonObject, method: str) -> Became:
    """Compare what stands there now with what stood there before and what was asked for."""
    before, now = intent.get("before"), values_at(source, watch)
    if now is None:
        return "done" if method == "DELETE" else "not done" if before is None else "unknown"
    asked = as_object(intent.get("asked") or {})
    then = {} if before is None else as_object(before)
    expects = intent.get("expects")
    if isinstance(expects, dict):
        return _as_expected(then, now, expects)
    if before is None and method != "DELETE":
        return "done"
    if isinstance(now.get("list"), list):
        return _compared_lists(as_rows(then.get("list") or []), as_rows(now["list"]), asked, method)
    if method == "DELETE":
        return "not done"
    # Whether anything has changed comes first: what is asked for may be a part of what stood there, a tag less say.
    known = then.keys() - {"digest"}
    if known and all(same(then[key], now.get(key)) for key in known):
        return "not done"
    if not asked:
        return "done" if known else "unknown"
    return "done" if all(agrees(value, now.get(key)) for key, value in asked.items()) else "unknown"


def _as_expected(then: JsonObject, now: JsonObject, expects: JsonObject) -> Became:
    """Compare where it was said what would stand there afterwards."""
    if all(same(_still(value), _still(now.get(key))) for key, value in expects.items()):
        return "done"
    return "not done" if all(same(_still(then.get(key)), _still(now.get(key))) for key in expects) else "unknown"


def _still(value: Json) -> Json:
    """Return a list of rules without what moves with every change, their places and the digest of the whole."""
    if not isinstance(value, list):
        return value
    return [{k: v for k, v in row.items() if k not in _MOVING} if isinstance(row, dict) else row for row in value]


def _compared_lists(then: list[JsonObject], now: list[JsonObject], asked: JsonObject, method: str) -> Became:
    """Compare two lists of rules."""
    old, new = as_rows(_still([*then])), as_rows(_still([*now]))
    if old == new:
        return "not done"
    come = [row for row in new if row not in old]
    if method == "DELETE":
        return "done" if not come and len(new) == len(old) - 1 else "unknown"
    wanted = {key: value for key, value in asked.items() if key not in _MOVING}
    return "done" if any(all(agrees(v, row.get(k)) for k, v in wanted.items()) for row in come) else "unknown"


def same(one: Json, other: Json) -> bool:
    """Whether two values of the server are the same, whatever the order of keys and the spelling of numbers."""
    if one is None or other is None:
        return one is other
    return canonical({"": one}) == canonical({"": other}) or (
        not isinstance(one, (dict, list)) and not isinstance(other, (dict, list)) and _plain(one) == _plain(other)
    )


def values_at(source: Source, path: str) -> JsonObject | None:
    """Return the object at a path (domain/seen.py), a list under the key ``list``; None where there is nothing."""
    bare, params = query_of(path)
    try:
        return seen(bare, params, source.read(bare, params))
    except NotFound:
        return None


def agrees(asked: Json, now: Json) -> bool:
    """Whether a setting is as asked, allowing for what PVE adds when it stores one: MACs, sizes, another order."""
    if asked is None or now is None:
        return asked is None and now is None
    wanted, found = _plain(asked).rstrip("\n"), _plain(now).rstrip("\n")
    if wanted == found:
        return True
    parts = found.replace(";", ",").split(",")
    return all(any(_is(have, part) for have in parts) for part in wanted.replace(";", ",").split(","))


def _is(have: str, part: str) -> bool:
    new = _NEW_VOLUME.fullmatch(part)
    return have == part or have.startswith(f"{part}=") or (new is not None and have.startswith(new[1]))


def _plain(value: Json) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
