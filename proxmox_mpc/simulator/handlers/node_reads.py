"""What a node says on request: its journal, a report, and what storage it finds nearby."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes

routes = Routes()
SCAN = "/nodes/{node}/scan"
routes.index(SCAN, "cifs", "iscsi", "lvm", "lvmthin", "nfs", "pbs", "zfs", key="method")


@routes.get("/nodes/{node}/journal")
def journal(call: Call) -> Json:
    """Return lines of the journal, framed by the cursors before and behind them."""
    lines = call.node.syslog
    last = call.number("lastentries") or len(lines)
    shown = lines[-last:]
    return [f"c={len(lines) - len(shown)}", *shown, f"c={len(lines)}"]


@routes.get("/nodes/{node}/report")
def report(call: Call) -> Json:
    """Return a report as text: versions, storages, networks and guests of the node."""
    node, world = call.node, call.world
    parts = {
        "pveversion": f"pve-manager/{world.version}/{world.repoid} (running kernel: {node.kernel})",
        "cat /etc/hosts": node.hosts,
        "storages": "\n".join(f"{s.kind}: {s.name}" for s in world.storages.values() if s.on(node.name)),
        "interfaces": "\n".join(node.network),
        "guests": "\n".join(f"{guest.vmid} {guest.name}" for guest in world.guests_on(node.name)),
    }
    return "".join(f"# {title}\n{text.rstrip()}\n\n" for title, text in parts.items())


def _from_storages(kind: str, setting: str, shown: str, asked: str = "", where: str = "server") -> Handler:
    """Return a handler that finds what the storages of the world use: there is nothing else nearby."""

    def scan(call: Call) -> Json:
        found: list[JsonObject] = []
        for storage in call.world.storages.values():
            value = storage.config.get(setting)
            fits = not asked or storage.config.get(where) == call.text(asked)
            row: JsonObject = {shown: value}
            row |= (
                {"options": "*"}
                if kind == "nfs"
                else {"portal": storage.config.get("portal")}
                if asked == "portal"
                else {}
            )
            row |= {"description": ""} if kind == "cifs" else {}
            if storage.kind == kind and value and fits and row not in found:
                found.append(row)
        if asked in {"server", "portal"} and not found:
            raise failed(f"{kind} scan of '{call.text(asked)}' failed: No route to host")
        return rows(found)

    return scan


routes.get(f"{SCAN}/cifs")(_from_storages("cifs", "share", "share", "server"))
routes.get(f"{SCAN}/iscsi")(_from_storages("iscsi", "target", "target", "portal", "portal"))
routes.get(f"{SCAN}/lvm")(_from_storages("lvmthin", "vgname", "vg"))
routes.get(f"{SCAN}/lvmthin")(_from_storages("lvmthin", "thinpool", "lv", "vg", "vgname"))
routes.get(f"{SCAN}/nfs")(_from_storages("nfs", "export", "path", "server"))
routes.get(f"{SCAN}/pbs")(_from_storages("pbs", "datastore", "store", "server"))
routes.get(f"{SCAN}/zfs")(_from_storages("zfspool", "pool", "pool"))
