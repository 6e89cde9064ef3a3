"""The net change of the recorded state since a run: what came, what went, what is another now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, func, or_, select, union

from proxmox_mpc.domain.json import text
from proxmox_mpc.state.batch import ObjectChange
from proxmox_mpc.state.documents import difference, parsed
from proxmox_mpc.state.history import GUEST_KINDS, natural
from proxmox_mpc.state.kinds import KINDS
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA

_V = METADATA.tables["object_version"]
_GUESTS = METADATA.tables["guest"]


class NetChange(NamedTuple):
    """What is different about an object, and the last run that found it changed."""

    run: int
    change: ObjectChange


def changes_since(
    store: StateStore, run: int, kinds: Collection[str] = (), ids: Collection[str] = ()
) -> list[NetChange]:
    """Return how the recorded state differs from that after ``run``, guests first; what came back as it was, does not.

    ``kinds`` and ``ids`` (vmids as text, or other objects' keys) choose; empty means all. Another individual under the
    same key is one removed and one added. Raises nothing for a run that was pruned: ask ``history.run_at`` first.
    """
    touched = union(
        select(_V.c.kind, _V.c.key).where(_V.c.valid_from > run), select(_V.c.kind, _V.c.key).where(_V.c.valid_to > run)
    ).subquery("touched")
    then, now, last = _V.alias("then"), _V.alias("now"), _V.alias("last")
    query = (
        select(
            touched.c.kind,
            touched.c.key,
            then.c.doc.label("old"),
            then.c.born.label("old_born"),
            now.c.doc.label("new"),
            now.c.born.label("new_born"),
            now.c.valid_from.label("since"),
            select(func.max(last.c.valid_to))
            .where(last.c.kind == touched.c.kind, last.c.key == touched.c.key)
            .scalar_subquery()
            .label("until"),
        )
        .join(
            then,
            and_(
                then.c.kind == touched.c.kind,
                then.c.key == touched.c.key,
                then.c.valid_from <= run,
                or_(then.c.valid_to.is_(None), then.c.valid_to > run),
            ),
            isouter=True,
        )
        .join(
            now,
            and_(now.c.kind == touched.c.kind, now.c.key == touched.c.key, now.c.valid_to.is_(None)),
            isouter=True,
        )
    )
    if kinds:
        query = query.where(touched.c.kind.in_(kinds))
    with store.reading() as connection:
        names = dict(connection.execute(select(_GUESTS.c.key, _GUESTS.c.name)).all())
        found = [one for row in connection.execute(query) if _chosen(row.key, ids) for one in _net(row, names)]
    order = list(KINDS)
    found.sort(key=lambda one: (order.index(one.change.kind), natural(one.change.key), one.change.action != "removed"))
    return found


def _chosen(key: str, ids: Collection[str]) -> bool:
    return not ids or key in ids or key.partition("/")[0] in ids


def _net(row: Row[*tuple[Any, ...]], names: dict[str, str | None]) -> Iterable[NetChange]:
    guest = row.kind in GUEST_KINDS
    name = names.get(row.key.partition("/")[0]) if guest else None
    gone = text(parsed(row.old), "name") if row.kind == "guest" and row.old is not None else name
    run = max(row.since or 0, row.until or 0)
    if row.new is None and row.old is None:
        return
    if row.old is None:
        yield NetChange(run, ObjectChange(row.kind, row.key, "added", name))
    elif row.new is None:
        yield NetChange(run, ObjectChange(row.kind, row.key, "removed", gone))
    elif row.old_born != row.new_born:
        yield NetChange(run, ObjectChange(row.kind, row.key, "removed", gone))
        yield NetChange(run, ObjectChange(row.kind, row.key, "added", name))
    elif keys := difference(parsed(row.old), parsed(row.new)):
        yield NetChange(run, ObjectChange(row.kind, row.key, "changed", name, tuple(keys)))
