"""The configuration keys of a virtual machine and what they may hold (qemu-server 9, PVE/QemuServer.pm)."""

from __future__ import annotations

from functools import cache

from proxmox_mpc.domain.config_rules import Rules, read_rules

_KEYS = """
acpi bool
affinity cpuset
agent @agent
allow-ksm bool
amd-sev @sev
arch x86_64|aarch64
args text
audio0 @audio
autostart bool
balloon int(0..)
bios seabios|ovmf
boot @boot
bootdisk text
cdrom @ide
cicustom @cicustom
cipassword text
citype configdrive2|nocloud|opennebula
ciupgrade bool
ciuser text
cores int(1..)
cpu @cpu
cpulimit num(0..128)
cpuunits int(1..262144)
description text
efidisk0 @efidisk
freeze bool
hookscript volume
hostpci[16] @hostpci
hotplug text
hugepages any|2|1024
ide[4] @ide
intel-tdx @tdx
ipconfig[32] @ipconfig
ivshmem @ivshmem
keephugepages bool
keyboard de|de-ch|da|en-gb|en-us|es|fi|fr|fr-be|fr-ca|fr-ch|hu|is|it|ja|lt|mk|nl|no|pl|pt|pt-br|sv|sl|tr
kvm bool
localtime bool
lock backup|clone|create|migrate|rollback|snapshot|snapshot-delete|suspending|suspended
machine @machine
memory @memory
migrate_downtime num(0..)
migrate_speed int(0..)
name dns
nameserver address-list
net[32] @net
numa bool
numa[8] @numa
onboot bool
ostype other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris
parallel[3] parallel
protection bool
reboot bool
rng0 @rng
sata[6] @sata
scsi[31] @scsi
scsihw lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi
searchdomain text
serial[4] serial
shares int(0..50000)
smbios1 @smbios
smp int(1..)
sockets int(1..)
spice_enhancements @spice
sshkeys urlencoded
startdate startdate
startup @startup
tablet bool
tags tags
tdf bool
template bool
tpmstate0 @tpm
unused[256] @unused
usb[14] @usb
vcpus int(1..)
vga @vga
virtio[16] @virtio
virtiofs[10] @virtiofs
vmgenid uuid
vmstatestorage storage
watchdog @watchdog
"""

_WAYS = ("", "_rd", "_wr")
_LIMITS = " ".join(
    [
        *(f"iops{way}:int iops{way}_max:int iops{way}_max_length:int(1..)" for way in _WAYS),
        *(f"mbps{way}:num mbps{way}_max:num" for way in _WAYS),
        *(f"bps{way}:int bps{way}_max_length:int(1..)" for way in _WAYS),
        *(f"{unit}{way}_length@{unit}{way}_max_length:int(1..)" for unit in ("bps", "iops") for way in _WAYS[1:]),
    ]
)
_IMAGE = "raw|qcow|qed|qcow2|vmdk|cloop"
_DRIVE = (
    f"*!file volume@file:text size:size format:{_IMAGE} import-from media:cdrom|disk aio:native|threads|io_uring"
    " backup:bool cache:none|writethrough|writeback|unsafe|directsync detect_zeroes:bool discard:ignore|on"
    " replicate:bool rerror:ignore|report|stop werror:enospc|ignore|report|stop serial:urlencoded shared:bool"
    f" snapshot:bool {_LIMITS}"
)  # fmt: skip
_MODELS = (
    *("e1000", "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e", "i82551", "i82557b", "i82559er"),
    *("ne2k_isa", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3"),
)

_FORMATS = {
    "agent": "*!enabled:bool freeze-fs:bool freeze-fs-on-backup@freeze-fs:bool guest-fsfreeze@freeze-fs:bool"
    " fstrim_cloned_disks:bool type:virtio|isa",
    "sev": "*!type:std|es|snp allow-smt:bool kernel-hashes:bool no-debug:bool no-key-sharing:bool",
    "tdx": "*!type:tdx attestation:bool vsock-cid:int(2..) vsock-port:int(0..)",
    "audio": "!device:ich9-intel-hda|intel-hda|AC97 driver:spice|none",
    "boot": "*legacy order:text",
    "cicustom": "meta:volume network:volume user:volume vendor:volume",
    "cpu": "*cputype flags:flags guest-phys-bits:int(32..64) hidden:bool hv-vendor-id level:int(0..4294967295)"
    " phys-bits reported-model",
    "efidisk": f"*!file volume@file:text size:size format:{_IMAGE} import-from efitype:2m|4m"
    " ms-cert:2011|2023|2023w|2023k pre-enrolled-keys:bool",
    "hostpci": "*host mapping:configid mdev device-id:hex4 vendor-id:hex4 sub-device-id:hex4 sub-vendor-id:hex4"
    " driver:vfio|keep legacy-igd:bool pcie:bool rombar:bool romfile x-vga:bool",
    "ide": f"{_DRIVE} model:urlencoded ssd:bool wwn:wwn",
    "sata": f"{_DRIVE} ssd:bool wwn:wwn",
    "scsi": f"{_DRIVE} ssd:bool wwn:wwn iothread:bool product queues:int(2..) ro:bool scsiblock:bool vendor",
    "virtio": f"{_DRIVE} iothread:bool ro:bool",
    "ipconfig": "ip:ip4 gw:gw4 ip6:ip6 gw6:gw6",
    "ivshmem": "!size:int(1..) name",
    "machine": "*type:machine viommu:intel|virtio aw-bits:num(32..64) enable-s3:bool enable-s4:bool",
    "memory": "*!current:int(16..)",
    "net": f"*!model:{'|'.join(_MODELS)} {' '.join(f'{one}@model:mac' for one in _MODELS)} macaddr:mac bridge:bridge"
    " firewall:bool host-tunnel:bool link_down:bool mtu:int(1..65520) queues:int(0..64) rate:num(0..)"
    " tag:int(1..4094) trunks:ranges",
    "numa": "!cpus:ranges hostnodes:ranges memory:num policy:preferred|bind|interleave",
    "rng": "*!source:/dev/urandom|/dev/random|/dev/hwrng max_bytes:int period:int",
    "smbios": "uuid:uuid version:base64 serial:base64 manufacturer:base64 product:base64 sku:base64 family:base64"
    " base64:bool",
    "spice": "foldersharing:bool videostreaming:off|all|filter",
    "startup": "*order:int(0..) up:int(0..) down:int(0..)",
    "tpm": "*!file volume@file:text size:size format:raw|qcow2|vmdk import-from version:v1.2|v2.0",
    "unused": "*!file volume@file:text",
    "usb": "*host mapping:configid usb3:bool",
    "vga": "*type:cirrus|qxl|qxl2|qxl3|qxl4|none|serial0|serial1|serial2|serial3|std|virtio|virtio-gl|vmware"
    " memory:int(4..512) clipboard:vnc",
    "virtiofs": "*!dirid:configid cache:auto|always|metadata|never direct-io:bool expose-acl:bool expose-xattr:bool",
    "watchdog": "*model:i6300esb|ib700 action:reset|shutdown|poweroff|pause|debug|none",
}


@cache
def vm_rules() -> Rules:
    """Return the rules of every key, read once."""
    return read_rules(_KEYS, _FORMATS)
