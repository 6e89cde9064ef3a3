"""PVE's facts of the family ``storage``; the package describes the form."""

# ruff: noqa: E501

GROUPS: dict[str, str] = {
    "config": r"""
blocksize str? format=pve-storage-zfs-blocksize
bwlimit str? format=bwlimit
comstar_hg str?
comstar_tg str?
content str? format=pve-storage-content-list
content-dirs str? format=pve-dir-override-list
create-base-path bool?
create-subdirs bool?
data-pool str?
disable bool?
domain str? long=256
encryption-key str?
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
format str? enum=raw|qcow2|subvol|vmdk
fs-name str? format=pve-configid
fuse bool?
is_mountpoint str?
keyring str?
krbd bool?
lio_tpg str?
master-pubkey str?
max-protected-backups int? min=-1
mkdir bool?
monhost str? format=pve-storage-portal-dns-list
mountpoint str? format=pve-storage-path
namespace str?
nocow bool?
nodes str? format=pve-node-list
nowritecache bool?
options str? format=pve-storage-options
password str? long=256
pool str?
port int? min=1 max=65535
preallocation str? enum=off|metadata|falloc|full
prune-backups str? format=prune-backups
saferemove bool?
saferemove-stepsize int? enum=1|2|4|8|16|32
saferemove_throughput str?
server str? format=pve-storage-server
shared bool?
skip-cert-verification bool?
smbversion str? enum=default|2.0|2.1|3|3.0|3.11
snapshot-as-volume-chain bool?
sparse bool?
storage str format=pve-storage-id
subdir str? format=pve-storage-path
tagged_only bool?
username str?
zfs-base-path str? format=pve-storage-path
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /nodes/{node}/storage": r"""
proxy
check all
content str? format=pve-storage-content-list
enabled bool?
format bool?
node str format=pve-node
storage str? format=pve-storage-id
target str? format=pve-node
""",
    "GET /nodes/{node}/storage/{storage}": r"""
check ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1]
node str format=pve-node
storage str format=pve-storage-id
""",
    "GET /nodes/{node}/storage/{storage}/content": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1]
content str? format=pve-storage-content
node str format=pve-node
storage str format=pve-storage-id
vmid int? min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/storage/{storage}/content": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.AllocateSpace"]]
filename str
format str? enum=raw|qcow2|subvol|vmdk requires=size
node str format=pve-node
size str pattern=\d+[MG]?
storage str format=pve-storage-id
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/storage/{storage}/content/{volume}": r"""
proxy
check all
delay int? min=1 max=30
node str format=pve-node
storage str? format=pve-storage-id
volume str
""",
    "GET /nodes/{node}/storage/{storage}/content/{volume}": r"""
proxy
check all
node str format=pve-node
storage str? format=pve-storage-id
volume str
""",
    "POST /nodes/{node}/storage/{storage}/content/{volume}": r"""
proxy
check root
node str format=pve-node
storage str? format=pve-storage-id
target str
target_node str? format=pve-node
volume str
""",
    "PUT /nodes/{node}/storage/{storage}/content/{volume}": r"""
proxy
check all
node str format=pve-node
notes str?
protected bool?
storage str? format=pve-storage-id
volume str
""",
    "POST /nodes/{node}/storage/{storage}/download-url": r"""
proxy
check ["and", ["perm", "/storage/{storage}", ["Datastore.AllocateTemplate"]], ["or", ["perm", "/", ["Sys.Audit", "Sys.Modify"]], ["perm", "/nodes/{node}", ["Sys.AccessNetwork"]]]]
checksum str? requires=checksum-algorithm
checksum-algorithm str? enum=md5|sha1|sha224|sha256|sha384|sha512 requires=checksum
compression str?
content str format=pve-storage-content enum=iso|vztmpl|import
filename str long=255
node str format=pve-node
storage str format=pve-storage-id
url str pattern=https?://.*
verify-certificates bool?
""",
    "DELETE /nodes/{node}/storage/{storage}/prunebackups": r"""
proxy
check all
node str format=pve-node
prune-backups str? format=prune-backups
storage str format=pve-storage-id
type str? enum=qemu|lxc
vmid int? min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/storage/{storage}/prunebackups": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1]
node str format=pve-node
prune-backups str? format=prune-backups
storage str format=pve-storage-id
type str? enum=qemu|lxc
vmid int? min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/storage/{storage}/status": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1]
node str format=pve-node
storage str format=pve-storage-id
""",
    "POST /nodes/{node}/storage/{storage}/upload": r"""
check ["perm", "/storage/{storage}", ["Datastore.AllocateTemplate"]]
checksum str? requires=checksum-algorithm
checksum-algorithm str? enum=md5|sha1|sha224|sha256|sha384|sha512 requires=checksum
content str format=pve-storage-content enum=iso|vztmpl|import
filename str long=255
node str format=pve-node
storage str format=pve-storage-id
tmpfilename str? pattern=/var/tmp/pveupload-[0-9a-f]+
""",
    "GET /storage": r"""
check all
type str? enum=btrfs|cephfs|cifs|dir|esxi|iscsi|iscsidirect|lvm|lvmthin|nfs|pbs|rbd|zfs|zfspool
""",
    "POST /storage": r"""
check ["perm", "/storage", ["Datastore.Allocate"]]
authsupported str?
base str? format=pve-volume-id
datastore str?
export str? format=pve-storage-path
iscsiprovider str?
path str? format=pve-storage-path
portal str? format=pve-storage-portal-dns
share str?
target str?
thinpool str? format=pve-storage-vgname
type str enum=btrfs|cephfs|cifs|dir|esxi|iscsi|iscsidirect|lvm|lvmthin|nfs|pbs|rbd|zfs|zfspool
vgname str? format=pve-storage-vgname
@config
""",
    "DELETE /storage/{storage}": r"""
check ["perm", "/storage", ["Datastore.Allocate"]]
storage str format=pve-storage-id
""",
    "GET /storage/{storage}": r"""
check ["perm", "/storage/{storage}", ["Datastore.Allocate"]]
storage str format=pve-storage-id
""",
    "PUT /storage/{storage}": r"""
check ["perm", "/storage", ["Datastore.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
@config
""",
}
