"""``proxmox_virtual_environment_vm``: its schema, and how an imported VM is read into state."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from proxmox_mpc.domain.json import JsonObject
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
    natural,
    one_of,
    same_by,
    same_words,
    startup,
    tags,
    text,
    whole,
)
from tests.iac.provider.schema import Field, Group, Path, Refused, Resource, Schema, State, Value, View
from tests.iac.provider.world import World

KEYBOARDS = [
    "da",
    "de",
    "de-ch",
    "en-gb",
    "en-us",
    "es",
    "fi",
    "fr",
    "fr-be",
    "fr-ca",
    "fr-ch",
    "hu",
    "is",
    "it",
    "ja",
    "lt",
    "mk",
    "nl",
    "no",
    "pl",
    "pt",
    "pt-br",
    "sl",
    "sv",
    "tr",
]
SYSTEMS = ["l24", "l26", "other", "solaris", "w2k", "w2k3", "w2k8", "win7", "win8", "win10", "win11", "wvista", "wxp"]
VGA_TYPES = [
    "cirrus",
    "none",
    "qxl",
    "qxl2",
    "qxl3",
    "qxl4",
    "serial0",
    "serial1",
    "serial2",
    "serial3",
    "std",
    "virtio",
    "virtio-gl",
    "vmware",
]
SCSI = ["lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"]
MACHINE = (
    r"^$|^(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?"
    r"|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)(,.*)?$"
)
HOSTNAME = matching(r"^$|^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9-]+)*$")
ADDRESS = matching(r"^[0-9a-fA-F.:]+$")
SPEEDS = {
    "iops_read": "iops_rd",
    "iops_read_burstable": "iops_rd_max",
    "iops_write": "iops_wr",
    "iops_write_burstable": "iops_wr_max",
    "read": "mbps_rd",
    "read_burstable": "mbps_rd_max",
    "write": "mbps_wr",
    "write_burstable": "mbps_wr_max",
}
TIMEOUTS = {
    "timeout_clone": 1800,
    "timeout_create": 1800,
    "timeout_migrate": 1800,
    "timeout_move_disk": 1800,
    "timeout_reboot": 1800,
    "timeout_shutdown_vm": 1800,
    "timeout_start_vm": 1800,
    "timeout_stop_vm": 300,
}
# only the provider knows these; an import fills them with their defaults
OWN = {
    "migrate": False,
    "stop_on_destroy": False,
    "purge_on_destroy": True,
    "delete_unreferenced_disks_on_destroy": True,
    "reboot_after_update": True,
    "reboot": False,
    **TIMEOUTS,
}


def _stars(old: str, new: str, view: View) -> bool:
    return old != "" and not old.strip("*")


def _hotplug(old: str, new: str, view: View) -> bool:
    if {old, new} & {"0", "1"}:
        return old == new
    return sorted(old.split(",")) == sorted(new.split(","))


def plain(kind: str, default: Value = None, **more: Value) -> Field:
    """Return an optional attribute with a default."""
    return Field(kind, default=default, **more)


_FLAG = plain("bool", False)
_ADDRESS = Group({"address": plain("string", ""), "gateway": plain("string", "")})
_COMPUTED_FILE = Field(computed=True, force_new=True, check=FILE_ID)

SCHEMA: Schema = {
    **{name: plain("bool", value) for name, value in OWN.items() if isinstance(value, bool)},
    **{name: plain("int", value, deprecated=name == "timeout_move_disk") for name, value in TIMEOUTS.items()},
    "on_boot": plain("bool", True),
    "boot_order": Field("list", computed=True),
    "acpi": plain("bool", True),
    "agent": Group(
        {
            "enabled": _FLAG,
            "timeout": plain("string", "15m", check=matching(r"^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$")),
            "trim": _FLAG,
            "type": plain("string", "virtio", check=one_of("isa", "virtio")),
            "wait_for_ip": Group({"disabled": _FLAG, "ipv4": _FLAG, "ipv6": _FLAG}),
        }
    ),
    "amd_sev": Group(
        {
            "type": plain("string", "std", check=one_of("std", "es", "snp")),
            "allow_smt": plain("bool", True),
            "kernel_hashes": _FLAG,
            "no_debug": _FLAG,
            "no_key_sharing": _FLAG,
        },
        force_new=True,
    ),
    "kvm_arguments": plain("string", ""),
    "audio_device": Group(
        {
            "device": plain("string", "intel-hda", check=one_of("AC97", "ich9-intel-hda", "intel-hda")),
            "driver": plain("string", "spice", check=one_of("spice", "none")),
            "enabled": plain("bool", True),
        }
    ),
    "bios": plain("string", "seabios", check=one_of("ovmf", "seabios")),
    "cdrom": Group(
        {
            "enabled": plain("bool", False, deprecated=True),
            "file_id": plain("string", "", check=matching(r"(?i)^$|^none$|^cdrom$|^[a-z\d\-_.]+:([a-z\d\-_]+/)?.+$")),
            "interface": plain("string", "ide3", check=matching(r"^(ide[0-3]|sata[0-5]|scsi(30|[12]?[0-9]))$")),
        }
    ),
    "clone": Group(
        {
            "retries": plain("int", 1, force_new=True),
            "datastore_id": plain("string", "", force_new=True),
            "node_name": plain("string", "", force_new=True),
            "vm_id": Field("int", required=True, force_new=True, check=GUEST_ID),
            "full": plain("bool", True, force_new=True),
        }
    ),
    "cpu": Group(
        {
            "architecture": plain("string", "", check=one_of("aarch64", "x86_64")),
            "cores": plain("int", 1, check=between(1, 2304)),
            "flags": Field("list"),
            "hotplugged": plain("int", 0, check=between(0, 2304)),
            "limit": plain("float", 0, check=between(0, 128)),
            "numa": _FLAG,
            "sockets": plain("int", 1, check=between(1, 16)),
            "type": plain("string", "qemu64"),
            "units": Field("int", computed=True, check=between(1, 262144)),
            "affinity": plain("string", "", check=matching(r"^\d+[\d\-,]*$")),
        }
    ),
    "description": plain("string", "", state_func=lambda found: found.strip().replace("\r\n", "\n")),
    "efi_disk": Group(
        {
            "datastore_id": plain("string", "local-lvm"),
            "file_format": Field(computed=True, check=one_of("qcow2", "raw", "vmdk")),
            "type": plain("string", "2m", check=one_of("2m", "4m", fold=True)),
            "pre_enrolled_keys": _FLAG,
        }
    ),
    "tpm_state": Group(
        {
            "datastore_id": plain("string", "local-lvm"),
            "version": plain("string", "v2.0", check=one_of("v1.2", "v2.0", fold=True)),
        }
    ),
    "initialization": Group(
        {
            "datastore_id": plain("string", "local-lvm"),
            "interface": plain(
                "string", "",
                check=matching(r"^$|^ide[0-3]|sata[0-5]|scsi(?:30|[12][0-9]|[0-9])$"),
                suppress=lambda old, new, view: new == "",
            ),
            "file_format": Field(computed=True, check=one_of("qcow2", "raw", "vmdk")),
            "dns": Group({"domain": plain("string", ""), "servers": Field("list", check=ADDRESS)}),
            "ip_config": Group({"ipv4": _ADDRESS, "ipv6": _ADDRESS}, max_items=8),
            "user_account": Group(
                {
                    "keys": Field("list"),
                    "password": plain("string", "", sensitive=True, suppress=_stars),
                    "username": Field(),
                }
            ),
            "user_data_file_id": _COMPUTED_FILE,
            "vendor_data_file_id": _COMPUTED_FILE,
            "network_data_file_id": _COMPUTED_FILE,
            "meta_data_file_id": _COMPUTED_FILE,
            "type": Field(computed=True, force_new=True, check=one_of("configdrive2", "nocloud", "opennebula")),
            "upgrade": Field("bool", computed=True),
        }
    ),
    "hostpci": Group(
        {
            "device": Field(required=True),
            **{name: Field() for name in ("id", "mapping", "mdev", "rom_file")},
            **{name: Field("bool") for name in ("pcie", "rombar", "xvga")},
        },
        max_items=16,
    ),
    "usb": Group({"host": Field(), "mapping": Field(), "usb3": Field("bool")}, max_items=0),
    "hotplug": Field(computed=True, suppress=_hotplug),
    "keyboard_layout": plain("string", "en-us", check=one_of(*KEYBOARDS)),
    "machine": plain("string", "", check=matching(MACHINE)),
    "memory": Group(
        {
            "dedicated": plain("int", 512, check=between(64, 268435456)),
            "floating": plain("int", 0, check=between(0, 268435456)),
            "shared": plain("int", 0, check=between(0, 268435456)),
            "hugepages": plain("string", "", check=one_of("1024", "2", "any", fold=True)),
            "keep_hugepages": _FLAG,
        }
    ),
    "name": plain("string", "", check=HOSTNAME),
    "node_name": Field(required=True, check=matching(".")),
    "numa": Group(
        {
            "device": Field(required=True, check=matching(r"^numa\d+$")),
            "cpus": Field(required=True, check=matching(r"^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*")),
            "memory": Field("int", required=True, check=between(64, 268435456)),
            "hostnodes": Field(check=matching(r"^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*")),
            "policy": plain("string", "preferred", check=one_of("bind", "interleave", "preferred", fold=True)),
        },
        max_items=0,
        suppress_list=same_by("device"),
    ),
    "operating_system": Group({"type": plain("string", "other", check=one_of(*SYSTEMS))}),
    "pool_id": plain("string", "", suppress=lambda old, new, view: new == "" and old != ""),
    "protection": _FLAG,
    "rng": Group(
        {
            "source": Field(required=True, check=matching(".")),
            "max_bytes": Field("int", computed=True, check=between(1, 1 << 62)),
            "period": Field("int", computed=True, check=between(1, 1 << 62)),
        },
        max_items=0,
    ),
    "serial_device": Group({"device": plain("string", "socket", check=matching("^/dev/|^socket$"))}, max_items=4),
    "smbios": Group(
        {
            **{name: plain("string", "") for name in ("family", "manufacturer", "product", "serial", "sku", "version")},
            "uuid": Field(computed=True),
        }
    ),
    "started": plain("bool", True, suppress=lambda old, new, view: bool(view.new["template"])),
    "startup": Group({name: plain("int", -1) for name in ("order", "up_delay", "down_delay")}),
    "tablet_device": plain("bool", True),
    "tags": Field("list", suppress_list=same_words, check=matching(".")),
    "template": _FLAG,
    "vga": Group(
        {
            "clipboard": plain("string", "", check=one_of("", "vnc", fold=True)),
            "memory": plain("int", 16, check=between(4, 512)),
            "type": plain("string", "std", check=one_of(*VGA_TYPES)),
        },
        computed=True,
    ),
    "virtiofs": Group(
        {
            "mapping": Field(required=True, check=matching(".")),
            "cache": plain("string", "auto", check=one_of("auto", "always", "metadata", "never")),
            "direct_io": _FLAG,
            "expose_acl": _FLAG,
            "expose_xattr": _FLAG,
        },
        max_items=8,
    ),
    "vm_id": Field("int", computed=True, check=GUEST_ID),
    "scsi_hardware": plain("string", "virtio-scsi-pci", check=one_of(*SCSI)),
    "hook_script_file_id": plain("string", ""),
    "watchdog": Group(
        {
            "action": plain(
                "string", "none", check=one_of("debug", "none", "pause", "poweroff", "reset", "shutdown", fold=True)
            ),
            "enabled": _FLAG,
            "model": plain("string", "i6300esb", check=one_of("i6300esb", "ib700", fold=True)),
        }
    ),
    "disk": Group(
        {
            "interface": Field(required=True),
            "datastore_id": plain("string", "local-lvm"),
            "path_in_datastore": Field(computed=True),
            "file_format": Field(computed=True, check=one_of("qcow2", "raw", "vmdk")),
            "aio": plain("string", "io_uring", check=one_of("io_uring", "native", "threads")),
            "backup": plain("bool", True),
            "file_id": plain("string", "", force_new=True, check=FILE_ID),
            "import_from": plain("string", "", check=FILE_ID),
            "serial": plain("string", "", check=matching("^.{0,20}$")),
            "size": plain("int", 8, check=between(1, 1 << 62)),
            "iothread": _FLAG,
            "queues": plain("int", 0),
            "replicate": plain("bool", True),
            "ssd": _FLAG,
            "discard": plain("string", "ignore"),
            "cache": plain(
                "string", "none", check=one_of("none", "writethrough", "writeback", "unsafe", "directsync")
            ),
            "speed": Group({name: plain("int", 0) for name in SPEEDS}),
        },
        max_items=31,
        suppress_list=same_by("interface", "path_in_datastore"),
    ),
    "ipv4_addresses": Field("list", of="list", read_only=True),
    "ipv6_addresses": Field("list", of="list", read_only=True),
    "network_interface_names": Field("list", read_only=True),
    "mac_addresses": Field("list", computed=True),
    "network_device": Group(
        {
            "bridge": plain("string", "vmbr0"),
            "disconnected": Field("bool"),
            "enabled": plain("bool", True),
            "firewall": _FLAG,
            "mac_address": Field(computed=True, check=MAC),
            "model": plain("string", "virtio", check=one_of("e1000", "e1000e", "rtl8139", "virtio", "vmxnet3")),
            "queues": plain("int", 0, check=between(0, 64)),
            "rate_limit": plain("float", 0),
            "vlan_id": plain("int", 0),
            "trunks": Field(),
            "mtu": plain("int", 0),
        },
        max_items=32,
        computed=True,
    ),
}  # fmt: skip


def begin(ident: str) -> State:
    """Return what ``node/vmid`` says."""
    node, slash, vmid = ident.partition("/")
    if not slash or not node or not vmid or "/" in vmid:
        raise Refused(f"unexpected format of ID ({ident}), expected node/id")
    return {"id": vmid, "node_name": node}


def read(world: World, state: State) -> State | None:
    """Return what reading an imported VM puts into state, None where there is no such VM."""
    row = world.one("guest", vmid=str(state["id"]), type="qemu")
    config = world.kind("config").get(str(state["id"]))
    if row is None or config is None:
        return None
    vmid = int(state["id"])
    made: State = {
        **{name: state.get(name) if state.get(name) is not None else value for name, value in OWN.items()},
        "vm_id": vmid,
        "node_name": row["node"],
        "started": row.get("status") == "running",
        "pool_id": row.get("pool") or "",
        **_simple(config),
        "agent": _agent(config),
        "amd_sev": _amd_sev(config),
        "audio_device": _audio(config),
        "cdrom": _cdrom(config),
        "cpu": _cpu(config),
        "numa": _numa(config),
        "disk": _disks(config, vmid),
        "efi_disk": _efi(world, config),
        "tpm_state": _tpm(config),
        "rng": _rng(config),
        "hostpci": _hostpci(config),
        "usb": _usb(config),
        "virtiofs": _virtiofs(config),
        "initialization": _initialization(config, vmid),
        "memory": _memory(config),
        "operating_system": _differing({"type": text(config, "ostype") or ""}, {"type": "other"}),
        "serial_device": _serial(config),
        "smbios": _smbios(config),
        "startup": startup(config),
        "vga": _vga(config),
        "watchdog": _watchdog(config),
    }
    made |= _network(config)
    return made


def _differing(found: State, defaults: State) -> list[State]:
    return [found] if any(found[name] != value for name, value in defaults.items()) else []


def _or(value: Value, default: Value) -> Value:
    return default if value is None else value


def _simple(config: JsonObject) -> State:
    boot = Pairs(text(config, "boot") or "").get("order")
    made: State = {
        "acpi": _or(flag(config, "acpi"), True),
        "kvm_arguments": text(config, "args") if (text(config, "args") or "").strip() else "",
        "bios": text(config, "bios") or "seabios",
        "description": text(config, "description") or "",
        "hook_script_file_id": text(config, "hookscript") or "",
        # a null pointer is stored as it is: where PVE has no `onboot`, state has none
        "on_boot": flag(config, "onboot"),
        "boot_order": boot.split(";") if boot else None,
        "tags": tags(config),
        "hotplug": text(config, "hotplug"),
        "keyboard_layout": text(config, "keyboard") or "en-us",
        "machine": text(config, "machine") or "",
        "name": text(config, "name") or "",
        "protection": _or(flag(config, "protection"), False),
        "tablet_device": _or(flag(config, "tablet"), True),
        "template": _or(flag(config, "template"), False),
        "scsi_hardware": text(config, "scsihw") or "",
    }
    return made


def _agent(config: JsonObject) -> list[State]:
    found = text(config, "agent")
    if found is None:
        return []
    pairs = Pairs(found)
    enabled = pairs.get("enabled") or pairs.head
    block = {
        "enabled": enabled == "1",
        "trim": pairs.flag("fstrim_cloned_disks", False),
        "timeout": "15m",
        "type": pairs.get("type") or "virtio",
    }
    return _differing(block, {"enabled": False, "trim": False, "type": "virtio"})


def _amd_sev(config: JsonObject) -> list[State]:
    found = text(config, "amd-sev")
    if found is None:
        return []
    pairs = Pairs(found)
    block = {
        "type": pairs.get("type") or pairs.head or "",
        "allow_smt": pairs.flag("allow-smt", False),
        "kernel_hashes": pairs.flag("kernel-hashes", False),
        "no_debug": pairs.flag("no-debug", False),
        "no_key_sharing": pairs.flag("no-key-sharing", False),
    }
    defaults = {"type": "std", "allow_smt": True, "kernel_hashes": False, "no_debug": False, "no_key_sharing": False}
    return _differing(block, defaults)


def _audio(config: JsonObject) -> list[State]:
    found = text(config, "audio0")
    if found is None:
        return []
    pairs = Pairs(found)
    return [{"device": pairs.get("device") or "", "driver": pairs.get("driver") or "", "enabled": True}]


def _cdrom(config: JsonObject) -> list[State]:
    found = text(config, "ide3")
    if found is None:
        return []
    return [{"file_id": _volume(Pairs(found)), "interface": "ide3"}]


def _volume(pairs: Pairs) -> str:
    return pairs.get("file") or pairs.head or ""


def _cpu(config: JsonObject) -> list[State]:
    kind = text(config, "cpu")
    pairs = Pairs(kind) if kind is not None else None
    flags = [one for one in ((pairs.get("flags") if pairs else None) or "").split(";") if one]
    block: State = {
        "architecture": text(config, "arch") or "",
        "cores": _or(whole(config, "cores"), 1),
        "hotplugged": _or(whole(config, "vcpus"), 0),
        "limit": float(text(config, "cpulimit") or 0),
        "numa": _or(flag(config, "numa"), False),
        "sockets": _or(whole(config, "sockets"), 1),
        "flags": flags,
        "type": "qemu64" if pairs is None else pairs.get("cputype") or pairs.head or "",
        "units": _or(whole(config, "cpuunits"), 0),
        "affinity": text(config, "affinity") or "",
    }
    # neither `numa` nor `affinity` is looked at
    defaults = {"architecture": "", "cores": 1, "flags": [], "hotplugged": 0, "limit": 0, "sockets": 1}
    return _differing(block, {**defaults, "type": "qemu64", "units": 0})


def _numa(config: JsonObject) -> list[State]:
    made: list[State] = []
    for name, value in devices(config, "numa").items():
        pairs = Pairs(value)
        cpus, nodes = pairs.get("cpus"), pairs.get("hostnodes")
        if cpus is None or nodes is None:
            continue
        made.append(
            {
                "device": name,
                "cpus": cpus,
                "hostnodes": nodes,
                "memory": int(float(pairs.get("memory") or 0)),
                "policy": pairs.get("policy"),
            }
        )
    return made


def _storage(config: JsonObject) -> dict[str, Pairs]:
    found = {
        name: Pairs(str(value))
        for name, value in config.items()
        if re.fullmatch(r"(ide|sata|scsi|virtio)\d+", name) and value is not None
    }
    return dict(sorted(found.items(), key=lambda pair: natural(pair[0])))


def _is_cloud_init(pairs: Pairs, vmid: int) -> bool:
    return pairs.get("media") == "cdrom" and f"vm-{vmid}-cloudinit" in _volume(pairs)


def _disks(config: JsonObject, vmid: int) -> list[State]:
    made: list[State] = []
    for name, pairs in _storage(config).items():
        volume = _volume(pairs)
        if volume == "none" or pairs.get("media") == "cdrom":
            continue
        store, colon, path = volume.partition(":")
        if not colon:
            store, path = "", volume
        speed = {ours: pairs.whole(theirs, 0) for ours, theirs in SPEEDS.items()}
        made.append(
            {
                "interface": name,
                "datastore_id": store,
                "path_in_datastore": path,
                "file_format": pairs.get("format") or _extension(path) or ("raw" if store else None),
                "size": gigabytes(pairs.get("size")),
                "aio": pairs.get("aio") or "io_uring",
                "backup": pairs.flag("backup", True),
                "iothread": pairs.flag("iothread", False),
                "queues": pairs.whole("queues", 0),
                "replicate": pairs.flag("replicate", True),
                "serial": pairs.get("serial") or "",
                "ssd": pairs.flag("ssd", False),
                "discard": pairs.get("discard") or "ignore",
                "cache": pairs.get("cache") or "none",
                "speed": [speed] if any(theirs in pairs for theirs in SPEEDS.values()) else [],
            }
        )
    return made


def _extension(path: str) -> str | None:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else None


def _efi(world: World, config: JsonObject) -> list[State]:
    found = text(config, "efidisk0")
    if found is None:
        return []
    pairs = Pairs(found)
    volume = _volume(pairs)
    known = world.one("volume", volid=volume)
    block: State = {
        "datastore_id": volume.split(":")[0],
        "file_format": pairs.get("format") or (text(known, "format") if known else None) or _extension(volume) or "raw",
        "type": (pairs.get("efitype") or "2m").lower(),
        "pre_enrolled_keys": pairs.flag("pre-enrolled-keys", False),
    }
    # the flag is compared with another type: set, it is never equal
    if "pre-enrolled-keys" in pairs:
        return [block]
    return _differing(block, {"datastore_id": "local-lvm", "type": "2m", "file_format": "raw"})


def _tpm(config: JsonObject) -> list[State]:
    found = text(config, "tpmstate0")
    if found is None:
        return []
    pairs = Pairs(found)
    block = {"datastore_id": _volume(pairs).split(":")[0], "version": pairs.get("version") or "v2.0"}
    return _differing(block, {"datastore_id": "local-lvm", "version": "v2.0"})


def _rng(config: JsonObject) -> list[State]:
    found = text(config, "rng0")
    if found is None:
        return []
    pairs = Pairs(found)
    source = pairs.get("source") or pairs.head or ""
    return [{"source": source, "max_bytes": pairs.whole("max_bytes", None), "period": pairs.whole("period", None)}]


def _hostpci(config: JsonObject) -> list[State]:
    made: list[State] = []
    for name, value in devices(config, "hostpci").items():
        pairs = Pairs(value)
        ids = pairs.get("host") or pairs.head
        if ids is None and "mapping" not in pairs:
            continue
        made.append(
            {
                "device": name,
                "id": ids or "",
                "mapping": pairs.get("mapping") or "",
                "mdev": pairs.get("mdev") or "",
                "pcie": pairs.flag("pcie", False),
                "rombar": pairs.flag("rombar", True),
                "rom_file": pairs.get("romfile") or "",
                "xvga": pairs.flag("x-vga", False),
            }
        )
    return made


def _usb(config: JsonObject) -> list[State]:
    made: list[State] = []
    for value in devices(config, "usb").values():
        pairs = Pairs(value)
        host = pairs.get("host") or pairs.head
        if host is None and "mapping" not in pairs:
            continue
        made.append({"host": host or "", "mapping": pairs.get("mapping") or "", "usb3": pairs.flag("usb3", False)})
    return made


def _virtiofs(config: JsonObject) -> list[State]:
    made: list[State] = []
    for value in devices(config, "virtiofs").values():
        pairs = Pairs(value)
        acl = pairs.flag("expose-acl", False)
        made.append(
            {
                "mapping": pairs.get("dirid") or pairs.head or "",
                "cache": pairs.get("cache") or "auto",
                "direct_io": pairs.flag("direct-io", False),
                "expose_acl": acl,
                "expose_xattr": pairs.flag("expose-xattr", acl),
            }
        )
    return made


def _initialization(config: JsonObject, vmid: int) -> list[State]:
    made: State = {}
    for name, pairs in _storage(config).items():
        if _is_cloud_init(pairs, vmid):
            store, _, path = _volume(pairs).partition(":")
            made |= {"interface": name, "datastore_id": store}
            made["file_format"] = pairs.get("format") or _extension(path)
            break
    domain, servers = text(config, "searchdomain"), text(config, "nameserver")
    if domain is not None or servers is not None:
        made["dns"] = [{"domain": domain or "", "servers": servers.split(" ") if servers is not None else []}]
    addresses = {int(name[8:]): Pairs(value) for name, value in devices(config, "ipconfig").items()}
    if addresses:
        made["ip_config"] = [_ip_config(addresses.get(at)) for at in range(max(addresses) + 1)]
    keys, password, user = text(config, "sshkeys"), text(config, "cipassword"), text(config, "ciuser")
    if keys is not None or password is not None or user is not None:
        made["user_account"] = [
            {
                "keys": unquote(keys).strip().split("\n") if keys is not None else [],
                "password": password or "",
                "username": user or "",
            }
        ]
    custom = Pairs(text(config, "cicustom") or "")
    if made or "cicustom" in config:
        for name in ("user", "vendor", "network", "meta"):
            made[f"{name}_data_file_id"] = custom.get(name) or ""
    if "citype" in config or made:
        made["type"] = text(config, "citype") or ""
    if "ciupgrade" in config or made:
        made["upgrade"] = _or(flag(config, "ciupgrade"), True)
    return [made] if made else []


def _ip_config(pairs: Pairs | None) -> State:
    if pairs is None:
        return {}

    def block(address: str, gateway: str) -> list[State]:
        if address not in pairs and gateway not in pairs:
            return []
        return [{"address": pairs.get(address) or "", "gateway": pairs.get(gateway) or ""}]

    return {"ipv4": block("ip", "gw"), "ipv6": block("ip6", "gw6")}


def _memory(config: JsonObject) -> list[State]:
    # since PVE 8 `memory` is a property list with one key
    dedicated = Pairs(text(config, "memory") or "")
    block: State = {
        "dedicated": int(dedicated.get("current") or dedicated.head or 0),
        "floating": _or(whole(config, "balloon"), 0),
        "shared": Pairs(text(config, "ivshmem") or "").whole("size", 0),
        "hugepages": text(config, "hugepages") or "",
        "keep_hugepages": _or(flag(config, "keephugepages"), False),
    }
    if "keephugepages" in config:  # compared with another type
        return [block]
    return _differing(block, {"dedicated": 512, "floating": 0, "shared": 0, "hugepages": ""})


def _serial(config: JsonObject) -> list[State]:
    found = devices(config, "serial")
    last = max((int(name[6:]) for name in found), default=-1)
    return [{"device": found.get(f"serial{at}", "")} for at in range(last + 1)]


def _smbios(config: JsonObject) -> list[State]:
    found = text(config, "smbios1")
    if found is None:
        return []
    # base64 texts end in `=`, which a split at every `=` would lose
    words = dict(part.split("=", 1) for part in found.split(",") if "=" in part)
    names = ("family", "manufacturer", "product", "serial", "sku", "version")
    block: State = {name: _decoded(words[name]) if name in words else "" for name in names}
    if all(value == "" for value in block.values()):
        return []
    return [{**block, "uuid": words.get("uuid")}]


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode()


def _vga(config: JsonObject) -> list[State]:
    found = text(config, "vga")
    if found is None:
        return []
    pairs = Pairs(found)
    block: State = {
        "clipboard": pairs.get("clipboard") or "",
        "memory": pairs.whole("memory", 16),
        "type": pairs.get("type") or pairs.head,
    }
    return _differing(block, {"clipboard": "", "memory": 16, "type": "std"})


def _watchdog(config: JsonObject) -> list[State]:
    found = text(config, "watchdog")
    if found is None:
        return []
    pairs = Pairs(found)
    model = pairs.get("model") or pairs.head or "i6300esb"
    return [{"enabled": True, "action": pairs.get("action") or "none", "model": model}]


def _network(config: JsonObject) -> State:
    found = devices(config, "net")
    last = max((int(name[3:]) for name in found), default=-1)
    made: list[Value] = []
    macs: list[str] = []
    for at in range(last + 1):
        value = found.get(f"net{at}")
        if value is None:
            made.append(None)
            macs.append("")
            continue
        pairs = Pairs(value)
        model, mac = pairs.get("model") or "", pairs.get("macaddr") or ""
        known = {"bridge", "firewall", "link_down", "macaddr", "model", "queues", "rate", "mtu", "tag", "trunks"}
        for name, other in pairs.items():
            if name not in known:
                model, mac = name, other
        trunks = pairs.get("trunks")
        if trunks is not None and not all(one.isdecimal() for one in trunks.split(";")):
            raise Refused(f"failed to parse trunk: {trunks}")
        made.append(
            {
                "bridge": pairs.get("bridge") or "",
                "enabled": True,
                "disconnected": pairs.flag("link_down", False),
                "firewall": pairs.flag("firewall", False),
                "mac_address": mac,
                "model": model,
                "queues": pairs.whole("queues", 0),
                "rate_limit": float(pairs.get("rate") or 0),
                "vlan_id": pairs.whole("tag", 0),
                "mtu": pairs.whole("mtu", 0),
                "trunks": trunks or "",
            }
        )
        macs.append(mac)
    empty: State = {"ipv4_addresses": [], "ipv6_addresses": [], "network_interface_names": []}
    return {"network_device": made, "mac_addresses": macs, **empty}


def customize(prior: State, planned: State, changed: frozenset[Path]) -> set[Path]:
    """Return what the plan as a whole replaces the VM for."""
    replace: set[Path] = set()
    if ("node_name",) in changed and not planned.get("migrate"):
        replace.add(("node_name",))
    if ("vm_id",) in changed and str(planned.get("vm_id")) != str(prior.get("id")):
        replace.add(("vm_id",))
    if ("tpm_state", 0, "version") in changed and prior["tpm_state"] and planned["tpm_state"]:
        replace.add(("tpm_state", 0, "version"))
    if ("efi_disk", 0, "type") in changed and prior["efi_disk"] and planned["efi_disk"]:
        replace.add(("efi_disk", 0, "type"))
    return replace


def validate(config: State) -> list[str]:
    """Return what is wrong between attributes: hugepages and NUMA nodes want ``cpu.numa``."""
    blocks = config.get("cpu") or []
    if any((one or {}).get("numa") is not None for one in blocks):
        return []
    memory = (config.get("memory") or [{}])[0] or {}
    wants = [name for name in ("hugepages", "keep_hugepages") if memory.get(name) is not None]
    wants += ["numa"] if config.get("numa") else []
    return [f"{name}: all of `cpu.0.numa,{name}` must be specified" for name in wants]


VM = Resource(SCHEMA, begin, read, customize=customize, validate=validate)
