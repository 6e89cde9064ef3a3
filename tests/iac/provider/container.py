"""``proxmox_virtual_environment_container``: its schema, and how an imported container is read into state."""

from __future__ import annotations

from proxmox_mpc.domain.json import JsonObject
from tests.iac.provider import vm
from tests.iac.provider.parsing import (
    FILE_ID,
    GUEST_ID,
    MAC,
    Pairs,
    between,
    devices,
    flag,
    gigabytes,
    matching,
    one_of,
    same_words,
    startup,
    tags,
    text,
    whole,
)
from tests.iac.provider.schema import Field, Group, Path, Resource, Schema, State, Value, View
from tests.iac.provider.vm import plain
from tests.iac.provider.world import World

SYSTEMS = [
    "alpine",
    "archlinux",
    "centos",
    "debian",
    "devuan",
    "fedora",
    "gentoo",
    "nixos",
    "opensuse",
    "ubuntu",
    "unmanaged",
]
TIMEOUTS = {"timeout_create": 1800, "timeout_clone": 1800, "timeout_update": 1800, "timeout_delete": 60}
# what the release after 0.111.1 knows more, and fills in on import
NEWER: State = {
    "purge_on_destroy": True,
    "delete_unreferenced_disks_on_destroy": False,
    "migrate": False,
    "timeout_migrate": 1800,
}

_FLAG = plain("bool", False)
_ADDRESS = Group({"address": plain("string", ""), "gateway": plain("string", "")})


def _empty_dns(old: int, new: int, blocks: list[Value]) -> bool:
    if (old, new) != (0, 1):
        return False
    one = blocks[0]
    return not (one["domain"] or one["server"] or one["servers"])


def _path(old: str, new: str, view: View) -> bool:
    return f"/{old}" == new


def _same_store(old: str, new: str, view: View) -> bool:
    return old.startswith(new.split(":")[0] + ":")


SCHEMA: Schema = {
    "clone": Group(
        {
            "datastore_id": plain("string", "", force_new=True),
            "node_name": plain("string", "", force_new=True),
            "full": plain("bool", True, force_new=True),
            "vm_id": Field("int", required=True, force_new=True, check=GUEST_ID),
        }
    ),
    "console": Group(
        {
            "enabled": plain("bool", True),
            "type": plain("string", "tty", check=one_of("console", "shell", "tty")),
            "tty_count": plain("int", 2, check=between(0, 6)),
        }
    ),
    "cpu": Group(
        {
            "architecture": plain("string", "amd64", check=one_of("amd64", "arm64", "armhf", "i386")),
            "cores": plain("int", 1, check=between(1, 128)),
            "limit": plain("float", 0, check=between(0, 8192)),
            "units": Field("int", computed=True, check=between(1, 500000)),
        }
    ),
    "description": plain(
        "string", "", state_func=lambda found: found.strip().replace("\r\n", "\n") + "\n" if found else ""
    ),
    "disk": Group(
        {
            "acl": _FLAG,
            "datastore_id": plain("string", "local", force_new=True),
            "quota": _FLAG,
            "replicate": _FLAG,
            "size": plain("int", 4, check=between(0, 1 << 62)),
            "mount_options": Field("list", suppress_list=same_words, check=matching(".")),
            "path_in_datastore": Field(read_only=True),
        }
    ),
    "environment_variables": Field("map"),
    "features": Group(
        {
            "nesting": _FLAG,
            "keyctl": _FLAG,
            "fuse": _FLAG,
            "mount": Field("list", check=one_of("cifs", "nfs")),
            "mknod": _FLAG,
        }
    ),
    "hook_script_file_id": plain("string", ""),
    "initialization": Group(
        {
            "dns": Group(
                {
                    "domain": plain("string", ""),
                    "server": plain("string", "", deprecated=True),
                    "servers": Field("list", check=matching(r"^[0-9a-fA-F.:]+$")),
                },
                suppress_count=_empty_dns,
            ),
            "hostname": plain("string", "", check=vm.HOSTNAME),
            "ip_config": Group({"ipv4": _ADDRESS, "ipv6": _ADDRESS}, max_items=10),
            "user_account": Group(
                {
                    "keys": Field("list", force_new=True),
                    "password": plain("string", "", sensitive=True, force_new=True, suppress=vm._stars),
                },
                force_new=True,
            ),
            "entrypoint": plain("string", "", check=matching(r"^[^\x00-\x08\x10-\x1F\x7F]+$")),
        }
    ),
    "ipv4": Field("map", read_only=True),
    "ipv6": Field("map", read_only=True),
    "memory": Group(
        {
            "dedicated": plain("int", 512, check=between(16, 268435456)),
            "swap": plain("int", 0, check=between(0, 268435456)),
        }
    ),
    "mount_point": Group(
        {
            "acl": _FLAG,
            "backup": _FLAG,
            "mount_options": Field("list"),
            "path": Field(required=True, suppress=_path),
            "quota": _FLAG,
            "read_only": _FLAG,
            "replicate": plain("bool", True),
            "shared": _FLAG,
            "size": plain("string", "", force_new=True, check=matching(r"(?i)^$|^(\d+(\.\d+)?)([kmgt]i?b?)?$")),
            "volume": Field(required=True, force_new=True, suppress=_same_store),
            "path_in_datastore": Field(read_only=True),
        },
        max_items=256,
        force_new=True,
    ),
    "idmap": Group(
        {
            "type": Field(required=True, check=one_of("uid", "gid")),
            "container_id": Field("int", required=True, check=between(0, 1 << 62)),
            "host_id": Field("int", required=True, check=between(0, 1 << 62)),
            "size": Field("int", required=True, check=between(1, 1 << 62)),
        },
        max_items=0,
    ),
    "device_passthrough": Group(
        {
            "deny_write": _FLAG,
            "gid": Field("int", check=between(0, 1 << 62)),
            "mode": plain("string", "0660", check=matching("0[0-7]{3}")),
            "path": Field(required=True, check=matching(".")),
            "uid": Field("int", check=between(0, 1 << 62)),
        },
        max_items=128,
    ),
    "network_interface": Group(
        {
            "bridge": plain("string", "vmbr0"),
            "enabled": plain("bool", True),
            "firewall": _FLAG,
            "host_managed": _FLAG,
            "mac_address": Field(computed=True, check=MAC, suppress=lambda old, new, view: new == ""),
            "name": Field(required=True),
            "rate_limit": plain("float", 0),
            "vlan_id": plain("int", 0),
            "mtu": plain("int", 0),
        },
        max_items=10,
    ),
    "node_name": Field(required=True),
    "operating_system": Group(
        {
            "template_file_id": Field(required=True, force_new=True, check=FILE_ID),
            "type": plain("string", "unmanaged", check=one_of(*SYSTEMS)),
        },
        force_new=True,
    ),
    "pool_id": plain("string", "", force_new=True),
    "protection": _FLAG,
    "started": plain("bool", True, suppress=lambda old, new, view: bool(view.new["template"])),
    "startup": Group({name: plain("int", -1) for name in ("order", "up_delay", "down_delay")}),
    "start_on_boot": plain("bool", True),
    "tags": Field("list", suppress_list=same_words, check=matching(".")),
    "template": plain("bool", False, force_new=True),
    **{name: plain("int", value) for name, value in TIMEOUTS.items()},
    "timeout_start": plain("int", 300, deprecated=True),
    "wait_for_ip": Group({"ipv4": _FLAG, "ipv6": _FLAG}),
    "unprivileged": plain("bool", False, force_new=True),
    "vm_id": Field("int", computed=True, check=GUEST_ID),
}  # fmt: skip


def read(world: World, state: State) -> State | None:
    """Return what reading an imported container puts into state, None where there is no such container.

    ``vm_id``, ``pool_id``, the template and the account are never read; release 0.111.1 reads no timeout either.
    """
    row = world.one("guest", vmid=str(state["id"]), type="lxc")
    config = world.kind("config").get(str(state["id"]))
    if row is None or config is None:
        return None
    made: State = {
        "node_name": row["node"],
        "description": text(config, "description") or "",
        "console": _console(config),
        "cpu": _cpu(config),
        "disk": _disk(config),
        "memory": _memory(config),
        "features": _features(config),
        "initialization": _initialization(config, state),
        "device_passthrough": _devices(config),
        "idmap": _idmap(config),
        "mount_point": _mount_points(config),
        "network_interface": _interfaces(config),
        "startup": startup(config),
        "operating_system": _operating_system(config, state),
        "unprivileged": bool(flag(config, "unprivileged")),
        "protection": bool(flag(config, "protection")),
        "start_on_boot": bool(flag(config, "onboot")),
        "hook_script_file_id": text(config, "hookscript") or "",
        "tags": tags(config),
        "environment_variables": _environment(config),
        "template": bool(flag(config, "template")),
        "started": row.get("status") == "running",
        "ipv4": {},
        "ipv6": {},
    }
    if world.release != "0.111.1":
        own = {**NEWER, **TIMEOUTS}
        made |= {name: state.get(name) if state.get(name) is not None else value for name, value in own.items()}
    return made


def _console(config: JsonObject) -> list[State]:
    enabled, mode, count = flag(config, "console"), text(config, "cmode"), whole(config, "tty")
    block: State = {
        "enabled": True if enabled is None else enabled,
        "type": mode or "tty",
        "tty_count": 2 if count is None else count,
    }
    # an absent `console` is compared with another type: never equal
    if enabled is None or not enabled or block["type"] != "tty" or block["tty_count"] != 2:
        return [block]
    return []


def _cpu(config: JsonObject) -> list[State]:
    block: State = {
        "architecture": text(config, "arch") or "amd64",
        "cores": whole(config, "cores") or 1,
        "limit": float(text(config, "cpulimit") or 0),
        "units": whole(config, "cpuunits") or 0,
    }
    return vm._differing(block, {"architecture": "amd64", "cores": 1, "limit": 0, "units": 0})


def _disk(config: JsonObject) -> list[State]:
    found = text(config, "rootfs")
    if found is None:
        return [{"datastore_id": "local", "size": 4, "mount_options": [], "path_in_datastore": ""}]
    pairs = Pairs(found)
    volume = pairs.get("volume") or pairs.head or ""
    # pointers are compared with flags: never equal, so the block is always there
    return [
        {
            "acl": pairs.flag("acl", False),
            "replicate": pairs.flag("replicate", False),
            "quota": pairs.flag("quota", False),
            "datastore_id": volume.split(":")[0],
            "path_in_datastore": volume,
            "size": gigabytes(pairs.get("size")),
            "mount_options": _words(pairs.get("mountoptions")),
        }
    ]


def _words(found: str | None) -> list[str]:
    return found.split(";") if found else []


def _memory(config: JsonObject) -> list[State]:
    block: State = {"dedicated": whole(config, "memory") or 0, "swap": whole(config, "swap") or 0}
    return vm._differing(block, {"dedicated": 512, "swap": 0})


def _features(config: JsonObject) -> list[State]:
    pairs = Pairs(text(config, "features") or "")
    flags: State = {name: pairs.flag(name, False) for name in ("nesting", "keyctl", "fuse", "mknod")}
    mounts = _words(pairs.get("mount"))
    return [{**flags, "mount": mounts}] if any(flags.values()) or mounts else []


def _initialization(config: JsonObject, state: State) -> list[State]:
    made: State = {"hostname": text(config, "hostname") or "", "entrypoint": text(config, "entrypoint") or ""}
    domain, servers = text(config, "searchdomain"), text(config, "nameserver")
    if domain is not None or servers is not None:
        dns: State = {"domain": domain or ""}
        dns |= {"servers": servers.split(" ")} if servers is not None else {"server": "", "servers": []}
        made["dns"] = [dns]
    made["ip_config"] = [
        {"ipv4": _ip(pairs, "ip", "gw"), "ipv6": _ip(pairs, "ip6", "gw6")}
        for pairs in map(Pairs, devices(config, "net").values())
        if any(name in pairs for name in ("ip", "gw", "ip6", "gw6"))
    ]
    before = state.get("initialization") or []
    if before and before[0]:
        made["user_account"] = before[0].get("user_account") or []
    return [made]


def _ip(pairs: Pairs, address: str, gateway: str) -> list[State]:
    if address not in pairs and gateway not in pairs:
        return []
    return [{"address": pairs.get(address) or "", "gateway": pairs.get(gateway) or ""}]


def _devices(config: JsonObject) -> list[State]:
    return [
        {
            "deny_write": pairs.flag("deny-write", False),
            "gid": pairs.whole("gid", 0),
            "mode": pairs.get("mode") or "0660",
            "path": pairs.get("path") or pairs.head or "",
            "uid": pairs.whole("uid", 0),
        }
        for pairs in map(Pairs, devices(config, "dev").values())
    ]


def _idmap(config: JsonObject) -> list[State]:
    made: list[State] = []
    raw = config.get("lxc")
    for pair in raw if isinstance(raw, list) else []:
        if not isinstance(pair, list) or pair[0] != "lxc.idmap":
            continue
        kind, inside, outside, size = str(pair[1]).split()
        sort = {"u": "uid", "g": "gid"}[kind]
        made.append({"type": sort, "container_id": int(inside), "host_id": int(outside), "size": int(size)})
    return made


def _mount_points(config: JsonObject) -> list[State]:
    made: list[State] = []
    for pairs in map(Pairs, devices(config, "mp").values()):
        volume = pairs.get("volume") or pairs.head or ""
        made.append(
            {
                "acl": pairs.flag("acl", False),
                "backup": pairs.flag("backup", False),
                "mount_options": _words(pairs.get("mountoptions")),
                "path": pairs.get("mp") or "",
                "quota": pairs.flag("quota", False),
                "read_only": pairs.flag("ro", False),
                "replicate": pairs.flag("replicate", True),
                "shared": pairs.flag("shared", False),
                "size": pairs.get("size") or "",
                "volume": volume,
                "path_in_datastore": volume,
            }
        )
    return made


def _interfaces(config: JsonObject) -> list[State]:
    return [
        {
            "enabled": True,
            "name": pairs.get("name") or "",
            "bridge": pairs.get("bridge") or "",
            "firewall": pairs.flag("firewall", False),
            "host_managed": pairs.flag("host-managed", False),
            "mac_address": pairs.get("hwaddr") or "",
            "rate_limit": float(pairs.get("rate") or 0),
            "vlan_id": pairs.whole("tag", 0),
            "mtu": pairs.whole("mtu", 0),
        }
        for pairs in map(Pairs, devices(config, "net").values())
    ]


def _operating_system(config: JsonObject, state: State) -> list[State]:
    made: State = {"type": text(config, "ostype") or ""}
    before = state.get("operating_system") or []
    if before and before[0]:
        return [{**made, "template_file_id": before[0].get("template_file_id")}]
    return vm._differing(made, {"type": "unmanaged"})


def _environment(config: JsonObject) -> State:
    words = (text(config, "env") or "").split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


def customize(prior: State, planned: State, changed: frozenset[Path]) -> set[Path]:
    """Return what the plan as a whole replaces the container for."""
    replace: set[Path] = set()
    if ("node_name",) in changed and not planned.get("migrate"):
        replace.add(("node_name",))
    if ("vm_id",) in changed and str(planned.get("vm_id")) != str(prior.get("id")):
        replace.add(("vm_id",))
    before, after = prior.get("disk") or [], planned.get("disk") or []
    if ("disk", 0, "size") in changed and before and after and (before[0]["size"] or 0) > (after[0]["size"] or 0):
        replace.add(("disk", 0, "size"))
    return replace


CONTAINER = Resource(SCHEMA, vm.begin, read, customize=customize)
NEWER_CONTAINER = Resource(
    {
        **SCHEMA,
        **{name: plain("bool" if isinstance(value, bool) else "int", value) for name, value in NEWER.items()},
    },
    vm.begin,
    read,
    customize=customize,
)
