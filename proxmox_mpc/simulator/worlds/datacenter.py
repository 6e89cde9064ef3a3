"""Generated clusters of any size up to 10,000 guests: varied, and the same for the same numbers."""

from __future__ import annotations

from random import Random

from proxmox_mpc.simulator.json import Config, Json, JsonObject
from proxmox_mpc.simulator.world import DOOR_SECRET, Acl, ApiToken, Guest, Node, Pool, Storage, User, Volume, World
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, HOUR, Builder
from proxmox_mpc.simulator.worlds.machine import disk_row, packages, services
from proxmox_mpc.simulator.worlds.small import PASSWORD

_ROLES = ("web", "app", "db", "cache", "queue", "build", "mail", "mon", "auth", "files", "proxy", "test")
_SITES = ("vie", "ber", "zrh", "muc")
_TAGS = ("prod", "staging", "dev", "pci", "gdpr", "windows", "legacy", "k8s")
_MODELS = (
    ("AMD EPYC 9354 32-Core Processor", 64, 512),
    ("AMD EPYC 7543 32-Core Processor", 64, 1024),
    ("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 128, 1024),
)
_TEMPLATES = (
    ("alpine-3.22-default_20250617_amd64.tar.xz", "txz", 3 << 20),
    ("debian-13-standard_13.1-2_amd64.tar.zst", "tzst", 130 << 20),
    ("ubuntu-24.04-standard_24.04-2_amd64.tar.zst", "tzst", 142 << 20),
)


def datacenter(created: int, nodes: int, guests: int, seed: int) -> World:
    """Return a cluster of ``nodes`` with ``guests`` spread over them."""
    world = World(f"datacenter:{nodes}:{guests}:{seed}", created, seed, cluster=f"dc{seed}")
    world.options = {"mac_prefix": "BC:24:11", "keyboard": "en-us"}
    build = Builder(world)
    chance = Random(f"datacenter/{nodes}/{guests}/{seed}")  # noqa: S311 - a simulation, nothing secret
    for number in range(1, nodes + 1):
        _add_node(build, number, chance)
    _add_storages(world, nodes, guests)
    _add_access(build)
    names = [node.name for node in world.nodes.values()]
    pools = [f"team-{at + 1:02d}" for at in range(max(1, min(40, guests // 50)))]
    world.pools = {name: Pool(name, f"{_SITES[at % 4]} team") for at, name in enumerate(pools)}
    vmid = 99
    for _ in range(guests):
        vmid += 1 if chance.random() < 0.97 else chance.randint(2, 9)
        guest = _add_guest(build, vmid, chance.choice(names), chance)
        if chance.random() < 0.8:
            world.pools[chance.choice(pools)].vms.append(vmid)
        _decorate(build, guest, chance)
    _load_nodes(world)
    world.backup_jobs["nightly"] = {
        "id": "nightly", "type": "vzdump", "enabled": 1, "all": 1, "schedule": "01:00", "storage": "pbs",
        "mode": "snapshot", "notes-template": "{{guestname}}",
    }  # fmt: skip
    return world


def _load_nodes(world: World) -> None:
    """Let each node's own figures hold those of its running guests, as far as it can carry them."""
    for guest in world.guests.values():
        if guest.running:
            node = world.nodes[guest.node]
            node.memory_used = min(node.memory_used + guest.memory_used, node.memory * 19 // 20)
            node.load = min(node.load + guest.load * int(str(guest.config["cores"])) / node.cores, 0.9)


def _add_node(build: Builder, number: int, chance: Random) -> None:
    model, cores, memory = chance.choice(_MODELS)
    now = build.now
    node = Node(
        f"pve{number:03d}", number, f"10.{100 + number // 250}.0.{number % 250 + 1}", cores=cores, sockets=2,
        cpu_model=model, memory=memory * GIB, memory_used=24 * GIB, swap=0, rootfs=220 * GIB,
        rootfs_used=chance.randint(12, 60) * GIB, load=0.02, booted=now - chance.randint(1, 300) * DAY - HOUR,
    )  # fmt: skip
    node.services = services()
    node.fingerprint = build.fingerprint()
    node.dns = {"dns1": "10.100.0.251", "search": "dc.example"}
    node.hosts = f"127.0.0.1 localhost\n{node.ip} {node.name}.dc.example {node.name}\n"
    node.documents["apt/versions"] = packages(build.world.version, node.kernel)
    node.disks = [disk_row(f"/dev/nvme{at}n1", "SAMSUNG MZQL23T8HCLS-00A07", 3_840_755_982_336, "nvme", "LVM",
                           wear=chance.randint(60, 100)) for at in range(2)]  # fmt: skip
    common: JsonObject = {"active": 1, "method": "manual", "method6": "manual", "families": ["inet"]}
    node.network = {
        "eno1": {"iface": "eno1", "type": "eth", "exists": 1, "priority": 3, **common},
        "eno2": {"iface": "eno2", "type": "eth", "exists": 1, "priority": 4, **common},
        "bond0": {"iface": "bond0", "type": "bond", "slaves": "eno1 eno2", "bond_mode": "802.3ad", "autostart": 1,
                  "bond_miimon": "100", "priority": 5, **common},
        "vmbr0": {"iface": "vmbr0", "type": "bridge", "bridge_ports": "bond0", "bridge_stp": "off", "bridge_fd": "0",
                  "bridge_vlan_aware": 1, "bridge_vids": "2-4094", "autostart": 1, **common, "method": "static",
                  "address": node.ip, "netmask": "16", "cidr": f"{node.ip}/16", "gateway": "10.100.0.254",
                  "priority": 6},
    }  # fmt: skip
    build.world.nodes[node.name] = node


def _add_storages(world: World, nodes: int, guests: int) -> None:
    room = max(20, guests // 5) * 1024 * GIB
    entries: list[tuple[str, JsonObject, int]] = [
        ("local", {"type": "dir", "path": "/var/lib/vz", "content": "iso,vztmpl,snippets"}, 0),
        ("local-lvm", {"type": "lvmthin", "vgname": "pve", "thinpool": "data", "content": "images,rootdir"}, room),
        ("ceph", {"type": "rbd", "pool": "guests", "content": "images,rootdir", "krbd": 0}, room),
        ("nas", {"type": "nfs", "server": "10.100.0.252", "export": "/pve", "path": "/mnt/pve/nas",
                 "content": "iso,vztmpl,images"}, room),
        ("pbs", {"type": "pbs", "server": "10.100.0.253", "datastore": "dc", "content": "backup",
                 "username": "pve@pbs"}, room),
    ]  # fmt: skip
    for name, config, total in entries:
        world.storages[name] = Storage(name, config, total)
    if nodes > 1:
        first = next(iter(world.nodes))
        scratch: JsonObject = {"type": "dir", "path": "/mnt/scratch", "content": "images", "nodes": first}
        world.storages["scratch"] = Storage("scratch", scratch, room)
    for name, form, size in _TEMPLATES:
        world.add_volume(Volume(f"nas:vztmpl/{name}", "", "vztmpl", form, size, world.created - 90 * DAY, size))


def _add_access(build: Builder) -> None:
    world = build.world
    token = ApiToken("pmpc", DOOR_SECRET, privsep=False)
    world.door_token = ["root@pam!pmpc", token.secret]
    world.realms = {"pam": {"type": "pam", "comment": "Linux PAM standard authentication"}}
    auditor = User("auditor@pve", PASSWORD, tokens={"readonly": ApiToken("readonly", build.uuid(), privsep=False)})
    world.users = {"root@pam": User("root@pam", PASSWORD, tokens={"pmpc": token}), "auditor@pve": auditor}
    world.realms["pve"] = {"type": "pve", "comment": "Proxmox VE authentication server"}
    world.acl = [Acl("/", "user", "auditor@pve", "PVEAuditor")]


def _add_guest(build: Builder, vmid: int, node: str, chance: Random) -> Guest:
    role, site = chance.choice(_ROLES), chance.choice(_SITES)
    since_boot = build.now - build.world.nodes[node].booted
    tags = sorted(chance.sample(_TAGS, chance.choice((0, 1, 1, 2, 3))))
    config: Config = {"onboot": 1} if chance.random() < 0.7 else {}
    if tags:
        config["tags"] = ";".join(tags)
    if chance.random() < 0.2:
        config["description"] = f"{role} for {site}\nticket {chance.randint(1000, 99999)}\n"
    cores = chance.choice((1, 2, 2, 4, 4, 8, 16))
    memory = chance.choice((512, 1024, 2048, 2048, 4096, 8192, 16384))
    state: dict[str, Json] = {} if chance.random() < 0.15 else {
        "uptime": chance.randint(HOUR // 2, since_boot), "load": chance.random() ** 3 / 3,
        "memory_used": int(memory * (0.2 + 0.7 * chance.random())) << 20, "net_rate": chance.randint(0, 400_000),
        "disk_rate": chance.randint(0, 300_000),
    }  # fmt: skip
    name = f"{role}-{site}-{vmid}"
    if chance.random() < 0.3:
        return _container(
            build, vmid, node, {"hostname": name, "cores": cores, "memory": memory, **config}, state, chance
        )
    return _machine(build, vmid, node, {"name": name, "cores": cores, "memory": str(memory), **config}, state, chance)


def _machine(build: Builder, vmid: int, node: str, config: Config, state: dict[str, Json], chance: Random) -> Guest:
    store = chance.choice(("local-lvm", "ceph", "ceph", "nas"))
    for at in range(chance.choice((1, 1, 1, 2, 2, 3))):
        config[f"scsi{at}"] = build.disk(
            vmid, node, store, chance.choice((16, 32, 64, 100, 200)), used=chance.randint(10, 90), iothread=1
        )
    for at in range(chance.choice((1, 1, 1, 2))):
        tag = chance.choice(("", ",tag=110", ",tag=120", ",tag=130"))
        config[f"net{at}"] = f"virtio={build.mac()},bridge=vmbr0{tag}"
    config |= {"boot": "order=scsi0;net0", "ostype": chance.choice(("l26", "l26", "l26", "win11")), "cpu": "host"}
    guest = build.vm(vmid, node, config, age=chance.randint(1, 1500) * DAY, **state)
    if chance.random() < 0.6:
        config["agent"] = guest.config["agent"] = "1"
        if guest.running:
            guest.agent = _agent(guest, chance)
    return guest


def _agent(guest: Guest, chance: Random) -> JsonObject:
    mac = str(guest.config["net0"]).split(",", 1)[0].removeprefix("virtio=").lower()
    address = f"10.{chance.randint(110, 130)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"
    return {
        "network-get-interfaces": [{"name": "eth0", "hardware-address": mac, "ip-addresses": [
            {"ip-address": address, "ip-address-type": "ipv4", "prefix": 16}]}],
        "get-host-name": {"host-name": guest.name},
    }  # fmt: skip


def _container(build: Builder, vmid: int, node: str, config: Config, state: dict[str, Json], chance: Random) -> Guest:
    store = chance.choice(("local-lvm", "ceph"))
    size = chance.choice((4, 8, 8, 16, 32))
    config["rootfs"] = build.disk(vmid, node, store, size, kind="lxc", used=chance.randint(20, 80))
    if chance.random() < 0.25:
        config["mp0"] = build.disk(vmid, node, store, chance.choice((20, 50, 100)), kind="lxc", mp="/srv", backup=1)
    tag = chance.choice(("", ",tag=110", ",tag=120"))
    config["net0"] = f"name=eth0,bridge=vmbr0,hwaddr={build.mac()},ip=dhcp{tag},type=veth"
    config |= {"unprivileged": 1, "ostype": chance.choice(("debian", "ubuntu", "alpine"))}
    return build.ct(vmid, node, config, disk_used=size * GIB * 2 // 5, **state)


def _decorate(build: Builder, guest: Guest, chance: Random) -> None:
    """Give a few guests what few have: snapshots, protection, HA, changes that wait; and most a backup."""
    roll = chance.random()
    if roll < 0.05:
        ages = sorted(chance.sample(range(1, 400), chance.randint(1, 3)), reverse=True)
        for at, age in enumerate(ages, 1):
            build.snapshot(guest, f"snap{at}", age * DAY, "before the release")
    elif roll < 0.07:
        guest.config["protection"] = 1
    elif roll < 0.09 and guest.running:
        guest.pending = {"cores": int(str(guest.config["cores"])) + 2}
    elif roll < 0.12 and "local-lvm" not in str(guest.config.get("scsi0", guest.config.get("rootfs"))):
        kind = "vm" if guest.kind == "qemu" else "ct"
        sid = f"{kind}:{guest.vmid}"
        asked = "started" if guest.running else "stopped"
        build.world.ha.resources[sid] = {
            "sid": sid, "type": kind, "state": asked, "max_restart": 1, "max_relocate": 1,
        }  # fmt: skip
        build.world.ha.state[sid] = {"node": guest.node, "state": asked, "uid": sid}
        build.world.ha.master = next(iter(build.world.nodes))
    if chance.random() < 0.6:
        build.backup(guest.vmid, "pbs", chance.randint(1, 60) * HOUR + guest.vmid, chance.randint(1, 40) / 2)
