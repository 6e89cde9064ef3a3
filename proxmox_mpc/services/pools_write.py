"""Creating, changing and deleting resource pools, and who is in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known, Method
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, integer, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.seen import member_key, pool_path
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import AlreadyExists, Conflict, NotFound, UsageError
from proxmox_mpc.services.setting_tables import matched

_POOL = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,2}")
_LISTED = "pmpc pool list"


def checked_pool(pool: str) -> str:
    """Return a pool's id, at most three levels deep; raises UsageError."""
    if _POOL.fullmatch(pool) is None:
        hint = "letters, digits and . _ -, nested by / up to three levels"
        raise UsageError(f"{pool[:60]!r} is no name of a pool", hint=hint)
    return pool


def read_pool(source: Source, pool: str) -> JsonObject | None:
    """Return a pool with its members, None where there is none.

    With poolid as a parameter: the id of a nested pool holds a slash (PVE 8.1 and later).
    """
    try:
        found = as_rows(source.read("/pools", {"poolid": pool}), "/pools")
    except NotFound:
        return None
    return next((row for row in found if text(row, "poolid") == pool), None)


def create_pool(
    source: Source, pool: str, comment: str | None, *, if_missing: bool = False, coming: bool = False
) -> Plan:
    """Plan a new pool; a nested one needs its parent, which with ``coming`` may be made by the same plan before."""
    target = _target(checked_pool(pool))
    if read_pool(source, pool) is not None:
        if if_missing:
            return Plan("create", (Keep(target, "it exists already"),))
        raise AlreadyExists(f"there is a pool {pool!r} already", hint=f"{_LISTED}; --if-missing leaves it as it is")
    parent = pool.rpartition("/")[0]
    if parent and not coming and read_pool(source, parent) is None:
        raise NotFound(f"there is no pool {parent!r} to hold {pool!r}", hint=f"pmpc pool create {parent}")
    form: dict[str, FormValue] = {"poolid": pool}
    if comment is not None:
        form["comment"] = comment
    undo = Undo((_send("DELETE", {"poolid": pool}, target, "remove", f"delete pool {pool}"),))
    send = _send("POST", form, target, "add", f"create pool {pool}", undo=undo)
    return Plan("create", (send, _probe(target, f"pool {pool} exists", lambda row: row is not None)))


def set_pool(source: Source, pool: str, comment: str) -> Plan:
    """Plan another comment."""
    row, target = _found(source, pool), _target(pool)
    now = text(row, "comment") or ""
    if now == comment:
        return Plan("set", (Keep(target, "it says so already"),))
    back = _send("PUT", {"poolid": pool, "comment": now}, target, "config", f"put the comment of pool {pool} back")
    form: dict[str, FormValue] = {"poolid": pool, "comment": comment}
    undo = Undo((back,))
    says = f"change the comment of pool {pool}"
    send = _send("PUT", form, target, "config", says, undo=undo, before={"comment": now}, expects={"comment": comment})
    as_wanted = _probe(target, "the comment is set", lambda row: row is not None and text(row, "comment") == comment)
    return Plan("set", (send, as_wanted))


def delete_pools(source: Source, pools: Sequence[str], *, ignore_missing: bool = False, leaving: bool = False) -> Plan:
    """Plan to delete pools, which must be empty; those nested in others go first.

    ``leaving``: what is in them may be gone by then, as the same plan sees to it.
    """
    steps: list[Step] = []
    doomed = sorted(dict.fromkeys(pools), key=lambda name: -name.count("/"))
    deepest = max((name.count("/") for name in doomed), default=0)
    for pool in doomed:
        target = Target("pool", pool, stage=deepest - pool.count("/"))
        row = read_pool(source, pool)
        if row is None:
            if not ignore_missing:
                raise _missing(pool)
            steps.append(Keep(target, "there is none"))
            continue
        members = [text(one, "id") or "" for one in as_rows(row.get("members") or [], "members")]
        if members and not leaving:
            raise Conflict(
                f"pool {pool} is not empty: {', '.join(members[:5])}{' …' if len(members) > 5 else ''}",
                hint=f"take its members out first: pmpc pool remove {pool} --all",
                details={"members": members},
            )
        comment = text(row, "comment")
        form: dict[str, FormValue] = {"poolid": pool, "comment": comment or None}
        undo = Undo((_send("POST", form, target, "add", f"create pool {pool} again"),))
        before: JsonObject = {"comment": comment}
        says = f"delete pool {pool}"
        steps.append(_send("DELETE", {"poolid": pool}, target, "remove", says, undo=undo, before=before))
        steps.append(_probe(target, f"pool {pool} is gone", lambda row: row is None))
    return Plan("delete", tuple(steps), many=len(pools) > 1)


def add_members(
    source: Source,
    pool: str,
    guests: Sequence[GuestRef],
    storages: Sequence[str],
    *,
    move: bool = False,
    coming: bool = False,
) -> Plan:
    """Plan to put guests and storages into a pool; a guest of another pool only with ``move``.

    ``coming``: the pool may be one that the same plan makes before.
    """
    vms, stores = _members((read_pool(source, pool) or {}) if coming else _found(source, pool))
    elsewhere = [ref for ref in guests if ref.pool not in (None, "", pool) and ref.vmid not in vms]
    if elsewhere and not move:
        named = ", ".join(f"{ref.label} in {ref.pool}" for ref in elsewhere[:5])
        raise Conflict(f"in another pool already: {named}", hint="--move takes them out of it")
    new = [ref.vmid for ref in guests if ref.vmid not in vms]
    names = [name for name in _checked_storages(source, storages) if name not in stores]
    target = _target(pool)
    if not new and not names:
        return Plan("add", (Keep(target, "they are in it already"),))
    form = _form(pool, new, names)
    takes_back = [_send("PUT", {**form, "delete": True}, target, "config", f"take them out of pool {pool} again")]
    for other in sorted({ref.pool or "" for ref in elsewhere}):
        back = [ref.vmid for ref in elsewhere if ref.pool == other]
        takes_back.append(_send("PUT", _form(other, back, []), target, "config", f"put them back into pool {other}"))
    if elsewhere:
        form["allow-move"] = True
    send = _send(
        "PUT",
        form,
        target,
        "config",
        f"add {_named(new, names)} to pool {pool}",
        undo=Undo(tuple(takes_back)),
        before=_seen(new, names, there=False),
        expects=_seen(new, names, there=True),
    )
    return Plan("add", (send, _probe(target, "they are in it", _holds(new, names))))


def remove_members(source: Source, pool: str, guests: Sequence[int] | None, storages: Sequence[str] | None) -> Plan:
    """Plan to take guests and storages out of a pool; None stands for all of them."""
    vms, stores = _members(_found(source, pool))
    gone = [vmid for vmid in (vms if guests is None else guests) if vmid in vms]
    names = [name for name in (stores if storages is None else storages) if name in stores]
    target = _target(pool)
    if not gone and not names:
        return Plan("remove", (Keep(target, "they are not in it"),))
    form = _form(pool, gone, names)
    undo = Undo((_send("PUT", form, target, "config", f"put them back into pool {pool}"),))
    says = f"take {_named(gone, names)} out of pool {pool}"
    send = _send(
        "PUT",
        {**form, "delete": True},
        target,
        "config",
        says,
        undo=undo,
        before=_seen(gone, names, there=True),
        expects=_seen(gone, names, there=False),
    )
    return Plan("remove", (send, _probe(target, "they are out of it", _lacks(gone, names))))


def _found(source: Source, pool: str) -> JsonObject:
    row = read_pool(source, pool)
    if row is None:
        raise _missing(pool)
    return row


def _missing(pool: str) -> NotFound:
    return NotFound(f"there is no pool {pool!r}", hint=_LISTED, details={"pool": pool})


def _target(pool: str) -> Target:
    return Target("pool", pool)


def _members(row: JsonObject) -> tuple[list[int], list[str]]:
    rows = as_rows(row.get("members") or [], "members")
    vms = [vmid for one in rows if text(one, "type") != "storage" and (vmid := integer(one, "vmid")) is not None]
    stores = [name for one in rows if text(one, "type") == "storage" and (name := text(one, "storage"))]
    return vms, list(dict.fromkeys(stores))


def _checked_storages(source: Source, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    known = {text(row, "storage") for row in as_rows(source.read("/storage"), "/storage")}
    for name in names:
        matched("name", "--storage", name)
        if name not in known:
            raise NotFound(f"there is no storage {name!r}", hint="pmpc storage list")
    return list(dict.fromkeys(names))


def _form(pool: str, vms: Sequence[int], stores: Sequence[str]) -> dict[str, FormValue]:
    form: dict[str, FormValue] = {"poolid": pool}
    if vms:
        form["vms"] = ",".join(str(vmid) for vmid in vms)
    if stores:
        form["storage"] = ",".join(stores)
    return form


def _named(vms: Sequence[int], stores: Sequence[str]) -> str:
    return ", ".join([*(str(vmid) for vmid in vms), *(f"storage {name}" for name in stores)])


def _send(
    method: Method,
    form: dict[str, FormValue],
    target: Target,
    effect: Effect,
    says: str,
    *,
    undo: Undo | None = None,
    before: JsonObject | None = None,
    expects: JsonObject | None = None,
) -> Send:
    return Send(
        Call(method, "/pools", form),
        target,
        effect,
        says,
        before=before,
        watch=pool_path(str(target.id)),
        expects=expects,
        undo=undo or Undo(why_not="it is an undo itself"),
    )


def _seen(vms: Sequence[int], stores: Sequence[str], *, there: bool) -> JsonObject:
    """Return how members are seen that are there, or are not."""
    keys = [*(member_key("guest", vmid) for vmid in vms), *(member_key("storage", name) for name in stores)]
    return dict.fromkeys(keys, 1 if there else None)


def _probe(target: Target, says: str, good: Callable[[JsonObject | None], bool]) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        return None if good(read_pool(source, str(target.id))) else "it is not so yet"

    return Probe(says, check, target, 5.0)


def _holds(vms: Sequence[int], stores: Sequence[str]) -> Callable[[JsonObject | None], bool]:
    def good(row: JsonObject | None) -> bool:
        there = _members(row or {})
        return {*vms} <= {*there[0]} and {*stores} <= {*there[1]}

    return good


def _lacks(vms: Sequence[int], stores: Sequence[str]) -> Callable[[JsonObject | None], bool]:
    def good(row: JsonObject | None) -> bool:
        there = _members(row or {})
        return not ({*vms} & {*there[0]} or {*stores} & {*there[1]})

    return good
