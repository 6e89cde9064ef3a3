"""A small cluster as a Source: paths to answers, with nodes that fall silent and objects that come and go."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, PmpcError

ALL_PRIVILEGES: JsonObject = dict.fromkeys(
    (
        *("VM.Audit", "Sys.Audit", "Datastore.Audit", "Datastore.Allocate", "Datastore.AllocateSpace", "Pool.Audit"),
        *("SDN.Audit", "User.Modify", "Permissions.Modify", "VM.Backup", "VM.Config.Disk"),
    ),
    1,
)


class FakeSource:
    """Two nodes, two VMs, one container and what belongs to them; every test bends its own copy."""

    live = True

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {"pve1": "online", "pve2": "online"}
        self.guests: dict[int, JsonObject] = {}
        self.configs: dict[int, JsonObject] = {}
        self.pending: dict[int, dict[str, JsonObject]] = {}
        self.snapshots: dict[int, list[JsonObject]] = {}
        self.lists: dict[str, Json] = {}
        self.permissions: dict[str, JsonObject] = {"/": dict(ALL_PRIVILEGES)}
        self.quorate = True
        self.refused: dict[str, PmpcError] = {}
        self.asked: list[str] = []
        self.release = "9.2.11"
        self._fill()

    def _fill(self) -> None:
        self.add(101, "web", "pve1", net0="virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=20")
        self.add(102, "db", "pve2", status="stopped", cipassword="hunter2", tags="prod;sql")
        self.add(
            200,
            "proxy",
            "pve1",
            kind="lxc",
            rootfs="local-lvm:vm-200-disk-0,size=8G",
            net0="name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:03,ip=dhcp",
        )
        self.lists |= {
            "/storage": [
                {"storage": "local", "type": "dir", "content": "iso,backup", "path": "/var/lib/vz", "digest": "x"},
                {"storage": "nfs", "type": "nfs", "content": "images,backup", "shared": 1, "server": "10.0.0.9"},
                {"storage": "smb", "type": "cifs", "content": "backup", "password": "hunter2", "disable": 1},
            ],
            "/nodes/pve1/network": [{"iface": "vmbr0", "type": "bridge", "cidr": "10.0.0.1/24", "active": 1}],
            "/nodes/pve2/network": [{"iface": "vmbr0", "type": "bridge", "cidr": "10.0.0.2/24", "active": 1}],
            "/nodes/pve1/storage/local/content": [
                {"volid": "local:iso/debian.iso", "content": "iso", "format": "iso", "size": 700, "ctime": 1, "used": 9}
            ],
            "/nodes/pve2/storage/local/content": [],
            "/nodes/pve1/storage/nfs/content": [
                {
                    "volid": "nfs:backup/vzdump-qemu-101-2026_11_20.vma.zst",
                    "content": "backup",
                    "format": "vma.zst",
                    "vmid": 101,
                    "size": 5000,
                    "ctime": 1795100000,
                    "notes": "web",
                    "protected": 1,
                },
                {
                    "volid": "nfs:102/vm-102-disk-0.qcow2",
                    "content": "images",
                    "format": "qcow2",
                    "vmid": 102,
                    "size": 5,
                },
            ],
            "/cluster/sdn/zones": [{"zone": "lab", "type": "simple", "digest": "d"}],
            "/cluster/sdn/vnets": [{"vnet": "v1", "zone": "lab", "type": "vnet", "tag": 7}],
            "/cluster/sdn/vnets/v1/subnets": [
                {"subnet": "lab-10.1.0.0-24", "cidr": "10.1.0.0/24", "gateway": "10.1.0.1", "vnet": "v1"}
            ],
            "/cluster/ha/resources": [{"sid": "vm:101", "state": "started", "type": "vm", "digest": "q"}],
            "/cluster/ha/rules": [{"rule": "keep", "type": "node-affinity", "resources": "vm:101", "nodes": "pve1"}],
            "/cluster/ha/groups": [{"group": "main", "nodes": "pve1,pve2", "type": "group"}],
            "/cluster/ha/status/current": [{"id": "quorum", "type": "quorum", "quorate": 1}],
            "/access/users": [
                {
                    "userid": "root@pam",
                    "enable": 1,
                    "expire": 0,
                    "keys": "x!hunter2",
                    "groups": "ops",
                    "tokens": [{"tokenid": "ci", "privsep": 1, "expire": 0}],
                }
            ],
            "/access/groups": [{"groupid": "ops", "users": "root@pam"}],
            "/access/roles": [{"roleid": "PVEAuditor", "privs": "VM.Audit,Sys.Audit", "special": 1}],
            "/access/domains": [{"realm": "pam", "type": "pam"}],
            "/access/acl": [{"path": "/vms/101", "type": "user", "ugid": "bob@pve", "roleid": "PVEAuditor"}],
            "/cluster/backup": [{"id": "nightly", "schedule": "02:00", "storage": "nfs", "vmid": "101", "next-run": 5}],
            "/cluster/replication": [{"id": "101-0", "guest": 101, "target": "pve2", "type": "local"}],
            "/cluster/options": {"mac_prefix": "BC:24:11", "keyboard": "de"},
            "/cluster/tasks": [
                {
                    "upid": "UPID:pve1:00000001:00000001:6B034230:qmstart:101:root@pam:",
                    "node": "pve1",
                    "type": "qmstart",
                    "id": "101",
                    "user": "root@pam",
                    "status": "OK",
                    "starttime": 1795375664,
                    "endtime": 1795375670,
                }
            ],
            "/cluster/firewall/options": {"enable": 1, "digest": "f"},
            "/cluster/firewall/rules": [{"pos": 0, "type": "in", "action": "ACCEPT", "dport": "22", "digest": "f"}],
            "/cluster/firewall/aliases": [{"name": "office", "cidr": "192.0.2.0/24", "digest": "f"}],
            "/cluster/firewall/ipset": [{"name": "admins", "comment": "who may", "digest": "f"}],
            "/cluster/firewall/ipset/admins": [{"cidr": "192.0.2.7", "digest": "f"}],
            "/cluster/firewall/groups": [{"group": "web", "digest": "f"}],
            "/cluster/firewall/groups/web": [{"pos": 0, "type": "in", "action": "ACCEPT", "dport": "443"}],
        }

    def add(
        self, vmid: int, name: str, node: str, *, kind: str = "qemu", status: str = "running", **config: Json
    ) -> None:
        """Create a guest with the given configuration keys."""
        self.guests[vmid] = {"type": kind, "vmid": vmid, "name": name, "node": node, "status": status, "maxcpu": 2}
        base: JsonObject = {"memory": "2048", "cores": 2}
        base |= {"name": name, "smbios1": f"uuid=00000000-0000-4000-8000-{vmid:012d}"} if kind == "qemu" else {}
        base |= {"hostname": name} if kind == "lxc" else {}
        if kind == "qemu":
            base["scsi0"] = f"nfs:{vmid}/vm-{vmid}-disk-0.qcow2,size=32G"
        self.configs[vmid] = {**base, **config}

    def remove(self, vmid: int) -> None:
        """Destroy a guest."""
        del self.guests[vmid], self.configs[vmid]
        self.pending.pop(vmid, None)
        self.snapshots.pop(vmid, None)

    # Source

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        self.asked.append(path)
        segments = [unquote(part) for part in path.strip("/").split("/")]
        if path in self.refused:
            raise self.refused[path]
        if segments[0] == "nodes" and len(segments) > 2 and self.nodes.get(segments[1]) != "online":
            raise NodeUnreachable(f"node {segments[1]} does not answer")
        return copy.deepcopy(self._answer("/" + "/".join(segments), segments, dict(params or {})))

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        return Answer(self.read(path, params))

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        answers: list[Json | PmpcError] = []
        for query in queries:
            try:
                answers.append(self.read(query.path, query.params))
            except PmpcError as error:
                answers.append(error)
        return answers

    def _answer(self, path: str, segments: list[str], params: dict[str, Param]) -> Json:
        if path == "/version":
            return {"version": self.release, "release": self.release[:3]}
        if path == "/cluster/resources":
            return self._resources()
        if path == "/nodes":
            return [{"node": node, "status": state, "ssl_fingerprint": "AA:BB"} for node, state in self.nodes.items()]
        if path == "/cluster/status":
            return self._status()
        if path == "/access/permissions":
            return self._permissions(params.get("path"))
        if path == "/pools":
            return self._pools(params.get("poolid"))
        if segments[0] == "nodes" and segments[2:] == ["status"]:
            return {"pveversion": f"pve-manager/{self.release}/abc", "kversion": "6.14", "cpuinfo": {"model": "EPYC"}}
        if segments[0] == "nodes" and len(segments) > 4 and segments[2] in ("qemu", "lxc"):
            return self._guest(int(segments[3]), segments[4:])
        if path in self.lists:
            return self.lists[path]
        if "firewall" in segments:
            return {} if segments[-1] == "options" else []
        raise NotFound(f"no such path: {path}")

    def _visible(self, vmid: int) -> bool:
        return self._may(f"/vms/{vmid}", "VM.Audit")

    def _may(self, path: str, privilege: str) -> bool:
        while path not in self.permissions and path != "/":
            path = path.rpartition("/")[0] or "/"
        return privilege in self.permissions.get(path, {})

    def _resources(self) -> Json:
        rows: list[Json] = []
        for node, state in self.nodes.items():
            row: JsonObject = {"type": "node", "node": node, "id": f"node/{node}", "status": state}
            rows.append(row | ({"maxcpu": 8, "cpu": 0.25, "mem": 5} if state == "online" else {}))
        for vmid, guest in self.guests.items():
            if self._visible(vmid):
                row = {"id": f"{guest['type']}/{vmid}", **guest}
                if self.nodes[str(guest["node"])] != "online":
                    row = {name: row[name] for name in ("id", "type", "vmid", "node")} | {"status": "unknown"}
                rows.append(row)
        for node in self.nodes:
            for storage, shared in (("local", 0), ("nfs", 1)):
                up = self.nodes[node] == "online"
                row = {"type": "storage", "id": f"storage/{node}/{storage}", "node": node, "storage": storage}
                row |= {"shared": shared, "status": "available" if up else "unknown", "plugintype": "dir"}
                rows.append(row | ({"disk": 10, "maxdisk": 100} if up else {}))
        rows.append({"type": "sdn", "id": "sdn/pve1/lab", "node": "pve1", "sdn": "lab", "status": "ok"})
        return rows

    def _status(self) -> Json:
        rows: list[Json] = [
            {"type": "cluster", "id": "cluster", "name": "lab", "quorate": int(self.quorate), "nodes": 2}
        ]
        for number, (node, state) in enumerate(self.nodes.items(), 1):
            online = int(state == "online")
            rows.append({"type": "node", "name": node, "online": online, "ip": f"10.0.0.{number}", "nodeid": number})
        return rows

    def _permissions(self, path: Param) -> Json:
        if path is None:
            return dict(self.permissions)
        found = str(path)
        while found not in self.permissions and found != "/":
            found = found.rpartition("/")[0] or "/"
        return {str(path): self.permissions.get(found, {})}

    def _pools(self, poolid: Param) -> Json:
        if poolid is None:
            return [{"poolid": "team/web", "comment": "the web"}]
        members: list[Json] = [{"id": "qemu/101", "type": "qemu", "vmid": 101}, {"id": "storage/nfs", "storage": "nfs"}]
        return [{"poolid": "team/web", "comment": "the web", "members": members}]

    def _guest(self, vmid: int, rest: list[str]) -> Json:
        if vmid not in self.configs:
            raise NotFound(f"Configuration file 'nodes/pve1/qemu-server/{vmid}.conf' does not exist")
        if not self._visible(vmid):
            raise PermissionDenied(f"Permission check failed (/vms/{vmid}, VM.Audit)")
        config, pending = self.configs[vmid], self.pending.get(vmid, {})
        digest = str(hash(repr((sorted(config.items()), pending, self.snapshots.get(vmid)))))
        if rest == ["config"]:
            return {**config, "digest": digest}
        if rest == ["pending"]:
            rows: list[Json] = [{"key": key, "value": value, **pending.get(key, {})} for key, value in config.items()]
            rows += [{"key": key, **entry} for key, entry in pending.items() if key not in config]
            return [*rows, {"key": "digest", "value": digest}]
        if rest == ["snapshot"]:
            running = int(self.guests[vmid]["status"] == "running")
            head: JsonObject = {"name": "current", "description": "You are here!", "running": running, "digest": digest}
            parent = {"parent": config["parent"]} if "parent" in config else {}
            return [*self.snapshots.get(vmid, []), head | parent]
        return {} if rest[-1] == "options" else []
