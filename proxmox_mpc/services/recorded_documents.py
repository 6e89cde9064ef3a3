"""Everything that is recorded, as answers by their path: what the simulator makes a cluster of."""

from __future__ import annotations

from collections.abc import Mapping

from proxmox_mpc.domain.json import Json, JsonObject, text
from proxmox_mpc.domain.source import api_path
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.state import RecordedSource

_LISTS: Mapping[str, Mapping[str, int]] = {
    "/version": {},
    "/cluster/resources": {},
    "/cluster/status": {},
    "/cluster/options": {},
    "/cluster/backup": {},
    "/cluster/replication": {},
    "/cluster/ha/resources": {},
    "/cluster/ha/rules": {},
    "/cluster/ha/groups": {},
    "/cluster/ha/status/current": {},
    "/cluster/sdn/zones": {"pending": 1},
    "/cluster/sdn/vnets": {"pending": 1},
    "/storage": {},
    "/access/users": {"full": 1},
    "/access/groups": {},
    "/access/roles": {},
    "/access/acl": {},
    "/access/domains": {},
}


def recorded_documents(recorded: RecordedSource) -> dict[str, Json]:
    """Return what is recorded as PVE's answers, by path; raises NotRecorded where what every trial needs is missing."""
    _require(recorded)
    found: dict[str, Json] = {}
    for path, params in _LISTS.items():
        _keep(recorded, found, path, params)
    for node, _ in recorded.objects("node"):
        _keep(recorded, found, api_path("nodes", node, "status"))
        _keep(recorded, found, api_path("nodes", node, "network"))
    for vnet, _ in recorded.objects("sdn_vnet"):
        _keep(recorded, found, api_path("cluster", "sdn", "vnets", vnet, "subnets"), {"pending": 1})
    for poolid, row in recorded.objects("pool"):
        found[f"/pools/{poolid}"] = {**row, "members": _members(row)}
    _guests(recorded, found)
    _content(recorded, found)
    _firewalls(recorded, found)
    return found


def _keep(recorded: RecordedSource, found: dict[str, Json], path: str, params: Mapping[str, int] | None = None) -> None:
    try:
        found[path] = recorded.read(path, params)
    except (NotRecorded, NotFound):
        return


def _require(recorded: RecordedSource) -> None:
    """Raise NotRecorded where nobody could tell how a creation would go."""
    try:
        for path in ("/cluster/resources", "/storage", "/pools"):
            recorded.read(path)
        for row in (row for _, row in recorded.objects("storage_status") if row.get("status") == "available"):
            recorded.read(api_path("nodes", str(row.get("node")), "storage", str(row.get("storage")), "content"))
            return
    except NotRecorded as error:
        raise NotRecorded(
            f"the whole cluster must be recorded for this: {error.message}", hint="record it: pmpc sync pull"
        ) from error


def _members(row: JsonObject) -> list[Json]:
    members = row.get("members")
    found: list[Json] = []
    for member in members if isinstance(members, list) else []:
        sort, _, key = str(member).partition("/")
        found.append({"vmid": int(key)} if sort == "guest" else {"storage": key})
    return found


def _guests(recorded: RecordedSource, found: dict[str, Json]) -> None:
    places = {key: _place(row) for key, row in recorded.objects("guest")}
    for key, config in recorded.objects("config"):
        if key in places:
            found[f"{places[key]}/config"] = _plain(config)
    for key, _ in recorded.objects("pending"):
        if key in places:
            _keep(recorded, found, f"{places[key]}/pending")
    snapshots: dict[str, list[Json]] = {}
    for key, row in recorded.objects("snapshot"):
        snapshots.setdefault(key.partition("/")[0], []).append(_plain(row))
    found |= {f"{places[key]}/snapshot": rows for key, rows in snapshots.items() if key in places}


def _content(recorded: RecordedSource, found: dict[str, Json]) -> None:
    """Put volumes under their node; those of a shared storage under any, since all see the same."""
    first = next((node for node, _ in recorded.objects("node")), "")
    for kind in ("volume", "backup"):
        for _, row in recorded.objects(kind):
            place = api_path("nodes", text(row, "node") or first, "storage", str(row.get("storage")), "content")
            _append(found, place, _plain({key: row[key] for key in row if key not in ("node", "storage")}))


def _append(found: dict[str, Json], path: str, row: JsonObject) -> None:
    listed = found.setdefault(path, [])
    assert isinstance(listed, list)
    listed.append(row)


def _firewalls(recorded: RecordedSource, found: dict[str, Json]) -> None:
    places = {key: _place(row) for key, row in recorded.objects("guest")}
    for _, row in recorded.objects("firewall"):
        scope, _, key = str(row.get("scope")).partition(":")
        place = {"cluster": "/cluster", "node": f"/nodes/{key}", "vnet": f"/cluster/sdn/vnets/{key}"}.get(scope)
        place = places.get(key) if scope == "guest" else place
        if place is None:
            continue
        path, name = f"{place}/firewall/{row.get('section')}", text(row, "name")
        if name is not None:
            _append(found, path, {"name": name, "comment": row.get("comment")})
            path = f"{path}/{name}"
        found[path] = row.get("options") if row.get("section") == "options" else row.get("entries")


def _place(row: JsonObject) -> str:
    return api_path("nodes", str(row.get("node")), str(row.get("type")), str(row.get("vmid")))


def _plain(row: JsonObject) -> JsonObject:
    """Return a row without pmpc's own marks."""
    return {key: value for key, value in row.items() if not key.startswith("pmpc-")}
