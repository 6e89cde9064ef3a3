"""One bare node as it was when real exchanges with PVE 9.2.11 were recorded: storage ``local``, no bridge, no guest.

Nothing reported its state there, so nodes, storages and guests are ``unknown`` in the cluster's resources.
"""

from __future__ import annotations

from proxmox_mpc.simulator.world import DOOR_SECRET, ApiToken, Node, Storage, User, World


def recorded(created: int) -> World:
    """Return the world; ``created`` is when it was set up."""
    world = World(
        "recorded", created, release="@PVERELEASE@", config_version=1, reporting=False,
        options={"mac_prefix": "BC:24:11", "description": ""},
    )  # fmt: skip
    node = Node(
        "pve1", 0, "192.0.2.11", known=False, cores=2, sockets=1, cpu_model="AMD EPYC", memory=25_276_063_744,
        memory_used=587_776_000, swap=0, rootfs=270_553_174_016, rootfs_used=29_162_020_864, load=0.0,
        booted=created - 8235, kernel="6.18.44",
    )  # fmt: skip
    node.dns = {"dns1": "10.255.255.53"}
    node.hosts = "127.0.0.1 localhost\n192.0.2.11 pve1.test pve1\n"
    node.documents["boot-info"] = {"mode": "legacy-bios"}
    world.nodes["pve1"] = node
    content = "backup,rootdir,snippets,vztmpl,iso,images"
    world.storages["local"] = Storage(
        "local", {"type": "dir", "path": "/var/lib/vz", "content": content}, 12_638_031_872, 2_560_000, known=False
    )
    world.realms = {
        "pam": {"type": "pam", "comment": "Linux PAM standard authentication"},
        "pve": {"type": "pve", "comment": "Proxmox VE authentication server"},
    }
    world.users["root@pam"] = User("root@pam", tokens={"tok": ApiToken("tok", DOOR_SECRET, privsep=False)})
    world.log.append({
        "uid": "1", "id": "1:pve1", "msg": "starting cluster log", "pid": 6282, "pri": 6, "node": "pve1",
        "user": "root", "tag": "cluster", "time": created,
    })  # fmt: skip
    world.counters["log"] = 1
    world.door_token = ["root@pam!tok", DOOR_SECRET]
    return world
