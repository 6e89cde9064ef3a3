"""Reading VMs."""

from __future__ import annotations

from proxmox_mpc.simulator import guests
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.disks import is_cdrom, is_drive, volume_of
from proxmox_mpc.simulator.errors import invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.metering import cpus, guest_use, max_memory
from proxmox_mpc.simulator.migration import preconditions
from proxmox_mpc.simulator.resources import max_disk
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Guest

routes = Routes()
VM = "/nodes/{node}/qemu/{vmid}"

routes.index(
    VM, "config", "cloudinit", "pending", "status", "unlink", "vncproxy", "termproxy", "migrate", "resize", "move",
    "rrd", "rrddata", "monitor", "agent", "snapshot", "spiceproxy", "sendkey", "firewall", "mtunnel", "remote_migrate",
)  # fmt: skip
routes.index(f"{VM}/status", "current", "start", "stop", "reset", "shutdown", "suspend", "reboot")


def status_row(call: Call, guest: Guest, *, full: bool) -> JsonObject:
    """Return a VM's status as lists show it, or with everything that ``status/current`` adds."""
    config = guests.current_config(guest, pending=False)
    use = guest_use(guest, call.now)
    row: JsonObject = {
        "vmid": guest.vmid, "name": guest.name, "status": "running" if guest.running else "stopped",
        "cpus": cpus(guest, call.world.nodes[guest.node]), "cpu": use.cpu, "mem": use.mem, "maxmem": max_memory(guest),
        "disk": 0, "maxdisk": max_disk(guest), "netin": use.netin, "netout": use.netout, "uptime": use.uptime,
    }  # fmt: skip
    if call.world.major >= 9:
        row["memhost"] = use.mem
    for key in ("tags", "lock"):
        if config.get(key):
            row[key] = config[key]
    if guest.template:
        row["template"] = 1
    if any(key.startswith("serial") for key in config):
        row["serial"] = 1
    if guest.running:
        row |= {"pid": guest.pid or 10_000 + guest.vmid, "diskread": use.diskread, "diskwrite": use.diskwrite}
        if call.world.major >= 9:
            row |= dict.fromkeys(_PRESSURES, 0)
    return row | _details(call, guest) if full else row


_PRESSURES = (
    "pressurecpufull", "pressurecpusome", "pressureiofull", "pressureiosome", "pressurememoryfull",
    "pressurememorysome",
)  # fmt: skip


def _details(call: Call, guest: Guest) -> JsonObject:
    """Return what is known of one VM only: HA, QEMU's own state, devices."""
    qmp = "paused" if guest.paused else "running" if guest.running else "stopped"
    row: JsonObject = {"qmpstatus": qmp, "ha": ha_state(call, f"vm:{guest.vmid}")}
    if str(guest.config.get("agent", "0")).removeprefix("enabled=")[:1] == "1":
        row["agent"] = 1
    if not guest.running:
        return row
    use, memory = guest_use(guest, call.now), max_memory(guest)
    drives = {key: value for key, value in guest.config.items() if is_drive(key)}
    chipset = "q35" if "q35" in str(guest.config.get("machine")) else "i440fx"
    row |= {
        "running-machine": f"pc-{chipset}-10.1+pve0",
        "running-qemu": "10.1.2",
        "balloon": memory,
        "ballooninfo": {"actual": memory, "max_mem": memory, "last_update": call.now},
        "nics": {
            f"tap{guest.vmid}i{key[3:]}": {"netin": use.netin, "netout": use.netout}
            for key in guest.config if key.startswith("net")
        },
        "blockstat": {
            key: {"rd_bytes": use.diskread, "wr_bytes": use.diskwrite, "failed_rd_operations": 0}
            for key, value in drives.items() if volume_of(str(value)) and not is_cdrom(str(value))
        },
        "proxmox-support": {"pbs-dirty-bitmap": True, "query-bitmap-info": True, "backup-max-workers": True},
    }  # fmt: skip
    return row


def ha_state(call: Call, sid: str) -> JsonObject:
    """Return the HA part of a guest's status."""
    resource = call.world.ha.resources.get(sid)
    if resource is None:
        return {"managed": 0}
    state = call.world.ha.state.get(sid, {})
    shown: JsonObject = {"managed": 1, "state": state.get("state", resource.get("state", "started"))}
    shown |= {key: value for key, value in resource.items() if key in {"group", "max_restart", "max_relocate"}}
    return shown


@routes.get("/nodes/{node}/qemu")
def list_vms(call: Call) -> Json:
    """List the VMs of a node that the caller may see."""
    found = sorted(call.world.guests_on(call.node.name, "qemu"), key=lambda guest: guest.vmid)
    full = call.flag("full")
    return [status_row(call, guest, full=full) for guest in found if call.may(f"/vms/{guest.vmid}", "VM.Audit")]


@routes.get(f"{VM}/config")
def config(call: Call) -> Json:
    """Return a VM's configuration: with pending changes, as in effect (``current``) or of a snapshot."""
    snapshot, current = call.text("snapshot"), call.flag("current")
    if snapshot and current:
        text = "cannot use 'snapshot' parameter with 'current'"
        raise invalid({"snapshot": text, "current": text})
    return guests.config_answer(call.guest("qemu"), snapshot=snapshot, current=current)


@routes.get(f"{VM}/pending")
def pending(call: Call) -> Json:
    """Return the settings with what is pending."""
    return guests.pending_rows(call.guest("qemu"))


@routes.get(f"{VM}/status/current")
def status(call: Call) -> Json:
    """Return a VM's status."""
    return status_row(call, call.guest("qemu"), full=True)


@routes.get(f"{VM}/snapshot")
def snapshots(call: Call) -> Json:
    """List a VM's snapshots."""
    return guests.snapshot_rows(call.guest("qemu"))


@routes.get(f"{VM}/snapshot/{{snapname}}")
def snapshot_index(call: Call) -> Json:
    """List what a snapshot offers."""
    call.guest("qemu")
    return [{"cmd": "rollback"}, {"cmd": "config"}]


@routes.get(f"{VM}/snapshot/{{snapname}}/config")
def snapshot_config(call: Call) -> Json:
    """Return a snapshot's configuration."""
    return dict(guests.snapshot_config(call.guest("qemu"), call.text("snapname")))


@routes.get(f"{VM}/cloudinit")
def cloudinit(call: Call) -> Json:
    """Return the cloud-init settings that are in effect."""
    guest = call.guest("qemu")
    keys = [key for key in guest.config if key in _CLOUDINIT or key.startswith("ipconfig")]
    return [{"key": key, "value": guests.HIDDEN if key == "cipassword" else guest.config[key]} for key in sorted(keys)]


_CLOUDINIT = frozenset(
    ["cicustom", "cipassword", "citype", "ciuser", "ciupgrade", "nameserver", "searchdomain", "sshkeys"]
)


@routes.get(f"{VM}/migrate")
def migration(call: Call) -> Json:
    """Return whether and where a VM can migrate."""
    guest = call.guest("qemu")
    guests.check_lock(guest)
    return preconditions(call.world, guest)
