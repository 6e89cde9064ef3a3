"""The homelab's eleven VMs."""

from __future__ import annotations

from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import Volume
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, HOUR, Builder

_WEB_NOTES = """# Web front end 🌐

Owner: Zoë Müller <zoe@lab.example>
Runs nginx + the shop; **ask before rebooting**.
"""
_SSH_KEY = "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIGhvbWVsYWItZG9ja2VyLWtleS1ub3QtcmVhbC0wMDE%20zoe%40lab.example%0A"


def add_vms(build: Builder) -> None:
    """Add VMs 100 to 109 and the template 9000."""
    _router(build)
    _web(build)
    _db(build)
    _windows(build)
    _template_and_docker(build)
    _kubernetes(build)
    _legacy(build)
    _desktop(build)


def _router(build: Builder) -> None:
    """The router: two NICs, protected, starts first, no guest agent."""
    build.vm(
        100,
        "pve1",
        {
            "name": "router",
            "cores": 2,
            "memory": "4096",
            "balloon": 0,
            "cpu": "host",
            "ostype": "other",
            "boot": "order=scsi0",
            "scsi0": build.disk(100, "pve1", "local-lvm", 32, iothread=1, used=18),
            "net0": f"virtio={build.mac()},bridge=vmbr1,queues=2",
            "net1": f"virtio={build.mac()},bridge=vmbr0,trunks=20;30;40",
            "onboot": 1,
            "startup": "order=1,up=60",
            "protection": 1,
            "tags": "infra;network",
            "description": "OPNsense. The internet of the whole house hangs on it.\n",
        },
        uptime=61 * DAY + 4 * HOUR,
        load=0.06,
        memory_used=int(2.1 * GIB),
        net_rate=3_400_000,
        disk_rate=18_000,
    )


def _web(build: Builder) -> None:
    """The shop: highly available, a tree of snapshots, changes that wait for a restart, firewall on."""
    mac = build.mac()
    web = build.vm(
        101,
        "pve1",
        {
            "name": "web",
            "cores": 2,
            "sockets": 1,
            "memory": "4096",
            "balloon": 2048,
            "cpu": "x86-64-v2-AES",
            "ostype": "l26",
            "machine": "q35",
            "agent": "enabled=1,fstrim_cloned_disks=1",
            "boot": "order=scsi0;ide2",
            "ide2": "none,media=cdrom",
            "scsi0": build.disk(101, "pve1", "nas", 40, discard="on", iothread=1, ssd=1, used=55),
            "net0": f"virtio={mac},bridge=vmbr0,firewall=1,tag=20",
            "onboot": 1,
            "tags": "prod;web",
            "description": _WEB_NOTES,
        },
        uptime=23 * DAY + 7 * HOUR,
        load=0.22,
        memory_used=int(3.1 * GIB),
        net_rate=640_000,
        disk_rate=220_000,
        agent=agent_answers("web", "debian", "13", mac, "10.10.20.101", 40, uptime=23 * DAY),
    )
    build.snapshot(web, "before-upgrade", 152 * DAY, "Debian 12 → 13", cores=1, memory="2048")
    build.snapshot(web, "after-upgrade", 151 * DAY, "upgrade went well", cores=1, memory="2048")
    web.parent = "before-upgrade"
    build.snapshot(web, "experiment", 93 * DAY, "try out HTTP/3", cores=1)
    web.parent = "after-upgrade"
    build.snapshot(web, "pre-shop-release", 6 * DAY, "")
    state = build.disk(101, "pve1", "nas", 5, part="state-pre-shop-release", used=60).split(",")[0]
    web.snapshots["pre-shop-release"].vmstate = state
    web.pending = {"memory": "8192", "cores": 4, "balloon": None}


def _db(build: Builder) -> None:
    """The data base: three disks on ZFS, replicated to pve1, protected, a pinned CPU."""
    mac = build.mac()
    build.vm(
        102,
        "pve2",
        {
            "name": "db",
            "cores": 4,
            "memory": "8192",
            "balloon": 0,
            "cpu": "host",
            "affinity": "0-3",
            "numa": 0,
            "ostype": "l26",
            "agent": "1",
            "boot": "order=scsi0",
            "scsi0": build.disk(102, "pve2", "tank", 20, iothread=1, used=48),
            "scsi1": build.disk(102, "pve2", "tank", 120, iothread=1, backup=1, used=71),
            "scsi2": build.disk(102, "pve2", "tank", 16, iothread=1, replicate=0, backup=0, used=25),
            "net0": f"virtio={mac},bridge=vmbr0,tag=20,mtu=1500",
            "onboot": 1,
            "startup": "order=2,up=30,down=120",
            "protection": 1,
            "tags": "db;prod",
            "hookscript": "local:snippets/db-hook.pl",
        },
        uptime=12 * DAY + 2 * HOUR,
        load=0.37,
        memory_used=int(6.9 * GIB),
        net_rate=410_000,
        disk_rate=2_900_000,
        agent=agent_answers("db", "debian", "12", mac, "10.10.20.102", 20, uptime=12 * DAY),
    )
    build.world.add_volume(_hook(build))


def _windows(build: Builder) -> None:
    """Windows 11 with EFI disk and TPM, stopped for three weeks."""
    build.vm(
        103,
        "pve1",
        {
            "name": "win11",
            "cores": 4,
            "memory": "8192",
            "cpu": "host",
            "ostype": "win11",
            "machine": "pc-q35-10.1",
            "bios": "ovmf",
            "agent": "1",
            "boot": "order=scsi0;ide2",
            "efidisk0": build.disk(103, "pve1", "local-lvm", 4 / 1024, efitype="4m", pre_enrolled_keys=1, used=13),
            "tpmstate0": build.disk(103, "pve1", "local-lvm", 4 / 1024, version="v2.0", used=2),
            "scsi0": build.disk(103, "pve1", "local-lvm", 80, cache="writeback", discard="on", used=39),
            "ide2": "nas:iso/virtio-win-0.1.285.iso,media=cdrom,size=753M",
            "net0": f"e1000e={build.mac()},bridge=vmbr0,firewall=1,tag=30",
            "tablet": 1,
            "usb0": "spice,usb3=1",
            "tags": "desktop;windows",
        },
    )


def _template_and_docker(build: Builder) -> None:
    """The cloud image as a template, and the docker host: its linked clone, set up by cloud-init."""
    base = build.disk(9000, "pve1", "nas", 20, template=1, discard="on", used=12)
    build.vm(
        9000,
        "pve1",
        {
            "name": "debian-13-cloud",
            "template": 1,
            "cores": 2,
            "memory": "2048",
            "ostype": "l26",
            "agent": "1",
            "boot": "order=scsi0",
            "scsi0": base,
            "ide2": build.disk(9000, "pve1", "nas", 4 / 1024, part="cloudinit", media="cdrom", used=10),
            "net0": f"virtio={build.mac()},bridge=vmbr0",
            "serial0": "socket",
            "vga": "serial0",
            "ciuser": "admin",
            "ipconfig0": "ip=dhcp",
            "tags": "template",
        },
        age=300 * DAY,
    )
    mac = build.mac()
    docker = build.vm(
        104,
        "pve2",
        {
            "name": "docker",
            "cores": 4,
            "memory": "6144",
            "balloon": 3072,
            "ostype": "l26",
            "agent": "1",
            "boot": "order=scsi0",
            "scsi0": build.disk(104, "pve2", "nas", 20, base=base.split(",")[0], discard="on", used=70),
            "scsi1": build.disk(104, "pve2", "local-lvm", 100, discard="on", used=63),
            "ide2": build.disk(104, "pve2", "nas", 4 / 1024, part="cloudinit", media="cdrom", used=10),
            "net0": f"virtio={mac},bridge=vmbr0,firewall=1,tag=20",
            "net1": f"virtio={build.mac()},bridge=vmbr0,tag=30,link_down=1",
            "serial0": "socket",
            "vga": "serial0",
            "ciuser": "admin",
            "cipassword": "$5$homelab$Zk1pX0dXQ3mQd5x6gqv0uZ8z7q2Vf1s0",
            "ipconfig0": "ip=10.10.20.104/24,gw=10.10.20.1",
            "nameserver": "10.10.0.53",
            "searchdomain": "lab.example",
            "sshkeys": _SSH_KEY,
            "onboot": 1,
            "tags": "docker;prod",
        },
        uptime=12 * DAY + HOUR,
        load=0.33,
        memory_used=int(5.2 * GIB),
        net_rate=150_000,
        disk_rate=350_000,
        agent=agent_answers("docker", "debian", "13", mac, "10.10.20.104", 20, uptime=12 * DAY),
    )
    build.snapshot(docker, "weekly", 4 * DAY, "before docker 29")


def _kubernetes(build: Builder) -> None:
    """Three cluster nodes on the SDN; the control plane's agent does not answer."""
    roles = [(105, "k8s-cp1", "pve1", 2, 4096), (106, "k8s-w1", "pve2", 4, 8192), (107, "k8s-w2", "pve3", 2, 6144)]
    for at, (vmid, name, node, cores, memory) in enumerate(roles):
        mac = build.mac()
        address = f"10.50.0.{10 + at}"
        answers = agent_answers(name, "ubuntu", "24.04", mac, address, 32, uptime=2 * DAY) if at else None
        build.vm(
            vmid,
            node,
            {
                "name": name,
                "cores": cores,
                "memory": str(memory),
                "balloon": 0,
                "ostype": "l26",
                "agent": "1",
                "boot": "order=virtio0",
                "virtio0": build.disk(vmid, node, "nas", 32, iothread=1, used=44 + at),
                "net0": f"virtio={mac},bridge=k8s",
                "onboot": 1,
                "tags": "k8s;lab",
            },
            uptime=2 * DAY - at * 300,
            load=0.18 + at / 20,
            memory_used=memory * 5 // 8 << 20,
            net_rate=90_000,
            disk_rate=60_000,
            agent=answers,
        )


def _legacy(build: Builder) -> None:
    """An old machine that nobody dares to remove: stopped, locked by a snapshot removal that died, never backed up."""
    legacy = build.vm(
        108,
        "pve3",
        {
            "name": "legacy-erp",
            "cores": 1,
            "memory": "1024",
            "cpu": "kvm64",
            "ostype": "w2k8",
            "boot": "order=ide0",
            "ide0": build.disk(108, "pve3", "local-lvm", 60, used=92),
            "unused0": build.disk(108, "pve3", "local-lvm", 12, used=30).split(",")[0],
            "net0": f"e1000={build.mac()},bridge=vmbr0",
            "tags": "legacy",
            "description": "Buchhaltung 2009–2016.\nNicht löschen! (bis 2027 aufbewahren)\n",
        },
        age=1900 * DAY,
    )
    build.snapshot(legacy, "vor_umzug", 433 * DAY, "vor dem Umzug auf pve3")
    legacy.config["lock"] = "snapshot-delete"


def _desktop(build: Builder) -> None:
    """A desktop with a GPU passed through, paused."""
    build.vm(
        109,
        "pve2",
        {
            "name": "desktop",
            "cores": 6,
            "memory": "8192",
            "balloon": 0,
            "cpu": "host",
            "ostype": "l26",
            "machine": "q35",
            "bios": "ovmf",
            "boot": "order=scsi0",
            "efidisk0": build.disk(109, "pve2", "local-lvm", 4 / 1024, efitype="4m", used=13),
            "scsi0": build.disk(109, "pve2", "local-lvm", 64, ssd=1, used=51),
            "hostpci0": "mapping=gpu,pcie=1",
            "net0": f"virtio={build.mac()},bridge=vmbr0,tag=30,rate=50",
            "vga": "none",
            "tags": "desktop",
        },
        uptime=5 * DAY,
        paused=True,
        load=0.0,
        memory_used=int(7.4 * GIB),
    )


def _hook(build: Builder) -> Volume:
    return Volume("local:snippets/db-hook.pl", "pve2", "snippets", "snippet", 911, build.now - 300 * DAY)


def agent_answers(
    name: str, system: str, version: str, mac: str, address: str, disk: int, *, uptime: int
) -> dict[str, Json]:
    """Return what a guest agent answers, by command."""
    nic: JsonObject = {
        "name": "ens18",
        "hardware-address": mac.lower(),
        "ip-addresses": [
            {"ip-address": address, "ip-address-type": "ipv4", "prefix": 24},
            {"ip-address": "fe80::be24:11ff:fe00:1", "ip-address-type": "ipv6", "prefix": 64},
        ],
        "statistics": {
            "rx-bytes": 91_000_000, "rx-packets": 120_000, "rx-errs": 0, "rx-dropped": 0,
            "tx-bytes": 45_000_000, "tx-packets": 80_000, "tx-errs": 0, "tx-dropped": 0,
        },
    }  # fmt: skip
    loopback: JsonObject = {
        "name": "lo",
        "hardware-address": "00:00:00:00:00:00",
        "ip-addresses": [
            {"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8},
            {"ip-address": "::1", "ip-address-type": "ipv6", "prefix": 128},
        ],
    }
    pretty = {"debian": "Debian GNU/Linux", "ubuntu": "Ubuntu"}[system]
    return {
        "network-get-interfaces": [loopback, nic],
        "get-host-name": {"host-name": name},
        "get-osinfo": {
            "id": system, "name": pretty, "pretty-name": f"{pretty} {version}", "version": version,
            "version-id": version, "kernel-release": "6.12.48+deb13-amd64", "machine": "x86_64",
            "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1",
        },
        "get-fsinfo": [
            {
                "name": "sda1", "mountpoint": "/", "type": "ext4", "total-bytes": disk * GIB * 97 // 100,
                "used-bytes": disk * GIB // 2, "disk": [{"dev": "/dev/sda1", "bus-type": "scsi", "bus": 0, "unit": 0,
                "target": 0, "pci-controller": {"bus": 9, "slot": 1, "domain": 0, "function": 0}}],
            },
        ],
        "get-timezone": {"zone": "CET", "offset": 3600},
        "get-users": [{"user": "zoe", "login-time": 1_795_000_000.5}] if name == "web" else [],
        "get-vcpus": [{"logical-id": 0, "online": True, "can-offline": False}],
        "get-memory-blocks": [],
        "get-memory-block-info": {"size": 134_217_728},
        "info": {"version": "10.0.2", "supported_commands": [{"name": "guest-ping", "enabled": True,
                 "success-response": True}]},
    }  # fmt: skip
