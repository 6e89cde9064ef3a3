"""Everything of a pull that is no guest: nodes, storages, volumes, networks, SDN, pools, HA, access, jobs, tasks."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.source import Query, api_path
from proxmox_mpc.errors import PermissionDenied, PmpcError
from proxmox_mpc.services.pull_reader import Pulling
from proxmox_mpc.state.history import last_answers

Key = Callable[[JsonObject], str]


def pull_nodes(pulling: Pulling) -> None:
    """Read the nodes; one that is offline keeps what was known of it."""
    status = pulling.answers.get("/cluster/status")
    members = {str(row.get("name")): row for row in as_rows(status or []) if row.get("type") == "node"}
    rows = {str(row["node"]): row for row in pulling.resources if row.get("type") == "node" and "node" in row}
    names = [name for name in sorted(rows) if pulling.node in (None, name)]
    queries = [Query(api_path("nodes", name, "status")) for name in names]
    details: dict[str, JsonObject] = {}
    for chunk in pulling.read_chunks(queries, "nodes"):
        for index, answer in chunk:
            if isinstance(answer, PmpcError):
                pulling.unread(f"the status of node {names[index]}", answer)
            elif isinstance(answer, dict):
                details[names[index]] = answer
                pulling.answers[queries[index].path] = answer
    listed = pulling.read("/nodes")
    certificates = {} if isinstance(listed, PmpcError) else {row.get("node"): row for row in as_rows(listed)}
    before = last_answers(pulling.store, "node", names)
    findings = pulling.found("node")
    for name in names:
        fingerprint = certificates.get(name, {}).get("ssl_fingerprint")
        seen = {**rows[name], **_member(members.get(name)), **_software(details.get(name))}
        seen["ssl_fingerprint"] = fingerprint
        known = {key: value for key, value in seen.items() if value is not None}
        if known.get("status") == "unknown" and "status" in before.get(name, {}):
            del known["status"]
        pulling.see("node", name, {**before.get(name, {}), **known})
        if name not in pulling.online:
            findings.stale.add(name)
    if pulling.node is None:
        pulling.settle("node", pulling.vanished("node") - rows.keys())
    pulling.covered("node")


def _member(row: JsonObject | None) -> JsonObject:
    return {name: row[name] for name in ("ip", "nodeid") if row is not None and name in row}


def _software(status: JsonObject | None) -> JsonObject:
    if status is None:
        return {}
    cpu = status.get("cpuinfo")
    return {
        "pveversion": status.get("pveversion"),
        "kversion": status.get("kversion"),
        "cpu_model": cpu.get("model") if isinstance(cpu, dict) else None,
    }


def pull_storages(pulling: Pulling) -> None:
    """Read the definitions of the storages, and keep their states on the nodes."""
    _whole_list(pulling, "storage", "/storage", lambda row: str(row.get("storage")))
    rows = {
        f"{row['node']}/{row['storage']}": row
        for row in pulling.resources
        if row.get("type") == "storage" and "node" in row and "storage" in row
    }
    unknown = [key for key, row in rows.items() if row.get("status") == "unknown"]
    before = last_answers(pulling.store, "storage_status", unknown)
    findings = pulling.found("storage_status")
    for key, row in rows.items():
        pulling.see("storage_status", key, {**before.get(key, {}), **row})
        if row.get("node") not in pulling.online:
            findings.stale.add(key)
    pulling.settle("storage_status", pulling.vanished("storage_status"), home=_node_of)
    pulling.covered("storage")


def pull_volumes(pulling: Pulling) -> None:
    """Read the content of every storage: a shared one once, on a node where it is available."""
    places = _storage_places(pulling)
    queries = [Query(api_path("nodes", node, "storage", storage, "content")) for _, node, storage in places]
    read: set[str] = set()
    for chunk in pulling.read_chunks(queries, "volumes"):
        for index, answer in chunk:
            home, node, storage = places[index]
            if isinstance(answer, PmpcError):
                pulling.unread(f"the content of storage {storage} on node {node}", answer)
                continue
            read.add(f"{home}/{storage}")
            for row in as_rows(answer):
                kind = "backup" if row.get("content") == "backup" else "volume"
                pulling.see(kind, f"{home}/{row.get('volid')}", {**row, "node": home, "storage": storage})
    removed = pulling.found("storage").gone
    for kind in ("volume", "backup"):
        pulling.settle(
            kind,
            {key for key in pulling.vanished(kind) if _in_scope(pulling, key)},
            home=_node_of,
            known_unread=lambda key: key.partition(":")[0] not in read and _storage_of(key) not in removed,
        )
    pulling.covered("volume")


def _storage_places(pulling: Pulling) -> list[tuple[str, str, str]]:
    """Return where to read: the node under which volumes are kept ("" if shared), the node to ask, the storage."""
    places: dict[tuple[str, str], tuple[str, str, str]] = {}
    for row in pulling.resources:
        if row.get("type") != "storage" or row.get("status") != "available" or row.get("node") not in pulling.online:
            continue
        node, storage = str(row.get("node")), str(row.get("storage"))
        if pulling.node not in (None, node):
            continue
        home = "" if boolean(row, "shared") else node
        places.setdefault((home, storage), (home, node, storage))
    return sorted(places.values())


def _in_scope(pulling: Pulling, key: str) -> bool:
    """With --node only that node's volumes are judged: another node may see more of a shared storage's rows."""
    return pulling.node is None or _node_of(key) == pulling.node


def _node_of(key: str) -> str | None:
    return key.partition("/")[0] or None


def _storage_of(key: str) -> str:
    return key.partition("/")[2].partition(":")[0]


def pull_networks(pulling: Pulling) -> None:
    """Read the network interfaces of every node that answers."""
    nodes = sorted(node for node in pulling.online if pulling.node in (None, node))
    queries = [Query(api_path("nodes", node, "network")) for node in nodes]
    read: set[str] = set()
    for chunk in pulling.read_chunks(queries, "networks"):
        for index, answer in chunk:
            node = nodes[index]
            if isinstance(answer, PmpcError):
                pulling.unread(f"the network of node {node}", answer)
                continue
            read.add(node)
            for row in as_rows(answer):
                pulling.see("network", f"{node}/{row.get('iface')}", {**row, "node": node})
    vanished = {key for key in pulling.vanished("network") if _in_scope(pulling, key)}
    pulling.settle("network", vanished, home=_node_of, known_unread=lambda key: _node_of(key) not in read)
    pulling.covered("network")


def pull_sdn(pulling: Pulling) -> None:
    """Read zones, vnets and the subnets of each vnet, with what is not applied yet."""
    waiting: dict[str, str | int] = {"pending": 1}
    _whole_list(pulling, "sdn_zone", "/cluster/sdn/zones", lambda row: str(row.get("zone")), waiting)
    vnets = _whole_list(pulling, "sdn_vnet", "/cluster/sdn/vnets", lambda row: str(row.get("vnet")), waiting)
    names = [str(row.get("vnet")) for row in vnets or ()]
    queries = [Query(api_path("cluster", "sdn", "vnets", name, "subnets"), waiting) for name in names]
    failed: set[str | None] = set()
    for chunk in pulling.read_chunks(queries, "subnets"):
        for index, answer in chunk:
            if isinstance(answer, PmpcError):
                failed.add(names[index])
                pulling.unread(f"the subnets of vnet {names[index]}", answer)
                continue
            for row in as_rows(answer):
                pulling.see("sdn_subnet", f"{names[index]}/{row.get('subnet')}", {**row, "vnet": names[index]})
    missing = pulling.vanished("sdn_subnet")
    pulling.settle("sdn_subnet", missing, known_unread=lambda key: vnets is None or _node_of(key) in failed)
    pulling.covered("sdn")


def pull_pools(pulling: Pulling) -> None:
    """Read the pools with their members; a nested pool's id holds a slash, so it goes into a parameter."""
    listed = pulling.read("/pools")
    if isinstance(listed, PmpcError):
        pulling.unread("the pools", listed)
        return
    names = [str(row.get("poolid")) for row in as_rows(listed)]
    read: list[JsonObject] = []
    for chunk in pulling.read_chunks([Query("/pools", {"poolid": name}) for name in names], "pools"):
        for index, answer in chunk:
            if isinstance(answer, PmpcError):
                pulling.unread(f"pool {names[index]}", answer)
            else:
                read += as_rows(answer)
    for row in read:
        members = sorted({member for one in as_rows(row.get("members") or []) if (member := _member_of(one))})
        made = pulling.see("pool", str(row.get("poolid")), {**row, "members": [*members]})
        made.parts = {"pool_member": [{"pool": made.key, "member": member} for member in members]}
    pulling.settle("pool", pulling.vanished("pool") - set(names))
    pulling.covered("pool")


def _member_of(row: JsonObject) -> str | None:
    if row.get("type") in ("qemu", "lxc"):
        return f"guest/{integer(row, 'vmid')}"
    storage = text(row, "storage")
    return None if storage is None else f"storage/{storage}"


def pull_ha(pulling: Pulling) -> None:
    """Read high availability: rules since PVE 9, groups before."""
    _whole_list(pulling, "ha_resource", "/cluster/ha/resources", lambda row: str(row.get("sid")))
    if pulling.release >= 9:
        _whole_list(pulling, "ha_rule", "/cluster/ha/rules", lambda row: str(row.get("rule")))
        pulling.settle("ha_group", pulling.vanished("ha_group"))
    else:
        _whole_list(pulling, "ha_group", "/cluster/ha/groups", lambda row: str(row.get("group")))
    answer = pulling.read("/cluster/ha/status/current")
    if isinstance(answer, PmpcError):
        pulling.unread("the state of high availability", answer)
    else:
        pulling.answers["/cluster/ha/status/current"] = answer
    pulling.covered("ha")


def pull_access(pulling: Pulling) -> None:
    """Read users with their tokens, groups, roles, ACLs and realms."""
    users = _whole_list(pulling, "user", "/access/users", lambda row: str(row.get("userid")), {"full": 1})
    if users is not None:
        _tokens(pulling, users)
    _whole_list(pulling, "group", "/access/groups", lambda row: str(row.get("groupid")))
    _whole_list(pulling, "role", "/access/roles", lambda row: str(row.get("roleid")))
    _whole_list(pulling, "realm", "/access/domains", lambda row: str(row.get("realm")))
    _whole_list(pulling, "acl", "/access/acl", _acl_key)
    pulling.covered("access")


def _acl_key(row: JsonObject) -> str:
    return f"{row.get('path')} {row.get('type')} {row.get('ugid')} {row.get('roleid')}"


def _tokens(pulling: Pulling, users: list[JsonObject]) -> None:
    for user in users:
        userid = str(user.get("userid"))
        for token in as_rows(user.get("tokens") or []):
            pulling.see("token", f"{userid}!{token.get('tokenid')}", {**token, "userid": userid})
    pulling.settle("token", pulling.vanished("token"))


def pull_jobs(pulling: Pulling) -> None:
    """Read backup and replication jobs."""
    _whole_list(pulling, "backup_job", "/cluster/backup", lambda row: str(row.get("id")))
    _whole_list(pulling, "replication", "/cluster/replication", lambda row: str(row.get("id")))
    pulling.covered("job")


def pull_options(pulling: Pulling) -> None:
    """Read the datacenter's options; without Sys.Audit PVE answers with a few of them, as if there were no more."""
    assert pulling.rights is not None
    if not pulling.rights.has(pulling, "/", "Sys.Audit"):
        pulling.unread("the datacenter's options", PermissionDenied("Permission check failed (/, Sys.Audit)"))
        return
    answer = pulling.read("/cluster/options")
    if isinstance(answer, PmpcError):
        pulling.unread("the datacenter's options", answer)
    elif isinstance(answer, dict):
        pulling.see("options", "datacenter", answer)
        pulling.covered("cluster")


def pull_tasks(pulling: Pulling) -> None:
    """Read the recent tasks; those that the server has forgotten are kept."""
    answer = pulling.read("/cluster/tasks")
    if isinstance(answer, PmpcError):
        pulling.unread("the tasks", answer)
        return
    rows = {str(row["upid"]): row for row in as_rows(answer) if "upid" in row}
    for upid, row in rows.items():
        pulling.see("task", upid, row)
    pulling.covered("task")


def _whole_list(
    pulling: Pulling, kind: str, path: str, key: Key, params: dict[str, str | int] | None = None
) -> list[JsonObject] | None:
    """Read a kind that one request lists; returns its rows, None where it could not be read and is kept."""
    answer: Json | PmpcError = pulling.read(path, params)
    if isinstance(answer, PmpcError):
        pulling.unread(path, answer)
        return None
    rows = as_rows(answer, path)
    for name, row in {key(row): row for row in rows}.items():
        pulling.see(kind, name, row)
    pulling.settle(kind, pulling.vanished(kind))
    return rows
