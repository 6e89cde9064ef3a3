"""PVE's facts of the property strings; the package describes the form."""

# ruff: noqa: E501

FORMATS: dict[str, str] = {
    "acme": r"""
account str? format=pve-configid
domains str? format=pve-acme-domain-list
""",
    "acmedomain": r"""
alias str? format=pve-acme-alias
domain str format=pve-acme-domain default
plugin str? format=pve-configid
""",
    "backup-fleecing": r"""
enabled bool? default
storage str? format=pve-storage-id
""",
    "backup-performance": r"""
max-workers int? min=1 max=256
pbs-entries-max int? min=1
""",
    "bwlimit": r"""
clone num? min=0
default num? min=0
migration num? min=0
move num? min=0
restore num? min=0
""",
    "crs": r"""
ha str? enum=basic|static|dynamic
ha-auto-rebalance bool?
ha-auto-rebalance-hold-duration num? min=0 requires=ha-auto-rebalance
ha-auto-rebalance-margin num? min=0 max=100 requires=ha-auto-rebalance
ha-auto-rebalance-method str? enum=bruteforce|topsis requires=ha-auto-rebalance
ha-auto-rebalance-threshold num? min=0 max=100 requires=ha-auto-rebalance
ha-rebalance-on-start bool?
""",
    "ha": r"""
shutdown_policy str enum=freeze|failover|conditional|migrate
""",
    "link": r"""
address str format=address default
priority int? min=0 max=255
""",
    "log_ratelimit": r"""
burst int? min=0
enable bool default
rate str? pattern=[1-9][0-9]*\/(second|minute|hour|day)
""",
    "lxc-dev": r"""
deny-write bool?
gid int? min=0
mode str? pattern=0[0-7]{3}
path str? format=pve-lxc-dev-string default
uid int? min=0
""",
    "lxc-features": r"""
force_rw_sys bool?
fuse bool?
keyctl bool?
mknod bool?
mount str? pattern=(?:[a-zA-Z0-9_; ]+)
nesting bool?
""",
    "lxc-mp": r"""
acl bool?
backup bool?
idmap str? pattern=(?:^(?:passthrough|[ug]:[0-9]+:[0-9]+:[1-9][0-9]*(?:;[ug]:[0-9]+:[0-9]+:[1-9][0-9]*)*)$)
keepattrs bool?
mountoptions str? pattern=(?:(?:(discard|lazytime|noatime|nodev|noexec|nosuid))(;(?:(discard|lazytime|noatime|nodev|noexec|nosuid)))*)
mp str format=pve-lxc-mp-string
quota bool?
replicate bool?
ro bool?
shared bool?
size str? format=disk-size
volume str format=pve-lxc-mp-string default
""",
    "lxc-net": r"""
bridge str? pattern=[-_.\w\d]+
firewall bool?
gw str? format=ipv4
gw6 str? format=ipv6
host-managed bool?
hwaddr str? format=mac-addr
ip str? format=pve-ipv4-config
ip6 str? format=pve-ipv6-config
link_down bool?
mtu int? min=64 max=65535
name str pattern=[-_.\w\d]+
rate num?
tag int? min=1 max=4094
trunks str? pattern=(?:\d+(?:;\d+)*)
type str? enum=veth
""",
    "lxc-rootfs": r"""
acl bool?
idmap str? pattern=(?:^(?:passthrough|[ug]:[0-9]+:[0-9]+:[1-9][0-9]*(?:;[ug]:[0-9]+:[0-9]+:[1-9][0-9]*)*)$)
mountoptions str? pattern=(?:(?:(discard|lazytime|noatime|nodev|noexec|nosuid))(;(?:(discard|lazytime|noatime|nodev|noexec|nosuid)))*)
quota bool?
replicate bool?
ro bool?
shared bool?
size str? format=disk-size
volume str format=pve-lxc-mp-string default
""",
    "lxc-unused": r"""
volume str format=pve-volume-id default
""",
    "map": r"""
node str format=pve-node
path str format=pve-storage-path-in-property-string
""",
    "map-2": r"""
description str? long=4096
id str pattern=(?:^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$)
iommugroup int?
node str format=pve-node
path str pattern=(?:[a-f0-9]{4,}:[a-f0-9]{2}:[a-f0-9]{2}(?:.[a-f0-9])?;)*[a-f0-9]{4,}:[a-f0-9]{2}:[a-f0-9]{2}(?:.[a-f0-9])?
subsystem-id str? pattern=(?:^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$)
""",
    "map-2-2": r"""
description str? long=4096
id str pattern=(?:^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$)
node str format=pve-node
path str? pattern=(?:^(\d+)\-(\d+(\.\d+)*)$)
""",
    "migration": r"""
network str? format=CIDR
type str enum=secure|insecure default
""",
    "next-id": r"""
lower int? min=100 max=999999999
upper int? min=100 max=1000000000
""",
    "notify": r"""
fencing str? enum=always|never
package-updates str? enum=auto|always|never
replication str? enum=always|never
target-fencing str?
target-package-updates str?
target-replication str?
""",
    "proxmox-remote": r"""
apitoken str
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
host str
port int?
""",
    "prune-backups": r"""
keep-all bool?
keep-daily int? min=0
keep-hourly int? min=0
keep-last int? min=0
keep-monthly int? min=0
keep-weekly int? min=0
keep-yearly int? min=0
""",
    "pve-node-location": r"""
latitude num min=-90 max=90
longitude num min=-180 max=180
name str? long=128
""",
    "pve-qemu-sev-fmt": r"""
allow-smt bool?
kernel-hashes bool?
no-debug bool?
no-key-sharing bool?
type str long=3 enum=std|es|snp default
""",
    "pve-qemu-tdx-fmt": r"""
attestation bool
type str enum=tdx default
vsock-cid int? min=2
vsock-port int? min=0
""",
    "pve-qm-boot": r"""
legacy str? default pattern=[acdn]{1,4}
order str? format=pve-qm-bootdev-list
""",
    "pve-qm-cicustom": r"""
meta str? format=pve-volume-id
network str? format=pve-volume-id
user str? format=pve-volume-id
vendor str? format=pve-volume-id
""",
    "pve-qm-hostpci": r"""
device-id str? pattern=(?:^0x[0-9a-fA-F]{4}$)
driver str? enum=vfio|keep
host str? default pattern=(?:(?:(?:[a-f0-9]{4,}:)?[a-f0-9]{2}:[a-f0-9]{2}(?:\.[a-f0-9])?)(;(?:(?:[a-f0-9]{4,}:)?[a-f0-9]{2}:[a-f0-9]{2}(?:\.[a-f0-9])?))*)
legacy-igd bool?
mapping str? format=pve-configid
mdev str? pattern=[^/\.:]+
pcie bool?
rombar bool?
romfile str? pattern=[^,;]+
sub-device-id str? pattern=(?:^0x[0-9a-fA-F]{4}$)
sub-vendor-id str? pattern=(?:^0x[0-9a-fA-F]{4}$)
vendor-id str? pattern=(?:^0x[0-9a-fA-F]{4}$)
x-vga bool?
""",
    "pve-qm-ide": r"""
aio str? enum=native|threads|io_uring
backup bool?
bps int?
bps_max_length int? min=1
bps_rd int?
bps_rd_length any alias=bps_rd_max_length
bps_rd_max_length int? min=1
bps_wr int?
bps_wr_length any alias=bps_wr_max_length
bps_wr_max_length int? min=1
cache str? enum=none|writethrough|writeback|unsafe|directsync
detect_zeroes bool?
discard str? enum=ignore|on
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
iops int?
iops_max int?
iops_max_length int? min=1
iops_rd int?
iops_rd_length any alias=iops_rd_max_length
iops_rd_max int?
iops_rd_max_length int? min=1
iops_wr int?
iops_wr_length any alias=iops_wr_max_length
iops_wr_max int?
iops_wr_max_length int? min=1
mbps num?
mbps_max num?
mbps_rd num?
mbps_rd_max num?
mbps_wr num?
mbps_wr_max num?
media str? enum=cdrom|disk
model str? long=120 format=urlencoded
replicate bool?
rerror str? enum=ignore|report|stop
serial str? long=60 format=urlencoded
shared bool?
size str? format=disk-size
snapshot bool?
ssd bool?
volume any alias=file
werror str? enum=enospc|ignore|report|stop
wwn str? pattern=(?:^(0x)[0-9a-fA-F]{16})
""",
    "pve-qm-ipconfig": r"""
gw str? format=ipv4 requires=ip
gw6 str? format=ipv6 requires=ip6
ip str? format=pve-ipv4-config
ip6 str? format=pve-ipv6-config
""",
    "pve-qm-rng": r"""
max_bytes int?
period int?
source str enum=/dev/urandom|/dev/random|/dev/hwrng default
""",
    "pve-qm-smbios1": r"""
base64 bool?
family str? pattern=[A-Za-z0-9+\/]+={0,2}
manufacturer str? pattern=[A-Za-z0-9+\/]+={0,2}
product str? pattern=[A-Za-z0-9+\/]+={0,2}
serial str? pattern=[A-Za-z0-9+\/]+={0,2}
sku str? pattern=[A-Za-z0-9+\/]+={0,2}
uuid str? pattern=[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}
version str? pattern=[A-Za-z0-9+\/]+={0,2}
""",
    "pve-qm-watchdog": r"""
action str? enum=reset|shutdown|poweroff|pause|debug|none
model str? enum=i6300esb|ib700 default
""",
    "pve-sdn-dhcp-range": r"""
end-address any
start-address any
""",
    "pve-tfa-config": r"""
digits int? min=6 max=8
id str?
key str?
step int? min=10
type str enum=yubico|oath
url str?
""",
    "pve-vm-cpu-conf": r"""
cputype str? default
flags str? pattern=(?:(?:([+-])([a-zA-Z0-9\-_\.]+))(;(?:([+-])([a-zA-Z0-9\-_\.]+)))*)
guest-phys-bits int? min=32 max=64
hidden bool?
hv-vendor-id str? pattern=(?:[a-zA-Z0-9]{1,12})
level int? min=0 max=4294967295
phys-bits str? format=pve-phys-bits
reported-model str? enum=486|a64fx|athlon|Broadwell|Broadwell-IBRS|Broadwell-noTSX|Broadwell-noTSX-IBRS|Cascadelake-Server|Cascadelake-Server-noTSX|Cascadelake-Server-v2|Cascadelake-Server-v4|Cascadelake-Server-v5|ClearwaterForest|Conroe|Cooperlake|Cooperlake-v2|core2duo|coreduo|cortex-a35|cortex-a53|cortex-a55|cortex-a57|cortex-a710|cortex-a72|cortex-a76|EPYC|EPYC-Genoa|EPYC-Genoa-v2|EPYC-IBPB|EPYC-Milan|EPYC-Milan-v2|EPYC-Milan-v3|EPYC-Rome|EPYC-Rome-v2|EPYC-Rome-v3|EPYC-Rome-v4|EPYC-Rome-v5|EPYC-Turin|EPYC-v3|EPYC-v4|EPYC-v5|GraniteRapids|GraniteRapids-v2|GraniteRapids-v3|Haswell|Haswell-IBRS|Haswell-noTSX|Haswell-noTSX-IBRS|host|Icelake-Client|Icelake-Client-noTSX|Icelake-Server|Icelake-Server-noTSX|Icelake-Server-v3|Icelake-Server-v4|Icelake-Server-v5|Icelake-Server-v6|Icelake-Server-v7|IvyBridge|IvyBridge-IBRS|KnightsMill|kvm32|kvm64|max|Nehalem|Nehalem-IBRS|neoverse-n1|neoverse-n2|neoverse-v1|Opteron_G1|Opteron_G2|Opteron_G3|Opteron_G4|Opteron_G5|Penryn|pentium|pentium2|pentium3|phenom|qemu32|qemu64|SandyBridge|SandyBridge-IBRS|SapphireRapids|SapphireRapids-v2|SapphireRapids-v3|SapphireRapids-v4|SierraForest|SierraForest-v2|SierraForest-v3|Skylake-Client|Skylake-Client-IBRS|Skylake-Client-noTSX-IBRS|Skylake-Client-v4|Skylake-Server|Skylake-Server-IBRS|Skylake-Server-noTSX-IBRS|Skylake-Server-v4|Skylake-Server-v5|Westmere|Westmere-IBRS
""",
    "qemu-agent": r"""
enabled bool default
freeze-fs bool?
freeze-fs-on-backup any alias=freeze-fs
fstrim_cloned_disks bool?
guest-fsfreeze any alias=freeze-fs
type str? enum=virtio|isa
""",
    "qemu-audio0": r"""
device str enum=ich9-intel-hda|intel-hda|AC97
driver str? enum=spice|none
""",
    "qemu-efidisk0": r"""
efitype str? enum=2m|4m
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
import-from str? format=pve-volume-id-or-absolute-path
ms-cert str? enum=2011|2023|2023w|2023k
pre-enrolled-keys bool?
size str? format=disk-size
volume any alias=file
""",
    "qemu-ide": r"""
aio str? enum=native|threads|io_uring
backup bool?
bps int?
bps_max_length int? min=1
bps_rd int?
bps_rd_length any alias=bps_rd_max_length
bps_rd_max_length int? min=1
bps_wr int?
bps_wr_length any alias=bps_wr_max_length
bps_wr_max_length int? min=1
cache str? enum=none|writethrough|writeback|unsafe|directsync
detect_zeroes bool?
discard str? enum=ignore|on
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
import-from str? format=pve-volume-id-or-absolute-path
iops int?
iops_max int?
iops_max_length int? min=1
iops_rd int?
iops_rd_length any alias=iops_rd_max_length
iops_rd_max int?
iops_rd_max_length int? min=1
iops_wr int?
iops_wr_length any alias=iops_wr_max_length
iops_wr_max int?
iops_wr_max_length int? min=1
mbps num?
mbps_max num?
mbps_rd num?
mbps_rd_max num?
mbps_wr num?
mbps_wr_max num?
media str? enum=cdrom|disk
model str? long=120 format=urlencoded
replicate bool?
rerror str? enum=ignore|report|stop
serial str? long=60 format=urlencoded
shared bool?
size str? format=disk-size
snapshot bool?
ssd bool?
volume any alias=file
werror str? enum=enospc|ignore|report|stop
wwn str? pattern=(?:^(0x)[0-9a-fA-F]{16})
""",
    "qemu-ivshmem": r"""
name str? pattern=[a-zA-Z0-9\-]+
size int min=1
""",
    "qemu-machine": r"""
aw-bits num? min=32 max=64
enable-s3 bool?
enable-s4 bool?
type str? long=40 default pattern=(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)
viommu str? enum=intel|virtio
""",
    "qemu-memory": r"""
current int min=16 default
""",
    "qemu-net": r"""
bridge str? format=pve-bridge-id
e1000 any alias=macaddr keyalias=model
e1000-82540em any alias=macaddr keyalias=model
e1000-82544gc any alias=macaddr keyalias=model
e1000-82545em any alias=macaddr keyalias=model
e1000e any alias=macaddr keyalias=model
firewall bool?
host-tunnel bool?
i82551 any alias=macaddr keyalias=model
i82557b any alias=macaddr keyalias=model
i82559er any alias=macaddr keyalias=model
link_down bool?
macaddr str? format=mac-addr
model str enum=e1000|e1000-82540em|e1000-82544gc|e1000-82545em|e1000e|i82551|i82557b|i82559er|ne2k_isa|ne2k_pci|pcnet|rtl8139|virtio|vmxnet3 default
mtu int? min=1 max=65520
ne2k_isa any alias=macaddr keyalias=model
ne2k_pci any alias=macaddr keyalias=model
pcnet any alias=macaddr keyalias=model
queues int? min=0 max=64
rate num? min=0
rtl8139 any alias=macaddr keyalias=model
tag int? min=1 max=4094
trunks str? pattern=(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)
virtio any alias=macaddr keyalias=model
vmxnet3 any alias=macaddr keyalias=model
""",
    "qemu-numa": r"""
cpus str pattern=(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)
hostnodes str? pattern=(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)
memory num?
policy str? enum=preferred|bind|interleave
""",
    "qemu-sata": r"""
aio str? enum=native|threads|io_uring
backup bool?
bps int?
bps_max_length int? min=1
bps_rd int?
bps_rd_length any alias=bps_rd_max_length
bps_rd_max_length int? min=1
bps_wr int?
bps_wr_length any alias=bps_wr_max_length
bps_wr_max_length int? min=1
cache str? enum=none|writethrough|writeback|unsafe|directsync
detect_zeroes bool?
discard str? enum=ignore|on
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
import-from str? format=pve-volume-id-or-absolute-path
iops int?
iops_max int?
iops_max_length int? min=1
iops_rd int?
iops_rd_length any alias=iops_rd_max_length
iops_rd_max int?
iops_rd_max_length int? min=1
iops_wr int?
iops_wr_length any alias=iops_wr_max_length
iops_wr_max int?
iops_wr_max_length int? min=1
mbps num?
mbps_max num?
mbps_rd num?
mbps_rd_max num?
mbps_wr num?
mbps_wr_max num?
media str? enum=cdrom|disk
replicate bool?
rerror str? enum=ignore|report|stop
serial str? long=60 format=urlencoded
shared bool?
size str? format=disk-size
snapshot bool?
ssd bool?
volume any alias=file
werror str? enum=enospc|ignore|report|stop
wwn str? pattern=(?:^(0x)[0-9a-fA-F]{16})
""",
    "qemu-scsi": r"""
aio str? enum=native|threads|io_uring
backup bool?
bps int?
bps_max_length int? min=1
bps_rd int?
bps_rd_length any alias=bps_rd_max_length
bps_rd_max_length int? min=1
bps_wr int?
bps_wr_length any alias=bps_wr_max_length
bps_wr_max_length int? min=1
cache str? enum=none|writethrough|writeback|unsafe|directsync
detect_zeroes bool?
discard str? enum=ignore|on
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
import-from str? format=pve-volume-id-or-absolute-path
iops int?
iops_max int?
iops_max_length int? min=1
iops_rd int?
iops_rd_length any alias=iops_rd_max_length
iops_rd_max int?
iops_rd_max_length int? min=1
iops_wr int?
iops_wr_length any alias=iops_wr_max_length
iops_wr_max int?
iops_wr_max_length int? min=1
iothread bool?
mbps num?
mbps_max num?
mbps_rd num?
mbps_rd_max num?
mbps_wr num?
mbps_wr_max num?
media str? enum=cdrom|disk
product str? pattern=[A-Za-z0-9\-_\s]{,16}
queues int? min=2
replicate bool?
rerror str? enum=ignore|report|stop
ro bool?
scsiblock bool?
serial str? long=60 format=urlencoded
shared bool?
size str? format=disk-size
snapshot bool?
ssd bool?
vendor str? pattern=[A-Za-z0-9\-_\s]{,8}
volume any alias=file
werror str? enum=enospc|ignore|report|stop
wwn str? pattern=(?:^(0x)[0-9a-fA-F]{16})
""",
    "qemu-spice_enhancements": r"""
foldersharing bool?
videostreaming str? enum=off|all|filter
""",
    "qemu-tpmstate0": r"""
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow2|vmdk
import-from str? format=pve-volume-id-or-absolute-path
size str? format=disk-size
version str? enum=v1.2|v2.0
volume any alias=file
""",
    "qemu-unused": r"""
file str format=pve-volume-id default
volume any alias=file
""",
    "qemu-usb": r"""
host str? default pattern=(?:(?:(?:(?:(0x)?([0-9A-Fa-f]{4}):(0x)?([0-9A-Fa-f]{4})))|(?:(?:(\d+)\-(\d+(\.\d+)*)))|[Ss][Pp][Ii][Cc][Ee]))
mapping str? format=pve-configid
usb3 bool?
""",
    "qemu-vga": r"""
clipboard str? enum=vnc
memory int? min=4 max=512
type str? enum=cirrus|qxl|qxl2|qxl3|qxl4|none|serial0|serial1|serial2|serial3|std|virtio|virtio-gl|vmware default
""",
    "qemu-virtio": r"""
aio str? enum=native|threads|io_uring
backup bool?
bps int?
bps_max_length int? min=1
bps_rd int?
bps_rd_length any alias=bps_rd_max_length
bps_rd_max_length int? min=1
bps_wr int?
bps_wr_length any alias=bps_wr_max_length
bps_wr_max_length int? min=1
cache str? enum=none|writethrough|writeback|unsafe|directsync
detect_zeroes bool?
discard str? enum=ignore|on
file str format=pve-volume-id-or-qm-path default
format str? enum=raw|qcow|qed|qcow2|vmdk|cloop
import-from str? format=pve-volume-id-or-absolute-path
iops int?
iops_max int?
iops_max_length int? min=1
iops_rd int?
iops_rd_length any alias=iops_rd_max_length
iops_rd_max int?
iops_rd_max_length int? min=1
iops_wr int?
iops_wr_length any alias=iops_wr_max_length
iops_wr_max int?
iops_wr_max_length int? min=1
iothread bool?
mbps num?
mbps_max num?
mbps_rd num?
mbps_rd_max num?
mbps_wr num?
mbps_wr_max num?
media str? enum=cdrom|disk
replicate bool?
rerror str? enum=ignore|report|stop
ro bool?
serial str? long=60 format=urlencoded
shared bool?
size str? format=disk-size
snapshot bool?
volume any alias=file
werror str? enum=enospc|ignore|report|stop
""",
    "qemu-virtiofs": r"""
cache str? enum=auto|always|metadata|never
direct-io bool?
dirid str format=pve-configid default
expose-acl bool?
expose-xattr bool?
""",
    "realm-sync-options": r"""
enable-new bool?
full bool?
purge bool?
remove-vanished str? pattern=(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none
scope str? enum=users|groups|both
""",
    "tag-style": r"""
case-sensitive bool?
color-map str? pattern=(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*):[0-9a-fA-F]{6}(?::[0-9a-fA-F]{6})?)(?:;(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*):[0-9a-fA-F]{6}(?::[0-9a-fA-F]{6})?))*
ordering str? enum=config|alphabetical
shape str? enum=full|circle|dense|none
""",
    "u2f": r"""
appid str?
origin str?
""",
    "user-tag-access": r"""
user-allow str? enum=none|list|existing|free
user-allow-list str? pattern=(?i:[a-z0-9_][a-z0-9_\-\+\.]*)(?:;(?i:[a-z0-9_][a-z0-9_\-\+\.]*))*
""",
    "wakeonlan": r"""
bind-interface str? format=pve-iface
broadcast-address str? format=ipv4
mac str format=mac-addr default
""",
    "webauthn": r"""
allow-subdomains bool?
id str?
origin str?
rp str?
""",
}
