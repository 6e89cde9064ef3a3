"""Reading containers."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.simulator import guests
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import invalid
from proxmox_mpc.simulator.handlers.qemu import ha_state
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.metering import cpus, guest_use, max_memory
from proxmox_mpc.simulator.migration import destinations
from proxmox_mpc.simulator.resources import max_disk
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Guest

routes = Routes()
CT = "/nodes/{node}/lxc/{vmid}"

routes.index(
    CT, "config", "pending", "status", "vncproxy", "termproxy", "vncwebsocket", "spiceproxy", "migrate", "clone",
    "initlog", "rrd", "rrddata", "firewall", "snapshot", "resize", "interfaces", "move_volume", "template", "feature",
)  # fmt: skip
routes.index(f"{CT}/status", "current", "start", "stop", "shutdown", "migrate")


def status_row(call: Call, guest: Guest) -> JsonObject:
    """Return a container's status as lists show it."""
    use = guest_use(guest, call.now)
    # A suspended container is a checkpoint on disk: no process of it runs.
    running = guest.running and not guest.paused
    row: JsonObject = {
        "vmid": guest.vmid, "type": "lxc", "name": guest.name, "status": "running" if running else "stopped",
        "cpus": cpus(guest, call.world.nodes[guest.node]), "cpu": use.cpu, "mem": use.mem, "maxmem": max_memory(guest),
        "disk": use.disk, "maxdisk": max_disk(guest), "swap": 0,
        "maxswap": int(guest.config.get("swap", 512)) * 1024 * 1024, "netin": use.netin, "netout": use.netout,
        "diskread": use.diskread, "diskwrite": use.diskwrite, "uptime": use.uptime,
    }  # fmt: skip
    for key in ("tags", "lock"):
        if guest.config.get(key):
            row[key] = guest.config[key]
    if guest.template:
        row["template"] = 1
    if running:
        row["pid"] = guest.pid or 20_000 + guest.vmid
    return row


@routes.get("/nodes/{node}/lxc")
def list_containers(call: Call) -> Json:
    """List the containers of a node that the caller may see."""
    found = sorted(call.world.guests_on(call.node.name, "lxc"), key=lambda guest: guest.vmid)
    return [status_row(call, guest) for guest in found if call.may(f"/vms/{guest.vmid}", "VM.Audit")]


@routes.get(f"{CT}/config")
def config(call: Call) -> Json:
    """Return a container's configuration: with pending changes, as in effect (``current``) or of a snapshot."""
    snapshot, current = call.text("snapshot"), call.flag("current")
    if snapshot and current:
        text = "cannot use 'snapshot' parameter with 'current'"
        raise invalid({"snapshot": text, "current": text})
    return guests.config_answer(call.guest("lxc"), snapshot=snapshot, current=current)


@routes.get(f"{CT}/pending")
def pending(call: Call) -> Json:
    """Return the settings with what is pending."""
    return guests.pending_rows(call.guest("lxc"))


@routes.get(f"{CT}/status/current")
def status(call: Call) -> Json:
    """Return a container's status."""
    guest = call.guest("lxc")
    return status_row(call, guest) | {"ha": ha_state(call, f"ct:{guest.vmid}")}


@routes.get(f"{CT}/snapshot")
def snapshots(call: Call) -> Json:
    """List a container's snapshots."""
    return guests.snapshot_rows(call.guest("lxc"))


@routes.get(f"{CT}/snapshot/{{snapname}}")
def snapshot_index(call: Call) -> Json:
    """List what a snapshot offers."""
    call.guest("lxc")
    return [{"cmd": "rollback"}, {"cmd": "config"}]


@routes.get(f"{CT}/snapshot/{{snapname}}/config")
def snapshot_config(call: Call) -> Json:
    """Return a snapshot's configuration."""
    return dict(guests.snapshot_config(call.guest("lxc"), call.text("snapname")))


@routes.get(f"{CT}/interfaces")
def interfaces(call: Call) -> Json:
    """Return the addresses inside a running container; nothing for a stopped one."""
    guest = call.guest("lxc")
    return [*guest.interfaces, *_configured(guest)] if guest.running else None


def _configured(guest: Guest) -> Iterator[JsonObject]:
    """Yield the interfaces of which the world says nothing: they have what their configuration gives them."""
    known = {str(row.get("hwaddr")).lower() for row in guest.interfaces}
    for key in sorted(key for key in guest.config if key.startswith("net")):
        net = dict(part.partition("=")[::2] for part in str(guest.config[key]).split(","))
        mac, given = net.get("hwaddr", "").lower(), net.get("ip", "manual")
        if mac in known:
            continue
        row: JsonObject = {"name": net.get("name", "eth0"), "hwaddr": mac, "hardware-address": mac}
        if given != "manual":
            # The DHCP server of this world gives everybody the address that ends as the id does.
            leased = f"10.10.{int(net.get('tag', '0')) % 250}.{guest.vmid % 250 + 1}/24"
            address, _, prefix = (leased if given == "dhcp" else given).partition("/")
            inside: Json = [{"ip-address": address, "ip-address-type": "inet", "prefix": prefix}]
            row |= {"inet": f"{address}/{prefix}", "ip-addresses": inside}
        yield row


@routes.get(f"{CT}/migrate")
def migration(call: Call) -> Json:
    """Return whether and where a container can migrate."""
    guest = call.guest("lxc")
    guests.check_lock(guest)
    allowed, barred = destinations(call.world, guest)
    return {"running": int(guest.running), "allowed-nodes": allowed, "not-allowed-nodes": barred}
