"""What the homelab's nodes have in common: options, pools, HA, networks, device mappings, replication, metrics."""

from __future__ import annotations

from dataclasses import replace

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Pool
from proxmox_mpc.simulator.worlds.builder import DAY, Builder


def add_cluster(build: Builder) -> None:
    """Add everything that /cluster answers besides firewall and backups."""
    world = build.world
    world.options = {
        "keyboard": "de", "console": "html5", "mac_prefix": "BC:24:11", "max_workers": 4,
        "email_from": "pve@lab.example",
        "migration": "network=10.10.40.0/24,type=secure", "ha": "shutdown_policy=migrate", "registered-tags": "prod",
        "tag-style": "color-map=prod:ff0000:ffffff,shape=full", "next-id": "lower=100,upper=8999",
        "description": "Homelab – bitte Änderungen hier notieren\n",
    }  # fmt: skip
    world.pools = {
        "prod": Pool("prod", "production: ask first", vms=[101, 102, 104, 201], storages=["pbs"]),
        "lab": Pool("lab", "anything goes", vms=[105, 106, 107]),
        "lab/empty": Pool("lab/empty"),
    }
    _ha(build)
    _sdn(build)
    world.mappings = {
        "pci": {"gpu": {"description": "GTX 1650", "map": [
            "id=10de:1f82,iommugroup=1,node=pve2,path=0000:01:00.0,subsystem-id=1458:3ff9"]}},
        "usb": {"zigbee": {"description": "Zigbee stick", "map": ["id=10c4:ea60,node=pve1,path=1-4"]}},
        "dir": {"share": {"description": "media", "map": ["node=pve1,path=/tank/media", "node=pve2,path=/tank/media"]}},
    }  # fmt: skip
    world.replication = {
        "102-0": {"id": "102-0", "type": "local", "guest": 102, "jobnum": 0, "source": "pve2", "target": "pve1",
                  "schedule": "*/15", "comment": "the data base, ready on pve1"},
        "200-0": {"id": "200-0", "type": "local", "guest": 200, "jobnum": 0, "source": "pve1", "target": "pve2",
                  "schedule": "*/30", "rate": 50},
    }  # fmt: skip
    _replicas(build)
    world.documents["/replication/state"] = {
        "102-0": {"last_sync": build.now - 413, "last_try": build.now - 413, "duration": 6.41, "fail_count": 0},
        "200-0": {"last_sync": build.now - 3 * DAY, "last_try": build.now - 690, "duration": 3.2, "fail_count": 5,
                  "error": "command 'zfs snapshot tank/guests/subvol-200-disk-0@__replicate_200-0__' failed:"
                           " got timeout"},
    }  # fmt: skip
    world.documents["/cluster/metrics/server"] = {
        "graphite": {"id": "graphite", "type": "graphite", "server": "10.10.20.30", "port": 2003, "path": "proxmox"},
        "influx": {"id": "influx", "type": "influxdb", "server": "10.10.20.31", "port": 8089, "disable": 1,
                   "influxdbproto": "udp"},
    }  # fmt: skip
    world.documents["/cluster/jobs/realm-sync"] = {
        "ldap-nightly": {"id": "ldap-nightly", "realm": "lab-ldap", "schedule": "01:15", "enabled": 1, "scope": "both",
                         "remove-vanished": "acl;entry", "comment": "people come and go"},
    }  # fmt: skip


def _replicas(build: Builder) -> None:
    """Put the replicated volumes on their targets, as the jobs do."""
    world = build.world
    for volume in [v for v in world.volumes.values() if v.storage == "tank" and not v.volid.endswith("102-disk-2")]:
        target = "pve1" if volume.node == "pve2" else "pve2"
        world.add_volume(replace(volume, node=target))


def _ha(build: Builder) -> None:
    """HA keeps the shop and the proxy up; the Kubernetes nodes keep apart (8.4: a group in place of the rules)."""
    world = build.world
    where = {"vm:101": "pve1", "ct:201": "pve2", "vm:105": "pve1", "vm:106": "pve2", "vm:107": "pve3"}
    for sid in where:
        kind = sid.split(":")[0]
        world.ha.resources[sid] = {"sid": sid, "type": kind, "state": "started", "max_restart": 1, "max_relocate": 1}
    world.ha.resources["vm:101"]["comment"] = "the shop"
    world.ha.master = "pve2"
    world.ha.state = {
        sid: {"node": node, "state": "started", "uid": f"u{at}"} for at, (sid, node) in enumerate(where.items())
    }
    if world.major < 9:
        world.ha.groups["big-nodes"] = {
            "group": "big-nodes", "type": "group", "nodes": "pve1:2,pve2:1", "restricted": 0, "nofailback": 0,
            "comment": "not on the small one",
        }  # fmt: skip
        for sid in ("vm:101", "ct:201"):
            world.ha.resources[sid]["group"] = "big-nodes"
        return
    world.ha.rules = {
        "big-nodes": {"rule": "big-nodes", "type": "node-affinity", "resources": "ct:201,vm:101", "strict": 0,
                      "nodes": "pve1:2,pve2:1", "comment": "not on the small one"},
        "k8s-apart": {"rule": "k8s-apart", "type": "resource-affinity", "resources": "vm:105,vm:106,vm:107",
                      "affinity": "negative"},
        "shop-together": {"rule": "shop-together", "type": "resource-affinity", "resources": "ct:201,vm:101",
                          "affinity": "positive", "disable": 1},
    }  # fmt: skip


def _sdn(build: Builder) -> None:
    """A simple zone with DHCP for Kubernetes, a VLAN zone for people, and a vnet that is not applied yet."""
    sdn = build.world.sdn
    sdn.zones = {
        "lab": {"zone": "lab", "type": "simple", "dhcp": "dnsmasq", "ipam": "pve", "mtu": 1450},
        "campus": {"zone": "campus", "type": "vlan", "bridge": "vmbr0", "ipam": "pve", "nodes": "pve1,pve2"},
    }
    sdn.vnets = {
        "k8s": {"vnet": "k8s", "type": "vnet", "zone": "lab", "alias": "Kubernetes"},
        "people": {"vnet": "people", "type": "vnet", "zone": "campus", "tag": 30, "isolate-ports": 1},
    }
    subnet: JsonObject = {
        "subnet": "lab-10.50.0.0-24", "type": "subnet", "cidr": "10.50.0.0/24", "network": "10.50.0.0", "mask": "24",
        "vnet": "k8s", "zone": "lab", "gateway": "10.50.0.1", "snat": 1,
        "dhcp-range": [{"start-address": "10.50.0.100", "end-address": "10.50.0.199"}],
    }  # fmt: skip
    sdn.subnets = {"lab-10.50.0.0-24": subnet}
    sdn.ipams = {"pve": {"ipam": "pve", "type": "pve"}}
    sdn.controllers = {
        "evpn1": {"controller": "evpn1", "type": "evpn", "asn": 65000, "peers": "10.10.0.11,10.10.0.12,10.10.0.13"}
    }
    sdn.dns = {
        "labdns": {"dns": "labdns", "type": "powerdns", "url": "http://10.10.0.53:8081/api/v1/servers/localhost"}
    }
    sdn.pending = {"vnets": {"iot": {"vnet": "iot", "type": "vnet", "zone": "campus", "tag": 35, "alias": "things"}}}
    gateway: JsonObject = {"zone": "lab", "subnet": "10.50.0.0/24", "ip": "10.50.0.1", "gateway": 1, "vnet": "k8s"}
    sdn.allocations = [
        gateway,
        *(_allocation(build, vmid, f"10.50.0.{10 + at}") for at, vmid in enumerate(range(105, 108))),
    ]


def _allocation(build: Builder, vmid: int, address: str) -> JsonObject:
    guest = build.world.guests[vmid]
    mac = str(guest.config["net0"]).split(",", 1)[0].removeprefix("virtio=")
    return {
        "zone": "lab", "subnet": "10.50.0.0/24", "vnet": "k8s", "vmid": vmid, "ip": address, "hostname": guest.name,
        "mac": mac,
    }  # fmt: skip
